#include "execution/overlay.hpp"

#include "execution/range.hpp"

namespace myelin::consensus {

class Overlay::View {
 public:
  View(Overlay& overlay, WallTime time) noexcept : overlay_{overlay}, time_{time} {}

  bool read(std::string_view key, unsigned, Cell& cell) {
    const auto written = overlay_.written_.find(key);
    if (written != overlay_.written_.end()) {
      cell = shown(written->second);
    } else {
      const StateTable::Entry* entry = overlay_.below_.find(key);
      cell = entry ? shown(entry->cell()) : Cell{};
    }
    return true;
  }
  bool kind(std::string_view key, unsigned place, ValueKind& kind) {
    Cell cell;
    if (!read(key, place, cell)) return false;
    kind = cell.kind;
    return true;
  }
  bool add(std::string_view key, unsigned place, std::int64_t delta) {
    Cell cell;
    if (!read(key, place, cell)) return false;
    write(key, place, Cell::of_number(wrapping_add(cell.number, delta)));
    return true;
  }
  void write(std::string_view key, unsigned, const Cell& cell) { overlay_.written_[key] = cell; }
  bool range(std::string_view first, std::string_view end, std::size_t limit, std::vector<KeyValue>& entries) {
    overlay_.below_.order();
    const auto& ordered = overlay_.below_.ordered();
    auto below = ordered.lower_bound(first);
    auto above = overlay_.written_.lower_bound(first);
    RangeFiller filler{limit, entries};
    const auto is_within = [end](const auto& at, const auto& map) {
      return at != map.end() && (end.empty() || at->first < end);
    };
    while (true) {
      const bool has_below = is_within(below, ordered);
      const bool has_above = is_within(above, overlay_.written_);
      if (!has_below && !has_above) return true;
      const bool from_above = has_above && (!has_below || above->first <= below->first);
      if (from_above && has_below && below->first == above->first) ++below;
      const bool goes_on = from_above ? filler.add(above->first, shown(above->second))
                                      : filler.add(below->first, shown(below->second->cell()));
      if (!goes_on) return true;
      from_above ? static_cast<void>(++above) : static_cast<void>(++below);
    }
  }
  [[nodiscard]] bool has_room(std::size_t, std::size_t) const noexcept { return true; }
  [[nodiscard]] WallTime time() noexcept {
    overlay_.has_asked_time_ = true;
    return time_;
  }
  [[nodiscard]] Arena& arena() noexcept { return overlay_.arena_; }

 private:
  [[nodiscard]] Cell shown(const Cell& cell) {
    return in_force(cell, [this] { return time(); });
  }

  Overlay& overlay_;
  WallTime time_;
};

void Overlay::execute(WallTime time, std::span<const Task> tasks) {
  View view{*this, time};
  for (const Task& task : tasks) static_cast<void>(Execution{view, task}.run());
}

void Overlay::promote() {
  // A value may be of the state itself, and be overwritten by this: but then it was copied when it was read.
  for (const auto& [key, cell] : written_) below_.set(key, cell);
}

}  // namespace myelin::consensus
