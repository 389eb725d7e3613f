// Our layers against those of oneDNN, a peer that shares no code with ours.

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <oneapi/dnnl/dnnl.hpp>
#include <unordered_map>
#include <vector>

#include "../../support/expect_success.hpp"
#include "matrices.hpp"
#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/attention.hpp"
#include "myelin/kernels/convolution.hpp"
#include "myelin/kernels/normalization.hpp"
#include "targets.hpp"

using namespace myelin::kernels;
using myelin::test::require_success;
using test::for_each_target;
using test::Noise;

namespace {

using Memory = dnnl::memory;
using Tag = Memory::format_tag;
using Arguments = std::unordered_map<int, Memory>;

dnnl::engine& engine() {
  static dnnl::engine made{dnnl::engine::kind::cpu, 0};
  return made;
}

Memory::desc describe(const std::vector<std::size_t>& lengths, Tag tag) {
  return {Memory::dims(lengths.begin(), lengths.end()), Memory::data_type::f32, tag};
}

Memory memory(const Memory::desc& description, std::vector<float>& values) {
  return {description, engine(), values.data()};
}

void run(const dnnl::primitive& primitive, const Arguments& arguments) {
  dnnl::stream stream{engine()};
  primitive.execute(stream, arguments);
  stream.wait();
}

std::vector<float> noise_of(std::size_t count, Noise& noise, float scale = 1) {
  std::vector<float> values(count);
  for (float& x : values) x = scale * noise.value();
  return values;
}

// Both sides round, so their difference is within twice the bound of one.
void check_near(const std::vector<float>& got, const std::vector<float>& want, double absolute, double relative) {
  BOOST_REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double error = std::abs(double{got[i]} - double{want[i]});
    if (!(error <= absolute + relative * std::abs(double{want[i]}))) {
      BOOST_ERROR("element " << i << " is " << got[i] << " where oneDNN has " << want[i]);
      return;
    }
  }
}

dnnl::algorithm algorithm_of(Activation activation) {
  switch (activation) {
    case Activation::relu: return dnnl::algorithm::eltwise_relu;
    case Activation::leaky_relu: return dnnl::algorithm::eltwise_relu;
    case Activation::gelu_erf: return dnnl::algorithm::eltwise_gelu_erf;
    case Activation::gelu_tanh: return dnnl::algorithm::eltwise_gelu_tanh;
    case Activation::silu: return dnnl::algorithm::eltwise_swish;
    case Activation::sigmoid: return dnnl::algorithm::eltwise_logistic;
    case Activation::tanh: return dnnl::algorithm::eltwise_tanh;
    case Activation::exp: return dnnl::algorithm::eltwise_exp;
    case Activation::none: break;
  }
  return dnnl::algorithm::eltwise_linear;
}

struct Convolution {
  std::size_t batch, height, width, groups, inputs, outputs;  // channels of one group
  Extent2d size;
  Window2d window;
};

