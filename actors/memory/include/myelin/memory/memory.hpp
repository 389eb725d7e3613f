/// The shared memory: keys and values that all agents on all nodes agree on.
///
///     class Painter : public myelin::Agent {
///       myelin::Task<> paint() {
///         const auto done = co_await ask(memory_.put("colour", "blue"), 2s);
///         const auto colour = co_await ask(memory_.get("colour"), 2s);
///       }
///       myelin::Memory memory_;
///     };
///
/// From a thread outside the mesh: `mesh.ask(memory.get("colour"), 2s)`.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "myelin/actors/mesh.hpp"
#include "myelin/consensus/transaction.hpp"
#include "myelin/memory/call.hpp"
#include "myelin/memory/session_options.hpp"
#include "myelin/serialization/frame_builder.hpp"
#include "myelin/serialization/wire.hpp"
#include "myelin/validator/directory.hpp"

namespace myelin {

/// How a value is put.
struct PutOptions {
  /// The key holds nothing at commits that are as much later than the one that puts it, or more: the commits' time
  /// counts, which all validators agree on, and nobody's clock. Soon after, watchers are told that it is gone. From
  /// 1 ns to ten years. None: the key stays until somebody changes it; each put or cas sets this anew.
  std::optional<Duration> time_to_live{};
};

/// A handle, cheap to copy, that makes calls; nothing happens until one is asked. A call's operation is executed at
/// most once, in the same order as everybody else's, and is on the disks of enough validators when it is answered.
///
/// The answer to a call is definite; or an error says that it did not happen (overloaded, invalid_argument, and those
/// named below), or that nobody knows (outcome_unknown): it may have happened, or may yet.
///
/// Keys have 1 to 256 bytes, the space's name and a slash included; values up to 64 KiB.
/// **Thread-safety**: thread-safe but for assignment. Destroyed before its mesh.
class Memory {
 public:
  /// No memory: calls fail with receiver_dead.
  Memory() = default;
  /// `session`: from start_session().
  explicit Memory(AgentRef session) : session_{std::move(session)} {}

  /// A session on `mesh` with the validators of `directory`. Many agents share one: it gathers what they ask into
  /// batches. Claims are held by the session, which a token tells apart.
  [[nodiscard]] static Memory start_session(Mesh& mesh, std::shared_ptr<validator::Directory> directory,
                                            const MemorySessionOptions& options = {});

  /// The same memory with "`name`/" before each key: a namespace. Spaces may lie within spaces.
  [[nodiscard]] Memory space(std::string_view name) const;

