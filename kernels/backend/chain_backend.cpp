// A chain of backends: the first that works, or the quickest by measurement, with every fallback on record.

#include <algorithm>
#include <atomic>
#include <bit>
#include <map>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

#include "myelin/kernels/backend.hpp"

namespace myelin::kernels {

namespace {

using std::chrono::steady_clock;

enum class Operation : std::uint8_t { gemm, dense, softmax };

// Calls of about the same cost: sizes to the next power of two.
struct Bucket {
  Operation operation;
  bool transpose_a = false;
  bool transpose_b = false;
  int log2_m = 0;
  int log2_n = 0;
  int log2_k = 0;

  friend auto operator<=>(const Bucket&, const Bucket&) = default;
};

int log2_up(std::size_t x) { return x <= 1 ? 0 : static_cast<int>(std::bit_width(x - 1)); }

constexpr std::size_t kBucketsMax = 4096;  // beyond: the first member, unmeasured
constexpr int kSamples = 3;                // per member and bucket; the first call may compile, so the best one counts

class ChainBackend final : public Backend {
 public:
  ChainBackend(std::vector<std::unique_ptr<Backend>> members, ChainOptions options)
      : members_(std::move(members)), options_(std::move(options)), failed_(members_.size()) {}

  std::string name() const override { return members_[first_working(0)]->name(); }
  BackendKind kind() const override { return options_.kind; }
  std::vector<Fallback> fallbacks() const override {
    const std::lock_guard lock{mutex_};
    return fallbacks_;
  }

 private:
  // What is known of one member in one bucket.
  struct Cost {
    int samples = 0;
    steady_clock::duration best = steady_clock::duration::max();
  };

  Result<void> do_gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options) override {
    const std::size_t k = options.transpose_a ? a.rows : a.cols;
    const Bucket bucket{Operation::gemm, options.transpose_a, options.transpose_b,
                        log2_up(c.rows), log2_up(c.cols),     log2_up(k)};
    return run(bucket, [&](Backend& member) { return member.gemm(a, b, c, options); });
  }
  Result<void> do_dense(ConstMatrixView x, const DenseLayer& layer, MatrixView y) override {
    const Bucket bucket{Operation::dense, false, false, log2_up(y.rows), log2_up(y.cols), log2_up(x.cols)};
    return run(bucket, [&](Backend& member) { return member.dense(x, layer, y); });
  }
  Result<void> do_softmax_rows(MatrixView logits) override {
    const Bucket bucket{Operation::softmax, false, false, log2_up(logits.rows), log2_up(logits.cols), 0};
    return run(bucket, [&](Backend& member) { return member.softmax_rows(logits); });
  }

  template <class Call>
  Result<void> run(const Bucket& bucket, const Call& call) {
    std::size_t member = options_.measure ? choose(bucket) : first_working(0);
    for (;;) {
      const auto start = options_.measure ? options_.now() : steady_clock::time_point{};
      Result<void> result = call(*members_[member]);
      if (result) {
        if (options_.measure) record(bucket, member, options_.now() - start);
        return result;
      }
      const Errc code = result.error().code;
      if (code != Errc::backend_failed && code != Errc::backend_unavailable) return result;
      const std::optional<std::size_t> next = give_up_on(member, result.error());
      if (!next) return result;
      member = *next;
    }
  }

  // The first member from `from` on that has not failed; the last one if all have.
  std::size_t first_working(std::size_t from) const {
    while (from + 1 < members_.size() && failed_[from].load(std::memory_order_relaxed)) ++from;
    return from;
  }

  // The member to run a call of this bucket: one that still lacks samples, or the quickest.
  std::size_t choose(const Bucket& bucket) {
    const std::lock_guard lock{mutex_};
    const std::size_t first = first_working(0);
    if (!costs_.contains(bucket) && costs_.size() >= kBucketsMax) return first;
    std::vector<Cost>& costs = costs_.try_emplace(bucket, members_.size()).first->second;
    std::size_t best = first;
    for (std::size_t i = first; i < members_.size(); ++i) {
      // Plain loops are the last resort, never a candidate while another works.
      if (failed_[i].load(std::memory_order_relaxed) || (i != first && members_[i]->kind() == BackendKind::scalar)) {
        continue;
      }
      if (costs[i].samples < kSamples) return i;
      if (costs[i].best < costs[best].best) best = i;
    }
    return best;
  }

  void record(const Bucket& bucket, std::size_t member, steady_clock::duration took) {
    const std::lock_guard lock{mutex_};
    const auto found = costs_.find(bucket);
    if (found == costs_.end()) return;
    Cost& cost = found->second[member];
    if (cost.samples >= kSamples) return;
    ++cost.samples;
    cost.best = std::min(cost.best, took);
  }

  // Marks `member` as failed. The member to go on with, or nothing if `member` was the last.
  std::optional<std::size_t> give_up_on(std::size_t member, const Error& error) {
    if (member + 1 >= members_.size()) return std::nullopt;
    const bool news = !failed_[member].exchange(true);
    const std::size_t next = first_working(member + 1);
    if (news) {
      const Fallback fallback{members_[member]->name(), members_[next]->name(), to_string(error)};
      {
        const std::lock_guard lock{mutex_};
        fallbacks_.push_back(fallback);
      }
      if (options_.on_fallback) options_.on_fallback(fallback);
    }
    return next;
  }

  const std::vector<std::unique_ptr<Backend>> members_;
  const ChainOptions options_;
  std::vector<std::atomic<bool>> failed_;
  mutable std::mutex mutex_;
  std::vector<Fallback> fallbacks_;            // guarded by mutex_; at most one per member
  std::map<Bucket, std::vector<Cost>> costs_;  // guarded by mutex_; at most kBucketsMax
};

}  // namespace

Result<std::unique_ptr<Backend>> make_chain(std::vector<std::unique_ptr<Backend>> members, ChainOptions options) {
  if (members.empty()) return fail(Errc::invalid_argument, "a chain needs at least one backend");
  if (std::ranges::any_of(members, [](const auto& member) { return member == nullptr; })) {
    return fail(Errc::invalid_argument, "a chain has no place for a null backend");
  }
  if (options.measure && !options.now) return fail(Errc::invalid_argument, "measuring needs a clock");
  return std::make_unique<ChainBackend>(std::move(members), std::move(options));
}

}  // namespace myelin::kernels
