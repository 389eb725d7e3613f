#include "myelin/kernels/backend.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <thread>

#include "matrices.hpp"
#include "myelin/kernels/target.hpp"

using namespace myelin::kernels;
using myelin::Errc;
using myelin::Result;
using test::Island;
using test::Noise;

namespace {

using Time = std::chrono::steady_clock::time_point;

// A backend that computes like the reference, or fails, and takes as long as it is told on a clock of its own.
class Puppet final : public Backend {
 public:
  struct Strings {
    std::atomic<int> calls = 0;
    std::atomic<bool> fails = false;
    Errc code = Errc::backend_failed;
    std::chrono::milliseconds takes{0};
    Time* clock = nullptr;
  };

  Puppet(std::string name, BackendKind kind, Strings& strings)
      : name_(std::move(name)), kind_(kind), strings_(strings) {}

  std::string name() const override { return name_; }
  BackendKind kind() const override { return kind_; }

 private:
  Result<void> act() {
    ++strings_.calls;
    if (strings_.clock != nullptr) *strings_.clock += strings_.takes;
    if (strings_.fails) return myelin::fail(strings_.code, "the strings of " + name_ + " were cut");
    return {};
  }
  Result<void> do_gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options) override {
    if (auto acted = act(); !acted) return acted;
    reference::sgemm(a, b, c, options);
    return {};
  }
  Result<void> do_dense(ConstMatrixView x, const DenseLayer& layer, MatrixView y) override {
    if (auto acted = act(); !acted) return acted;
    reference::sgemm(x, layer.weights, y, {}, {layer.bias, layer.activation});
    return {};
  }
  Result<void> do_softmax_rows(MatrixView logits) override {
    if (auto acted = act(); !acted) return acted;
    reference::softmax_rows(logits);
    return {};
  }

  std::string name_;
  BackendKind kind_;
  Strings& strings_;
};

// Three puppets in a chain, as `opencl` makes it.
struct Stage {
  Puppet::Strings gpu, simd, scalar;

  std::unique_ptr<Backend> chain(ChainOptions options = {}) {
    std::vector<std::unique_ptr<Backend>> members;
    members.push_back(std::make_unique<Puppet>("gpu", BackendKind::opencl, gpu));
    members.push_back(std::make_unique<Puppet>("simd", BackendKind::simd, simd));
    members.push_back(std::make_unique<Puppet>("scalar", BackendKind::scalar, scalar));
    return make_chain(std::move(members), std::move(options)).value();
  }
};

