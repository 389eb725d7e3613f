/// Gives readers on many nodes work, one piece each at a time, and keeps the books: every request ends with one answer,
/// however often it had to be put.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "demos/cluster/reading.capnp.h"
#include "myelin/actors/agent.hpp"

namespace myelin::reading {

/// What has happened so far; the foreman writes it, anybody reads a copy. **Thread-safety**: thread-safe.
class Books {
 public:
  struct Node {
    std::uint64_t answered = 0;
    std::map<Errc, std::uint64_t> failed;  ///< Questions that ended with an error; each was put again.
    std::size_t readers = 0;               ///< That are given work.
    std::size_t open = 0;                  ///< Questions that wait for an answer.
    TimePoint last_answer{};
    TimePoint first_failure{};  ///< Since the last mark(); TimePoint{} for none.
    TimePoint first_answer{};   ///< Likewise.
  };
  struct State {
    std::map<std::string, Node> nodes;
    std::uint64_t asked = 0;     ///< Different requests.
    std::uint64_t answered = 0;  ///< Of those; each once.
    std::uint64_t twice = 0;     ///< Answers to requests that had been answered: there must be none.
  };

  [[nodiscard]] State state() const {
    const std::lock_guard guard{mutex_};
    return state_;
  }
  /// From now on a node's first failure and first answer are noted anew.
  void mark(const std::string& node) {
    const std::lock_guard guard{mutex_};
    state_.nodes[node].first_failure = state_.nodes[node].first_answer = TimePoint{};
  }

 private:
  friend class Foreman;
  mutable std::mutex mutex_;
  State state_;
};

/// **Thread-safety**: actor-confined; calls from outside come as messages.
class Foreman final : public Agent {
 public:
  /// A reader, and where it is.
  struct Worker {
    AgentRef reader;
    std::string node;
  };
  /// Handed over from outside; `WakeUp` says that something is there.
  struct Orders {
    std::mutex mutex;
    std::vector<Worker> hired;
    bool stop = false;  ///< No new requests; those that are open are seen through.
  };

  /// `answers[i]` becomes the digit that request i was answered with. `images`: their number.
  Foreman(std::shared_ptr<Books> books, std::shared_ptr<Orders> orders,
          std::shared_ptr<std::vector<std::uint8_t>> answers, std::uint32_t images)
      : books_{std::move(books)}, orders_{std::move(orders)}, answers_{std::move(answers)}, images_{images} {}

  /// In `answers` before there is one.
  static constexpr std::uint8_t kNoAnswer = 255;

  static void handlers(Handlers<Foreman>& on) { on.message<&Foreman::wake_up>(); }

 private:
  void wake_up(schema::WakeUp::Reader);
  void give_work(std::size_t worker);
  void put(std::size_t worker, std::uint64_t request);
  void ended(std::size_t worker, std::uint64_t request, const Result<Held<schema::ReadDone>>& answer);

  const std::shared_ptr<Books> books_;
  const std::shared_ptr<Orders> orders_;
  const std::shared_ptr<std::vector<std::uint8_t>> answers_;
  const std::uint32_t images_;
  std::vector<Worker> workers_;
  std::vector<std::size_t> idle_;    ///< Workers without anything to do.
  std::deque<std::uint64_t> again_;  ///< Requests to be put once more.
  bool stopping_ = false;
};

}  // namespace myelin::reading
