// Matrix products in single precision: squares, the layers of networks, few rows against packed weights, ten outputs.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "bench/kernels/family.hpp"
#include "myelin/kernels/gemm.hpp"

namespace myelin::tool::kernel_bench {

namespace {

constexpr const char* kOurs = "Myelin";
constexpr const char* kPacked = "Myelin, packed";

struct Shape {
  std::size_t m;
  std::size_t n;
  std::size_t k;

  [[nodiscard]] double operations() const {
    return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
  }
  [[nodiscard]] double bytes() const {
    return 4.0 * (static_cast<double>(m * k) + static_cast<double>(k * n) + static_cast<double>(m * n));
  }
};

std::string name_of(const Shape& shape, std::size_t threads = 1) {
  return fmt::format("{} x {} x {}{}", shape.m, shape.n, shape.k, threads == 1 ? "" : ", two threads");
}

/// The operands and what the sides do with them. Each side has operands of its own: none warms the cache for another.
struct Operands {
  explicit Operands(const Shape& shape)
      : a{random_values(shape.m * shape.k, 1)}, b{random_values(shape.k * shape.n, 2)}, c(shape.m * shape.n, NAN) {}

  std::vector<float> a;
  std::vector<float> b;
  std::vector<float> c;
};

/// Compares about a thousand elements, spread over C, with sums in double precision.
Result<void> check(const std::string& side, const Shape& shape, const Operands& operands) {
  constexpr std::size_t kElementsMax = 1000;
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
    const double bound = 2.0 * static_cast<double>(shape.k) * 0x1p-24 * magnitude;
    if (!(std::abs(double{operands.c[at]} - sum) <= bound)) {
      return fail(Errc::backend_failed, fmt::format("{}: wrong product {}: element ({}, {}) is {} instead of {}", side,
                                                    name_of(shape), i, j, operands.c[at], sum));
    }
  }
  return {};
}

/// The sides of one shape.
class Sides {
 public:
  Sides(const Shape& shape, const Stage& stage, std::size_t threads = 1)
      : shape_{shape}, stage_{stage}, threads_{threads} {}

  Result<void> add_openblas(const OpenBlas& openblas) {
    return add("OpenBLAS " + openblas.core(), true, [&openblas, shape = shape_](Operands& operands) {
      openblas.sgemm(operands.a.data(), operands.b.data(), operands.c.data(), shape.m, shape.n, shape.k);
    });
  }

  /// On one thread, which is all that the library has here.
  Result<void> add_onednn(const OneDnn& onednn, bool packs) {
    auto operands = std::make_shared<Operands>(shape_);
    Result<OneDnn::Call> call = onednn.f32_product({.rows = shape_.m, .outputs = shape_.n, .inputs = shape_.k},
                                                   operands->a.data(), operands->b.data(), operands->c.data(), packs);
    if (!call) return tl::unexpected<Error>{call.error()};
    return add(
        onednn.name() + (packs ? ", packed" : ""), false, [call = std::move(*call)](Operands&) { call(); },
        std::move(operands));
  }

  Result<void> add_ours(const char* side, kernels::Workers* workers = nullptr) {
    const kernels::GemmOptions options{.workers = workers};
    return add(side, false, [shape = shape_, options](Operands& operands) {
      (void)kernels::sgemm({operands.a.data(), shape.m, shape.k}, {operands.b.data(), shape.k, shape.n},
                           {operands.c.data(), shape.m, shape.n}, options);
    });
  }

  Result<void> add_packed() {
    const std::vector<float> b = random_values(shape_.k * shape_.n, 2);  // as Operands has it
    Result<kernels::PackedMatrix> packed = kernels::PackedMatrix::make({b.data(), shape_.k, shape_.n});
    if (!packed) return tl::unexpected<Error>{packed.error()};
    return add(kPacked, false, [shape = shape_, packed = std::move(*packed)](Operands& operands) {
      (void)kernels::sgemm({operands.a.data(), shape.m, shape.k}, packed, {operands.c.data(), shape.m, shape.n});
    });
  }

  [[nodiscard]] Measured measure(const char* ours) const {
    return {compare(name_of(shape_, threads_), "GFLOP/s", variants_, stage_.rounds, stage_.progress, stage_.stop),
            {},
            shape_.operations(),
            shape_.bytes(),
            threads_,
            ours};
  }

 private:
  template <class Product>
  Result<void> add(std::string side, bool spins, Product product) {
    return add(std::move(side), spins, std::move(product), std::make_shared<Operands>(shape_));
  }

  template <class Product>
  Result<void> add(std::string side, bool spins, Product product, std::shared_ptr<Operands> operands) {
    product(*operands);
    // Whatever a side does not write, the check finds: C is filled with NaN.
    if (auto right = check(side, shape_, *operands); !right) return right;
    auto work = [operands, product = std::move(product)] { product(*operands); };
    variants_.push_back(threads_ > 1 ? timed_on_threads(std::move(side), shape_.operations(), std::move(work), spins)
                                     : timed(std::move(side), shape_.operations(), std::move(work)));
    return {};
  }

