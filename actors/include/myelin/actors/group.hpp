/// Waiting for several things at once: all() of them, or any() of them.
#pragma once

#include <concepts>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "myelin/actors/awaitable.hpp"

namespace myelin {

namespace detail {

/// What can be waited for: asks, sleeps, offloaded work, Tasks, and groups of them.
template <class A>
concept Waitable = !std::is_reference_v<A> && requires(A & a, const A& c, Waker& waker) {
  typename A::Value;
  { c.ready() } -> std::same_as<bool>;
  { c.failed() } -> std::same_as<bool>;
  a.begin(waker);
  a.take();
  a.cancel();
};

/// A void result takes a place too.
template <class Value>
using Stored = std::conditional_t<std::is_void_v<Value>, std::monostate, Value>;

template <class A>
[[nodiscard]] Stored<typename A::Value> take_stored(A& awaited) {
  if constexpr (std::is_void_v<typename A::Value>) {
    awaited.take();
    return {};
  } else {
    return awaited.take();
  }
}

/// Different things to wait for, or many of one type: the two kinds of group.
template <class... As>
struct TupleOf {
  std::tuple<As...> items;
  [[nodiscard]] static constexpr std::size_t size() noexcept { return sizeof...(As); }
  template <class Each>
  void backwards(Each&& each) {
    [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
      (each(sizeof...(As) - 1 - kIndex, std::get<sizeof...(As) - 1 - kIndex>(items)), ...);
    }
    (std::index_sequence_for<As...>{});
  }
  /// The index of the first item that `test` holds for; size() if none.
  template <class Test>
  [[nodiscard]] std::size_t find(Test&& test) const {
    std::size_t index = 0;
    const auto found = [&](const auto& item) { return test(item) || (++index, false); };
    std::apply([&](const auto&... item) { static_cast<void>((found(item) || ...)); }, items);
    return index;
  }
  using All = std::tuple<Stored<typename As::Value>...>;
  [[nodiscard]] All take_all() {
    return std::apply([](auto&... item) { return All{take_stored(item)...}; }, items);
  }
  using One = std::variant<Stored<typename As::Value>...>;
  [[nodiscard]] One take(std::size_t index) {
    std::optional<One> taken;
    [&]<std::size_t... kIndex>(std::index_sequence<kIndex...>) {
      ((kIndex == index
            ? static_cast<void>(taken.emplace(std::in_place_index<kIndex>, take_stored(std::get<kIndex>(items))))
            : static_cast<void>(0)),
       ...);
    }
    (std::index_sequence_for<As...>{});
    return *std::move(taken);
  }
};
template <class A>
struct VectorOf {
  std::vector<A> items;
  [[nodiscard]] std::size_t size() const noexcept { return items.size(); }
  template <class Each>
  void backwards(Each&& each) {
    for (std::size_t index = items.size(); index-- > 0;) each(index, items[index]);
  }
  template <class Test>
  [[nodiscard]] std::size_t find(Test&& test) const {
    std::size_t index = 0;
    while (index < items.size() && !test(items[index])) ++index;
    return index;
  }
  using All = std::vector<Stored<typename A::Value>>;
  [[nodiscard]] All take_all() {
    All taken;
    taken.reserve(items.size());
    for (A& item : items) taken.push_back(take_stored(item));
    return taken;
  }
  struct One {
    std::size_t index;  ///< Which of the vector came first.
    Stored<typename A::Value> value;
  };
  [[nodiscard]] One take(std::size_t index) { return {index, take_stored(items[index])}; }
};

/// Counts who has come, and wakes the coroutine that waits: when one has come, or when all have or one threw.
template <class Items, bool kFirst>
class [[nodiscard]] Group : public Awaitable<Group<Items, kFirst>> {
 public:
  using Value = std::conditional_t<kFirst, typename Items::One, typename Items::All>;

  explicit Group(Items items) : items_{std::move(items)} {}
  Group(Group&& other) noexcept : items_{std::move(other.items_)} {}  // before begin() only
  Group& operator=(Group&&) = delete;
  ~Group() = default;

  [[nodiscard]] bool ready() const {
    if constexpr (kFirst) {
      return items_.find([](const auto& item) { return item.ready(); }) < items_.size();
    } else {
      return items_.find([](const auto& item) { return !item.ready(); }) == items_.size() ||
             first_failed() < items_.size();
    }
  }
  [[nodiscard]] bool failed() const { return ready() && first_failed() < items_.size(); }

