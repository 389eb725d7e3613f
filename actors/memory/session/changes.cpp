// Watching: one validator gives a page of changes, and is believed once f others have the same digest of it.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

#include "myelin/validator/limits.hpp"
#include "myelin/validator/value_message.hpp"
#include "session/session.hpp"

namespace myelin {

namespace {

using Place = schema::MemoryReply::Place;
using validator::text_of;

// What is left for the others to confirm a page, of the time that an agent gives.
Duration margin(Duration left, Duration patience) { return std::min(left / 4, patience); }

// A place with a key lies within its commit; without one, behind it.
bool lies_before(Place::Reader a, Place::Reader b) {
  if (a.getCommit() != b.getCommit()) return a.getCommit() < b.getCommit();
  if (!a.hasKey() || a.getKey().size() == 0) return false;
  return b.getKey().size() == 0 || text_of(a.getKey()) < text_of(b.getKey());
}

}  // namespace

void MemorySession::take_changes(Held<schema::MemoryChangesRequest> message, Reply<schema::MemoryReply> reply) {
  if (watches_.size() >= options_.watches_max) {
    return reply.fail({Errc::overloaded, fmt::format("{} questions for changes wait at the session already, and {} are "
                                                     "the most; ask for a wider pattern once, or start another session",
                                                     watches_.size(), options_.watches_max)});
  }
  if (!reply.wanted()) return;
  const std::size_t bytes = std::max(message->getPrefix().size(), message->getPattern().size());
  if (bytes > validator::limits::kPatternBytesMax) {
    return reply.fail({Errc::invalid_argument, fmt::format("a pattern, or the name of a space, of {} bytes; {} are the "
                                                           "most",
                                                           bytes, validator::limits::kPatternBytesMax)});
  }
  const Duration left = std::max(reply.deadline() - now(), Duration::zero());
  const Duration wait =
      std::clamp(Duration{message->getWait()}, Duration::zero(), left - margin(left, options_.patience));
  ChangesSought sought{.message = std::move(message), .reply = std::move(reply), .wait_until = now() + wait};
  sought.source = next_source_++ % directory_->size();
  const std::uint64_t number = ++last_watch_;
  ask_for_page(number, watches_.emplace(number, std::move(sought)).first->second);
}

void MemorySession::ask_for_page(std::uint64_t number, ChangesSought& sought) {
  const std::vector<AgentRef> addresses = directory_->addresses();
  for (std::size_t i = 0; i < addresses.size() && !addresses[sought.source]; ++i) {
    sought.source = (sought.source + 1) % addresses.size();
  }
  sought.page.reset();
  sought.confirming = sought.failing = 0;
  // Whoever keeps changes back is passed over for the next in time.
  const Duration wait = std::clamp(sought.wait_until - now(), Duration::zero(), options_.patience);
  const Frame question = make_frame<schema::AwaitChanges>([&](schema::AwaitChanges::Builder await) {
    await.setPrefix(sought.message->getPrefix());
    await.setPattern(sought.message->getPattern());
    await.setAfter(sought.message->getPlace());
    await.setChangesMax(sought.message->getChangesMax());
    await.setWait(wait.count());
  });
  ask<schema::ChangesAnswer>(addresses[sought.source], question, wait + options_.patience,
                             [this, number, tries = sought.tries](Result<Held<schema::ChangesAnswer>> said) {
                               hear_page(number, tries, std::move(said));
                             });
}

void MemorySession::hear_page(std::uint64_t number, unsigned tries, Result<Held<schema::ChangesAnswer>> said) {
  const auto found = watches_.find(number);
  if (found == watches_.end() || found->second.tries != tries) return;
  ChangesSought& sought = found->second;
  if (!said) return ask_next(found, said.error().code == Errc::timeout ? Duration::zero() : options_.patience / 16);
  if ((*said)->getIsTooOld()) return note_too_old(found, sought.source);
  const bool is_over = now() >= sought.wait_until;
  if ((*said)->getChanges().size() == 0 && !is_over) return ask_next(found, Duration::zero());
  const Place::Reader after = sought.message->getPlace(), through = (*said)->getThrough();
  // It has nothing for us: there is nothing to believe.
  if (!lies_before(after, through)) {
    if (!is_over) return ask_next(found, options_.patience / 16);
    return end_watch(found, after, {});
  }
  validator::ChangesDigest digest;
  digest.add((*said)->getChanges());
  sought.digest = digest.finish();
  sought.page = *std::move(said);
  if (directory_->size() < 4) return end_watch(found, through, (*sought.page)->getChanges());
  const Frame question = make_frame<schema::AwaitChanges>([&](schema::AwaitChanges::Builder await) {
    await.setPrefix(sought.message->getPrefix());
    await.setPattern(sought.message->getPattern());
    await.setAfter(after);
    await.setUntil(through);
    await.setIsCheck(true);
    await.setWait((options_.patience / 2).count());
  });
  const std::vector<AgentRef> addresses = directory_->addresses();
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    if (i == sought.source) continue;
    ask<schema::ChangesAnswer>(addresses[i], question, options_.patience,
                               [this, number, tries, i](Result<Held<schema::ChangesAnswer>> checked) {
                                 hear_check(number, tries, i, std::move(checked));
                               });
  }
}

