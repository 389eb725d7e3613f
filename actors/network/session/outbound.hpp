/// What waits to be sent over one connection, and in which order it goes.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "myelin/base/result.hpp"
#include "wire/outgoing.hpp"

namespace myelin::network {

/// What waits for one agent of the other node. Frames that are on their way to it, or wait there, count against its
/// window: a slow agent holds up nobody else.
struct OutboundRoute {
  /// What was sent, of which the other side has not said that it is handled.
  struct Window {
    std::size_t bytes = 0;
    std::uint64_t messages = 0;  ///< Told ones.
  };
  std::uint32_t number = 0;  ///< On this connection; 0 before its name was sent.
  std::size_t unsent = 0;    ///< Bytes that wait here; without the control lane.
  Window control;            ///< Of the control lane: counted when they begin to wait, for nothing holds them back.
  Window unhandled;          ///< Of the others.
  std::array<OutgoingList, kLanes> waiting;
  std::array<bool, kLanes> in_turn{};  ///< Waits in the lane's round of routes.
  bool room_wanted = false;            ///< Somebody waits until less is unsent.

  [[nodiscard]] bool has_window() const noexcept;
  [[nodiscard]] Window& window_of(Lane lane) noexcept { return lane == Lane::control ? control : unhandled; }
};

/// First records without a frame, then the control lane; of the other lanes each has a weight, so that bulk is not
/// starved. Within a lane, answers and the routes take turns. A frame in parts occupies its lane, so that the other
/// side need not hold more than one a lane.
///
/// **Thread-safety**: thread-compatible.
class Outbound {
 public:
  /// What is to be sent next: a record, or if that is null the next `part` bytes of the frame under way in `lane`.
  struct Step {
    std::unique_ptr<Outgoing> record;
    Lane lane = Lane::control;
    std::size_t part = 0;
  };

  /// A record without a frame.
  void push_record(std::unique_ptr<Outgoing> record) noexcept;
  /// A frame that no window holds back: an answer, or one of the control lane.
  void push_free(std::unique_ptr<Outgoing> record) noexcept;
  /// A frame for an agent. Gives the route its number, and sends the name, when it is the first.
  void push(OutboundRoute& route, std::string_view name, std::unique_ptr<Outgoing> record);

  /// Records without a frame that wait: not bounded here, for none of them may be dropped.
  [[nodiscard]] std::size_t records() const noexcept { return records_waiting_; }
  /// Answers that wait.
  [[nodiscard]] std::size_t answers() const noexcept { return answers_waiting_; }
  /// Bytes that wait, in all.
  [[nodiscard]] std::size_t unsent() const noexcept { return unsent_; }
  /// Whether nothing waits, and all that was sent is handled.
  [[nodiscard]] bool is_settled() const noexcept;
  [[nodiscard]] std::size_t routes() const noexcept { return routes_.size(); }
  /// The route of that number; null if there is none.
  [[nodiscard]] OutboundRoute* route(std::uint32_t number) noexcept {
    return number == 0 || number > routes_.size() ? nullptr : routes_[number - 1];
  }
  /// The other side has handled so much of what was sent there. **Errors**: bad_frame where it was not sent so much.
  [[nodiscard]] Result<void> confirm(OutboundRoute& route, Lane lane, std::uint64_t bytes, std::uint64_t messages);

  /// What goes next, up to a burst. Routes that were waited for and have room now are added to `freed`.
  void pick(std::vector<Step>& steps, std::vector<OutboundRoute*>& freed);

  /// Everything that waits, in no particular order; then forgets all, the routes' numbers too.
  [[nodiscard]] std::vector<std::unique_ptr<Outgoing>> take_all();

 private:
  struct LaneQueue {
    OutgoingList free;
    std::deque<OutboundRoute*> turns;  ///< Routes that have something to send and a window for it.
    std::size_t part_left = 0;         ///< Of the frame under way.
    bool routes_turn = false;
  };

  [[nodiscard]] bool has_work(const LaneQueue& lane) const noexcept;
  [[nodiscard]] LaneQueue* next_lane() noexcept;
  void take_turn(OutboundRoute& route, std::size_t lane);
  [[nodiscard]] std::unique_ptr<Outgoing> pop(LaneQueue& lane, std::size_t index, std::vector<OutboundRoute*>& freed);

  OutgoingList records_;
  std::size_t records_waiting_ = 0;
  std::size_t answers_waiting_ = 0;
  std::array<LaneQueue, kLanes> lanes_;
  std::array<int, kLanes> tokens_{};
  std::vector<OutboundRoute*> routes_;
  std::size_t unsent_ = 0;
  std::size_t unhandled_ = 0;
};

}  // namespace myelin::network
