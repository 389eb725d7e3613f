#include "bench/messages.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "bench/raw_caf.hpp"
#include "process/child.hpp"

namespace myelin::tool {

namespace {

/// Enough for about a third of a second; when quick, for about a hundredth.
std::uint64_t messages_of(const OneWay& question, bool quick) {
  const bool is_copied = question.source == PayloadSource::built && question.payload_bytes > 64;
  const std::uint64_t messages = !is_copied ? 1'000'000 : question.payload_bytes <= 4096 ? 400'000 : 1'000;
  return quick ? messages / 50 : messages;
}

/// "1 KiB": the cases have round sizes.
std::string size_name(std::size_t bytes) {
  if (bytes >= std::size_t{1} << 20) return fmt::format("{} MiB", bytes >> 20);
  if (bytes >= std::size_t{1} << 10) return fmt::format("{} KiB", bytes >> 10);
  return fmt::format("{} B", bytes);
}

std::string on_workers(std::size_t workers) { return fmt::format("{} worker{}", workers, workers == 1 ? "" : "s"); }

template <class Measure>
std::vector<Variant> variants_of(const std::vector<MessagingSide>& sides, Measure measure) {
  std::vector<Variant> variants;
  for (const MessagingSide& side : sides) variants.push_back({side.name, [side, measure] { return measure(side); }});
  return variants;
}

MessagingCase one_way_case(const std::vector<MessagingSide>& sides, OneWay question, const MessagingPlan& plan) {
  question.messages = messages_of(question, plan.quick);
  question.stop = plan.stop;
  const char* const source = question.source == PayloadSource::built ? "" : ", passed on";
  return {fmt::format("one-way {}{}, {}", size_name(question.payload_bytes), source, on_workers(question.workers)),
          "ns", variants_of(sides, [question](const MessagingSide& side) { return side.one_way_ns(question); })};
}

/// In a fresh process: a heap that other cases have used would hide what the agents take.
double bytes_in_fresh_process(const std::string& side, bool quick) {
  std::vector<std::string> arguments{"bench", "messages", "--measure-memory-of", side, "--quiet"};
  if (quick) arguments.push_back("--quick");
  const Result<std::string> text = run_self(arguments);
  return text ? std::strtod(text->c_str(), nullptr) : std::nan("");
}

}  // namespace

std::uint64_t agents_for_memory(bool quick) { return quick ? 10'000 : 100'000; }

std::vector<MessagingSide> messaging_sides() {
  return {{"raw CAF", raw_caf::one_way, raw_caf::round_trip, raw_caf::round_trip_latencies, raw_caf::spawn,
           raw_caf::bytes_per_agent}};
}

std::vector<MessagingCase> messaging_cases(const std::vector<MessagingSide>& sides, const MessagingPlan& plan) {
  constexpr std::size_t kKiB = 1024;
  constexpr std::size_t kMiB = 1024 * kKiB;
  std::vector<MessagingCase> cases;
  for (const std::size_t workers : plan.workers) {
    for (const std::size_t bytes : {std::size_t{8}, std::size_t{64}, kKiB, kMiB}) {
      cases.push_back(one_way_case(sides, {.payload_bytes = bytes, .workers = workers}, plan));
    }
    for (const std::size_t bytes : {std::size_t{8}, kMiB}) {
      cases.push_back(
          one_way_case(sides, {.payload_bytes = bytes, .source = PayloadSource::passed_on, .workers = workers}, plan));
    }
    const RoundTrip round_trip{plan.quick ? 10'000U : 200'000U, workers, plan.stop};
    cases.push_back(
        {fmt::format("round trip, {}", on_workers(workers)), "ns",
         variants_of(sides, [round_trip](const MessagingSide& side) { return side.round_trip_ns(round_trip); })});
  }
  for (const bool lazy : {true, false}) {
    const Spawn question{plan.quick ? 10'000U : 100'000U, lazy, 1};
    cases.push_back({lazy ? "spawn, lazy" : "spawn, started", "ns",
                     variants_of(sides, [question](const MessagingSide& side) { return side.spawn_ns(question); })});
  }
  cases.push_back({"memory an agent", "B", variants_of(sides, [quick = plan.quick](const MessagingSide& side) {
                     return bytes_in_fresh_process(side.name, quick);
                   })});
  return cases;
}

}  // namespace myelin::tool
