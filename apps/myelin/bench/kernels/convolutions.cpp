// Convolutions of small and large models, against oneDNN with images in our order and in its own.
#include <fmt/format.h>

#include <memory>

#include "bench/kernels/buffer.hpp"
#include "bench/kernels/layer_bars.hpp"
#include "myelin/kernels/convolution.hpp"

namespace myelin::tool::kernel_bench {

namespace {

constexpr float kBound = 1e-3F;  // between any two sides

std::size_t image_size(const ConvolutionCase& c) { return c.batch * c.side * c.side * c.inputs; }
std::size_t weight_size(const ConvolutionCase& c) { return c.window * c.window * c.inputs / c.groups * c.outputs; }
std::size_t result_size(const ConvolutionCase& c) { return c.batch * c.output_side() * c.output_side() * c.outputs; }

double operations_of(const ConvolutionCase& c) {
  return 2.0 * static_cast<double>(result_size(c)) * static_cast<double>(c.window * c.window * c.inputs / c.groups);
}

struct Operands {
  explicit Operands(const ConvolutionCase& c)
      : x{image_size(c), 1}, weights{weight_size(c), 2, 0.1F}, bias{c.outputs, 3}, y{result_size(c)} {}

  Buffer x;
  Buffer weights;
  Buffer bias;
  Buffer y;
};

std::string name_of(const ConvolutionCase& c) {
  std::string name =
      fmt::format("{} x {} x {} x {} to {}, window {}", c.batch, c.side, c.side, c.inputs, c.outputs, c.window);
  if (c.stride != 1) name += fmt::format(", stride {}", c.stride);
  if (c.groups != 1) name += fmt::format(", {} groups", c.groups);
  return name;
}

Result<std::function<void()>> ours(const ConvolutionCase& c, const std::shared_ptr<Operands>& operands) {
  Result<kernels::PackedFilter> filter = kernels::PackedFilter::make(
      kernels::ConstTensorView{operands->weights.data(), {c.window, c.window, c.inputs / c.groups, c.outputs}},
      c.groups);
  if (!filter) return tl::unexpected<Error>{filter.error()};
  const kernels::Window2d window{.stride = {c.stride, c.stride},
                                 .padding = {c.padding, c.padding, c.padding, c.padding}};
  const std::size_t out = c.output_side();
  return [c, operands, filter = std::move(*filter), window, out] {
    (void)kernels::conv2d(kernels::ConstTensorView{operands->x.data(), {c.batch, c.side, c.side, c.inputs}}, filter,
                          kernels::TensorView{operands->y.data(), {c.batch, out, out, c.outputs}}, window,
                          {.bias = operands->bias.span(), .activation = kernels::Activation::relu});
  };
}

Result<Measured> measure(const ConvolutionCase& c, const Stage& stage) {
  const double operations = operations_of(c);
  const auto operands = std::make_shared<Operands>(c);
  Result<std::function<void()>> run = ours(c, operands);
  if (!run) return tl::unexpected<Error>{run.error()};
  (*run)();
  std::vector<Variant> variants;
  if (stage.onednn) {
    for (const bool own_layout : {false, true}) {
      const auto theirs = std::make_shared<Operands>(c);
      Result<OneDnn::Convolution> made = stage.onednn->convolution(c, theirs->x.data(), theirs->weights.data(),
                                                                   theirs->bias.data(), theirs->y.data(), own_layout);
      if (!made) return tl::unexpected<Error>{made.error()};
      made->fetch();
      const std::string side = stage.onednn->name() + (own_layout ? ", its layout" : ", our layout");
      if (auto right = check_near(side, theirs->y.span(), operands->y.span(), kBound); !right) {
        return tl::unexpected<Error>{right.error()};
      }
      variants.push_back(timed(side, operations, [theirs, call = std::move(made->run)] { call(); }));
    }
  }
  variants.push_back(timed(kMyelin, operations, std::move(*run)));
  const double bytes = 4.0 * static_cast<double>(image_size(c) + weight_size(c) + result_size(c));
  return Measured{compare(name_of(c), "GFLOP/s", variants, stage.rounds, stage.progress, stage.stop),
                  {},
                  operations,
                  bytes,
                  1,
                  kMyelin};
}

}  // namespace

Result<FamilyReport> measure_convolutions(const Stage& stage) {
  const ConvolutionCase middle{.side = 28, .inputs = 32, .outputs = 64, .window = 3, .padding = 1};
  const std::vector<ConvolutionCase> all{
      {.side = 8, .inputs = 1, .outputs = 16, .window = 3, .padding = 1},
      {.side = 28, .inputs = 1, .outputs = 32, .window = 3, .padding = 1},
      middle,
      {.batch = 8, .side = 14, .inputs = 64, .outputs = 64, .window = 3, .padding = 1},
      {.side = 56, .inputs = 64, .outputs = 64, .window = 3, .padding = 1},
      {.side = 56, .inputs = 64, .outputs = 64, .window = 3, .stride = 2, .padding = 1},
      {.side = 14, .inputs = 256, .outputs = 256, .window = 3, .padding = 1},
      {.side = 28, .inputs = 64, .outputs = 64, .window = 5, .padding = 2},
      {.side = 56, .inputs = 64, .outputs = 256, .window = 1},
      {.side = 224, .inputs = 3, .outputs = 64, .window = 7, .stride = 2, .padding = 3},
      {.side = 56, .inputs = 96, .outputs = 96, .window = 3, .padding = 1, .groups = 96},
  };
  FamilyReport report;
  for (const ConvolutionCase& c : stage.quick ? std::vector<ConvolutionCase>{middle} : all) {
    if (stage.stop.stop_requested()) break;
    Result<Measured> measured = measure(c, stage);
    if (!measured) return tl::unexpected<Error>{measured.error()};
    report.bars.push_back(
        {"convolution " + name_of(c) + ", to the better oneDNN", 0.9, true, ratio_to(*measured, kOneDnn)});
    report.cases.push_back(std::move(*measured));
  }
  return report;
}

}  // namespace myelin::tool::kernel_bench