  void begin(Waker& waiter) {
    waiter_ = &waiter;
    slots_.resize(items_.size());
    // Of the Tasks that are to begin, the one queued last goes first.
    items_.backwards([&](std::size_t index, auto& item) {
      if (item.ready()) return;
      ++left_;
      Slot& slot = slots_[index];
      slot.tasks = waiter.tasks;
      slot.group = this;
      slot.item = &item;
      slot.failed = [](const void* at) {
        return static_cast<const std::remove_reference_t<decltype(item)>*>(at)->failed();
      };
      item.begin(slot);
    });
  }

  Value take() {
    if constexpr (kFirst) {
      const std::size_t first = items_.find([](const auto& item) { return item.ready(); });
      items_.backwards([&](std::size_t index, auto& item) {
        if (index != first) item.cancel();
      });
      return items_.take(first);
    } else {
      if (const std::size_t failed = first_failed(); failed < items_.size()) {
        items_.backwards([&](std::size_t index, auto& item) {
          if (index == failed) static_cast<void>(take_stored(item));  // throws; the others end with the group
        });
      }
      return items_.take_all();
    }
  }

  void cancel() noexcept {
    waiter_ = nullptr;
    items_.backwards([](std::size_t, auto& item) { item.cancel(); });
  }

 private:
  struct Slot final : Waker {
    void wake() override { group->one_came(*this); }
    Group* group = nullptr;
    const void* item = nullptr;
    bool (*failed)(const void* item) = nullptr;
  };

  [[nodiscard]] std::size_t first_failed() const {
    return items_.find([](const auto& item) { return item.failed(); });
  }
  void one_came(const Slot& slot) {
    --left_;
    if (waiter_ == nullptr) return;
    if (kFirst || left_ == 0 || slot.failed(slot.item)) std::exchange(waiter_, nullptr)->wake();
  }

  Items items_;
  std::vector<Slot> slots_;
  std::size_t left_ = 0;
  Waker* waiter_ = nullptr;
};

}  // namespace detail

/// Waits for all of them at once. `co_await` gives a tuple of what each gives, std::monostate for nothing. When one
/// throws, its exception is thrown on at once and the others are cancelled.
///
///     auto [weather, traffic] = co_await all(ask<Weather>(w, fill, 1s), ask<Traffic>(t, fill, 1s));
template <class... As>
[[nodiscard]] auto all(As&&... awaited) {
  static_assert(sizeof...(As) > 0, "all() of nothing");
  static_assert((detail::Waitable<As> && ...),
                "all() takes asks, sleeps, offloaded work, Tasks and groups of them, by value: std::move() them in");
  return detail::Group<detail::TupleOf<As...>, false>{{std::tuple<As...>{std::move(awaited)...}}};
}
/// The same for any number of one type: `co_await` gives a vector, in the same order.
template <detail::Waitable A>
[[nodiscard]] auto all(std::vector<A> awaited) {
  return detail::Group<detail::VectorOf<A>, false>{{std::move(awaited)}};
}

/// Waits for the first of them; the others are cancelled: questions given up, timers and Tasks ended. `co_await` gives
/// a variant whose index() says which it was. A failed ask is an outcome too, and may be the first.
///
///     const auto first = co_await any(ask<Report>(worker, fill, 1min), sleep(2s));
///     if (first.index() == 1) ...  // too slow
template <class... As>
[[nodiscard]] auto any(As&&... awaited) {
  static_assert(sizeof...(As) > 0, "any() of nothing would wait for ever");
  static_assert((detail::Waitable<As> && ...),
                "any() takes asks, sleeps, offloaded work, Tasks and groups of them, by value: std::move() them in");
  return detail::Group<detail::TupleOf<As...>, true>{{std::tuple<As...>{std::move(awaited)...}}};
}
/// The same for any number of one type: `co_await` gives the index and the value of the first.
/// **Errors**: throws std::invalid_argument for an empty vector, which would wait for ever.
template <detail::Waitable A>
[[nodiscard]] auto any(std::vector<A> awaited) {
  if (awaited.empty()) throw std::invalid_argument{"any() of nothing would wait for ever"};
  return detail::Group<detail::VectorOf<A>, true>{{std::move(awaited)}};
}

}  // namespace myelin
