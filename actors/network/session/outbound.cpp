#include "outbound.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "myelin/network/limits.hpp"

namespace myelin::network {

namespace {

/// Frames, or parts of one, that a lane sends before the next has its turn; as at a mailbox. Control has no need.
constexpr std::array<int, kLanes> kWeights{0, 8, 4, 1};

void count(OutboundRoute::Window& window, const Outgoing& record) noexcept {
  window.bytes += record.bytes;
  if (record.kind == RecordKind::message) window.messages += record.frame.size();
}

}  // namespace

bool OutboundRoute::has_window() const noexcept { return unhandled.bytes < limits::kRouteWindowBytes; }

void Outbound::push_record(std::unique_ptr<Outgoing> record) noexcept {
  ++records_waiting_;
  records_.push(std::move(record));
}

void Outbound::push_free(std::unique_ptr<Outgoing> record) noexcept {
  unsent_ += record->bytes;
  if (record->kind == RecordKind::answer) ++answers_waiting_;
  lanes_[static_cast<std::size_t>(record->lane)].free.push(std::move(record));
}

void Outbound::push(OutboundRoute& route, std::string_view name, std::unique_ptr<Outgoing> record) {
  if (route.number == 0) {
    routes_.push_back(&route);
    route.number = static_cast<std::uint32_t>(routes_.size());
    auto announcement = std::make_unique<Outgoing>();
    announcement->kind = RecordKind::name;
    announcement->route = route.number;
    announcement->payload = name;
    push_record(std::move(announcement));
  }
  record->route = route.number;
  if (record->lane == Lane::control) {
    count(route.control, *record);
    return push_free(std::move(record));
  }
  const auto lane = static_cast<std::size_t>(record->lane);
  route.unsent += record->bytes;
  unsent_ += record->bytes;
  route.waiting[lane].push(std::move(record));
  take_turn(route, lane);
}

void Outbound::take_turn(OutboundRoute& route, std::size_t lane) {
  if (route.in_turn[lane] || route.waiting[lane].empty() || !route.has_window()) return;
  route.in_turn[lane] = true;
  lanes_[lane].turns.push_back(&route);
}

Result<void> Outbound::confirm(OutboundRoute& route, Lane lane, std::uint64_t bytes, std::uint64_t messages) {
  OutboundRoute::Window& window = route.window_of(lane);
  if (bytes > window.bytes) {
    return fail(Errc::bad_frame, fmt::format("{} bytes are said to be handled; {} were sent", bytes, window.bytes));
  }
  window.bytes -= bytes;
  window.messages -= std::min(window.messages, messages);
  if (lane == Lane::control) return {};
  unhandled_ -= bytes;
  for (std::size_t other = 0; other < kLanes; ++other) take_turn(route, other);
  return {};
}

bool Outbound::is_settled() const noexcept {
  return records_waiting_ == 0 && unsent_ == 0 && std::ranges::all_of(routes_, [](const OutboundRoute* route) {
           return route->control.bytes == 0 && route->unhandled.bytes == 0;
         });
}

bool Outbound::has_work(const LaneQueue& lane) const noexcept {
  return lane.part_left != 0 || !lane.free.empty() || (!lane.turns.empty() && unhandled_ < limits::kNodeWindowBytes);
}

Outbound::LaneQueue* Outbound::next_lane() noexcept {
  if (has_work(lanes_[0])) return lanes_.data();
  for (const bool refilled : {false, true}) {
    if (refilled) tokens_ = kWeights;
    for (std::size_t lane = 1; lane < kLanes; ++lane) {
      if (tokens_[lane] == 0 || !has_work(lanes_[lane])) continue;
      --tokens_[lane];
      return &lanes_[lane];
    }
  }
  return nullptr;
}

std::unique_ptr<Outgoing> Outbound::pop(LaneQueue& lane, std::size_t index, std::vector<OutboundRoute*>& freed) {
  const bool routes_may = !lane.turns.empty() && unhandled_ < limits::kNodeWindowBytes;
  if (!lane.free.empty() && !(lane.routes_turn && routes_may)) {
    lane.routes_turn = true;
    std::unique_ptr<Outgoing> record = lane.free.pop();
    unsent_ -= record->bytes;
    if (record->kind == RecordKind::answer) --answers_waiting_;
    return record;
  }
  lane.routes_turn = false;
  OutboundRoute& route = *lane.turns.front();
  lane.turns.pop_front();
  route.in_turn[index] = false;
  std::unique_ptr<Outgoing> record = route.waiting[index].pop();
  unsent_ -= record->bytes;
  route.unsent -= record->bytes;
  unhandled_ += record->bytes;
  count(route.unhandled, *record);
  take_turn(route, index);
  if (route.room_wanted && route.unsent <= limits::kRouteQueueBytes / 2) {
    route.room_wanted = false;
    freed.push_back(&route);
  }
  return record;
}

void Outbound::pick(std::vector<Step>& steps, std::vector<OutboundRoute*>& freed) {
  std::size_t bytes = 0;
  while (bytes < limits::kBurstBytes && steps.size() < limits::kBurstRecordsMax) {
    if (!records_.empty()) {
      steps.emplace_back().record = records_.pop();
      --records_waiting_;
      continue;
    }
    LaneQueue* lane = next_lane();
    if (lane == nullptr) return;
    const auto index = static_cast<std::size_t>(lane - lanes_.data());
    Step step;
    step.lane = static_cast<Lane>(index);
    if (lane->part_left != 0) {
      step.part = std::min(lane->part_left, std::max(limits::kBurstBytes - bytes, limits::kPartBytesMin));
      lane->part_left -= step.part;
      bytes += step.part;
    } else {
      step.record = pop(*lane, index, freed);
      if (step.record->bytes > limits::kPartBytes) {
        lane->part_left = step.record->frame.payload_bytes();
      } else {
        bytes += step.record->bytes;
      }
    }
    steps.push_back(std::move(step));
  }
}

std::vector<std::unique_ptr<Outgoing>> Outbound::take_all() {
  std::vector<std::unique_ptr<Outgoing>> all;
  const auto empty = [&all](OutgoingList& list) {
    while (std::unique_ptr<Outgoing> record = list.pop()) all.push_back(std::move(record));
  };
  empty(records_);
  for (LaneQueue& lane : lanes_) {
    empty(lane.free);
    lane.turns.clear();
    lane.part_left = 0;
  }
  for (OutboundRoute* route : routes_) {
    for (OutgoingList& list : route->waiting) empty(list);
    route->in_turn = {};
    route->number = 0;
    route->unsent = 0;
    route->unhandled = {};
    route->control = {};
  }
  routes_.clear();
  records_waiting_ = 0;
  answers_waiting_ = 0;
  unsent_ = 0;
  unhandled_ = 0;
  return all;
}

}  // namespace myelin::network