// Weights are in our order, [height, width, inputs, all outputs]: group after group, and in a group the outputs.
std::vector<float> convolve_with_onednn(const Convolution& c, const TensorShape& result, std::vector<float>& x,
                                        std::vector<float>& weights, std::vector<float>& bias) {
  const auto image = describe({c.batch, c.groups * c.inputs, c.height, c.width}, Tag::nhwc);
  const auto output = describe({result[0], result[3], result[1], result[2]}, Tag::nhwc);
  const auto filter = describe({c.groups, c.outputs, c.inputs, c.size.height, c.size.width}, Tag::hwigo);
  const auto line = describe({c.groups * c.outputs}, Tag::a);
  const auto pair = [](std::size_t a, std::size_t b) {
    return Memory::dims{static_cast<Memory::dim>(a), static_cast<Memory::dim>(b)};
  };
  const Window2d& w = c.window;
  const dnnl::convolution_forward::desc operation{dnnl::prop_kind::forward_inference,
                                                  dnnl::algorithm::convolution_direct,
                                                  image,
                                                  filter,
                                                  line,
                                                  output,
                                                  pair(w.stride.height, w.stride.width),
                                                  pair(w.dilation.height - 1, w.dilation.width - 1),
                                                  pair(w.padding.top, w.padding.left),
                                                  pair(w.padding.bottom, w.padding.right)};
  std::vector<float> y(result.elements());
  run(dnnl::convolution_forward{{operation, engine()}}, {{DNNL_ARG_SRC, memory(image, x)},
                                                         {DNNL_ARG_WEIGHTS, memory(filter, weights)},
                                                         {DNNL_ARG_BIAS, memory(line, bias)},
                                                         {DNNL_ARG_DST, memory(output, y)}});
  return y;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(onednn)

BOOST_AUTO_TEST_CASE(activations_agree) {
  Noise noise{1};
  auto x = noise_of(10'007, noise, 12);
  const auto line = describe({x.size()}, Tag::a);
  for (const Activation activation :
       {Activation::relu, Activation::leaky_relu, Activation::gelu_erf, Activation::gelu_tanh, Activation::silu,
        Activation::sigmoid, Activation::tanh, Activation::exp}) {
    const float alpha = activation == Activation::leaky_relu ? ActivationOptions{}.slope
                        : activation == Activation::silu     ? 1.0F
                                                             : 0.0F;
    const dnnl::eltwise_forward::desc operation{dnnl::prop_kind::forward_inference, algorithm_of(activation), line,
                                                alpha, 0.0F};
    std::vector<float> want(x.size());
    run(dnnl::eltwise_forward{{operation, engine()}},
        {{DNNL_ARG_SRC, memory(line, x)}, {DNNL_ARG_DST, memory(line, want)}});
    for_each_target([&] {
      std::vector<float> y(x.size());
      require_success(activate(std::span{x}, activation, std::span{y}));
      BOOST_TEST_CONTEXT(to_string(activation)) { check_near(y, want, 4e-6, 2e-6); }
    });
  }
}

BOOST_AUTO_TEST_CASE(softmax_and_layer_norm_agree) {
  Noise noise{2};
  for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{1, 1}, {5, 3}, {17, 64}, {3, 1000}}) {
    auto x = noise_of(rows * columns, noise, 6);
    const auto matrix = describe({rows, columns}, Tag::ab);
    std::vector<float> shares(x.size());
    std::vector<float> logarithms(x.size());
    std::vector<float> norms(x.size());
    const Arguments softmax_of{{DNNL_ARG_SRC, memory(matrix, x)}, {DNNL_ARG_DST, memory(matrix, shares)}};
    run(dnnl::softmax_forward{{{dnnl::prop_kind::forward_inference, matrix, 1}, engine()}}, softmax_of);
    const Arguments logarithm_of{{DNNL_ARG_SRC, memory(matrix, x)}, {DNNL_ARG_DST, memory(matrix, logarithms)}};
    run(dnnl::logsoftmax_forward{{{dnnl::prop_kind::forward_inference, matrix, 1}, engine()}}, logarithm_of);
    auto parameters = noise_of(2 * columns, noise);
    const auto both = describe({2, columns}, Tag::ab);
    const float epsilon = 1e-3F;
    run(dnnl::layer_normalization_forward{{{dnnl::prop_kind::forward_inference, matrix, epsilon,
                                            dnnl::normalization_flags::use_scale_shift},
                                           engine()}},
        {{DNNL_ARG_SRC, memory(matrix, x)},
         {DNNL_ARG_SCALE_SHIFT, memory(both, parameters)},
         {DNNL_ARG_DST, memory(matrix, norms)}});
    const std::span<const float> gain{parameters.data(), columns};
    const std::span<const float> bias{parameters.data() + columns, columns};
    const ConstTensorView from{x.data(), {rows, columns}};
    for_each_target([&, rows = rows, columns = columns] {
      std::vector<float> y(x.size());
      const TensorView to{y.data(), {rows, columns}};
      require_success(softmax(from, to));
      check_near(y, shares, 1e-7, 1e-5);
      require_success(log_softmax(from, to));
      check_near(y, logarithms, 4e-6, 1e-6);
      require_success(layer_norm(from, to, {.gain = gain, .bias = bias, .epsilon = epsilon}));
      check_near(y, norms, 2e-5, 1e-5);
    });
  }
}

BOOST_AUTO_TEST_CASE(convolutions_of_random_shapes_agree) {
  Noise noise{3};
  for (int round = 0; round < 300; ++round) {
    Convolution c{.batch = 1 + noise.below(2),
                  .height = 1 + noise.below(14),
                  .width = 1 + noise.below(14),
                  .groups = round % 3 == 0 ? 1 + noise.below(5) : 1,
                  .inputs = round % 6 == 0 ? 1 : 1 + noise.below(9),
                  .outputs = round % 6 == 0 ? 1 : 1 + noise.below(20),
                  .size = {1 + noise.below(4), 1 + noise.below(4)},
                  .window = {.stride = {1 + noise.below(3), 1 + noise.below(3)},
                             .dilation = {1 + noise.below(2), 1 + noise.below(2)},
                             .padding = {noise.below(3), noise.below(3), noise.below(3), noise.below(3)}}};
    auto x = noise_of(c.batch * c.height * c.width * c.groups * c.inputs, noise);
    auto weights = noise_of(c.size.height * c.size.width * c.inputs * c.groups * c.outputs, noise);
    auto bias = noise_of(c.groups * c.outputs, noise);
    const TensorShape image{c.batch, c.height, c.width, c.groups * c.inputs};
    const ConstTensorView filter_view{weights.data(), {c.size.height, c.size.width, c.inputs, c.groups * c.outputs}};
    const auto shape = conv2d_shape(image, PackedFilter::make(filter_view, c.groups).value(), c.window);
    if (!shape) continue;  // the window is larger than the padded image
    const std::vector<float> want = convolve_with_onednn(c, *shape, x, weights, bias);
    for_each_target([&] {
      const auto filter = PackedFilter::make(filter_view, c.groups);
      require_success(filter);
      std::vector<float> y(want.size());
      require_success(
          conv2d(ConstTensorView{x.data(), image}, *filter, TensorView{y.data(), *shape}, c.window, {.bias = bias}));
      BOOST_TEST_CONTEXT("round " << round) { check_near(y, want, 2e-5, 2e-5); }
    });
  }
}

