// Activations, against oneDNN and the functions of libm one by one.
#include <fmt/format.h>

#include <cmath>
#include <memory>

#include "bench/kernels/buffer.hpp"
#include "bench/kernels/layer_bars.hpp"
#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/target.hpp"

namespace myelin::tool::kernel_bench {

namespace {

using kernels::Activation;

constexpr float kRange = 4.0F;   // arguments in [-4, 4)
constexpr float kBound = 1e-5F;  // between any two sides

struct Operands {
  explicit Operands(std::size_t count) : x{count, 1, kRange}, y{count} {}
  Buffer x;
  Buffer y;
};

template <class F>
std::function<void()> one_by_one(const std::shared_ptr<Operands>& operands, F f) {
  return [operands, f] {
    const std::size_t count = operands->x.size();
    const float* x = operands->x.data();
    float* y = operands->y.data();
    for (std::size_t i = 0; i < count; ++i) y[i] = f(x[i]);
  };
}

/// Nothing where libm has no part in it.
std::function<void()> plain_loop(Activation activation, const std::shared_ptr<Operands>& operands) {
  using enum Activation;
  switch (activation) {
    case exp: return one_by_one(operands, [](float x) { return std::exp(x); });
    case tanh: return one_by_one(operands, [](float x) { return std::tanh(x); });
    case sigmoid: return one_by_one(operands, [](float x) { return 1.0F / (1.0F + std::exp(-x)); });
    case silu: return one_by_one(operands, [](float x) { return x / (1.0F + std::exp(-x)); });
    case gelu_erf: return one_by_one(operands, [](float x) { return 0.5F * x * (1.0F + std::erf(x * 0.70710678F)); });
    case gelu_tanh:
      return one_by_one(
          operands, [](float x) { return 0.5F * x * (1.0F + std::tanh(0.79788456F * (x + 0.044715F * x * x * x))); });
    default: return {};
  }
}

Result<Measured> measure(Activation activation, std::size_t count, const Stage& stage) {
  const auto amount = static_cast<double>(count);
  const auto ours = std::make_shared<Operands>(count);
  const auto run_ours = [ours, activation] { (void)kernels::activate(ours->x.span(), activation, ours->y.span()); };
  run_ours();
  std::vector<Variant> variants;
  const auto plain = std::make_shared<Operands>(count);
  if (auto loop = plain_loop(activation, plain)) {
    loop();
    if (auto right = check_near(kMyelin, ours->y.span(), plain->y.span(), kBound); !right) {
      return tl::unexpected<Error>{right.error()};
    }
    variants.push_back(timed("libm", amount, std::move(loop)));
  }
  if (stage.onednn) {
    const auto theirs = std::make_shared<Operands>(count);
    Result<OneDnn::Call> call = stage.onednn->activate(activation, count, theirs->x.data(), theirs->y.data());
    if (!call) return tl::unexpected<Error>{call.error()};
    if (auto right = check_near(stage.onednn->name(), theirs->y.span(), ours->y.span(), kBound); !right) {
      return tl::unexpected<Error>{right.error()};
    }
    variants.push_back(timed(stage.onednn->name(), amount, [theirs, call = std::move(*call)] { call(); }));
  }
  variants.push_back(timed(kMyelin, amount, run_ours));
  return Measured{compare(fmt::format("{}, {} numbers", kernels::to_string(activation), count), "G/s", variants,
                          stage.rounds, stage.progress, stage.stop),
                  {},
                  0,
                  0,
                  1,
                  kMyelin};
}

}  // namespace

Result<FamilyReport> measure_activations(const Stage& stage) {
  using enum Activation;
  // In L1; in L2 or L3.
  const std::vector<std::size_t> counts =
      stage.quick ? std::vector<std::size_t>{4096} : std::vector<std::size_t>{4096, 262144};
  FamilyReport report;
  for (const std::size_t count : counts) {
    for (const Activation activation : {relu, leaky_relu, gelu_erf, gelu_tanh, silu, sigmoid, tanh, exp}) {
      if (stage.stop.stop_requested()) break;
      Result<Measured> measured = measure(activation, count, stage);
      if (!measured) return tl::unexpected<Error>{measured.error()};
      report.cases.push_back(std::move(*measured));
    }
  }
  // What vectors of 8 numbers and more were seen to reach; a loop without any promises nothing.
  if (kernels::simd_target() != "SCALAR") {
    report.bars.push_back(least_bar("activations, the least, to libm", 8.0, report.cases, "libm", stage.stop));
  }
  report.bars.push_back(least_bar("activations, the least, to oneDNN", 1.0, report.cases, kOneDnn, stage.stop));
  return report;
}

}  // namespace myelin::tool::kernel_bench
