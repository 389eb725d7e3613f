/// Runs a script over a view of the state; see execute.hpp for what a view is.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <string_view>

#include "execution/cell.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin::consensus {

/// Place of a key that its transaction does not name.
inline constexpr unsigned kUnnamed = 0xffff;

/// Keeps its writes to itself until its end: it happens wholly or not at all, and reads what it wrote.
template <class View>
class Script {
 public:
  Script(View& view, const Transaction& transaction, Reply& reply) noexcept
      : view_{view}, transaction_{transaction}, reply_{reply} {}

  /// False if the view gave up.
  [[nodiscard]] bool run() {
    const std::span<const ScriptStep> steps = transaction_.steps;
    std::size_t at = 0;
    while (at < steps.size() && reply_.status == Status::ok) {
      if (!run(steps[at])) return false;
      at += 1 + skip_;
      skip_ = 0;
    }
    if (reply_.status == Status::ok && !view_.has_room(write_count_, stored_bytes_)) stop(Status::state_full);
    if (reply_.status == Status::ok) {
      for (std::size_t i = 0; i < write_count_; ++i) view_.write(writes_[i].key, writes_[i].place, writes_[i].cell);
      reply_.value = result_.to_value();
    }
    return true;
  }

 private:
  using StepOperation = ScriptStep::Operation;
  static constexpr std::size_t kWritesNear = 4;
  using Digits = std::array<char, 20>;
  struct Write {
    std::string_view key;
    unsigned place = kUnnamed;
    Cell cell;
  };

  void stop(Status status) noexcept { reply_.status = status; }

  bool run(const ScriptStep& step) {
    switch (step.operation) {
      case StepOperation::number: registers_[step.target] = Cell::of_number(step.number); break;
      case StepOperation::bytes: registers_[step.target] = Cell::of_bytes(step.bytes); break;
      case StepOperation::load: return load(step);
      case StepOperation::store: return store(step);
      case StepOperation::add:
      case StepOperation::subtract:
      case StepOperation::multiply:
      case StepOperation::less: calculate(step); break;
      case StepOperation::equal:
        registers_[step.target] = Cell::of_number(registers_[step.left] == registers_[step.right] ? 1 : 0);
        break;
      case StepOperation::concat: concat(step); break;
      case StepOperation::digest: digest(step); break;
      case StepOperation::skip_unless:
        if (!holds(registers_[step.left])) skip_ = static_cast<std::size_t>(step.number);
        break;
      case StepOperation::require:
        if (!holds(registers_[step.left])) stop(Status::condition_failed);
        break;
      case StepOperation::result: result_ = registers_[step.left]; break;
      case StepOperation::none: break;
    }
    return true;
  }

  [[nodiscard]] static bool holds(const Cell& cell) noexcept {
    return cell.kind != ValueKind::absent && !(cell.kind == ValueKind::number && cell.number == 0);
  }