BOOST_AUTO_TEST_CASE(pooling_agrees) {
  Noise noise{4};
  for (int round = 0; round < 60; ++round) {
    const std::size_t side = 4 + noise.below(9);
    const std::size_t channels = 1 + noise.below(20);
    const Extent2d size{1 + noise.below(3), 1 + noise.below(3)};
    // oneDNN asks for a padding smaller than the window.
    const Window2d window{.stride = {1 + noise.below(3), 1 + noise.below(3)},
                          .padding = {noise.below(size.height), 0, noise.below(size.width), 0}};
    auto x = noise_of(2 * side * side * channels, noise);
    const TensorShape image{2, side, side, channels};
    const auto shape = pool2d_shape(image, size, window);
    require_success(shape);
    const auto from = describe({2, channels, side, side}, Tag::nhwc);
    const auto to = describe({2, channels, (*shape)[1], (*shape)[2]}, Tag::nhwc);
    const auto pair = [](std::size_t a, std::size_t b) {
      return Memory::dims{static_cast<Memory::dim>(a), static_cast<Memory::dim>(b)};
    };
    for (const Pooling pooling : {Pooling::max, Pooling::average}) {
      const dnnl::pooling_forward::desc operation{
          dnnl::prop_kind::forward_inference,
          pooling == Pooling::max ? dnnl::algorithm::pooling_max : dnnl::algorithm::pooling_avg_exclude_padding,
          from,
          to,
          pair(window.stride.height, window.stride.width),
          pair(size.height, size.width),
          pair(window.padding.top, window.padding.left),
          pair(0, 0)};
      std::vector<float> want(shape->elements());
      run(dnnl::pooling_forward{{operation, engine()}},
          {{DNNL_ARG_SRC, memory(from, x)}, {DNNL_ARG_DST, memory(to, want)}});
      for_each_target([&] {
        std::vector<float> y(want.size());
        require_success(pool2d(ConstTensorView{x.data(), image}, pooling, size, TensorView{y.data(), *shape}, window));
        BOOST_TEST_CONTEXT("round " << round) { check_near(y, want, 1e-6, 1e-6); }
      });
    }
  }
}

BOOST_AUTO_TEST_CASE(attention_agrees_with_two_products_and_a_softmax) {
  Noise noise{5};
  for (int round = 0; round < 60; ++round) {
    const std::size_t heads = 1 + noise.below(4);
    const std::size_t queries = 1 + noise.below(40);
    const std::size_t keys = 1 + noise.below(60);
    const std::size_t dim = 1 + noise.below(70);
    auto q = noise_of(heads * queries * dim, noise, 2);
    auto k = noise_of(heads * keys * dim, noise);
    auto v = noise_of(heads * keys * dim, noise);
    std::vector<float> scores(heads * queries * keys);
    std::vector<float> want(q.size());
    const auto row = describe({heads, queries, dim}, Tag::abc);
    const auto turned = describe({heads, dim, keys}, Tag::acb);
    const auto values = describe({heads, keys, dim}, Tag::abc);
    const auto weights = describe({heads, queries, keys}, Tag::abc);
    dnnl::primitive_attr attributes;
    attributes.set_output_scales(0, {static_cast<float>(1 / std::sqrt(static_cast<double>(dim)))});
    const auto score_memory = memory(weights, scores);
    run(dnnl::matmul{{{row, turned, weights}, attributes, engine()}},
        {{DNNL_ARG_SRC, memory(row, q)}, {DNNL_ARG_WEIGHTS, memory(turned, k)}, {DNNL_ARG_DST, score_memory}});
    run(dnnl::softmax_forward{{{dnnl::prop_kind::forward_inference, weights, 2}, engine()}},
        {{DNNL_ARG_SRC, score_memory}, {DNNL_ARG_DST, score_memory}});
    run(dnnl::matmul{{{weights, values, row}, engine()}},
        {{DNNL_ARG_SRC, score_memory}, {DNNL_ARG_WEIGHTS, memory(values, v)}, {DNNL_ARG_DST, memory(row, want)}});
    for_each_target([&] {
      std::vector<float> y(want.size());
      require_success(attention(
          ConstTensorView{q.data(), {1, heads, queries, dim}}, ConstTensorView{k.data(), {1, heads, keys, dim}},
          ConstTensorView{v.data(), {1, heads, keys, dim}}, TensorView{y.data(), {1, heads, queries, dim}}));
      BOOST_TEST_CONTEXT("round " << round) { check_near(y, want, 2e-5, 2e-5); }
    });
  }
}

BOOST_AUTO_TEST_SUITE_END()
