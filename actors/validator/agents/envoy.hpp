/// Asks the other members of a committee where they stand, and tells whoever asks where this validator does.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "agents/epoch_word.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/validator/directory.hpp"
#include "myelin/validator/limits.hpp"

namespace myelin::validator {

/// What a node publishes its validator's envoy as. Nothing that it tells is a secret.
inline constexpr std::string_view kEnvoyName = "validator-epochs";

/// What the members of a committee have said last. **Thread-safety**: thread-safe.
class EpochWords {
 public:
  struct Heard {
    EpochWord word;
    std::optional<TimePoint> at{};  ///< None: never.
  };

  EpochWords(std::size_t members, std::size_t self) : self_{self}, heard_(members) {}

  /// This validator's own.
  void set_own(EpochWord word) { set(self_, std::move(word), Clock::now()); }
  [[nodiscard]] EpochWord own() const {
    const std::lock_guard lock{mutex_};
    return heard_[self_].word;
  }
  void set(std::size_t member, EpochWord word, TimePoint at) {
    const std::lock_guard lock{mutex_};
    heard_[member] = {std::move(word), at};
  }
  [[nodiscard]] std::vector<Heard> all() const {
    const std::lock_guard lock{mutex_};
    return heard_;
  }
  [[nodiscard]] std::size_t self() const noexcept { return self_; }
  /// From which epoch on others are asked who validates.
  void ask_from(consensus::Epoch epoch) {
    const std::lock_guard lock{mutex_};
    from_ = epoch;
  }
  [[nodiscard]] consensus::Epoch from() const {
    const std::lock_guard lock{mutex_};
    return from_;
  }

 private:
  mutable std::mutex mutex_;
  std::size_t self_;
  std::vector<Heard> heard_;
  consensus::Epoch from_ = 0;
};

/// An answer is its node's, as far as certificates, or `insecure`, let anybody know: nobody is told anything unasked.
class Envoy final : public Agent {
 public:
  /// `members`: the others' envoys; for its own no agent.
  Envoy(std::shared_ptr<EpochWords> words, std::shared_ptr<Directory> members);

  /// Two may ask each other at the same time: neither answer depends on the other.
  static constexpr bool kReentrant = true;

  static void handlers(Handlers<Envoy>& on) { on.message<&Envoy::tell_word>(); }
  static MailboxOptions mailbox() { return {.capacity = 256, .when_full = Overload::reject}; }
  void on_start() override;

 private:
  void tell_word(schema::AskEpoch::Reader asked, Reply<schema::EpochWord> reply);
  void ask_all();

  std::shared_ptr<EpochWords> words_;
  std::shared_ptr<Directory> members_;
  std::vector<bool> is_asked_;  // and has not answered yet
};

}  // namespace myelin::validator
