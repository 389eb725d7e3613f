#include "agents/state_copies.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>
#include <vector>

#include "myelin/consensus/state_machine.hpp"
#include "myelin/validator/limits.hpp"
#include "storage/epoch_files.hpp"
#include "storage/whole_file.hpp"

namespace myelin::validator {

namespace {

namespace fs = std::filesystem;

// How often to look whether the state has been saved, and which copies nobody reads any more.
constexpr Duration kLook = std::chrono::milliseconds{10};
constexpr Duration kSweepPeriod = std::chrono::seconds{1};

/// Opens a file, and takes its name away: it is gone when nobody has it open any more.
Result<std::pair<std::shared_ptr<const Descriptor>, std::uint64_t>> open_nameless(const fs::path& path) {
  auto file = std::make_shared<const Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file->is_open()) return system_failure("open", path, errno);
  ::unlink(path.c_str());
  const off_t bytes = ::lseek(file->number(), 0, SEEK_END);
  if (bytes < 0) return system_failure("look at", path, errno);
  return std::pair{std::move(file), static_cast<std::uint64_t>(bytes)};
}

/// The state that an epoch started from, as snapshots have it, in a new file.
Result<consensus::CommitIndex> write_start(const fs::path& start, const fs::path& to) {
  if (std::error_code ignored; !fs::exists(start, ignored)) {
    return fail(Errc::not_found, "the validator has not kept what that epoch started from: ask another");
  }
  const auto store = StateStore::open(start);
  if (!store) return tl::unexpected{store.error()};
  consensus::StateMachine machine{{.executor = consensus::Executor::sequential}};
  if (auto loaded = store->load(machine); !loaded) return tl::unexpected{loaded.error()};
  const std::vector<std::byte> bytes = machine.snapshot();
  auto file = WholeFile::create(to, "a copy");
  if (!file) return tl::unexpected{file.error()};
  if (auto written = file->write(bytes, 0); !written) return tl::unexpected{written.error()};
  if (auto kept = file->keep(); !kept) return tl::unexpected{kept.error()};
  return machine.applied();
}

Result<consensus::CommitIndex> write_backup(const StateStore& store, const fs::path& to) {
  const auto view = store.view();
  if (!view) return tl::unexpected{view.error()};
  const auto fields = view->fields();
  if (!fields) return tl::unexpected{fields.error()};
  if (auto made = store.backup(to); !made) return tl::unexpected{made.error()};
  return fields->applied;
}

}  // namespace

StateCopies::StateCopies(std::shared_ptr<Parts> parts, fs::path folder, consensus::Epoch epoch)
    : parts_{std::move(parts)}, folder_{std::move(folder)}, epoch_{epoch} {}

void StateCopies::handlers(Handlers<StateCopies>& on) {
  on.message<&StateCopies::want>();
  on.message<&StateCopies::read>();
  on.message<&StateCopies::end>();
}

void StateCopies::on_start() {
  // What a crash has left that came before the name was taken away.
  std::error_code ignored;
  fs::remove(folder_ / "copy", ignored);
  fs::remove(folder_ / "copy.partial", ignored);
  every(kSweepPeriod, [this] { forget_old(); });
}

bool StateCopies::may_make(ReplyAddress& reply) {
  if (parts_->makes_no_copies || parts_->is_copying || copies_.size() >= limits::kCopiesMax) {
    reply.fail({Errc::overloaded, fmt::format("validator {} makes a copy of its state for somebody already, or has as "
                                              "many as it keeps at a time: ask another, or again later",
                                              parts_->self)});
    return false;
  }
  parts_->is_copying = true;
  if (!parts_->makes_no_copies) return true;
  parts_->is_copying = false;
  reply.fail({Errc::overloaded, fmt::format("validator {} begins another epoch: ask again later", parts_->self)});
  return false;
}

void StateCopies::want(schema::WantCopy::Reader wanted, Reply<schema::CopyMade> reply) {
  const consensus::Epoch start_of = wanted.getStartOf();
  if (start_of != 0 && start_of != epoch_) {
    return reply.fail({Errc::not_found, fmt::format("validator {} is in epoch {}, and has not kept what epoch {} "
                                                    "started from: ask another",
                                                    parts_->self, epoch_, start_of)});
  }
  const consensus::CommitIndex executed = parts_->status().executed;
  if (start_of == 0 && executed < wanted.getCommitMin()) {
    return reply.fail({Errc::timeout, fmt::format("validator {} has come to commit {}, and not to {} yet: ask another, "
                                                  "or again",
                                                  parts_->self, executed, wanted.getCommitMin())});
  }
  if (!may_make(reply)) return;
  if (start_of == 0) return back_up(std::move(reply));
  make_copy([start = start_path(folder_, start_of), to = folder_ / "copy"] { return write_start(start, to); },
            std::move(reply));
}

