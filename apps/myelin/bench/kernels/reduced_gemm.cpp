// Matrix products with weights of 16 and of 8 bits, against our own product of the same shape in single precision, and
// against oneDNN's of the same types.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <memory>

#include "bench/kernels/layer_bars.hpp"
#include "myelin/kernels/bf16.hpp"
#include "myelin/kernels/int8.hpp"

namespace myelin::tool::kernel_bench {

namespace {

constexpr const char* kSingle = "Myelin, f32, packed";
constexpr const char* kBf16 = "Myelin, bf16, packed";
constexpr const char* kBf16Both = "Myelin, bf16, A too";
constexpr const char* kInt8 = "Myelin, int8, packed";

/// A row of a batch meets a layer's weights.
struct Layer {
  std::size_t rows;
  std::size_t outputs;
  std::size_t inputs;

  [[nodiscard]] double operations() const {
    return 2.0 * static_cast<double>(rows) * static_cast<double>(outputs) * static_cast<double>(inputs);
  }
  [[nodiscard]] ProductCase product() const { return {rows, outputs, inputs}; }
  [[nodiscard]] std::string name() const { return fmt::format("{} x {} x {}", rows, outputs, inputs); }
};

std::vector<Layer> layers(bool quick) {
  constexpr auto kWeights = std::to_array<std::pair<std::size_t, std::size_t>>({{512, 784}, {512, 512}, {4096, 1024}});
  std::vector<Layer> result;
  for (const auto& [outputs, inputs] : kWeights) {
    for (const std::size_t rows : {1, 4, 16, 64}) {
      if (quick && (outputs != 512 || inputs != 784 || rows > 4)) continue;
      result.push_back({rows, outputs, inputs});
    }
  }
  return result;
}

/// The floats that all sides begin with, and a result for each side.
struct Operands {
  explicit Operands(const Layer& layer)
      : a{random_values(layer.rows * layer.inputs, 1)},
        b{random_values(layer.inputs * layer.outputs, 2)},
        c(layer.rows * layer.outputs, NAN) {}

