#include "bench/gemm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>

#include "myelin/kernels/gemm.hpp"

namespace myelin::tool {

namespace {

using Clock = std::chrono::steady_clock;
using Product = std::function<void()>;

/// A measurement repeats the product for about this long: a clock reading and a timer interrupt then weigh little.
constexpr double kMeasurementSeconds = 0.02;

std::vector<float> random_values(std::size_t count, unsigned seed) {
  std::mt19937 generator{seed};
  std::uniform_real_distribution<float> distribution{-1.0F, 1.0F};
  std::vector<float> values(count);
  for (float& value : values) value = distribution(generator);
  return values;
}

struct Operands {
  explicit Operands(const GemmShape& shape)
      : a{random_values(shape.m * shape.k, 1)}, b{random_values(shape.k * shape.n, 2)}, c(shape.m * shape.n) {}

  std::vector<float> a;
  std::vector<float> b;
  std::vector<float> c;
};

double seconds_of(const Product& product, std::size_t times) {
  const Clock::time_point start = Clock::now();
  for (std::size_t i = 0; i < times; ++i) product();
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// How often the product runs in one measurement.
std::size_t calibrate(const Product& product) {
  for (std::size_t times = 1;; times *= 2) {
    const double seconds = seconds_of(product, times);
    if (seconds >= kMeasurementSeconds / 4) {
      return std::max<std::size_t>(
          1, static_cast<std::size_t>(static_cast<double>(times) * kMeasurementSeconds / seconds));
    }
  }
}

/// Compares about a thousand elements, spread over C, with sums in double precision.
Result<void> check(const std::string& variant, const GemmShape& shape, const Operands& operands) {
  constexpr std::size_t kElementsMax = 1000;
  constexpr double kUnitRoundoff = 1.0 / (1 << 24);
  const std::size_t step = std::max<std::size_t>(1, operands.c.size() / kElementsMax);
  for (std::size_t at = 0; at < operands.c.size(); at += step) {
    const std::size_t i = at / shape.n;
    const std::size_t j = at % shape.n;
    double sum = 0;
    double magnitude = 0;
    for (std::size_t p = 0; p < shape.k; ++p) {
      const double term = double{operands.a[i * shape.k + p]} * double{operands.b[p * shape.n + j]};
      sum += term;
      magnitude += std::abs(term);
    }
    // Twice the bound of a plain float sum (Higham, Accuracy and Stability, section 3.1), for rounding the bound
    // itself.
    const double bound = 2.0 * static_cast<double>(shape.k) * kUnitRoundoff * magnitude;
    if (!(std::abs(double{operands.c[at]} - sum) <= bound)) {
      return fail(Errc::backend_failed, fmt::format("{}: wrong product {}: element ({}, {}) is {} instead of {}",
                                                    variant, to_string(shape), i, j, operands.c[at], sum));
    }
  }
  return {};
}

}  // namespace

std::string to_string(const GemmShape& shape) { return fmt::format("{} x {} x {}", shape.m, shape.n, shape.k); }

std::vector<GemmShape> gemm_shapes(bool quick) {
  if (quick) return {{64, 64, 64}, {256, 256, 256}, {1, 256, 64, true}, {32, 10, 256, true}};
  std::vector<GemmShape> shapes;
  for (const std::size_t side : {64, 128, 256, 512, 1000, 1024, 2048}) shapes.push_back({side, side, side});
  struct Layer {
    std::size_t inputs;
    std::size_t outputs;
  };
  for (const Layer layer : {Layer{64, 256}, Layer{256, 10}, Layer{784, 512}}) {
    for (const std::size_t batch : {1, 4, 16, 64, 256}) shapes.push_back({batch, layer.outputs, layer.inputs, true});
  }
  return shapes;
}

Result<Comparison> compare_gemm(const GemmShape& shape, const OpenBlas* openblas, Rounds rounds, Progress& progress,
                                const std::stop_token& stop) {
  Operands operands{shape};
  const kernels::ConstMatrixView a{operands.a.data(), shape.m, shape.k};
  const kernels::ConstMatrixView b{operands.b.data(), shape.k, shape.n};
  const kernels::MatrixView c{operands.c.data(), shape.m, shape.n};
  kernels::PackedMatrix packed;
  Result<void> outcome;

  std::vector<std::pair<std::string, Product>> products;
  if (openblas != nullptr) {
    products.emplace_back(kOpenBlasVariant, [&, openblas] {
      openblas->sgemm(operands.a.data(), operands.b.data(), operands.c.data(), shape.m, shape.n, shape.k);
    });
  }
  products.emplace_back(kMyelinVariant, [&] { outcome = kernels::sgemm(a, b, c); });
  if (shape.is_layer) {
    Result<kernels::PackedMatrix> made = kernels::PackedMatrix::make(b);
    if (!made) return tl::unexpected<Error>{made.error()};
    packed = std::move(*made);
    products.emplace_back(kMyelinPackedVariant, [&] { outcome = kernels::sgemm(a, packed, c); });
  }

  std::vector<Variant> variants;
  for (const auto& [name, product] : products) {
    std::fill(operands.c.begin(), operands.c.end(), NAN);  // Whatever a variant does not write, the check finds.
    product();
    if (!outcome) return tl::unexpected<Error>{outcome.error()};
    if (Result<void> right = check(name, shape, operands); !right) return tl::unexpected<Error>{right.error()};
    const std::size_t times = calibrate(product);
    variants.push_back({name, [&shape, product = product, times] {
                          return static_cast<double>(times) * shape.operations() / seconds_of(product, times) / 1e9;
                        }});
  }
  return compare(to_string(shape), "GFLOP/s", variants, rounds, progress, stop);
}

}  // namespace myelin::tool
