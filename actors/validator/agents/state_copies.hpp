/// Makes copies of a validator's state for those in other processes that ask, and gives them piece by piece.
#pragma once

#include <cstdint>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <string_view>

#include "agents/parts.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/consensus/types.hpp"
#include "storage/descriptor.hpp"

namespace myelin::validator {

/// One is made at a time, and few are kept, in files without a name: they are gone when the process is. Whoever may
/// reach a validator may ask; it costs the disk, and not the thread that orders or executes.
class StateCopies final : public Agent {
 public:
  /// `folder`: the validator's. `epoch`: the one that it is in.
  StateCopies(std::shared_ptr<Parts> parts, std::filesystem::path folder, consensus::Epoch epoch);

  static void handlers(Handlers<StateCopies>& on);
  static MailboxOptions mailbox() { return {.capacity = 256, .when_full = Overload::reject}; }
  void on_start() override;

 private:
  struct Copy {
    std::shared_ptr<const Descriptor> file;
    std::uint64_t bytes = 0;
    consensus::CommitIndex commit = 0;
    TimePoint last_use{};
  };

  void want(schema::WantCopy::Reader wanted, Reply<schema::CopyMade> reply);
  void read(schema::ReadCopy::Reader wanted, Reply<schema::CopyPart> reply);
  void end(schema::EndCopy::Reader ended);

  /// Whether another may be made; else `reply` has been told why not.
  [[nodiscard]] bool may_make(ReplyAddress& reply);
  void back_up(Reply<schema::CopyMade> reply);
  void await_saved(std::shared_future<std::shared_ptr<StateStore>> saved, Reply<schema::CopyMade> reply);
  /// `make`: a Result<Copy>, on another thread.
  template <class Make>
  void make_copy(Make make, Reply<schema::CopyMade> reply);
  void forget_old();

  std::shared_ptr<Parts> parts_;
  std::filesystem::path folder_;
  consensus::Epoch epoch_;
  std::map<std::uint64_t, Copy> copies_;  // by names that only those know who asked for them
  std::size_t reads_ = 0;                 // under way
};

}  // namespace myelin::validator
