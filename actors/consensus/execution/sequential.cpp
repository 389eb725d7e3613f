#include "execution/sequential.hpp"

#include "execution/range.hpp"

namespace myelin::consensus {

namespace {

/// The state itself, as it is at this moment.
class DirectView {
 public:
  DirectView(StateTable& cells, const StateLimits& limits, WallTime time, Arena& arena) noexcept
      : cells_{cells}, limits_{limits}, time_{time}, arena_{arena} {}

  bool read(std::string_view key, unsigned, Cell& cell) const {
    const StateTable::Entry* entry = cells_.find(key);
    cell = entry ? in_force(entry->cell(), [this] { return time_; }) : Cell{};
    return true;
  }
  bool kind(std::string_view key, unsigned place, ValueKind& kind) const {
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
  void write(std::string_view key, unsigned, const Cell& cell) { cells_.set(key, cell); }
  bool range(std::string_view first, std::string_view end, std::size_t limit, std::vector<KeyValue>& entries) {
    cells_.order();
    RangeFiller filler{limit, entries};
    for (auto at = cells_.ordered().lower_bound(first); at != cells_.ordered().end(); ++at) {
      if (!end.empty() && at->first >= end) break;
      if (!filler.add(at->first, in_force(at->second->cell(), [this] { return time_; }))) break;
    }
    return true;
  }
  [[nodiscard]] bool has_room(std::size_t keys, std::size_t bytes) const noexcept {
    return cells_.count() + keys <= limits_.keys_max && cells_.bytes() + bytes <= limits_.bytes_max;
  }
  [[nodiscard]] WallTime time() const noexcept { return time_; }
  [[nodiscard]] Arena& arena() noexcept { return arena_; }

 private:
  StateTable& cells_;
  const StateLimits& limits_;
  WallTime time_;
  Arena& arena_;
};

}  // namespace

void execute_sequentially(StateTable& cells, const StateLimits& limits, WallTime time, std::span<const Task> tasks,
                          Arena& arena) {
  DirectView view{cells, limits, time, arena};
  for (const Task& task : tasks) {
    static_cast<void>(Execution{view, task}.run());
    arena.reset();
  }
}

}  // namespace myelin::consensus
