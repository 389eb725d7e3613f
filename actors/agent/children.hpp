/// The children of one supervising agent: decides on their failures, and carries it out.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "myelin/actors/agent_ref.hpp"
#include "myelin/actors/supervision.hpp"
#include "runtime/entries.hpp"

namespace myelin {

class AgentCell;

/// Lives in the cell of the supervising agent, so that children and the handles to them outlast its restarts.
///
/// Orders to a child and its reports go by the control lane. Each order has a number, and a report carries the number
/// of the last order that the child had seen: a report of a child that had not seen the latest is out of date.
///
/// **Thread-safety**: actor-confined, but for find().
class Children {
 public:
  enum class Rest : std::uint8_t {
    suspended,  ///< Can be restarted.
    stopped,
  };

  explicit Children(AgentCell& self) : self_{self} { set_policy({}); }

  void set_policy(const SupervisionPolicy& policy);
  /// Starts a child; after a restart of the supervising agent, one of the same name and class that rests is restarted
  /// with the new specification instead.
  /// **Errors**: throws std::logic_error for a name that is in use; what the child's constructor throws passes through.
  AgentRef start(ChildSpec spec);
  /// The child of this name, or none. **Thread-safety**: thread-safe, with MeshState::names held.
  [[nodiscard]] AgentRef find(std::string_view name) const;

  void on_report(const ReportEntry& report);

  /// Tells all to end, the last started first, each once the one before it has. True if none is left; else
  /// AgentCell::children_at_rest() is called when that is so.
  [[nodiscard]] bool take_down(Rest how);
  /// The supervising agent is about to start again, with all its children down.
  void supervisor_restarts();
  /// It has: those of them that it did not start again are stopped.
  void stop_unclaimed();
  /// Tells all to stop and forgets them.
  void abandon() noexcept;

 private:
  enum class State : std::uint8_t { up, told_to_rest, down };
  struct Row {
    ChildSpec spec;
    AgentRef ref;
    State state = State::up;
    std::uint32_t epoch = 0;
    unsigned attempt = 0;
    TimePoint started{};
    bool unclaimed = false;  ///< Its supervisor was restarted, and has not started it again yet.
  };
  /// Several children that go down, wait and come back together.
  struct Group {
    std::size_t first;  ///< From this row on.
    unsigned attempt;   ///< Of the one that failed.
    AgentRef failed;
    CorrelationId timer = 0;  ///< Once they are down.
  };

  [[nodiscard]] Row* row_of(const AgentRef& child) noexcept;
  void failed(Row& row, const Error& error);
  [[nodiscard]] bool within_intensity(TimePoint now);
  void proceed();
  [[nodiscard]] bool tell_one_to_rest(std::size_t first);
  void give_up_on(const AgentRef& child, std::uint32_t epoch);
  [[nodiscard]] double chance();
  template <class Then>
  CorrelationId after(Duration wait, Then then);
  void restart_group();
  void restart(Row& row, unsigned attempt);
  void remove(const AgentRef& child);

  AgentCell& self_;
  SupervisionPolicy policy_;
  std::mt19937_64 random_;
  std::vector<Row> rows_;  // in the order they were started; they come and go under MeshState::names
  std::deque<TimePoint> failures_;
  std::optional<Group> group_;
  std::optional<Rest> ending_;
};

}  // namespace myelin
