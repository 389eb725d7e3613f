#include "bench/messages.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>

#include "bench/myelin_side.hpp"
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

/// A case with every side that `measure(side)` gives a function for.
template <class Measure>
Case make_case(std::string name, std::string unit, const std::vector<MessagingSide>& sides, Measure measure) {
  Case made{std::move(name), std::move(unit), {}};
  for (const MessagingSide& side : sides) {
    if (std::function<double()> function = measure(side)) made.variants.push_back({side.name, std::move(function)});
  }
  return made;
}

Case one_way_case(const std::vector<MessagingSide>& sides, OneWay question, const MessagingPlan& plan) {
  question.messages = messages_of(question, plan.quick);
  question.stop = plan.stop;
  return make_case(one_way_name(question.payload_bytes, question.source, question.workers), "ns", sides,
                   [&](const MessagingSide& side) -> std::function<double()> {
                     if (side.takes && !side.takes(question)) return {};
                     return [measure = side.one_way_ns, question] { return measure(question); };
                   });
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
  return {{kRawCafSide,
           raw_caf::one_way,
           {},
           raw_caf::round_trip,
           raw_caf::round_trip_latencies,
           raw_caf::spawn,
           raw_caf::bytes_per_agent},
          {kFramesSide,
           frames::one_way,
           {},
           frames::round_trip,
           frames::round_trip_latencies,
           frames::spawn,
           frames::bytes_per_agent},
          {kBatchesSide, batches::one_way, batches::takes, batches::round_trip, batches::round_trip_latencies, {}, {}}};
}

std::string one_way_name(std::size_t payload_bytes, PayloadSource source, std::size_t workers) {
  return fmt::format("one-way {}{}, {}", size_name(payload_bytes), source == PayloadSource::built ? "" : ", passed on",
                     on_workers(workers));
}

std::string round_trip_name(std::size_t workers) { return fmt::format("round trip, {}", on_workers(workers)); }

std::vector<std::vector<Case>> messaging_cases(const std::vector<MessagingSide>& sides, const MessagingPlan& plan) {
  constexpr std::size_t kKiB = 1024;
  constexpr std::size_t kMiB = 1024 * kKiB;
  std::vector<std::vector<Case>> groups;
  for (const std::size_t workers : plan.workers) {
    for (const std::size_t bytes : {std::size_t{8}, std::size_t{64}, kKiB, kMiB}) {
      groups.push_back({one_way_case(sides, {.payload_bytes = bytes, .workers = workers}, plan)});
    }
    std::vector<Case>& passed_on = groups.emplace_back();
    for (const std::size_t bytes : {std::size_t{64}, kMiB}) {
      passed_on.push_back(
          one_way_case(sides, {.payload_bytes = bytes, .source = PayloadSource::passed_on, .workers = workers}, plan));
    }
    const RoundTrip round_trip{plan.quick ? 10'000U : 200'000U, workers, plan.stop};
    groups.push_back({make_case(round_trip_name(workers), "ns", sides, [&](const MessagingSide& side) {
      return [measure = side.round_trip_ns, round_trip] { return measure(round_trip); };
    })});
  }
  for (const bool lazy : {true, false}) {
    const Spawn question{plan.quick ? 10'000U : 100'000U, lazy, 1};
    groups.push_back({make_case(lazy ? "spawn, lazy" : "spawn, started", "ns", sides,
                                [&](const MessagingSide& side) -> std::function<double()> {
                                  if (!side.spawn_ns) return {};
                                  return [measure = side.spawn_ns, question] { return measure(question); };
                                })});
  }
  groups.push_back({make_case("memory an agent", "B", sides, [&](const MessagingSide& side) -> std::function<double()> {
    if (!side.bytes_per_agent) return {};
    return [name = side.name, quick = plan.quick] { return bytes_in_fresh_process(name, quick); };
  })});
  return groups;
}

}  // namespace myelin::tool
