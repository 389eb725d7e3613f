/// What each transaction means: one text for all executors, which differ only in how they look at the state.
///
/// A view of the state is a class with
///   bool read(key, place, Cell&)        what the key holds; false: not to be known yet, give up for now
///   bool kind(key, place, ValueKind&)   the same, of its kind alone
///   bool add(key, place, delta)         adds to a key that kind() says is a number or absent
///   void write(key, place, Cell)        the cell's bytes lie in the batch or in the view's arena
///   bool range(first, end, limit, std::vector<KeyValue>&)
///   bool has_room(keys, bytes)          whether the state can take so many more
///   WallTime time()                     the commit's
///   Arena& arena()                      for texts that live until the block has been executed
/// What is over is absent to it. `place` says which of the transaction's named keys the key is, or kUnnamed.
/// A transaction reads all it needs before it writes; so giving up leaves nothing behind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "execution/arena.hpp"
#include "execution/cell.hpp"
#include "execution/script.hpp"
#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin::consensus {

/// A transaction on its way: where its reply goes, and the token of a lease that it is granted.
struct Task {
  const Transaction* transaction = nullptr;
  Reply* reply = nullptr;
  std::uint64_t token = 0;
};

/// Whether all the keys of a transaction are known before it runs.
[[nodiscard]] inline bool names_its_keys(const Transaction& transaction) noexcept {
  return transaction.operation != Operation::range &&
         (transaction.operation != Operation::script || !transaction.keys.empty());
}

template <class View>
class Execution {
 public:
  Execution(View& view, const Task& task) noexcept
      : view_{view}, transaction_{*task.transaction}, reply_{*task.reply}, token_{task.token} {}

  /// Runs the transaction. False if the view gave up: nothing was written then, and the reply means nothing.
  /// **Requires**: not of Operation::reconfigure.
  [[nodiscard]] bool run() {
    reply_.status = Status::ok;
    reply_.value = {};
    reply_.entries.clear();
    switch (transaction_.operation) {
      case Operation::put: return put();
      case Operation::get: return get();
      case Operation::cas: return cas();
      case Operation::erase: return erase();
      case Operation::add: return add();
      case Operation::transfer: return transfer();
      case Operation::claim: return claim();
      case Operation::renew: return renew();
      case Operation::release: return release();
      case Operation::range:
        return view_.range(transaction_.key, transaction_.other, transaction_.limit, reply_.entries);
      case Operation::script: return Script<View>{view_, transaction_, reply_}.run();
      case Operation::malformed: reply_.refusal = transaction_.refusal; return answer(Status::malformed);
      case Operation::reconfigure: break;
    }
    return answer(Status::malformed);
  }

 private:
  [[nodiscard]] bool answer(Status status) noexcept {
    reply_.status = status;
    return true;
  }
  [[nodiscard]] bool answer(Status status, const Cell& cell) {
    reply_.value = cell.to_value();
    return answer(status);
  }
  [[nodiscard]] bool read(Cell& cell) { return view_.read(transaction_.key, 0, cell); }
  void write(const Cell& cell) { view_.write(transaction_.key, 0, cell); }
  [[nodiscard]] bool has_room(std::size_t value_bytes) {
    return view_.has_room(1, transaction_.key.size() + value_bytes);
  }

  /// What a put or a cas leaves behind.
  [[nodiscard]] Cell new_value() {
    if (transaction_.number == 0) return Cell::of_bytes(transaction_.value);
    return Cell::of_bytes(transaction_.value, end_after(view_.time(), transaction_.number));
  }

  bool put() {
    ValueKind kind{};
    if (!view_.kind(transaction_.key, 0, kind)) return false;
    if (kind == ValueKind::lease) return answer(Status::wrong_type);
    if (!has_room(transaction_.value.size())) return answer(Status::state_full);
    write(new_value());
    return true;
  }

  bool get() {
    Cell cell;
    if (!read(cell)) return false;
    return answer(cell.kind == ValueKind::absent ? Status::not_found : Status::ok, cell);
  }

  bool cas() {
    Cell cell;
    if (!read(cell)) return false;
    const bool fits = transaction_.if_absent ? cell.kind == ValueKind::absent
                                             : cell.kind == ValueKind::bytes && cell.bytes == transaction_.other;
    if (!fits) return answer(Status::mismatch, cell);
    if (!has_room(transaction_.value.size())) return answer(Status::state_full);
    write(new_value());
    return true;
  }

  bool erase() {
    ValueKind kind{};
    if (!view_.kind(transaction_.key, 0, kind)) return false;
    if (kind == ValueKind::absent) return answer(Status::not_found);
    if (kind == ValueKind::lease) return answer(Status::wrong_type);
    write({});
    return true;
  }

  bool add() {
    ValueKind kind{};
    if (!view_.kind(transaction_.key, 0, kind)) return false;
    if (kind != ValueKind::absent && kind != ValueKind::number) return answer(Status::wrong_type);
    if (!has_room(0)) return answer(Status::state_full);
    return view_.add(transaction_.key, 0, transaction_.number);
  }

  bool transfer() {
    Cell from, to;
    if (!view_.read(transaction_.key, 0, from)) return false;
    if (!view_.read(transaction_.other, 1, to)) return false;
    const std::int64_t amount = transaction_.number;
    if (from.kind == ValueKind::absent) return answer(Status::insufficient);
    if (from.kind != ValueKind::number) return answer(Status::wrong_type);
    if (to.kind != ValueKind::number && to.kind != ValueKind::absent) return answer(Status::wrong_type);
    if (from.number < amount) return answer(Status::insufficient);
    if (transaction_.key == transaction_.other) return true;
    if (to.number > std::numeric_limits<std::int64_t>::max() - amount) return answer(Status::overflow);
    if (!view_.has_room(2, transaction_.key.size() + transaction_.other.size())) return answer(Status::state_full);
    view_.write(transaction_.key, 0, Cell::of_number(from.number - amount));
    view_.write(transaction_.other, 1, Cell::of_number(to.number + amount));
    return true;
  }

  /// The end of a lease that is granted now.
  [[nodiscard]] WallTime lease_end() { return end_after(view_.time(), transaction_.number); }

  bool claim() {
    Cell cell;
    if (!read(cell)) return false;
    if (cell.kind == ValueKind::lease) return answer(Status::held, cell);
    if (cell.kind != ValueKind::absent) return answer(Status::wrong_type);
    if (!has_room(0)) return answer(Status::state_full);
    const Cell lease = Cell::of_lease(transaction_.client, lease_end(), token_);
    write(lease);
    return answer(Status::ok, lease);
  }

  [[nodiscard]] bool is_own(const Cell& cell) const noexcept {
    return cell.kind == ValueKind::lease && cell.holder == transaction_.client && cell.token() == transaction_.token;
  }

  bool renew() {
    Cell cell;
    if (!read(cell)) return false;
    if (!is_own(cell)) return answer(Status::not_holder);
    const Cell lease = Cell::of_lease(cell.holder, lease_end(), cell.token());
    write(lease);
    return answer(Status::ok, lease);
  }

  bool release() {
    Cell cell;
    if (!read(cell)) return false;
    if (!is_own(cell)) return answer(Status::not_holder);
    write({});
    return true;
  }

  View& view_;
  const Transaction& transaction_;
  Reply& reply_;
  std::uint64_t token_;
};

}  // namespace myelin::consensus
