#include <utility>

#include "myelin/actors/tracing.hpp"

namespace myelin {

std::vector<Span> Tracer::recent() const {
  const std::lock_guard guard{mutex_};
  return {recent_.begin(), recent_.end()};
}

void Tracer::export_to(Exporter exporter) {
  const std::lock_guard guard{mutex_};
  exporters_.push_back(std::make_shared<const Exporter>(std::move(exporter)));
}

TraceContext Tracer::sample() noexcept {
  if (one_in_ == 0 || counter_.fetch_add(1, std::memory_order_relaxed) % one_in_ != 0) return {};
  return {.trace_id = std::bit_cast<std::array<std::byte, 16>>(std::array<std::uint64_t, 2>{next_id(), next_id()}),
          .span_id = 0};
}

std::uint64_t Tracer::next_id() noexcept {
  // Source: splitmix64 (S. Vigna): distinct for 2^64 calls, but for 0.
  std::uint64_t id = seed_ + (ids_.fetch_add(1, std::memory_order_relaxed) + 1) * 0x9e37'79b9'7f4a'7c15;
  id = (id ^ (id >> 30)) * 0xbf58'476d'1ce4'e5b9;
  id = (id ^ (id >> 27)) * 0x94d0'49bb'1331'11eb;
  id ^= id >> 31;
  return id == 0 ? 1 : id;
}

void Tracer::add(Span span) noexcept {
  std::vector<std::shared_ptr<const Exporter>> exporters;
  {
    const std::lock_guard guard{mutex_};
    exporters = exporters_;
    if (recent_.size() == kRecentMax) recent_.pop_front();
    recent_.push_back(span);
  }
  for (const auto& exporter : exporters) (*exporter)(span);
}

}  // namespace myelin