  /// A register as text: nothing for absent, digits for a number. Stops the script for a lease.
  [[nodiscard]] std::string_view text_of(const Cell& cell, Digits& digits) {
    if (cell.kind == ValueKind::lease) stop(Status::wrong_type);
    if (cell.kind != ValueKind::number) return cell.bytes;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), cell.number).ptr;
    return {digits.data(), end};
  }

  [[nodiscard]] std::string_view join(std::string_view first, std::string_view second, std::size_t bytes_max) {
    if (first.size() + second.size() > bytes_max) {
      stop(Status::too_large);
      return {};
    }
    if (second.empty()) return first;
    auto* bytes = static_cast<char*>(view_.arena().allocate(first.size() + second.size(), 1));
    first.copy(bytes, first.size());
    second.copy(bytes + first.size(), second.size());
    return {bytes, first.size() + second.size()};
  }

  /// The key of a load or store, and its place among those that the transaction names.
  [[nodiscard]] std::string_view key_of(const ScriptStep& step, unsigned& place) {
    Digits digits;
    std::string_view key = step.bytes;
    if (step.left != ScriptStep::kNoRegister) {
      key = join(key, text_of(registers_[step.left], digits), limits::kKeyBytesMax);
    }
    if (reply_.status != Status::ok) return key;
    if (key.empty()) stop(Status::too_large);
    place = kUnnamed;
    if (transaction_.keys.empty()) return key;
    for (place = 0; place < transaction_.keys.size(); ++place) {
      if (transaction_.keys[place] == key) return key;
    }
    stop(Status::undeclared_key);
    return key;
  }

  /// Room for as many writes as the script can do. Mostly few: they need no memory that is kept for the whole block.
  [[nodiscard]] Write* allocate_writes() {
    std::size_t stores = 0;
    for (const ScriptStep& step : transaction_.steps) stores += step.operation == StepOperation::store ? 1 : 0;
    if (stores <= kWritesNear) return reinterpret_cast<Write*>(near_);
    return static_cast<Write*>(view_.arena().allocate(stores * sizeof(Write), alignof(Write)));
  }

  [[nodiscard]] Write* written(std::string_view key) noexcept {
    for (std::size_t i = 0; i < write_count_; ++i) {
      if (writes_[i].key == key) return &writes_[i];
    }
    return nullptr;
  }

  bool load(const ScriptStep& step) {
    unsigned place = kUnnamed;
    const std::string_view key = key_of(step, place);
    if (reply_.status != Status::ok) return true;
    if (const Write* write = written(key)) {
      registers_[step.target] = write->cell;
      return true;
    }
    Cell cell;
    if (!view_.read(key, place, cell)) return false;
    // What is written may take the place of what was read: a copy stays.
    if (!cell.bytes.empty()) cell.bytes = view_.arena().copy(cell.bytes);
    if (cell.kind == ValueKind::bytes) cell.expires = 0;  // A register holds a value, not how long a key has it.
    registers_[step.target] = cell;
    return true;
  }

  bool store(const ScriptStep& step) {
    unsigned place = kUnnamed;
    const std::string_view key = key_of(step, place);
    if (reply_.status != Status::ok) return true;
    const Cell& cell = registers_[step.right];
    if (cell.kind == ValueKind::lease) stop(Status::wrong_type);
    Write* write = written(key);
    if (!write) {
      ValueKind kind{};
      if (!view_.kind(key, place, kind)) return false;
      if (kind == ValueKind::lease) stop(Status::wrong_type);
      if (!writes_) writes_ = allocate_writes();
      write = new (writes_ + write_count_++) Write{key, place, {}};
    }
    stored_bytes_ += key.size() + cell.bytes.size();
    if (stored_bytes_ > limits::kScriptStoreBytesMax) stop(Status::too_large);
    write->cell = cell;
    return true;
  }

  void calculate(const ScriptStep& step) {
    const Cell& left = registers_[step.left];
    const Cell& right = registers_[step.right];
    for (const Cell* operand : {&left, &right}) {
      if (operand->kind != ValueKind::number && operand->kind != ValueKind::absent) return stop(Status::wrong_type);
    }
    const auto a = static_cast<std::uint64_t>(left.number), b = static_cast<std::uint64_t>(right.number);
    std::int64_t result = 0;
    switch (step.operation) {
      case StepOperation::add: result = static_cast<std::int64_t>(a + b); break;
      case StepOperation::subtract: result = static_cast<std::int64_t>(a - b); break;
      case StepOperation::multiply: result = static_cast<std::int64_t>(a * b); break;
      default: result = left.number < right.number ? 1 : 0; break;
    }
    registers_[step.target] = Cell::of_number(result);
  }

  void concat(const ScriptStep& step) {
    Digits left_digits, right_digits;
    const std::string_view left = text_of(registers_[step.left], left_digits);
    const std::string_view right = text_of(registers_[step.right], right_digits);
    std::string_view joined = join(left, right, limits::kValueBytesMax);
    // Digits lie in this frame: they are copied, where join() handed them on.
    if (joined.data() == left_digits.data()) joined = view_.arena().copy(joined);
    registers_[step.target] = Cell::of_bytes(joined);
  }

  void digest(const ScriptStep& step) {
    Digits digits;
    const std::string_view text = text_of(registers_[step.left], digits);
    Digest digest = Hasher{Domain::script}.add(text).finish();
    for (std::int64_t i = 1; i < step.number; ++i) digest = Hasher{Domain::script}.add(digest).finish();
    const auto* bytes = reinterpret_cast<const char*>(digest.bytes.data());
    registers_[step.target] = Cell::of_bytes(view_.arena().copy({bytes, digest.bytes.size()}));
  }

  View& view_;
  const Transaction& transaction_;
  Reply& reply_;
  std::array<Cell, limits::kScriptRegisters> registers_{};
  Cell result_;
  alignas(Write) std::byte near_[kWritesNear * sizeof(Write)];
  Write* writes_ = nullptr;
  std::size_t write_count_ = 0;
  std::size_t stored_bytes_ = 0;
  std::size_t skip_ = 0;
};

}  // namespace myelin::consensus
