#include "bench/onednn.hpp"

#include <dlfcn.h>
#include <fmt/format.h>
#include <oneapi/dnnl/dnnl.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <vector>

namespace myelin::tool {

// The functions of the library, each under its own name; and the engine and stream that everything runs on.
struct OneDnn::Library {
#define MYELIN_ONEDNN_FUNCTIONS(X)              \
  X(dnnl_version)                               \
  X(dnnl_engine_create)                         \
  X(dnnl_engine_destroy)                        \
  X(dnnl_stream_create)                         \
  X(dnnl_stream_destroy)                        \
  X(dnnl_stream_wait)                           \
  X(dnnl_memory_desc_init_by_tag)               \
  X(dnnl_memory_create)                         \
  X(dnnl_memory_set_data_handle)                \
  X(dnnl_memory_destroy)                        \
  X(dnnl_eltwise_forward_desc_init)             \
  X(dnnl_softmax_forward_desc_init)             \
  X(dnnl_logsoftmax_forward_desc_init)          \
  X(dnnl_layer_normalization_forward_desc_init) \
  X(dnnl_convolution_forward_desc_init)         \
  X(dnnl_matmul_desc_init)                      \
  X(dnnl_primitive_attr_create)                 \
  X(dnnl_primitive_attr_destroy)                \
  X(dnnl_primitive_attr_set_output_scales)      \
  X(dnnl_primitive_attr_set_post_ops)           \
  X(dnnl_post_ops_create)                       \
  X(dnnl_post_ops_append_eltwise)               \
  X(dnnl_post_ops_destroy)                      \
  X(dnnl_reorder_primitive_desc_create)         \
  X(dnnl_primitive_desc_create)                 \
  X(dnnl_primitive_desc_query_md)               \
  X(dnnl_primitive_desc_destroy)                \
  X(dnnl_primitive_create)                      \
  X(dnnl_primitive_execute)                     \
  X(dnnl_primitive_destroy)
#define MYELIN_ONEDNN_POINTER(name) decltype(&::name) name = nullptr;
  MYELIN_ONEDNN_FUNCTIONS(MYELIN_ONEDNN_POINTER)
#undef MYELIN_ONEDNN_POINTER

  dnnl_engine_t engine = nullptr;
  dnnl_stream_t stream = nullptr;

  Library() = default;
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;
  ~Library() {
    if (stream != nullptr) dnnl_stream_destroy(stream);
    if (engine != nullptr) dnnl_engine_destroy(engine);
  }

