#include "demos/digits/collector.hpp"

#include <fmt/format.h>

namespace myelin::digits {

Collector::Collector(std::shared_ptr<const Surroundings> surroundings, std::size_t agents, std::shared_ptr<Desk> desk)
    : surroundings_{std::move(surroundings)}, agents_wanted_{agents}, desk_{std::move(desk)} {}

void Collector::start_agents(schema::Hello::Reader /*hello*/) {
  agents_.reserve(agents_wanted_);
  readiness_.starts.reserve(agents_wanted_);
  for (std::size_t i = 0; i < agents_wanted_; ++i) {
    const TimePoint spawned = now();
    agents_.push_back(
        spawn<DigitAgent>(surroundings_, self(), share_of(i, agents_wanted_, surroundings_->images->size()), spawned));
    watch(agents_.back());
    tell(agents_.back(), [](schema::Hello::Builder) {});
    flush();
  }
}

void Collector::agent_ready(schema::Ready::Reader ready) {
  readiness_.starts.add(static_cast<double>(ready.getStartNs()));
  if (++readiness_.agents == agents_wanted_) desk_->ready.put(std::move(readiness_));
}

void Collector::begin_round(schema::Round::Reader round) {
  tally_ = {};
  tally_.requests = round.getRequests();
  tally_.latencies.reserve(tally_.requests);
  reports_missing_ = agents_.size();
  round_began_ = now();
  for (std::size_t i = 0; i < agents_.size(); ++i) {
    tell(agents_[i], [&](schema::Round::Builder part) {
      part.setKernel(round.getKernel());
      part.setRequests(dealt(tally_.requests, i, agents_.size()));
    });
  }
}

void Collector::agent_reported(schema::Report::Reader report) {
  for (const std::uint64_t latency : report.getLatenciesNs()) tally_.latencies.add(static_cast<double>(latency));
  for (const auto verdict : report.getVerdicts()) {
    tally_.verdicts.push_back({verdict.getImage(), verdict.getDigit(), verdict.getConfidence()});
  }
  for (const auto failure : report.getFailures()) {
    tally_.failed[static_cast<Errc>(failure.getCode())] += failure.getCount();
  }
  if (--reports_missing_ > 0) return;
  tally_.elapsed = now() - round_began_;
  desk_->finished.put(std::move(tally_));
}

void Collector::on_down(const Down& down) {
  if (!down.failed) return;
  const Error error{Errc::handler_failed, fmt::format("agent {} failed: {}", down.agent, down.reason)};
  desk_->ready.put(tl::unexpected{error});
  desk_->finished.put(tl::unexpected{error});
}

}  // namespace myelin::digits