  std::vector<float> a;
  std::vector<float> b;
  std::vector<float> c;
};

/// A side multiplies its own copy of the same operands. `prepare(operands)` gives what `run(operands, prepared)` takes.
template <class Prepare, class Run>
Result<Variant> side_of(const std::string& name, const Layer& layer, double tolerance, Prepare prepare, Run run) {
  auto operands = std::make_shared<Operands>(layer);
  auto prepared = prepare(*operands);
  if (!prepared) return tl::unexpected<Error>{prepared.error()};
  auto shared = std::make_shared<typename decltype(prepared)::value_type>(std::move(*prepared));
  if (Result<void> done = run(*operands, *shared); !done) return tl::unexpected<Error>{done.error()};
  // The first row, with sums in double precision: values are below 1, so an element is off by its steps' size at most.
  for (std::size_t j = 0; j < layer.outputs; ++j) {
    double sum = 0;
    for (std::size_t p = 0; p < layer.inputs; ++p) {
      sum += double{operands->a[p]} * double{operands->b[p * layer.outputs + j]};
    }
    if (!(std::abs(double{operands->c[j]} - sum) <= tolerance * static_cast<double>(layer.inputs))) {
      return fail(Errc::backend_failed, fmt::format("{}: wrong product {}: element (0, {}) is {} instead of {}", name,
                                                    layer.name(), j, operands->c[j], sum));
    }
  }
  return timed(name, layer.operations(), [operands, shared, run] { (void)run(*operands, *shared); });
}

Result<Variant> single_side(const Layer& layer) {
  return side_of(
      kSingle, layer, 1e-5,
      [&](const Operands& operands) {
        return kernels::PackedMatrix::make({operands.b.data(), layer.inputs, layer.outputs});
      },
      [layer](Operands& operands, const kernels::PackedMatrix& weights) {
        return kernels::sgemm({operands.a.data(), layer.rows, layer.inputs}, weights,
                              {operands.c.data(), layer.rows, layer.outputs});
      });
}

Result<Variant> bf16_side(const Layer& layer) {
  return side_of(
      kBf16, layer, 0x1p-7,
      [&](const Operands& operands) {
        return kernels::PackedBf16::make(kernels::ConstMatrixView{operands.b.data(), layer.inputs, layer.outputs});
      },
      [layer](Operands& operands, const kernels::PackedBf16& weights) {
        return kernels::bf16_gemm(kernels::ConstMatrixView{operands.a.data(), layer.rows, layer.inputs}, weights,
                                  {operands.c.data(), layer.rows, layer.outputs});
      });
}

std::vector<std::uint16_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint16_t> result;
  result.reserve(values.size());
  std::ranges::transform(values, std::back_inserter(result),
                         [](float value) { return static_cast<std::uint16_t>(kernels::to_bf16(value)); });
  return result;
}

/// Weights, and activations that came in bf16.
struct Halves {
  kernels::PackedBf16 weights;
  std::vector<std::uint16_t> activations;
};

Result<Variant> bf16_both_side(const Layer& layer) {
  const auto prepare = [&](const Operands& operands) -> Result<Halves> {
    auto weights = kernels::PackedBf16::make(kernels::ConstMatrixView{operands.b.data(), layer.inputs, layer.outputs});
    if (!weights) return tl::unexpected<Error>{weights.error()};
    return Halves{std::move(*weights), bits_of(operands.a)};
  };
  return side_of(kBf16Both, layer, 0x1p-7, prepare, [layer](Operands& operands, const Halves& halves) {
    return kernels::bf16_gemm({halves.activations.data(), kernels::ElementType::bf16, {layer.rows, layer.inputs}},
                              halves.weights, {operands.c.data(), layer.rows, layer.outputs});
  });
}

/// Weights, and activations that came as integers: what a chain of such layers works with.
struct Quantized {
  kernels::PackedInt8 weights;
  std::vector<std::int8_t> activations;
  std::vector<float> scales;
};

Result<Variant> int8_side(const Layer& layer) {
  const auto prepare = [&](const Operands& operands) -> Result<Quantized> {
    auto weights = kernels::PackedInt8::quantize({operands.b.data(), layer.inputs, layer.outputs});
    if (!weights) return tl::unexpected<Error>{weights.error()};
    Quantized result{std::move(*weights), std::vector<std::int8_t>(operands.a.size()), std::vector<float>(layer.rows)};
    auto done = kernels::quantize_rows(
        {operands.a.data(), layer.rows, layer.inputs},
        {result.activations.data(), kernels::ElementType::i8, {layer.rows, layer.inputs}}, result.scales);
    if (!done) return tl::unexpected<Error>{done.error()};
    return result;
  };
  return side_of(kInt8, layer, 1.0 / 127, prepare, [layer](Operands& operands, const Quantized& quantized) {
    return kernels::int8_gemm({quantized.activations.data(), kernels::ElementType::i8, {layer.rows, layer.inputs}},
                              quantized.scales, quantized.weights, {operands.c.data(), layer.rows, layer.outputs});
  });
}

/// What oneDNN multiplies, and how. The memory stays where it is when this is moved.
template <class T>
struct Prepared {
  std::vector<T> a;
  std::vector<T> b;
  std::vector<float> scales;
  OneDnn::Call call;
};

template <class T>
Result<void> run_prepared(Operands&, const Prepared<T>& prepared) {
  prepared.call();
  return {};
}

/// Its A is in bf16 already.
Result<Variant> bf16_side_of(const OneDnn& onednn, const Layer& layer) {
  const auto prepare = [&](Operands& operands) -> Result<Prepared<std::uint16_t>> {
    Prepared<std::uint16_t> result;
    result.a = bits_of(operands.a);
    result.b = bits_of(operands.b);
    auto call = onednn.bf16_product(layer.product(), result.a.data(), result.b.data(), operands.c.data());
    if (!call) return tl::unexpected<Error>{call.error()};
    result.call = std::move(*call);
    return result;
  };
  return side_of(onednn.name(), layer, 0x1p-7, prepare, &run_prepared<std::uint16_t>);
}

/// `values` [rows, columns] as integers of 7 bits, a scale a row: of these oneDNN's sums are exact, also where it adds
/// two products in 16 bits. The speed is that of any integers.
Result<std::vector<std::int8_t>> seven_bits(const std::vector<float>& values, std::size_t rows, std::size_t columns,
                                            std::vector<float>& scales) {
  std::vector<std::int8_t> integers(values.size());
  scales.resize(rows);
  auto done = kernels::quantize_rows({values.data(), rows, columns},
                                     {integers.data(), kernels::ElementType::i8, {rows, columns}}, scales);
  if (!done) return tl::unexpected<Error>{done.error()};
  for (std::int8_t& x : integers) x = static_cast<std::int8_t>(x / 2);
  for (float& scale : scales) scale *= 2;
  return integers;
}

/// It knows no scale for each row of A: there is one for all, in the columns' scales.
Result<Variant> int8_side_of(const OneDnn& onednn, const Layer& layer) {
  const auto prepare = [&](Operands& operands) -> Result<Prepared<std::int8_t>> {
    Prepared<std::int8_t> result;
    std::vector<float> turned(operands.b.size());
    for (std::size_t p = 0; p < layer.inputs; ++p) {
      for (std::size_t j = 0; j < layer.outputs; ++j) turned[j * layer.inputs + p] = operands.b[p * layer.outputs + j];
    }
    const auto columns = seven_bits(turned, layer.outputs, layer.inputs, result.scales);
    if (!columns) return tl::unexpected<Error>{columns.error()};
    result.b.resize(columns->size());
    for (std::size_t p = 0; p < layer.inputs; ++p) {
      for (std::size_t j = 0; j < layer.outputs; ++j) {
        result.b[p * layer.outputs + j] = (*columns)[j * layer.inputs + p];
      }
    }
    std::vector<float> of_all;
    auto a = seven_bits(operands.a, 1, operands.a.size(), of_all);
    if (!a) return tl::unexpected<Error>{a.error()};
    result.a = std::move(*a);
    for (float& scale : result.scales) scale *= of_all.front();
    auto call =
        onednn.int8_product(layer.product(), result.a.data(), result.b.data(), result.scales, operands.c.data());
    if (!call) return tl::unexpected<Error>{call.error()};
    result.call = std::move(*call);
    return result;
  };
  return side_of(onednn.name(), layer, 2.0 / 127, prepare, &run_prepared<std::int8_t>);
}

/// One type of weights.
struct Kind {
  const char* ours;
  Result<Variant> (*side)(const Layer&);
  const char* same_types;                                ///< Ours of the types that the peer multiplies.
  Result<Variant> (*same_side)(const Layer&);            ///< Null where that is `side`.
  Result<Variant> (*peer)(const OneDnn&, const Layer&);  ///< Null where oneDNN has none on this CPU.
  double activation_bytes;                               ///< Of one element.
  double weight_bytes;
  double
      bar;  ///< What the least ratio to f32 at 4 rows and more must reach; 0 where the CPU has no instruction for it.
};

Result<Measured> measure_layer(const Stage& stage, const Kind& kind, const Layer& layer) {
  std::vector<Variant> sides;
  const auto add = [&](Result<Variant> side) -> Result<void> {
    if (!side) return tl::unexpected<Error>{side.error()};
    sides.push_back(std::move(*side));
    return {};
  };
  if (auto added = add(single_side(layer)); !added) return tl::unexpected<Error>{added.error()};
  if (stage.onednn && kind.peer != nullptr) {
    if (auto added = add(kind.peer(*stage.onednn, layer)); !added) return tl::unexpected<Error>{added.error()};
  }
  if (auto added = add(kind.side(layer)); !added) return tl::unexpected<Error>{added.error()};
  if (kind.same_side != nullptr) {
    if (auto added = add(kind.same_side(layer)); !added) return tl::unexpected<Error>{added.error()};
  }
  const auto elements = [](std::size_t a, std::size_t b) { return static_cast<double>(a * b); };
  return Measured{compare(layer.name(), "GFLOP/s", sides, stage.rounds, stage.progress, stage.stop),
                  {},
                  layer.operations(),
                  kind.weight_bytes * elements(layer.inputs, layer.outputs) +
                      kind.activation_bytes * elements(layer.rows, layer.inputs) +
                      4.0 * elements(layer.rows, layer.outputs),
                  1,
                  kind.ours,
                  false};
}

Result<FamilyReport> measure_reduced(const Stage& stage, const Kind& kind) {
  FamilyReport report;
  std::vector<std::optional<Summary>> to_single;
  std::vector<std::optional<Summary>> to_peer;
  for (const Layer& layer : layers(stage.quick)) {
    if (stage.stop.stop_requested()) break;
    Result<Measured> measured = measure_layer(stage, kind, layer);
    if (!measured) return tl::unexpected<Error>{measured.error()};
    const std::vector<Comparison> one{measured->comparison};
    const Series* ours = find_series(one, layer.name(), kind.ours);
    if (layer.rows >= 4) to_single.push_back(ratio(ours, find_series(one, layer.name(), kSingle)));
    to_peer.push_back(
        ratio(find_series(one, layer.name(), kind.same_types), strongest_of(measured->comparison, kOneDnn)));
    report.cases.push_back(std::move(*measured));
  }
  if (stage.stop.stop_requested()) {  // Of fewer cases the least proves nothing.
    to_single.clear();
    to_peer.clear();
  }
  if (kind.bar > 0) {
    report.bars.push_back(
        {fmt::format("{}, M >= 4, the least, to f32", kind.ours), kind.bar, true, worst_of(to_single)});
    report.bars.push_back({fmt::format("{}, the least, to oneDNN", kind.same_types), 1.0, true, worst_of(to_peer)});
  }
  return report;
}

}  // namespace

Result<FamilyReport> measure_bf16(const Stage& stage) {
  // oneDNN 2.6 multiplies bf16 with AVX-512 alone.
  const bool native = kernels::bf16_is_native();
  return measure_reduced(stage, {kBf16, &bf16_side, kBf16Both, &bf16_both_side, native ? &bf16_side_of : nullptr, 4, 2,
                                 native ? 1.8 : 0.0});
}

Result<FamilyReport> measure_int8(const Stage& stage) {
  return measure_reduced(
      stage, {kInt8, &int8_side, kInt8, nullptr, &int8_side_of, 1, 1, kernels::int8_is_native() ? 3.5 : 0.0});
}

}  // namespace myelin::tool::kernel_bench
