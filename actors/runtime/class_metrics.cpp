#include "class_metrics.hpp"

#include <algorithm>
#include <string>

#include "myelin/actors/agent.hpp"

namespace myelin {

std::size_t DurationHistogram::bucket_of(Duration duration) noexcept {
  const auto width = static_cast<std::size_t>(std::bit_width(static_cast<std::uint64_t>(duration.count())));
  return std::min(width, kBuckets - 1);
}

std::uint64_t DurationHistogram::count() const noexcept {
  std::uint64_t sum = 0;
  for (const std::uint64_t bucket : buckets) sum += bucket;
  return sum;
}

Duration DurationHistogram::percentile(double part) const noexcept {
  const double wanted = part * static_cast<double>(count());
  std::uint64_t seen = 0;
  for (std::size_t index = 0; index < kBuckets; ++index) {
    seen += buckets[index];
    if (seen != 0 && static_cast<double>(seen) >= wanted) return upper_bound(index);
  }
  return Duration{0};
}

DurationHistogram& DurationHistogram::operator+=(const DurationHistogram& other) noexcept {
  for (std::size_t index = 0; index < kBuckets; ++index) buckets[index] += other.buckets[index];
  return *this;
}

std::uint64_t AgentClassMetrics::messages() const noexcept {
  std::uint64_t sum = 0;
  for (const HandlerMetrics& handler : handlers) sum += handler.messages;
  return sum;
}

const AgentClassMetrics* MeshMetrics::find(const std::string& name) const noexcept {
  const auto found = std::ranges::find(classes, name, &AgentClassMetrics::name);
  return found == classes.end() ? nullptr : &*found;
}

ClassMetrics::ClassMetrics(const AgentClass& of, std::size_t parts) : of_{of}, parts_(parts) {
  for (Part& part : parts_) part.handlers = std::make_unique<HandlerPart[]>(of.handlers.size());
}

AgentClassMetrics ClassMetrics::sum() const {
  AgentClassMetrics sum;
  sum.name = of_.name;
  sum.started = started.value();
  sum.ended = ended.value();
  sum.failed = failed.value();
  sum.restarted = restarted.value();
  sum.refused = refused.value();
  for (std::size_t index = 0; index < of_.handlers.size(); ++index) {
    const Handler& handler = of_.handlers[index];
    HandlerMetrics& row = sum.handlers.emplace_back();
    row.type = handler.type;
    row.message = message_name(handler);
  }
  for (const Part& part : parts_) {
    sum.sent += part.sent.value();
    sum.cancelled += part.cancelled.value();
    sum.deepest = std::max(sum.deepest, part.deepest.value());
    sum.wait += part.wait.value();
    for (std::size_t index = 0; index < of_.handlers.size(); ++index) {
      sum.handlers[index].frames += part.handlers[index].frames.value();
      sum.handlers[index].messages += part.handlers[index].messages.value();
      sum.handlers[index].time += part.handlers[index].time.value();
    }
  }
  return sum;
}

ClassMetrics* MetricsRegistry::find_or_add(const AgentClass& of) {
  if (of.index >= kClassesMax) return nullptr;
  std::atomic<ClassMetrics*>& place = by_index_[of.index];
  if (ClassMetrics* found = place.load(std::memory_order_acquire)) return found;
  const std::lock_guard guard{mutex_};
  if (ClassMetrics* found = place.load(std::memory_order_relaxed)) return found;
  all_.push_back(std::make_unique<ClassMetrics>(of, parts_));
  place.store(all_.back().get(), std::memory_order_release);
  return all_.back().get();
}

MeshMetrics MetricsRegistry::sum() const {
  MeshMetrics sum;
  {
    const std::lock_guard guard{mutex_};
    for (const auto& one : all_) sum.classes.push_back(one->sum());
  }
  std::ranges::sort(sum.classes, {}, &AgentClassMetrics::name);
  return sum;
}

}  // namespace myelin
