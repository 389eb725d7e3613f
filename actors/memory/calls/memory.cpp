#include "myelin/memory/memory.hpp"

#include <algorithm>
#include <utility>

#include "myelin/consensus/execution_limits.hpp"
#include "myelin/validator/key_pattern.hpp"
#include "myelin/validator/value_message.hpp"
#include "session/session.hpp"

namespace myelin {

namespace {

using consensus::Transaction;

Frame question_of(std::span<const Transaction> operations) {
  const std::vector<std::byte> batch = consensus::write_batch(0, 1, operations);
  return make_frame<schema::MemoryRequest>(
      [&](schema::MemoryRequest::Builder request) {
        request.setBatch({reinterpret_cast<const capnp::byte*>(batch.data()), batch.size()});
      },
      {}, batch.size() / 8 + 8);
}

/// As a transaction has it, where 0 is no end: a time that is 0 or less must not become that, but be refused.
std::int64_t time_to_live_of(const PutOptions& options) noexcept {
  if (!options.time_to_live) return 0;
  return options.time_to_live->count() > 0 ? options.time_to_live->count() : -1;
}

template <class Read>
MemoryCall<Read> call(const AgentRef& session, const Transaction& operation, bool is_read, Read read = {}) {
  return {session, question_of({&operation, 1}), is_read, std::move(read)};
}

}  // namespace

Memory Memory::start_session(Mesh& mesh, std::shared_ptr<validator::Directory> directory,
                             const MemorySessionOptions& options) {
  return Memory{mesh.spawn<MemorySession>(std::move(directory), options)};
}

Memory Memory::space(std::string_view name) const {
  Memory inner{session_};
  inner.prefix_ = prefix_ + std::string{name} + '/';
  return inner;
}

MemoryCall<detail::ReadDone> Memory::put(std::string_view key, std::string_view value,
                                         const PutOptions& options) const {
  return call<detail::ReadDone>(session_, Transaction::put(whole(key), value, time_to_live_of(options)), false,
                                {.only_leases_refuse = true});
}

MemoryCall<detail::ReadValue> Memory::get(std::string_view key) const {
  return call<detail::ReadValue>(session_, Transaction::get(whole(key)), true);
}

MemoryCall<detail::ReadCas> Memory::cas(std::string_view key, std::string_view expected, std::string_view desired,
                                        const PutOptions& options) const {
  return call<detail::ReadCas>(session_, Transaction::cas(whole(key), expected, desired, time_to_live_of(options)),
                               false);
}

MemoryCall<detail::ReadCas> Memory::put_if_absent(std::string_view key, std::string_view value,
                                                  const PutOptions& options) const {
  return call<detail::ReadCas>(session_, Transaction::put_if_absent(whole(key), value, time_to_live_of(options)),
                               false);
}

MemoryCall<detail::ReadErased> Memory::erase(std::string_view key) const {
  return call<detail::ReadErased>(session_, Transaction::erase(whole(key)), false);
}

MemoryCall<detail::ReadDone> Memory::add(std::string_view key, std::int64_t delta) const {
  return call<detail::ReadDone>(session_, Transaction::add(whole(key), delta), false);
}

MemoryCall<detail::ReadDone> Memory::transfer(std::string_view from, std::string_view to, std::int64_t amount) const {
  const std::string whole_from = whole(from);
  return call<detail::ReadDone>(session_, Transaction::transfer(whole_from, whole(to), amount), false);
}

MemoryCall<detail::ReadClaim> Memory::claim(std::string_view key, Duration duration) const {
  return call<detail::ReadClaim>(session_, Transaction::claim(whole(key), duration.count()), false);
}

MemoryCall<detail::ReadClaim> Memory::renew(std::string_view key, std::uint64_t token, Duration duration) const {
  return call<detail::ReadClaim>(session_, Transaction::renew(whole(key), token, duration.count()), false);
}

MemoryCall<detail::ReadDone> Memory::release(std::string_view key, std::uint64_t token) const {
  return call<detail::ReadDone>(session_, Transaction::release(whole(key), token), false);
}

MemoryCall<detail::ReadPage> Memory::search(std::string_view pattern, std::uint32_t limit,
                                            std::string_view cursor) const {
  const std::string lowest = whole(validator::literal_prefix(pattern));
  std::string behind = cursor.empty() ? std::string{} : whole(cursor);
  if (behind.size() >= consensus::limits::kKeyBytesMax) {
    behind = validator::end_of_prefix(behind);  // no key is longer
  } else if (!behind.empty()) {
    behind += '\0';
  }
  const std::string first = std::max(lowest, behind);
  return call(session_, Transaction::range(first, validator::end_of_prefix(lowest), limit), true,
              detail::ReadPage{prefix_, std::string{pattern}, limit});
}

MemoryCall<detail::ReadStale> Memory::get_stale(std::string_view key, Duration age_max) const {
  const Frame question = make_frame<schema::MemoryStaleGet>([&](schema::MemoryStaleGet::Builder get) {
    get.setKey(validator::data_of(whole(key)));
    get.setAgeMax(age_max.count());
  });
  return {session_, question, true, {}};
}

MemoryCall<detail::ReadPlace> Memory::place() const {
  return {session_, make_frame<schema::MemoryPlaceRequest>([](schema::MemoryPlaceRequest::Builder) {}), true, {}};
}

MemoryCall<detail::ReadChanges> Memory::changes(std::string_view pattern, const MemoryPlace& after, Duration wait,
                                                std::uint32_t limit) const {
  const Frame question = make_frame<schema::MemoryChangesRequest>([&](schema::MemoryChangesRequest::Builder changes) {
    changes.setPrefix(validator::data_of(prefix_));
    changes.setPattern(validator::data_of(pattern));
    changes.initPlace().setCommit(after.commit);
    if (!after.key.empty()) changes.getPlace().setKey(validator::data_of(after.key));
    changes.setChangesMax(limit);
    changes.setWait(wait.count());
  });
  return {session_, question, true, detail::ReadChanges{prefix_, after}};
}

MemoryCall<detail::ReadAll> Memory::execute(std::span<const Transaction> operations) const {
  const bool is_read = std::ranges::all_of(operations, [](const Transaction& operation) {
    return operation.operation == consensus::Operation::get || operation.operation == consensus::Operation::range;
  });
  return {session_, question_of(operations), is_read, {}};
}

}  // namespace myelin