void StateCopies::back_up(Reply<schema::CopyMade> reply) {
  SaveState order;
  std::shared_future<std::shared_ptr<StateStore>> saved = order.saved.get_future().share();
  if (parts_->orders.put(std::move(order))) tell(parts_->executor, [](schema::HandedOver::Builder) {});
  await_saved(std::move(saved), std::move(reply));
}

// The one who saves tells a thread, which this is not.
void StateCopies::await_saved(std::shared_future<std::shared_ptr<StateStore>> saved, Reply<schema::CopyMade> reply) {
  if (saved.wait_for(std::chrono::seconds::zero()) != std::future_status::ready) {
    after(kLook, [this, saved = std::move(saved), reply = std::move(reply)]() mutable {
      await_saved(std::move(saved), std::move(reply));
    });
    return;
  }
  std::shared_ptr<StateStore> store;
  try {
    store = saved.get();
  } catch (const std::future_error&) {
    parts_->is_copying = false;
    return reply.fail({Errc::receiver_dead,
                       fmt::format("validator {} has ended, and not saved its state: ask another", parts_->self)});
  }
  make_copy([store = std::move(store), to = folder_ / "copy"] { return write_backup(*store, to); }, std::move(reply));
}

template <class Make>
void StateCopies::make_copy(Make make, Reply<schema::CopyMade> reply) {
  offload(
      // Whoever waits until no copy is made any more must find the store closed.
      [parts = parts_, to = folder_ / "copy", make = std::make_unique<Make>(std::move(make))]() mutable {
        std::error_code ignored;
        fs::remove(to, ignored);  // of one that failed
        const Result<consensus::CommitIndex> commit = (*make)();
        make.reset();
        Result<Copy> copy;
        if (!commit) {
          copy = tl::unexpected{commit.error()};
        } else if (auto opened = open_nameless(to)) {
          copy = Copy{std::move(opened->first), opened->second, *commit, {}};
        } else {
          copy = tl::unexpected{opened.error()};
        }
        parts->is_copying = false;
        return copy;
      },
      [this, reply = std::move(reply)](Result<Copy> made) mutable {
        if (!made) return reply.fail(std::move(made).error());
        if (!reply.wanted() || reply.cancelled()) return;
        std::uint64_t name = 0;
        randombytes_buf(&name, sizeof name);
        made->last_use = now();
        reply.send([&](schema::CopyMade::Builder answer) {
          answer.setCopy(name);
          answer.setBytes(made->bytes);
          answer.setCommit(made->commit);
        });
        copies_.insert_or_assign(name, *std::move(made));
      });
}

void StateCopies::read(schema::ReadCopy::Reader wanted, Reply<schema::CopyPart> reply) {
  const auto found = copies_.find(wanted.getCopy());
  if (found == copies_.end()) {
    return reply.fail({Errc::not_found, fmt::format("validator {} has no such copy of its state, or not any more: "
                                                    "have another made",
                                                    parts_->self)});
  }
  if (reads_ >= limits::kCopyReadsMax) {
    return reply.fail(
        {Errc::overloaded, fmt::format("validator {} reads as many copies as it can: ask again", parts_->self)});
  }
  Copy& copy = found->second;
  copy.last_use = now();
  const std::uint64_t offset = std::min<std::uint64_t>(wanted.getOffset(), copy.bytes);
  const std::size_t bytes = std::min<std::uint64_t>(
      std::min<std::uint64_t>(wanted.getBytesMax(), limits::kCopyPartBytesMax), copy.bytes - offset);
  ++reads_;
  offload(
      [file = copy.file, offset, bytes] {
        std::vector<std::byte> part(bytes);
        std::size_t got = 0;
        while (got < bytes) {
          const ssize_t count =
              ::pread(file->number(), part.data() + got, bytes - got, static_cast<off_t>(offset + got));
          if (count < 0 && errno == EINTR) continue;
          if (count <= 0) break;
          got += static_cast<std::size_t>(count);
        }
        return got == bytes
                   ? Result<std::vector<std::byte>>{std::move(part)}
                   : myelin::fail(Errc::io_error, "a copy of the state cannot be read back: have another made");
      },
      [this, reply = std::move(reply)](Result<std::vector<std::byte>> part) mutable {
        --reads_;
        if (!part) return reply.fail(std::move(part).error());
        reply.send(
            [&](schema::CopyPart::Builder answer) {
              answer.setBytes({reinterpret_cast<const capnp::byte*>(part->data()), part->size()});
            },
            part->size() / 8 + 16);
      });
}

void StateCopies::end(schema::EndCopy::Reader ended) { copies_.erase(ended.getCopy()); }

void StateCopies::forget_old() {
  std::erase_if(copies_, [this](const auto& each) { return now() - each.second.last_use > limits::kCopyKept; });
}

}  // namespace myelin::validator
