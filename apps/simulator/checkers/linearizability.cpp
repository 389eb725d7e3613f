#include "checkers/linearizability.hpp"

#include <algorithm>
#include <cstdint>
#include <unordered_set>
#include <vector>

namespace myelin::sim {

namespace {

/// A call or a return, in a list from which operations are taken out as they are put into the order.
struct Node {
  std::size_t operation = 0;
  bool is_call = false;
  std::size_t match = 0;  ///< The return of a call.
  std::size_t previous = 0;
  std::size_t next = 0;
};

class Search {
 public:
  Search(std::span<const Interval> history, std::string initial,
         const std::function<bool(std::string&, std::size_t)>& apply)
      : history_{history}, apply_{apply}, state_{std::move(initial)}, done_((history.size() + 63) / 64) {
    build();
  }

  Linearizable run(std::size_t steps_max) {
    std::size_t at = nodes_[kHead].next;
    std::size_t left = static_cast<std::size_t>(
        std::ranges::count_if(history_, [](const Interval& interval) { return interval.returned.has_value(); }));
    for (std::size_t steps = 0; left > 0; ++steps) {
      if (steps == steps_max) return Linearizable::unknown;
      const bool is_open_return = at != kHead && !nodes_[at].is_call && !history_[nodes_[at].operation].returned;
      if (at == kHead || (!nodes_[at].is_call && !is_open_return)) {
        // A return that nothing could come before any more: the last choice was wrong.
        if (chosen_.empty()) return Linearizable::no;
        left += undo(at);
        continue;
      }
      if (is_open_return) {
        at = nodes_[at].next;
        continue;
      }
      const std::size_t operation = nodes_[at].operation;
      std::string state = state_;
      if (apply_(state, operation) && is_new(operation, state)) {
        left -= history_[operation].returned ? 1 : 0;
        choose(at, std::move(state));
        at = nodes_[kHead].next;
      } else {
        at = nodes_[at].next;
      }
    }
    return Linearizable::yes;
  }

 private:
  static constexpr std::size_t kHead = 0;

  struct Choice {
    std::size_t call;
    std::string state_before;
  };

  void build() {
    struct Moment {
      Duration time;
      bool is_call;
      std::size_t operation;
    };
    std::vector<Moment> moments;
    for (std::size_t i = 0; i < history_.size(); ++i) {
      moments.push_back({history_[i].called, true, i});
      moments.push_back({history_[i].returned.value_or(Duration::max()), false, i});
    }
    // Of one instant, calls come first: the two operations then overlap, which allows more.
    std::ranges::stable_sort(moments, [](const Moment& a, const Moment& b) {
      return a.time != b.time ? a.time < b.time : a.is_call && !b.is_call;
    });
    nodes_.resize(moments.size() + 1);
    std::vector<std::size_t> calls(history_.size());
    for (std::size_t i = 0; i < moments.size(); ++i) {
      Node& node = nodes_[i + 1];
      node.operation = moments[i].operation;
      node.is_call = moments[i].is_call;
      node.previous = i;
      node.next = i + 2 <= moments.size() ? i + 2 : kHead;
      if (node.is_call) {
        calls[node.operation] = i + 1;
      } else {
        nodes_[calls[node.operation]].match = i + 1;
      }
    }
    nodes_[kHead].next = moments.empty() ? kHead : 1;
  }

  void remove(std::size_t index) {
    nodes_[nodes_[index].previous].next = nodes_[index].next;
    if (nodes_[index].next != kHead) nodes_[nodes_[index].next].previous = nodes_[index].previous;
  }
  void restore(std::size_t index) {
    nodes_[nodes_[index].previous].next = index;
    if (nodes_[index].next != kHead) nodes_[nodes_[index].next].previous = index;
  }

  void choose(std::size_t call, std::string state) {
    chosen_.push_back({call, std::move(state_)});
    state_ = std::move(state);
    const std::size_t operation = nodes_[call].operation;
    done_[operation / 64] |= std::uint64_t{1} << (operation % 64);
    remove(call);
    remove(nodes_[call].match);
  }

  /// Takes the last choice back and goes on after it. Returns by how many the returned operations left grew.
  std::size_t undo(std::size_t& at) {
    Choice choice = std::move(chosen_.back());
    chosen_.pop_back();
    state_ = std::move(choice.state_before);
    const std::size_t operation = nodes_[choice.call].operation;
    done_[operation / 64] &= ~(std::uint64_t{1} << (operation % 64));
    restore(nodes_[choice.call].match);
    restore(choice.call);
    at = nodes_[choice.call].next;
    return history_[operation].returned ? 1 : 0;
  }

  /// Whether the same operations have not led to the same state before.
  bool is_new(std::size_t operation, const std::string& state) {
    done_[operation / 64] |= std::uint64_t{1} << (operation % 64);
    std::string key{reinterpret_cast<const char*>(done_.data()), done_.size() * sizeof(std::uint64_t)};
    done_[operation / 64] &= ~(std::uint64_t{1} << (operation % 64));
    key += state;
    return seen_.insert(std::move(key)).second;
  }

  std::span<const Interval> history_;
  const std::function<bool(std::string&, std::size_t)>& apply_;
  std::string state_;
  std::vector<std::uint64_t> done_;
  std::vector<Node> nodes_;
  std::vector<Choice> chosen_;
  std::unordered_set<std::string> seen_;
};

}  // namespace

Linearizable check_linearizable(std::span<const Interval> history, const std::string& initial,
                                const std::function<bool(std::string&, std::size_t)>& apply, std::size_t steps_max) {
  return Search{history, initial, apply}.run(steps_max);
}

}  // namespace myelin::sim
