#include "bench/network/cases.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "myelin/base/limits.hpp"

namespace myelin::tool {

namespace {

using std::chrono::milliseconds;

NetworkCase one_way(std::string name, const Stream& stream) {
  return {.figures = {{std::move(name), "ns"}},
          .item_bytes = stream.bytes,
          .is_put_to = [](const NetworkSide& side) { return static_cast<bool>(side.one_way_ns); },
          .measure = [stream](const NetworkSide& side) -> Result<std::vector<double>> {
            const auto time = side.one_way_ns(stream);
            if (!time) return tl::unexpected{time.error()};
            return std::vector<double>{*time};
          }};
}

/// p50 and p99; with a bulk of messages, what flowed meanwhile too.
NetworkCase round_trips(const std::string& name, const Questions& questions) {
  NetworkCase made{.figures = {{name + ", p50", "ns"}, {name + ", p99", "ns"}}, .is_put_to = {}, .measure = {}};
  const bool bulk = questions.bulk_bytes != 0;
  if (bulk) made.figures.push_back({name + ", what flows meanwhile", "B/s"});
  made.is_put_to = [questions, bulk](const NetworkSide& side) {
    // The bare socket has but one stream; and where there are no lanes, the same would be measured twice.
    return side.round_trips && (!bulk || side.name != kRawEpollNetworkSide) && (!questions.control || side.has_lanes);
  };
  made.measure = [questions, bulk](const NetworkSide& side) -> Result<std::vector<double>> {
    auto done = side.round_trips(questions);
    if (!done) return tl::unexpected{done.error()};
    std::vector<double> figures{done->latencies.percentile(0.50), done->latencies.percentile(0.99)};
    if (bulk) figures.push_back(done->bulk_bytes_a_second);
    return figures;
  };
  return made;
}

NetworkCase fan_out(const std::string& name, const FanOut& question) {
  return {.figures = {{name, "ns"}},
          .is_put_to = [](const NetworkSide& side) { return static_cast<bool>(side.fan_out); },
          .measure = [question](const NetworkSide& side) -> Result<std::vector<double>> {
            auto latencies = side.fan_out(question);
            if (!latencies) return tl::unexpected{latencies.error()};
            return std::vector<double>{latencies->percentile(0.50)};
          }};
}

NetworkCase recovery(const std::stop_token& stop) {
  return {.figures = {{kReady, "ns"}, {kKillNoticed, "ns"}, {"start anew until the next answer", "ns"}},
          .is_put_to = [](const NetworkSide& side) { return static_cast<bool>(side.recover); },
          .measure = [stop](const NetworkSide& side) -> Result<std::vector<double>> {
            const auto recovered = side.recover(stop);
            if (!recovered) return tl::unexpected{recovered.error()};
            return std::vector<double>{recovered->ready, recovered->noticed, recovered->answered};
          }};
}

NetworkCase silence(const std::stop_token& stop) {
  return {.figures = {{kSilenceNoticed, "ns"}},
          .is_put_to = [](const NetworkSide& side) { return static_cast<bool>(side.notice_silence_ns); },
          .measure = [stop](const NetworkSide& side) -> Result<std::vector<double>> {
            const auto noticed = side.notice_silence_ns(stop);
            if (!noticed) return tl::unexpected{noticed.error()};
            return std::vector<double>{*noticed};
          }};
}

/// The figures of one round, by side; fewer than sides when stopped.
Result<std::vector<std::vector<double>>> run_round(const NetworkCase& question,
                                                   const std::vector<const NetworkSide*>& sides, int round,
                                                   const std::stop_token& stop) {
  std::vector<std::vector<double>> figures(sides.size());
  for (std::size_t turn = 0; turn < sides.size(); ++turn) {
    const std::size_t i = (turn + static_cast<std::size_t>(round)) % sides.size();
    auto measured = stop.stop_requested() ? std::vector<double>{} : question.measure(*sides[i]);
    if (stop.stop_requested()) return std::vector<std::vector<double>>{};
    if (!measured) {
      return fail(measured.error().code,
                  fmt::format("{}, {}: {}", question.figures.front().name, sides[i]->name, measured.error().message));
    }
    figures[i] = *std::move(measured);
  }
  return figures;
}

void summarise_all(Comparison& comparison) {
  for (Series& series : comparison.series) {
    const bool measured = !series.values.empty();
    if (measured) series.summary = summarise(series.values);
    if (&series == &comparison.series.front()) continue;
    comparison.ratios.push_back(measured ? ratio_by_round(series, comparison.series.front()) : Summary{});
  }
}

}  // namespace

std::vector<NetworkCase> network_cases(bool quick, const std::string& only, const std::stop_token& stop) {
  const Duration time = quick ? milliseconds{50} : milliseconds{500};
  const auto stream = [&](std::size_t bytes, std::size_t batch = 1) { return Stream{bytes, batch, time, stop}; };
  std::vector<NetworkCase> cases;
  cases.push_back(one_way(kOneByOne, stream(64)));
  cases.push_back(one_way(kTogether, stream(64, limits::kBatchItemsMax)));
  cases.push_back(one_way(kKibibyte, stream(1 << 10)));
  cases.push_back(one_way(kLarge, stream(64 << 10)));
  cases.push_back(one_way(kMebibyte, stream(1 << 20)));
  constexpr std::size_t kBulk = std::size_t{1} << 20;
  for (const std::size_t bulk : {std::size_t{0}, kBulk}) {
    const char* const when = bulk == 0 ? "at rest" : "under 1 MiB bulk";
    Questions questions{.time = time, .bulk_bytes = bulk, .control = false, .stop = stop};
    cases.push_back(round_trips(fmt::format("question {}", when), questions));
    questions.control = true;
    cases.push_back(round_trips(fmt::format("control message {}", when), questions));
  }
  constexpr std::size_t kAgents = 1000;
  cases.push_back(fan_out("1,000 agents asked, all answers", {kAgents, quick ? 2 : 20, stop}));
  cases.push_back(recovery(stop));
  cases.push_back(silence(stop));
  const auto has = [](const NetworkCase& each, auto&& fits) { return std::ranges::any_of(each.figures, fits); };
  const auto is_named = [&](const NetworkCase::Figure& figure) { return figure.name == only; };
  const auto is_like = [&](const NetworkCase::Figure& figure) { return figure.name.find(only) != std::string::npos; };
  const bool exactly = std::ranges::any_of(cases, [&](const NetworkCase& each) { return has(each, is_named); });
  std::erase_if(cases, [&](const NetworkCase& each) { return exactly ? !has(each, is_named) : !has(each, is_like); });
  return cases;
}

Result<std::vector<Comparison>> run_network_cases(const std::vector<NetworkCase>& cases,
                                                  const std::vector<NetworkSide>& all_sides, Rounds rounds,
                                                  Progress& progress, const std::stop_token& stop) {
  std::vector<Comparison> comparisons;
  const int total = rounds.warm_ups + rounds.repetitions;
  for (const NetworkCase& question : cases) {
    std::vector<const NetworkSide*> sides;
    for (const NetworkSide& side : all_sides) {
      if (question.is_put_to(side)) sides.push_back(&side);
    }
    if (sides.empty()) continue;
    std::vector<Comparison> of_case;
    for (const NetworkCase::Figure& figure : question.figures) {
      of_case.push_back({figure.name, figure.unit, {}, {}, true});
      for (const NetworkSide* side : sides) of_case.back().series.push_back({side->name, {}, {}});
    }
    for (int round = 0; round < total; ++round) {
      progress.update(fmt::format("{}: round {} of {}", of_case.front().name, round + 1, total));
      const auto figures = run_round(question, sides, round, stop);
      if (!figures) return tl::unexpected{figures.error()};
      if (figures->empty()) {
        for (Comparison& comparison : of_case) comparison.complete = false;
        break;
      }
      if (round < rounds.warm_ups) continue;
      for (std::size_t side = 0; side < sides.size(); ++side) {
        for (std::size_t i = 0; i < of_case.size(); ++i) {
          of_case[i].series[side].values.push_back((*figures)[side][i]);
        }
      }
    }
    for (Comparison& comparison : of_case) {
      summarise_all(comparison);
      comparisons.push_back(std::move(comparison));
    }
    if (stop.stop_requested()) break;
  }
  return comparisons;
}

}  // namespace myelin::tool
