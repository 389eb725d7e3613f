// Attention, against two products and a softmax of oneDNN.
#include <fmt/format.h>

#include <memory>

#include "bench/kernels/buffer.hpp"
#include "bench/kernels/layer_bars.hpp"
#include "myelin/kernels/attention.hpp"

namespace myelin::tool::kernel_bench {

namespace {

constexpr float kBound = 1e-4F;  // between any two sides

struct Operands {
  explicit Operands(const AttentionCase& c)
      : q{c.heads * c.queries * c.dim, 1},
        k{c.heads * c.keys * c.dim, 2},
        v{c.heads * c.keys * c.dim, 3},
        scores{c.heads * c.queries * c.keys},
        y{c.heads * c.queries * c.dim} {}

  Buffer q;
  Buffer k;
  Buffer v;
  Buffer scores;
  Buffer y;
};

std::string name_of(const AttentionCase& c) {
  return fmt::format("{} heads, {} queries, {} keys, dim {}", c.heads, c.queries, c.keys, c.dim);
}

void run_ours(const AttentionCase& c, Operands& o) {
  const kernels::TensorShape queries{1, c.heads, c.queries, c.dim};
  const kernels::TensorShape keys{1, c.heads, c.keys, c.dim};
  (void)kernels::attention(kernels::ConstTensorView{o.q.data(), queries}, kernels::ConstTensorView{o.k.data(), keys},
                           kernels::ConstTensorView{o.v.data(), keys}, kernels::TensorView{o.y.data(), queries});
}

Result<Measured> measure(const AttentionCase& c, const Stage& stage) {
  const double operations = 4.0 * static_cast<double>(c.heads * c.queries) * static_cast<double>(c.keys * c.dim);
  const auto ours = std::make_shared<Operands>(c);
  run_ours(c, *ours);
  std::vector<Variant> variants;
  if (stage.onednn) {
    for (const bool by_head : {false, true}) {
      const auto theirs = std::make_shared<Operands>(c);
      Result<OneDnn::Call> call = stage.onednn->attention(c, theirs->q.data(), theirs->k.data(), theirs->v.data(),
                                                          theirs->scores.data(), theirs->y.data(), by_head);
      if (!call) return tl::unexpected<Error>{call.error()};
      (*call)();
      const std::string side = stage.onednn->name() + (by_head ? ", by head" : "");
      if (auto right = check_near(side, theirs->y.span(), ours->y.span(), kBound); !right) {
        return tl::unexpected<Error>{right.error()};
      }
      variants.push_back(timed(side, operations, [theirs, call = std::move(*call)] { call(); }));
    }
  }
  variants.push_back(timed(kMyelin, operations, [c, ours] { run_ours(c, *ours); }));
  const double bytes = 8.0 * static_cast<double>(c.heads * (c.queries + c.keys) * c.dim);
  return Measured{compare(name_of(c), "GFLOP/s", variants, stage.rounds, stage.progress, stage.stop),
                  {},
                  operations,
                  bytes,
                  1,
                  kMyelin};
}

}  // namespace

Result<FamilyReport> measure_attention(const Stage& stage) {
  const AttentionCase small{.heads = 4, .queries = 64, .keys = 64, .dim = 32};
  const std::vector<AttentionCase> all{
      small,
      {.heads = 8, .queries = 128, .keys = 128, .dim = 64},
      {.heads = 8, .queries = 512, .keys = 512, .dim = 64},
      {.heads = 8, .queries = 1024, .keys = 1024, .dim = 128},
      {.heads = 12, .queries = 197, .keys = 197, .dim = 64},
      {.heads = 8, .queries = 8, .keys = 256, .dim = 64},
      {.heads = 8, .queries = 1, .keys = 512, .dim = 64},
      {.heads = 8, .queries = 1, .keys = 4096, .dim = 64},
  };
  FamilyReport report;
  for (const AttentionCase& c : stage.quick ? std::vector<AttentionCase>{small} : all) {
    if (stage.stop.stop_requested()) break;
    Result<Measured> measured = measure(c, stage);
    if (!measured) return tl::unexpected<Error>{measured.error()};
    report.bars.push_back(
        {"attention of " + name_of(c) + ", to the better oneDNN", 0.9, true, ratio_to(*measured, kOneDnn)});
    report.cases.push_back(std::move(*measured));
  }
  return report;
}

}  // namespace myelin::tool::kernel_bench
