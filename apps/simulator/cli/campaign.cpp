#include "cli/campaign.hpp"

#include <algorithm>
#include <mutex>
#include <thread>

#include "cli/crash_note.hpp"

namespace myelin::sim {

namespace {

using Clock = std::chrono::steady_clock;

class Campaign {
 public:
  Campaign(const Options& options, const std::stop_token& stop,
           const std::function<void(const CampaignReport&)>& progress)
      : options_{options}, stop_{stop}, progress_{progress}, next_{options.first_seed} {}

  CampaignReport run() {
    std::vector<std::jthread> threads;
    for (std::size_t job = 1; job < options_.jobs; ++job) threads.emplace_back([this, job] { work(job); });
    work(0);
    threads.clear();
    report_.took = Clock::now() - begun_;
    std::ranges::sort(report_.failures, {}, &RunReport::seed);
    return std::move(report_);
  }

 private:
  void work(std::size_t job) {
    std::uint64_t seed = 0;
    while (take(seed)) {
      CrashNote::running(job, seed);
      RunOptions run = options_.run;
      if (options_.timeline) run.timeline_lines = SIZE_MAX;
      RunReport report = run_seed(seed, run);
      if (report.violation && !options_.timeline) {
        // Once more, and this time it is written down.
        run.timeline_lines = std::max<std::size_t>(options_.lines, 1);
        report = run_seed(seed, run);
      }
      add(std::move(report));
    }
    CrashNote::idle(job);
  }

  bool take(std::uint64_t& seed) {
    const std::scoped_lock lock{mutex_};
    if (is_over_ || next_ > options_.last_seed) return false;
    if (stop_.stop_requested()) {
      report_.was_stopped = true;
      return false;
    }
    if (options_.soak && Clock::now() - begun_ >= *options_.soak) return false;
    seed = next_++;
    is_over_ = next_ == 0;
    return true;
  }

  void add(RunReport report) {
    const std::scoped_lock lock{mutex_};
    ++report_.runs;
    report_.tally.add(report.tally);
    report_.fingerprint += report.fingerprint;  // In any order.
    if (report.violation) {
      ++report_.violated;
      if (!options_.keeps_going) is_over_ = true;
    }
    if ((report.violation || options_.timeline) && report_.failures.size() < kFailuresMax) {
      report_.failures.push_back(std::move(report));
    }
    report_.took = Clock::now() - begun_;
    progress_(report_);
  }

  const Options& options_;
  const std::stop_token& stop_;
  const std::function<void(const CampaignReport&)>& progress_;
  const Clock::time_point begun_ = Clock::now();
  std::mutex mutex_;
  std::uint64_t next_;
  bool is_over_ = false;
  CampaignReport report_;
};

}  // namespace

double CampaignReport::runs_an_hour() const noexcept {
  const double hours = std::chrono::duration<double, std::ratio<3600>>(took).count();
  return hours > 0 ? static_cast<double>(runs) / hours : 0;
}

CampaignReport run_campaign(const Options& options, const std::stop_token& stop,
                            const std::function<void(const CampaignReport&)>& progress) {
  return Campaign{options, stop, progress}.run();
}

}  // namespace myelin::sim