  // False where the library lacks a function.
  bool find_functions(void* library) {
    bool found = true;
#define MYELIN_ONEDNN_FIND(name)                                       \
  name = reinterpret_cast<decltype(&::name)>(::dlsym(library, #name)); \
  found = found && name != nullptr;
    MYELIN_ONEDNN_FUNCTIONS(MYELIN_ONEDNN_FIND)
#undef MYELIN_ONEDNN_FIND
#undef MYELIN_ONEDNN_FUNCTIONS
    return found;
  }
};

namespace {

template <class T>
using Shared = std::shared_ptr<std::remove_pointer_t<T>>;

Error refused(const char* step, dnnl_status_t status) {
  return {Errc::backend_failed, fmt::format("oneDNN: {} gave status {}", step, static_cast<int>(status))};
}

dnnl_memory_desc_t no_description() { return {}; }

}  // namespace

// Makes and keeps what the library's functions need. Errors are thrown within this file alone: a builder takes a dozen
// steps, each of which may be refused.
namespace {

struct Refusal {
  Error error;
};

template <class Library>
class Builder {
 public:
  explicit Builder(std::shared_ptr<const Library> library) : library_{std::move(library)} {}

  static void demand(dnnl_status_t status, const char* step) {
    if (status != dnnl_success) throw Refusal{refused(step, status)};
  }

  dnnl_memory_desc_t description(std::initializer_list<std::size_t> lengths, dnnl_format_tag_t tag,
                                 dnnl_data_type_t type = dnnl_f32) const {
    dnnl_dims_t dims = {};
    std::transform(lengths.begin(), lengths.end(), dims, [](std::size_t n) { return static_cast<dnnl_dim_t>(n); });
    dnnl_memory_desc_t made = no_description();
    demand(library_->dnnl_memory_desc_init_by_tag(&made, static_cast<int>(lengths.size()), dims, type, tag),
           "a memory description");
    return made;
  }

  /// Memory of the library's own where `data` is DNNL_MEMORY_ALLOCATE.
  Shared<dnnl_memory_t> memory(const dnnl_memory_desc_t& description, void* data) const {
    dnnl_memory_t made = nullptr;
    demand(library_->dnnl_memory_create(&made, &description, library_->engine, data), "memory");
    return {made, [library = library_](dnnl_memory_t m) { library->dnnl_memory_destroy(m); }};
  }

  Shared<dnnl_primitive_attr_t> attributes() const {
    dnnl_primitive_attr_t made = nullptr;
    demand(library_->dnnl_primitive_attr_create(&made), "attributes");
    return {made, [library = library_](dnnl_primitive_attr_t a) { library->dnnl_primitive_attr_destroy(a); }};
  }

  Shared<dnnl_primitive_desc_t> keep(dnnl_primitive_desc_t made) const {
    return {made, [library = library_](dnnl_primitive_desc_t d) { library->dnnl_primitive_desc_destroy(d); }};
  }

  template <class Operation>
  Shared<dnnl_primitive_desc_t> plan(const Operation& operation, const_dnnl_primitive_attr_t attributes) const {
    dnnl_primitive_desc_t made = nullptr;
    demand(library_->dnnl_primitive_desc_create(&made, &operation, attributes, library_->engine, nullptr),
           "a primitive's plan");
    return keep(made);
  }

  Shared<dnnl_primitive_t> primitive(const Shared<dnnl_primitive_desc_t>& plan) const {
    dnnl_primitive_t made = nullptr;
    demand(library_->dnnl_primitive_create(&made, plan.get()), "a primitive");
    return {made, [library = library_](dnnl_primitive_t p) { library->dnnl_primitive_destroy(p); }};
  }

  struct Argument {
    int role;
    Shared<dnnl_memory_t> memory;
  };
  /// One primitive on its memory. The status is checked at the first run, which is this one.
  std::function<void()> call(const Shared<dnnl_primitive_t>& primitive, std::vector<Argument> arguments) const {
    std::vector<dnnl_exec_arg_t> raw;
    for (const Argument& argument : arguments) raw.push_back({argument.role, argument.memory.get()});
    const auto run = [library = library_, primitive, arguments = std::move(arguments), raw = std::move(raw)] {
      const dnnl_status_t status =
          library->dnnl_primitive_execute(primitive.get(), library->stream, static_cast<int>(raw.size()), raw.data());
      library->dnnl_stream_wait(library->stream);
      return status;
    };
    demand(run(), "a run");
    return [run] { (void)run(); };
  }

  /// Copies from one order to another.
  std::function<void()> reorder(const dnnl_memory_desc_t& from_description, const Shared<dnnl_memory_t>& from,
                                const dnnl_memory_desc_t& to_description, const Shared<dnnl_memory_t>& to) const {
    dnnl_primitive_desc_t made = nullptr;
    demand(library_->dnnl_reorder_primitive_desc_create(&made, &from_description, library_->engine, &to_description,
                                                        library_->engine, nullptr),
           "a reorder's plan");
    return call(primitive(keep(made)), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
  }

  [[nodiscard]] const Library& library() const { return *library_; }

 private:
  std::shared_ptr<const Library> library_;
};

dnnl_alg_kind_t algorithm_of(kernels::Activation activation) {
  using enum kernels::Activation;
  switch (activation) {
    case relu: return dnnl_eltwise_relu;
    case leaky_relu: return dnnl_eltwise_relu;
    case gelu_erf: return dnnl_eltwise_gelu_erf;
    case gelu_tanh: return dnnl_eltwise_gelu_tanh;
    case silu: return dnnl_eltwise_swish;
    case sigmoid: return dnnl_eltwise_logistic;
    case tanh: return dnnl_eltwise_tanh;
    case exp: return dnnl_eltwise_exp;
    case none: break;
  }
  return dnnl_eltwise_linear;
}

float parameter_of(kernels::Activation activation) {
  if (activation == kernels::Activation::leaky_relu) return kernels::ActivationOptions{}.slope;
  return activation == kernels::Activation::silu || activation == kernels::Activation::none ? 1.0F : 0.0F;
}

template <class Build>
auto guarded(Build build) -> Result<decltype(build())> {
  try {
    return build();
  } catch (const Refusal& refusal) {
    return tl::unexpected<Error>{refusal.error};
  }
}

}  // namespace

Result<OneDnn> OneDnn::load() {
  // Read when its OpenMP starts: the comparisons are on one thread.
  ::setenv("OMP_NUM_THREADS", "1", 1);
  void* const opened = ::dlopen("libdnnl.so.2", RTLD_NOW | RTLD_LOCAL);
  if (opened == nullptr) {
    return fail(Errc::not_found, "no oneDNN on this machine; install libdnnl2 to compare with it");
  }
  const auto library = std::make_shared<Library>();
  if (!library->find_functions(opened)) {
    return fail(Errc::not_found, "the oneDNN of this machine lacks functions of oneDNN 2.6; install libdnnl2");
  }
  if (library->dnnl_engine_create(&library->engine, dnnl_cpu, 0) != dnnl_success ||
      library->dnnl_stream_create(&library->stream, library->engine, dnnl_stream_default_flags) != dnnl_success) {
    return fail(Errc::backend_failed, "oneDNN finds no CPU to run on");
  }
  const dnnl_version_t* version = library->dnnl_version();
  OneDnn made;
  made.library_ = library;
  made.name_ = fmt::format("oneDNN {}.{}.{}", version->major, version->minor, version->patch);
  return made;
}

Result<OneDnn::Call> OneDnn::activate(kernels::Activation activation, std::size_t count, float* x, float* y) const {
  return guarded([&]() -> Call {
    const Builder build{library_};
    const dnnl_memory_desc_t line = build.description({count}, dnnl_a);
    dnnl_eltwise_desc_t operation = {};
    build.demand(library_->dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_inference, algorithm_of(activation),
                                                          &line, parameter_of(activation), 0),
                 "an activation");
    return build.call(build.primitive(build.plan(operation, nullptr)),
                      {{DNNL_ARG_SRC, build.memory(line, x)}, {DNNL_ARG_DST, build.memory(line, y)}});
  });
}

Result<OneDnn::Call> OneDnn::softmax(std::size_t rows, std::size_t columns, float* x, float* y, bool logarithm) const {
  return guarded([&]() -> Call {
    const Builder build{library_};
    const dnnl_memory_desc_t matrix = build.description({rows, columns}, dnnl_ab);
    dnnl_softmax_desc_t operation = {};
    const auto init =
        logarithm ? library_->dnnl_logsoftmax_forward_desc_init : library_->dnnl_softmax_forward_desc_init;
    build.demand(init(&operation, dnnl_forward_inference, &matrix, 1), "a softmax");
    return build.call(build.primitive(build.plan(operation, nullptr)),
                      {{DNNL_ARG_SRC, build.memory(matrix, x)}, {DNNL_ARG_DST, build.memory(matrix, y)}});
  });
}

Result<OneDnn::Call> OneDnn::layer_norm(std::size_t rows, std::size_t columns, float* x, float* scale_and_shift,
                                        float epsilon, float* y) const {
  return guarded([&]() -> Call {
    const Builder build{library_};
    const dnnl_memory_desc_t matrix = build.description({rows, columns}, dnnl_ab);
    const dnnl_memory_desc_t parameters = build.description({2, columns}, dnnl_ab);
    dnnl_layer_normalization_desc_t operation = {};
    build.demand(library_->dnnl_layer_normalization_forward_desc_init(&operation, dnnl_forward_inference, &matrix,
                                                                      nullptr, epsilon, dnnl_use_scaleshift),
                 "a layer norm");
    return build.call(build.primitive(build.plan(operation, nullptr)),
                      {{DNNL_ARG_SRC, build.memory(matrix, x)},
                       {DNNL_ARG_SCALE_SHIFT, build.memory(parameters, scale_and_shift)},
                       {DNNL_ARG_DST, build.memory(matrix, y)}});
  });
}

Result<OneDnn::Call> OneDnn::product(const ProductCase& c, int type, void* a, void* b, std::span<const float> scales,
                                     float* y, bool own_layout) const {
  return guarded([&]() -> Call {
    const Builder build{library_};
    const auto of = static_cast<dnnl_data_type_t>(type);
    const dnnl_memory_desc_t left = build.description({c.rows, c.inputs}, dnnl_ab, of);
    const dnnl_memory_desc_t right = build.description({c.inputs, c.outputs}, dnnl_ab, of);
    const dnnl_memory_desc_t asked =
        own_layout ? build.description({c.inputs, c.outputs}, dnnl_format_tag_any, of) : right;
    const dnnl_memory_desc_t result = build.description({c.rows, c.outputs}, dnnl_ab);
    const auto attributes = build.attributes();
    if (!scales.empty()) {
      constexpr int kColumns = 1 << 1;  // a scale for each index of the second dimension
      build.demand(library_->dnnl_primitive_attr_set_output_scales(
                       attributes.get(), static_cast<dnnl_dim_t>(scales.size()), kColumns, scales.data()),
                   "scales");
    }
    dnnl_matmul_desc_t operation = {};
    build.demand(library_->dnnl_matmul_desc_init(&operation, &left, &asked, nullptr, &result), "a product");
    const auto plan = build.plan(operation, attributes.get());
    auto weights = build.memory(right, b);
    if (own_layout) {
      const dnnl_memory_desc_t chosen = *library_->dnnl_primitive_desc_query_md(plan.get(), dnnl_query_weights_md, 0);
      const auto own = build.memory(chosen, DNNL_MEMORY_ALLOCATE);
      (void)build.reorder(right, weights, chosen, own);
      weights = own;
    }
    return build.call(
        build.primitive(plan),
        {{DNNL_ARG_SRC, build.memory(left, a)}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, build.memory(result, y)}});
  });
}

Result<OneDnn::Call> OneDnn::f32_product(const ProductCase& c, float* a, float* b, float* y, bool own_layout) const {
  return product(c, dnnl_f32, a, b, {}, y, own_layout);
}

Result<OneDnn::Call> OneDnn::bf16_product(const ProductCase& c, std::uint16_t* a, std::uint16_t* b, float* y) const {
  return product(c, dnnl_bf16, a, b, {}, y, true);
}

Result<OneDnn::Call> OneDnn::int8_product(const ProductCase& c, std::int8_t* a, std::int8_t* b,
                                          std::span<const float> scales, float* y) const {
  return product(c, dnnl_s8, a, b, scales, y, true);
}

Result<OneDnn::Convolution> OneDnn::convolution(const ConvolutionCase& c, float* x, const float* weights, float* bias,
                                                float* y, bool own_layout) const {
  return guarded([&]() -> Convolution {
    const Builder build{library_};
    const std::size_t out = c.output_side();
    const dnnl_format_tag_t layout = own_layout ? dnnl_format_tag_any : dnnl_nhwc;
    const auto image = [&](dnnl_format_tag_t tag) {
      return build.description({c.batch, c.inputs, c.side, c.side}, tag);
    };
    const auto result = [&](dnnl_format_tag_t tag) { return build.description({c.batch, c.outputs, out, out}, tag); };
    const auto filter = [&](dnnl_format_tag_t any_or_none) {
      const bool grouped = c.groups > 1;
      const std::size_t inputs = c.inputs / c.groups;
      const std::size_t outputs = c.outputs / c.groups;
      const dnnl_format_tag_t ours = grouped ? dnnl_hwigo : dnnl_hwio;
      const dnnl_format_tag_t tag = any_or_none == dnnl_format_tag_any ? any_or_none : ours;
      return grouped ? build.description({c.groups, outputs, inputs, c.window, c.window}, tag)
                     : build.description({outputs, inputs, c.window, c.window}, tag);
    };
    const dnnl_memory_desc_t image_here = image(layout);
    const dnnl_memory_desc_t filter_any = filter(dnnl_format_tag_any);
    const dnnl_memory_desc_t bias_here = build.description({c.outputs}, dnnl_a);
    const dnnl_memory_desc_t result_here = result(layout);
    const auto stride = static_cast<dnnl_dim_t>(c.stride);
    const auto padding = static_cast<dnnl_dim_t>(c.padding);
    const dnnl_dims_t strides = {stride, stride};
    const dnnl_dims_t paddings = {padding, padding};
    dnnl_convolution_desc_t operation = {};
    build.demand(library_->dnnl_convolution_forward_desc_init(&operation, dnnl_forward_inference,
                                                              dnnl_convolution_direct, &image_here, &filter_any,
                                                              &bias_here, &result_here, strides, paddings, paddings),
                 "a convolution");
    const auto attributes = build.attributes();
    dnnl_post_ops_t after = nullptr;
    build.demand(library_->dnnl_post_ops_create(&after), "an epilogue");
    const Shared<dnnl_post_ops_t> keep_after{
        after, [library = library_](dnnl_post_ops_t p) { library->dnnl_post_ops_destroy(p); }};
    build.demand(library_->dnnl_post_ops_append_eltwise(after, 1.0F, dnnl_eltwise_relu, 0.0F, 0.0F), "a ReLU");
    build.demand(library_->dnnl_primitive_attr_set_post_ops(attributes.get(), after), "an epilogue");
    const auto plan = build.plan(operation, attributes.get());
    const auto chosen = [&](dnnl_query_t what) { return *library_->dnnl_primitive_desc_query_md(plan.get(), what, 0); };
    const dnnl_memory_desc_t chosen_image = chosen(dnnl_query_src_md);
    const dnnl_memory_desc_t chosen_filter = chosen(dnnl_query_weights_md);
    const dnnl_memory_desc_t chosen_result = chosen(dnnl_query_dst_md);

    auto input = build.memory(image(dnnl_nhwc), x);
    auto output = build.memory(result(dnnl_nhwc), y);
    const auto own_filter = build.memory(chosen_filter, DNNL_MEMORY_ALLOCATE);
    (void)build.reorder(filter(dnnl_format_tag_undef),
                        build.memory(filter(dnnl_format_tag_undef), const_cast<float*>(weights)), chosen_filter,
                        own_filter);
    Convolution made;
    if (own_layout) {
      const auto own_input = build.memory(chosen_image, DNNL_MEMORY_ALLOCATE);
      (void)build.reorder(image(dnnl_nhwc), input, chosen_image, own_input);
      input = own_input;
      const auto own_output = build.memory(chosen_result, DNNL_MEMORY_ALLOCATE);
      made.fetch = build.reorder(chosen_result, own_output, result(dnnl_nhwc), output);
      output = own_output;
    } else {
      made.fetch = [] {};
    }
    made.run = build.call(build.primitive(plan), {{DNNL_ARG_SRC, input},
                                                  {DNNL_ARG_WEIGHTS, own_filter},
                                                  {DNNL_ARG_BIAS, build.memory(bias_here, bias)},
                                                  {DNNL_ARG_DST, output}});
    return made;
  });
}

Result<OneDnn::Call> OneDnn::attention(const AttentionCase& c, float* q, float* k, float* v, float* scores, float* y,
                                       bool by_head) const {
  return guarded([&]() -> Call {
    const Builder build{library_};
    const std::size_t heads = by_head ? 1 : c.heads;
    const dnnl_memory_desc_t queries = build.description({heads, c.queries, c.dim}, dnnl_abc);
    const dnnl_memory_desc_t turned_keys = build.description({heads, c.dim, c.keys}, dnnl_acb);
    const dnnl_memory_desc_t values = build.description({heads, c.keys, c.dim}, dnnl_abc);
    const dnnl_memory_desc_t weights = build.description({heads, c.queries, c.keys}, dnnl_abc);
    const auto attributes = build.attributes();
    const float scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(c.dim)));
    build.demand(library_->dnnl_primitive_attr_set_output_scales(attributes.get(), 1, 0, &scale), "a scale");
    dnnl_matmul_desc_t operation = {};
    build.demand(library_->dnnl_matmul_desc_init(&operation, &queries, &turned_keys, nullptr, &weights), "a product");
    const auto score = build.primitive(build.plan(operation, attributes.get()));
    build.demand(library_->dnnl_matmul_desc_init(&operation, &weights, &values, nullptr, &queries), "a product");
    const auto sum = build.primitive(build.plan(operation, nullptr));
    dnnl_softmax_desc_t normal = {};
    build.demand(library_->dnnl_softmax_forward_desc_init(&normal, dnnl_forward_inference, &weights, 2), "a softmax");
    const auto share = build.primitive(build.plan(normal, nullptr));

    const auto q_memory = build.memory(queries, q);
    const auto k_memory = build.memory(turned_keys, k);
    const auto v_memory = build.memory(values, v);
    const auto s_memory = build.memory(weights, scores);
    const auto y_memory = build.memory(queries, y);
    const Call first =
        build.call(score, {{DNNL_ARG_SRC, q_memory}, {DNNL_ARG_WEIGHTS, k_memory}, {DNNL_ARG_DST, s_memory}});
    const Call second = build.call(share, {{DNNL_ARG_SRC, s_memory}, {DNNL_ARG_DST, s_memory}});
    const Call third =
        build.call(sum, {{DNNL_ARG_SRC, s_memory}, {DNNL_ARG_WEIGHTS, v_memory}, {DNNL_ARG_DST, y_memory}});
    const std::size_t rounds = by_head ? c.heads : 1;
    return [=, library = library_] {
      for (std::size_t head = 0; head < rounds; ++head) {
        if (by_head) {
          library->dnnl_memory_set_data_handle(q_memory.get(), q + head * c.queries * c.dim);
          library->dnnl_memory_set_data_handle(k_memory.get(), k + head * c.keys * c.dim);
          library->dnnl_memory_set_data_handle(v_memory.get(), v + head * c.keys * c.dim);
          library->dnnl_memory_set_data_handle(y_memory.get(), y + head * c.queries * c.dim);
        }
        first();
        second();
        third();
      }
    };
  });
}

}  // namespace myelin::tool