  Shape shape_;
  const Stage& stage_;
  std::size_t threads_;
  std::vector<Variant> variants_;
};

Result<Measured> one_thread(const Shape& shape, bool packs, const Stage& stage) {
  Sides sides{shape, stage};
  for (const OpenBlas& openblas : stage.openblas) {
    if (auto added = sides.add_openblas(openblas); !added) return tl::unexpected<Error>{added.error()};
  }
  for (const bool prepared : {false, true}) {
    if (!stage.onednn || (prepared && !packs)) continue;
    if (auto added = sides.add_onednn(*stage.onednn, prepared); !added) return tl::unexpected<Error>{added.error()};
  }
  if (auto added = sides.add_ours(kOurs); !added) return tl::unexpected<Error>{added.error()};
  if (packs) {
    if (auto added = sides.add_packed(); !added) return tl::unexpected<Error>{added.error()};
  }
  return sides.measure(packs ? kPacked : kOurs);
}

constexpr const char* kAlone = "Myelin, one thread";

Result<Measured> two_threads(const Shape& shape, const Stage& stage) {
  Sides sides{shape, stage, 2};
  for (const OpenBlas& openblas : stage.openblas) {
    openblas.set_threads(2);
    if (auto added = sides.add_openblas(openblas); !added) return tl::unexpected<Error>{added.error()};
  }
  if (auto added = sides.add_ours(kAlone); !added) return tl::unexpected<Error>{added.error()};
  if (auto added = sides.add_ours(kOurs, stage.two); !added) return tl::unexpected<Error>{added.error()};
  Measured measured = sides.measure(kOurs);
  for (const OpenBlas& openblas : stage.openblas) openblas.set_threads(1);
  return measured;
}

/// How many times OpenBLAS `side` is, by round: of its cores the one with the greater median.
std::optional<Summary> ratio_to_openblas(const std::vector<Measured>& cases, const Shape& shape, const char* side) {
  for (const Measured& measured : cases) {
    if (measured.threads != 1 || measured.comparison.name != name_of(shape)) continue;
    const std::vector<Comparison> one{measured.comparison};
    return ratio(find_series(one, name_of(shape), side), strongest_of(measured.comparison, "OpenBLAS"));
  }
  return std::nullopt;
}

struct Plan {
  std::vector<std::size_t> squares{16, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1000, 1024, 1536, 2048};
  std::vector<std::size_t> batches{1, 2, 4, 8, 16, 32, 64, 128, 256};
  std::vector<Shape> skinny{{0, 512, 784}, {0, 512, 512}, {0, 4096, 1024}};  ///< m comes from skinny_rows
  std::vector<std::size_t> skinny_rows{1, 2, 4, 8, 16};
  std::vector<std::size_t> split{512, 1024, 2048};
};

Plan plan_for(bool quick) {
  if (!quick) return {};
  return {{64, 256}, {1, 16}, {{0, 512, 784}}, {1, 4}, {512}};
}

std::vector<Bar> bars_of(const std::vector<Measured>& cases, const Plan& plan) {
  std::vector<Bar> bars;
  for (const std::size_t side : plan.squares) {
    if (side < 64) continue;
    bars.push_back({fmt::format("{} x {} x {} to OpenBLAS", side, side, side), side < 128 ? 0.97 : 1.0, true,
                    ratio_to_openblas(cases, {side, side, side}, kOurs)});
  }
  for (const std::size_t rows : plan.skinny_rows) {
    std::vector<std::optional<Summary>> ratios;
    for (const Shape& shape : plan.skinny) {
      ratios.push_back(ratio_to_openblas(cases, {rows, shape.n, shape.k}, kPacked));
    }
    bars.push_back({fmt::format("packed weights, M = {}, N >= 512, the least, to OpenBLAS", rows),
                    rows <= 2 ? 1.05 : 1.6, true, worst_of(ratios)});
  }
  for (const std::size_t rows : plan.batches) {
    if (rows > 16) continue;
    for (const char* side : {kOurs, kPacked}) {
      bars.push_back({fmt::format("N = 10, M = {}, {}, to OpenBLAS", rows, side), rows == 1 ? 1.5 : 1.0, true,
                      ratio_to_openblas(cases, {rows, 10, 512}, side)});
    }
  }
  for (const Measured& measured : cases) {
    if (measured.threads != 2) continue;
    const std::vector<Comparison> one{measured.comparison};
    bars.push_back(
        {measured.comparison.name + " to one", 1.8, true,
         ratio(find_series(one, measured.comparison.name, kOurs), find_series(one, measured.comparison.name, kAlone))});
  }
  return bars;
}

}  // namespace

Result<FamilyReport> measure_gemm(const Stage& stage) {
  const Plan plan = plan_for(stage.quick);
  FamilyReport report;
  Result<void> outcome;
  const auto add = [&](Result<Measured> measured) {
    if (!measured) {
      outcome = tl::unexpected<Error>{measured.error()};
    } else {
      report.cases.push_back(std::move(*measured));
    }
  };
  const auto goes_on = [&] { return outcome.has_value() && !stage.stop.stop_requested(); };
  const auto measured_already = [&](const Shape& shape) {
    return std::ranges::any_of(report.cases,
                               [&](const Measured& one) { return one.comparison.name == name_of(shape); });
  };
  std::vector<std::pair<Shape, bool>> shapes;  // and whether B is packed beforehand
  for (const std::size_t side : plan.squares) shapes.push_back({{side, side, side}, false});
  for (const std::size_t rows : plan.skinny_rows) {
    for (const Shape& shape : plan.skinny) shapes.push_back({{rows, shape.n, shape.k}, true});
  }
  for (const std::size_t rows : plan.batches) {
    shapes.push_back({{rows, 512, 784}, true});
    shapes.push_back({{rows, 10, 512}, true});
  }
  for (const auto& [shape, packs] : shapes) {
    if (goes_on() && !measured_already(shape)) add(one_thread(shape, packs, stage));
  }
  for (const std::size_t side : plan.split) {
    if (goes_on() && stage.two != nullptr) add(two_threads({side, side, side}, stage));
  }
  if (!outcome) return tl::unexpected<Error>{outcome.error()};
  report.bars = bars_of(report.cases, plan);
  return report;
}

}  // namespace myelin::tool::kernel_bench
