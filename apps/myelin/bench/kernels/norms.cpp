// Softmax and norms of rows, against oneDNN and plain loops with libm. oneDNN 2.6 has no RMS norm.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "bench/kernels/buffer.hpp"
#include "bench/kernels/layer_bars.hpp"
#include "myelin/kernels/normalization.hpp"
#include "myelin/kernels/target.hpp"

namespace myelin::tool::kernel_bench {

namespace {

enum class Norm { softmax, log_softmax, layer_norm, rms_norm };

constexpr float kEpsilon = 1e-5F;
constexpr float kBound = 1e-4F;  // between any two sides

const char* name_of(Norm norm) {
  switch (norm) {
    case Norm::softmax: return "softmax";
    case Norm::log_softmax: return "log_softmax";
    case Norm::layer_norm: return "layer_norm";
    case Norm::rms_norm: return "rms_norm";
  }
  return "";
}

struct Operands {
  Operands(std::size_t rows_in, std::size_t columns_in)
      : rows{rows_in}, columns{columns_in}, x{rows * columns, 1, 4.0F}, y{rows * columns}, parameters{2 * columns, 2} {}

  [[nodiscard]] std::span<const float> gain() const { return {parameters.data(), columns}; }
  [[nodiscard]] std::span<const float> bias() const { return {parameters.data() + columns, columns}; }

  std::size_t rows;
  std::size_t columns;
  Buffer x;
  Buffer y;
  Buffer parameters;  // gain, then bias
};

void plain_softmax(const float* x, float* y, std::size_t count, bool logarithm) {
  const float largest = *std::max_element(x, x + count);
  float sum = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const float power = std::exp(x[i] - largest);
    if (!logarithm) y[i] = power;
    sum += power;
  }
  if (logarithm) {
    const float shift = largest + std::log(sum);
    for (std::size_t i = 0; i < count; ++i) y[i] = x[i] - shift;
  } else {
    for (std::size_t i = 0; i < count; ++i) y[i] /= sum;
  }
}

void plain_layer_norm(const float* x, const float* gain, const float* bias, float* y, std::size_t count) {
  const auto n = static_cast<float>(count);
  float mean = 0;
  for (std::size_t i = 0; i < count; ++i) mean += x[i];
  mean /= n;
  float variance = 0;
  for (std::size_t i = 0; i < count; ++i) variance += (x[i] - mean) * (x[i] - mean);
  const float scale = 1.0F / std::sqrt(variance / n + kEpsilon);
  for (std::size_t i = 0; i < count; ++i) y[i] = (x[i] - mean) * scale * gain[i] + bias[i];
}

void plain_rms_norm(const float* x, const float* gain, float* y, std::size_t count) {
  float squares = 0;
  for (std::size_t i = 0; i < count; ++i) squares += x[i] * x[i];
  const float scale = 1.0F / std::sqrt(squares / static_cast<float>(count) + kEpsilon);
  for (std::size_t i = 0; i < count; ++i) y[i] = x[i] * scale * gain[i];
}

void run_plain(Norm norm, Operands& o) {
  for (std::size_t i = 0; i < o.rows; ++i) {
    const float* x = o.x.data() + i * o.columns;
    float* y = o.y.data() + i * o.columns;
    switch (norm) {
      case Norm::softmax: plain_softmax(x, y, o.columns, false); break;
      case Norm::log_softmax: plain_softmax(x, y, o.columns, true); break;
      case Norm::layer_norm: plain_layer_norm(x, o.gain().data(), o.bias().data(), y, o.columns); break;
      case Norm::rms_norm: plain_rms_norm(x, o.gain().data(), y, o.columns); break;
    }
  }
}

void run_ours(Norm norm, Operands& o) {
  const kernels::ConstTensorView x{o.x.data(), {o.rows, o.columns}};
  const kernels::TensorView y{o.y.data(), {o.rows, o.columns}};
  switch (norm) {
    case Norm::softmax: (void)kernels::softmax(x, y); return;
    case Norm::log_softmax: (void)kernels::log_softmax(x, y); return;
    case Norm::layer_norm:
      (void)kernels::layer_norm(x, y, {.gain = o.gain(), .bias = o.bias(), .epsilon = kEpsilon});
      return;
    case Norm::rms_norm: (void)kernels::rms_norm(x, y, {.gain = o.gain(), .epsilon = kEpsilon}); return;
  }
}

// **Requires**: another norm than RMS norm.
Result<OneDnn::Call> theirs(Norm norm, Operands& o, const OneDnn& onednn) {
  if (norm == Norm::layer_norm) {
    return onednn.layer_norm(o.rows, o.columns, o.x.data(), o.parameters.data(), kEpsilon, o.y.data());
  }
  return onednn.softmax(o.rows, o.columns, o.x.data(), o.y.data(), norm == Norm::log_softmax);
}

Result<Measured> measure(Norm norm, std::size_t rows, std::size_t columns, const Stage& stage) {
  const auto amount = static_cast<double>(rows * columns);
  const auto plain = std::make_shared<Operands>(rows, columns);
  run_plain(norm, *plain);
  std::vector<Variant> variants{timed(kPlain, amount, [plain, norm] { run_plain(norm, *plain); })};
  if (stage.onednn && norm != Norm::rms_norm) {
    const auto operands = std::make_shared<Operands>(rows, columns);
    Result<OneDnn::Call> call = theirs(norm, *operands, *stage.onednn);
    if (!call) return tl::unexpected<Error>{call.error()};
    if (auto right = check_near(stage.onednn->name(), operands->y.span(), plain->y.span(), kBound); !right) {
      return tl::unexpected<Error>{right.error()};
    }
    variants.push_back(timed(stage.onednn->name(), amount, [operands, call = std::move(*call)] { call(); }));
  }
  const auto operands = std::make_shared<Operands>(rows, columns);
  run_ours(norm, *operands);
  if (auto right = check_near(kMyelin, operands->y.span(), plain->y.span(), kBound); !right) {
    return tl::unexpected<Error>{right.error()};
  }
  variants.push_back(timed(kMyelin, amount, [operands, norm] { run_ours(norm, *operands); }));
  return Measured{compare(fmt::format("{} of {} x {}", name_of(norm), rows, columns), "G/s", variants, stage.rounds,
                          stage.progress, stage.stop),
                  {},
                  0,
                  0,
                  1,
                  kMyelin};
}

}  // namespace

Result<FamilyReport> measure_norms(const Stage& stage) {
  using Lengths = std::vector<std::pair<std::size_t, std::size_t>>;
  const Lengths shapes =
      stage.quick ? Lengths{{16, 1024}} : Lengths{{16, 1024}, {64, 256}, {128, 768}, {512, 64}, {1, 4096}};
  FamilyReport report;
  for (const Norm norm : {Norm::softmax, Norm::log_softmax, Norm::layer_norm, Norm::rms_norm}) {
    for (const auto& [rows, columns] : shapes) {
      if (stage.stop.stop_requested()) break;
      Result<Measured> measured = measure(norm, rows, columns, stage);
      if (!measured) return tl::unexpected<Error>{measured.error()};
      report.cases.push_back(std::move(*measured));
    }
  }
  // As with activations, of vectors.
  if (kernels::simd_target() != "SCALAR") {
    report.bars.push_back(
        least_bar("softmax and norms, the least, to plain loops", 8.0, report.cases, kPlain, stage.stop));
  }
  report.bars.push_back(least_bar("softmax and norms, the least, to oneDNN", 1.0, report.cases, kOneDnn, stage.stop));
  return report;
}

}  // namespace myelin::tool::kernel_bench