  /// Sets a key, whatever it held. **Errors**: lease_held, memory_full.
  [[nodiscard]] MemoryCall<detail::ReadDone> put(std::string_view key, std::string_view value,
                                                 const PutOptions& options = {}) const;
  /// Sets a key to a message of type T that `fill` fills in: `void fill(T::Builder)`. Read it with MemoryValue::as().
  template <class T, class Fill>
  requires std::is_invocable_v<Fill, typename T::Builder>
  [[nodiscard]] MemoryCall<detail::ReadDone> put(std::string_view key, Fill&& fill,
                                                 const PutOptions& options = {}) const {
    const std::vector<std::byte> bytes = encode(make_frame<T>(std::forward<Fill>(fill)), TimePoint{});
    return put(key, std::string_view{reinterpret_cast<const char*>(bytes.data()), bytes.size()}, options);
  }
  /// What a key holds: nothing, if nothing. In order with all else: never stale.
  [[nodiscard]] MemoryCall<detail::ReadValue> get(std::string_view key) const;
  /// What a key holds, from one validator's state and without ordering: far cheaper than get(), and perhaps old. The
  /// state is that after a commit whose time is no more than `age_max` ago by that validator's clock; the answer says
  /// which. Where no validator has one as young, the key is read in order, like get(). A group at rest commits ten
  /// times a second, and what was committed last is up to half a second old: a bound below that means get() mostly.
  ///
  /// **One validator is believed**: if it lies, the answer is a lie. Nor do answers follow one another: the next may be
  /// of an older commit than this one, or than what this session wrote. **Errors**: invalid_argument.
  [[nodiscard]] MemoryCall<detail::ReadStale> get_stale(std::string_view key, Duration age_max) const;
  /// Sets a key if it holds `expected`. **Errors**: memory_full.
  [[nodiscard]] MemoryCall<detail::ReadCas> cas(std::string_view key, std::string_view expected,
                                                std::string_view desired, const PutOptions& options = {}) const;
  /// Sets a key if it holds nothing.
  [[nodiscard]] MemoryCall<detail::ReadCas> put_if_absent(std::string_view key, std::string_view value,
                                                          const PutOptions& options = {}) const;
  /// Makes a key hold nothing; answers whether it held anything. **Errors**: lease_held.
  [[nodiscard]] MemoryCall<detail::ReadErased> erase(std::string_view key) const;
  /// Adds to a number; nothing counts as 0. Additions of many agents do not conflict. **Errors**: wrong_value_kind.
  [[nodiscard]] MemoryCall<detail::ReadDone> add(std::string_view key, std::int64_t delta) const;
  /// Moves from one number to another, if there is as much. **Errors**: insufficient, wrong_value_kind.
  [[nodiscard]] MemoryCall<detail::ReadDone> transfer(std::string_view from, std::string_view to,
                                                      std::int64_t amount) const;
  /// Takes a lease on a key that holds nothing, or whose lease is over by commit time. `duration`: at most a day.
  [[nodiscard]] MemoryCall<detail::ReadClaim> claim(std::string_view key, Duration duration) const;
  /// Makes a lease last longer, from now on. **Errors**: not_holder.
  [[nodiscard]] MemoryCall<detail::ReadClaim> renew(std::string_view key, std::uint64_t token, Duration duration) const;
  /// Gives a lease back: the key then holds nothing. **Errors**: not_holder.
  [[nodiscard]] MemoryCall<detail::ReadDone> release(std::string_view key, std::uint64_t token) const;
  /// Keys that match a pattern, with `*` for any characters and `?` for one, in order, from `cursor` on. `limit`: most
  /// keys looked at for a page, 1 to 256; what lies before the first `*` or `?` narrows down what is looked at.
  [[nodiscard]] MemoryCall<detail::ReadPage> search(std::string_view pattern, std::uint32_t limit = 256,
                                                    std::string_view cursor = {}) const;
  /// The present moment in the order of all changes, for changes(): whatever is asked of this memory from now on sees
  /// at least what was done before it. f validators that lie cannot move it.
  [[nodiscard]] MemoryCall<detail::ReadPlace> place() const;
  /// What keys that match a pattern were changed to, after a place: at once if there is anything, else when there is,
  /// or after `wait` nothing but a new place, which is to be used: old ones are forgotten. A commit's changes come
  /// together unless they are more than fit; a key that it changed several times comes once. Going on from each
  /// answer's place, one gets every change once and in order.
  ///
  ///     MemoryPlace place = *co_await ask(memory.place(), 2s);  // before reading: changes meanwhile come again
  ///     read everything with search();
  ///     for (;;) {
  ///       const auto news = co_await ask(memory.changes("project_*", place), 30s);
  ///       if (!news) continue;                    // ask again: nothing is lost
  ///       if (news->is_too_old) start_anew();     // validators remember the last 16 MiB of changes or so
  ///       place = news->place;
  ///     }
  ///
  /// f + 1 validators must tell the same, so that at least one is honest. That a lease or a time to live has ended is
  /// told as a deletion, soon after: see MemoryValue::expires(). `limit`: most changes of an answer, 1 to 1024. `wait`:
  /// shortened to what the question's own time allows. **Errors**: overloaded, with too many watchers;
  /// invalid_argument: a pattern above 256 bytes.
  [[nodiscard]] MemoryCall<detail::ReadChanges> changes(std::string_view pattern, const MemoryPlace& after,
                                                        Duration wait = std::chrono::seconds{20},
                                                        std::uint32_t limit = 256) const;
  /// Several operations in one call, hundreds at best: executed one behind the other, each for itself. Their keys are
  /// whole: no space's name is put before them.
  [[nodiscard]] MemoryCall<detail::ReadAll> execute(std::span<const consensus::Transaction> operations) const;

  [[nodiscard]] const AgentRef& session() const noexcept { return session_; }
  /// What stands before each key.
  [[nodiscard]] const std::string& prefix() const noexcept { return prefix_; }

 private:
  [[nodiscard]] std::string whole(std::string_view key) const { return prefix_ + std::string{key}; }

  AgentRef session_;
  std::string prefix_;
};

}  // namespace myelin
