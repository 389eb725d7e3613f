/// Spans: which handlers worked for which request, on whose behalf, when and for how long.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "myelin/base/identity.hpp"
#include "myelin/base/time.hpp"
#include "myelin/serialization/frame.hpp"

namespace myelin {

/// One handling of one traced frame. Source: https://www.w3.org/TR/trace-context/ for the identifiers.
struct Span {
  TraceContext context;           ///< The trace, and this span in it.
  std::uint64_t parent_span = 0;  ///< Whose work caused this; 0 for the first.
  AgentId agent = 0;
  std::string agent_class;
  TypeId message = 0;
  std::string message_name;  ///< The schema's name.
  std::size_t messages = 0;  ///< In the frame.
  TimePoint began;
  Duration took{};
  bool failed = false;  ///< The handler threw.
};

/// Gathers the spans of a mesh: keeps the last ones, and gives each to whoever exports them.
///
/// **Thread-safety**: thread-safe.
class Tracer {
 public:
  /// How many spans recent() can show.
  static constexpr std::size_t kRecentMax = 4096;
  using Exporter = std::function<void(const Span&)>;

  /// `one_in`: of so many messages from outside the mesh one begins a trace; 0 for none. Messages that come with a
  /// trace keep it in any case. `seed` makes the identifiers.
  Tracer(std::uint32_t one_in, std::uint64_t seed) noexcept : one_in_{one_in}, seed_{seed} {}

  /// The last spans, oldest first.
  [[nodiscard]] std::vector<Span> recent() const;
  /// Calls `exporter` for each span from now on, on the thread where it ended. It must not block or throw.
  void export_to(Exporter exporter);

  /// A new trace, if it is a message's turn to begin one; else none.
  [[nodiscard]] TraceContext sample() noexcept;
  [[nodiscard]] std::uint64_t next_id() noexcept;
  void add(Span span) noexcept;

 private:
  const std::uint32_t one_in_;
  const std::uint64_t seed_;
  std::atomic<std::uint64_t> counter_{0};
  std::atomic<std::uint64_t> ids_{0};
  mutable std::mutex mutex_;
  std::deque<Span> recent_;
  std::vector<std::shared_ptr<const Exporter>> exporters_;
};

}  // namespace myelin