void MemorySession::hear_check(std::uint64_t number, unsigned tries, std::size_t validator,
                               Result<Held<schema::ChangesAnswer>> said) {
  const auto found = watches_.find(number);
  if (found == watches_.end() || found->second.tries != tries || !found->second.page) return;
  ChangesSought& sought = found->second;
  const std::size_t faults = (directory_->size() - 1) / 3;
  if (said && !(*said)->getIsTooOld() && validator::digest_of((*said)->getDigest()) == sought.digest) {
    if (++sought.confirming < faults) return;
    return end_watch(found, (*sought.page)->getThrough(), (*sought.page)->getChanges());
  }
  if (said && (*said)->getIsTooOld()) sought.too_old |= consensus::AuthorMask{1} << validator;
  ++sought.failing;
  if (sought.confirming + sought.failing + 1 < directory_->size()) return;
  if (is_believed_too_old(sought)) return end_too_old(found);
  ask_next(found, options_.patience / 16);
}

bool MemorySession::is_believed_too_old(const ChangesSought& sought) const {
  return static_cast<std::size_t>(std::popcount(sought.too_old)) > (directory_->size() - 1) / 3;
}

void MemorySession::note_too_old(Watches::iterator watch, std::size_t validator) {
  watch->second.too_old |= consensus::AuthorMask{1} << validator;
  if (is_believed_too_old(watch->second)) return end_too_old(watch);
  // One that has been there for longer may know.
  ask_next(watch, watch->second.tries % directory_->size() == 0 ? options_.patience / 16 : Duration::zero());
}

void MemorySession::ask_next(Watches::iterator watch, Duration pause) {
  const std::uint64_t number = watch->first;
  ChangesSought& sought = watch->second;
  if (!sought.reply.wanted() || sought.reply.cancelled() || now() >= sought.reply.deadline()) {
    give_up(sought.reply);
    watches_.erase(watch);
    return;
  }
  sought.source = (sought.source + 1) % directory_->size();
  const unsigned tries = ++sought.tries;
  after(pause, [this, number, tries] {
    const auto found = watches_.find(number);
    if (found != watches_.end() && found->second.tries == tries) ask_for_page(number, found->second);
  });
}

void MemorySession::end_too_old(Watches::iterator watch) {
  watch->second.reply.send([](schema::MemoryReply::Builder answer) { answer.setIsTooOld(true); });
  watches_.erase(watch);
}

void MemorySession::end_watch(Watches::iterator watch, Place::Reader through,
                              capnp::List<schema::MemoryReply::Change>::Reader changes) {
  const std::size_t words = 64 + changes.totalSize().wordCount;
  watch->second.reply.send(
      [&](schema::MemoryReply::Builder answer) {
        answer.setPlace(through);
        answer.setChanges(changes);
      },
      words);
  watches_.erase(watch);
}

}  // namespace myelin