// A product of ones: every element is k.
bool multiplies(Backend& backend, std::size_t m = 2, std::size_t k = 3, std::size_t n = 4) {
  const std::vector<float> a(m * k, 1.0F), b(k * n, 1.0F);
  std::vector<float> c(m * n);
  return backend.gemm({a.data(), m, k}, {b.data(), k, n}, {c.data(), m, n}).has_value() &&
         c == std::vector<float>(m * n, static_cast<float>(k));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(backend)

BOOST_AUTO_TEST_CASE(names_of_kinds_are_read_back) {
  for (const auto kind : {BackendKind::automatic, BackendKind::scalar, BackendKind::simd, BackendKind::opencl}) {
    BOOST_TEST((parse_backend(to_string(kind)).value() == kind));
  }
  BOOST_TEST(to_string(static_cast<BackendKind>(9)) == "unknown");
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_refused_with_the_choices) {
  const auto parsed = parse_backend("cuda");
  BOOST_REQUIRE(!parsed.has_value());
  BOOST_TEST((parsed.error().code == Errc::invalid_argument));
  BOOST_TEST(parsed.error().message == "unknown backend 'cuda': choose auto, scalar, simd or opencl");
}

BOOST_AUTO_TEST_CASE(backends_say_what_they_are) {
  const auto scalar = make_backend(BackendKind::scalar).value();
  BOOST_TEST(scalar->name() == "scalar");
  BOOST_TEST((scalar->kind() == BackendKind::scalar));
  const auto simd = make_backend(BackendKind::simd).value();
  BOOST_TEST(simd->name() == "simd (" + simd_target() + ")");
  BOOST_TEST((simd->kind() == BackendKind::simd));
  BOOST_TEST(simd->fallbacks().empty());
  const auto automatic = make_backend(BackendKind::automatic).value();
  BOOST_TEST((automatic->kind() == BackendKind::automatic));
  BOOST_TEST((make_backend(static_cast<BackendKind>(9)).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_CASE(backends_agree_with_the_reference) {
  for (const auto kind : {BackendKind::automatic, BackendKind::scalar, BackendKind::simd}) {
    const auto backend = make_backend(kind).value();
    BOOST_TEST_CONTEXT(backend->name()) {
      Noise noise{1};
      for (const std::size_t m : {1U, 3U, 33U}) {
        Island x{m, 65};
        Island w{65, 31};
        Island bias{1, 31};
        Island y{m, 31};
        x.fill(noise);
        w.fill(noise);
        bias.fill(noise);
        const Epilogue epilogue{bias.view().row(0), Activation::relu};
        const PackedMatrix packed = PackedMatrix::make(w.view()).value();
        for (const PackedMatrix* weights : {static_cast<const PackedMatrix*>(nullptr), &packed}) {
          const DenseLayer layer{w.view(), epilogue.bias, epilogue.activation, weights};
          BOOST_REQUIRE(backend->dense(x.view(), layer, y.view()).has_value());
          BOOST_TEST(test::error_in_bounds(x.view(), w.view(), y.view(), {}, epilogue) <= 1.0);
          BOOST_TEST(y.is_untouched_around());
        }
        BOOST_REQUIRE(backend->gemm(x.view(), w.view(), y.view()).has_value());
        BOOST_TEST(test::error_in_bounds(x.view(), w.view(), y.view()) <= 1.0);
        BOOST_REQUIRE(backend->softmax_rows(y.view()).has_value());
        float sum = 0;
        for (const float p : y.view().row(m - 1)) sum += p;
        BOOST_TEST(std::abs(sum - 1.0F) < 1e-5F);
        BOOST_TEST(y.is_untouched_around());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(unsound_calls_do_not_reach_the_device) {
  Stage stage;
  const auto chain = stage.chain();
  std::vector<float> x(6), w(12), b(4), y(8);
  const DenseLayer layer{{w.data(), 3, 4}, b};
  const auto code = [&](ConstMatrixView in, const DenseLayer& dense, MatrixView out) {
    return chain->dense(in, dense, out).error().code;
  };
  BOOST_TEST((code({x.data(), 3, 2}, layer, {y.data(), 2, 4}) == Errc::shape_mismatch));
  BOOST_TEST((code({x.data(), 2, 3}, layer, {y.data(), 4, 2}) == Errc::shape_mismatch));
  BOOST_TEST((code({x.data(), 2, 3}, {layer.weights, {b.data(), 3}}, {y.data(), 2, 4}) == Errc::shape_mismatch));
  BOOST_TEST((code({nullptr, 2, 3}, layer, {y.data(), 2, 4}) == Errc::invalid_argument));
  BOOST_TEST((code({x.data(), 2, 3}, layer, {w.data(), 2, 4}) == Errc::invalid_argument));
  const PackedMatrix other = PackedMatrix::make({w.data(), 4, 3}).value();
  BOOST_TEST(
      (code({x.data(), 2, 3}, {layer.weights, b, Activation::none, &other}, {y.data(), 2, 4}) == Errc::shape_mismatch));
  BOOST_TEST((chain->gemm({x.data(), 2, 3}, {w.data(), 4, 3}, {y.data(), 2, 4}).error().code == Errc::shape_mismatch));
  BOOST_TEST((chain->softmax_rows({nullptr, 1, 1}).error().code == Errc::invalid_argument));
  BOOST_TEST(stage.gpu.calls == 0);
  BOOST_TEST(chain->fallbacks().empty());
}

BOOST_AUTO_TEST_CASE(empty_work_is_done_without_the_device) {
  Stage stage;
  const auto chain = stage.chain();
  std::vector<float> y{1, 2};
  const std::vector<float> bias{3, -4};
  BOOST_TEST(chain->gemm({}, {}, {}).has_value());
  BOOST_TEST(chain->softmax_rows({}).has_value());
  const DenseLayer layer{{nullptr, 0, 2}, bias, Activation::relu};
  BOOST_TEST(chain->dense({nullptr, 1, 0}, layer, {y.data(), 1, 2}).has_value());
  BOOST_TEST(y == (std::vector<float>{3, 0}), boost::test_tools::per_element());
  BOOST_TEST(chain->gemm({nullptr, 1, 0}, {nullptr, 0, 2}, {y.data(), 1, 2}).has_value());
  BOOST_TEST(y == (std::vector<float>{0, 0}), boost::test_tools::per_element());
  BOOST_TEST(stage.gpu.calls == 0);
}

// A GPU works, then its driver dies in the middle of a run. The caller gets right answers all along, is told once, and
// the dead device is not asked again. Then SIMD fails too, and plain loops finish the job.
BOOST_AUTO_TEST_CASE(a_failing_device_is_left_for_the_next_and_that_is_said) {
  Stage stage;
  std::vector<Fallback> told;
  ChainOptions options;
  options.on_fallback = [&](const Fallback& fallback) { told.push_back(fallback); };
  options.kind = BackendKind::opencl;
  const auto chain = stage.chain(options);
  BOOST_TEST((chain->kind() == BackendKind::opencl));
  BOOST_TEST(multiplies(*chain));
  BOOST_TEST(chain->name() == "gpu");
  BOOST_TEST(chain->fallbacks().empty());

  stage.gpu.fails = true;
  BOOST_TEST(multiplies(*chain));
  BOOST_TEST(multiplies(*chain));
  BOOST_TEST(chain->name() == "simd");
  BOOST_TEST(stage.gpu.calls == 2);
  BOOST_TEST(stage.simd.calls == 2);
  BOOST_REQUIRE(told.size() == 1U);
  BOOST_TEST(told[0].from == "gpu");
  BOOST_TEST(told[0].to == "simd");
  BOOST_TEST(told[0].reason == "backend_failed: the strings of gpu were cut");

  stage.simd.fails = true;
  stage.simd.code = Errc::backend_unavailable;
  BOOST_TEST(multiplies(*chain));
  BOOST_TEST(chain->name() == "scalar");
  BOOST_REQUIRE(chain->fallbacks().size() == 2U);
  BOOST_TEST(chain->fallbacks()[1].from == "simd");
  BOOST_TEST(chain->fallbacks()[1].to == "scalar");

  stage.scalar.fails = true;
  std::vector<float> one{1}, result{0};
  const auto last = chain->gemm({one.data(), 1, 1}, {one.data(), 1, 1}, {result.data(), 1, 1});
  BOOST_REQUIRE(!last.has_value());
  BOOST_TEST((last.error().code == Errc::backend_failed));
  BOOST_TEST(chain->fallbacks().size() == 2U);
}

BOOST_AUTO_TEST_CASE(dense_and_softmax_fall_back_too) {
  for (const bool softmax : {false, true}) {
    Stage stage;
    stage.gpu.fails = true;
    const auto chain = stage.chain();
    std::vector<float> x{1, 2}, w{1, 1}, b{-4}, y{0};
    if (softmax) {
      BOOST_TEST(chain->softmax_rows({y.data(), 1, 1}).has_value());
      BOOST_TEST(y[0] == 1.0F);
    } else {
      BOOST_TEST(chain->dense({x.data(), 1, 2}, {{w.data(), 2, 1}, b}, {y.data(), 1, 1}).has_value());
      BOOST_TEST(y[0] == -1.0F);
    }
    BOOST_TEST(chain->fallbacks().size() == 1U);
  }
}

BOOST_AUTO_TEST_CASE(threads_that_fail_together_are_told_once) {
  Stage stage;
  stage.gpu.fails = true;
  std::atomic<int> told = 0;
  ChainOptions options;
  options.on_fallback = [&](const Fallback&) { ++told; };
  const auto chain = stage.chain(options);
  std::atomic<int> right = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([&] { right += multiplies(*chain) ? 1 : 0; });
  }
  BOOST_TEST(right == 4);
  BOOST_TEST(told == 1);
  BOOST_TEST(chain->fallbacks().size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_quickest_is_chosen_per_size_by_measurement) {
  Time clock;
  Stage stage;
  stage.gpu.clock = stage.simd.clock = stage.scalar.clock = &clock;
  stage.gpu.takes = std::chrono::milliseconds{5};
  stage.simd.takes = std::chrono::milliseconds{1};
  ChainOptions options;
  options.measure = true;
  options.now = [&] { return clock; };
  const auto chain = stage.chain(options);

  for (int i = 0; i < 20; ++i) BOOST_TEST(multiplies(*chain));
  BOOST_TEST(stage.gpu.calls == 3);  // samples only
  BOOST_TEST(stage.simd.calls == 17);
  BOOST_TEST(stage.scalar.calls == 0);  // never a candidate

  // Another size is another bucket, where the GPU wins.
  stage.simd.takes = std::chrono::milliseconds{50};
  for (int i = 0; i < 20; ++i) BOOST_TEST(multiplies(*chain, 40, 50, 60));
  BOOST_TEST(stage.gpu.calls == 3 + 17);
  BOOST_TEST(stage.simd.calls == 17 + 3);

  // The winner of that bucket dies: the next takes over, everywhere.
  stage.gpu.fails = true;
  BOOST_TEST(multiplies(*chain, 40, 50, 60));
  BOOST_TEST(chain->fallbacks().size() == 1U);
  BOOST_TEST(stage.simd.calls == 21);
}

BOOST_AUTO_TEST_CASE(a_chain_needs_members_and_a_clock_if_it_measures) {
  BOOST_TEST((make_chain({}).error().code == Errc::invalid_argument));
  std::vector<std::unique_ptr<Backend>> null(1);
  BOOST_TEST((make_chain(std::move(null)).error().code == Errc::invalid_argument));
  std::vector<std::unique_ptr<Backend>> one;
  one.push_back(make_backend(BackendKind::scalar).value());
  ChainOptions options;
  options.measure = true;
  options.now = {};
  BOOST_TEST((make_chain(std::move(one), options).error().code == Errc::invalid_argument));
}

BOOST_AUTO_TEST_SUITE_END()
