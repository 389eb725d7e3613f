#include <sys/mman.h>

#include <boost/test/unit_test.hpp>
#include <cstdlib>

#include "matrices.hpp"
#include "myelin/kernels/backend.hpp"
#include "myelin/kernels/network.hpp"

// PoCL and the LLVM in it keep what they compiled until the process ends.
#if defined(__SANITIZE_ADDRESS__)
extern "C" const char* __lsan_default_suppressions();  // declared first: no header has it for everyone
extern "C" const char* __lsan_default_suppressions() { return "leak:libpocl\nleak:libLLVM\nleak:libclang\n"; }
#endif

using namespace myelin::kernels;
using myelin::Errc;
using test::Island;
using test::Noise;

namespace {

// The test runner hides the drivers in one of its two runs.
bool drivers_are_hidden() { return std::getenv("MYELIN_TEST_NO_OPENCL") != nullptr; }

boost::test_tools::assertion_result has_device(boost::unit_test::test_unit_id) {
  if (!opencl_devices().empty()) return true;
  boost::test_tools::assertion_result no{false};
  no.message() << "no OpenCL device on this machine (pocl-opencl-icd provides one)";
  return no;
}

boost::test_tools::assertion_result has_no_device(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result{opencl_devices().empty()};
  result.message() << "this machine has an OpenCL device";
  return result;
}

boost::test_tools::assertion_result pocl_is_limited(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result result{std::getenv("POCL_MEMORY_LIMIT") != nullptr &&
                                             opencl_devices().front().platform == "Portable Computing Language"};
  result.message() << "only PoCL, and only with POCL_MEMORY_LIMIT=1, is sure to refuse";
  return result;
}

}  // namespace

namespace utf = boost::unit_test;

BOOST_AUTO_TEST_SUITE(with_device, *utf::precondition(has_device))

BOOST_AUTO_TEST_CASE(the_backend_names_its_device) {
  const auto backend = make_backend(BackendKind::opencl).value();
  BOOST_TEST((backend->kind() == BackendKind::opencl));
  BOOST_TEST(backend->name() == "opencl (" + opencl_devices().front().name + ")");
  BOOST_TEST_MESSAGE(backend->name());
}

BOOST_AUTO_TEST_CASE(products_agree_with_the_reference) {
  const auto backend = make_backend(BackendKind::opencl).value();
  Noise noise{1};
  struct Shape {
    std::size_t m, n, k;
  };
  for (const Shape s : {Shape{1, 1, 1}, Shape{3, 5, 7}, Shape{33, 10, 65}, Shape{64, 128, 64}, Shape{97, 129, 131}}) {
    for (const bool transpose_a : {false, true}) {
      for (const bool transpose_b : {false, true}) {
        Island a = transpose_a ? Island{s.k, s.m} : Island{s.m, s.k};
        Island b = transpose_b ? Island{s.n, s.k} : Island{s.k, s.n};
        Island c{s.m, s.n};
        a.fill(noise);
        b.fill(noise);
        const GemmOptions options{transpose_a, transpose_b};
        BOOST_TEST_CONTEXT("[" << s.m << ", " << s.k << "] x [" << s.k << ", " << s.n << "], transposed " << transpose_a
                               << transpose_b) {
          BOOST_REQUIRE(backend->gemm(a.view(), b.view(), c.view(), options).has_value());
          BOOST_TEST(test::error_in_bounds(a.view(), b.view(), c.view(), options) <= 1.0);
          BOOST_TEST(c.is_untouched_around());
        }
      }
    }
  }
  BOOST_TEST(backend->fallbacks().empty());  // it was the device that computed
}

BOOST_AUTO_TEST_CASE(a_layer_agrees_with_the_reference) {
  const auto backend = make_backend(BackendKind::opencl).value();
  Noise noise{2};
  Island x{7, 64};
  Island w{64, 33};
  Island bias{1, 33};
  Island y{7, 33};
  x.fill(noise);
  w.fill(noise);
  bias.fill(noise);
  const Epilogue epilogue{bias.view().row(0), Activation::relu};
  BOOST_REQUIRE(backend->dense(x.view(), {w.view(), epilogue.bias, epilogue.activation}, y.view()).has_value());
  BOOST_TEST(test::error_in_bounds(x.view(), w.view(), y.view(), {}, epilogue) <= 1.0);
  BOOST_TEST(y.is_untouched_around());
  BOOST_TEST(backend->fallbacks().empty());
}

BOOST_AUTO_TEST_CASE(a_network_gives_the_same_probabilities_as_on_the_cpu) {
  const auto opencl = make_backend(BackendKind::opencl).value();
  const auto simd = make_backend(BackendKind::simd).value();
  const std::vector<std::size_t> widths{64, 128, 10};
  const Network network = Network::make(widths, 7).value();
  Noise noise{3};
  Island x{20, 64};
  x.fill(noise);
  Island there{20, 10};
  Island here{20, 10};
  BOOST_REQUIRE(network.infer(*opencl, x.view(), there.view()).has_value());
  BOOST_REQUIRE(network.infer(*simd, x.view(), here.view()).has_value());
  for (std::size_t i = 0; i < 20; ++i) {
    for (std::size_t j = 0; j < 10; ++j) BOOST_TEST(std::abs(there.view()(i, j) - here.view()(i, j)) < 1e-5F);
  }
  BOOST_TEST(opencl->fallbacks().empty());
}

// Operands that the device may not hold (the test runner limits PoCL to buffers of 256 MiB): the driver refuses in the
// middle of a call, SIMD gives the answer, and the chain says so. The device is not asked again.
BOOST_AUTO_TEST_CASE(a_refusing_driver_is_left_for_simd_and_that_is_said, *utf::precondition(pocl_is_limited)) {
  const auto backend = make_backend(BackendKind::opencl).value();
  const std::string device = backend->name();
  constexpr std::size_t kCount = 65UL * 1024 * 1024;  // 260 MiB of floats, all of them the kernel's one page of zeros
  void* zeros = ::mmap(nullptr, kCount * sizeof(float), PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  BOOST_REQUIRE(zeros != MAP_FAILED);
  const auto* data = static_cast<const float*>(zeros);
  float sum = 1;
  BOOST_TEST(backend->gemm({data, 1, kCount}, {data, kCount, 1}, {&sum, 1, 1}).has_value());
  ::munmap(zeros, kCount * sizeof(float));
  BOOST_TEST(sum == 0.0F);
  const std::string simd = make_backend(BackendKind::simd).value()->name();
  BOOST_REQUIRE(backend->fallbacks().size() == 1U);
  BOOST_TEST(backend->fallbacks()[0].from == device);
  BOOST_TEST(backend->fallbacks()[0].to == simd);
  BOOST_TEST(backend->fallbacks()[0].reason.find("allocating 272629760 bytes") != std::string::npos);
  BOOST_TEST(backend->name() == simd);
  BOOST_TEST_MESSAGE(backend->fallbacks()[0].reason);
}

BOOST_AUTO_TEST_CASE(automatic_leaves_cpu_drivers_alone) {
  const auto backend = make_backend(BackendKind::automatic).value();
  const auto devices = opencl_devices();
  if (devices.front().is_cpu) BOOST_TEST(backend->name() == make_backend(BackendKind::simd).value()->name());
  BOOST_TEST(backend->fallbacks().empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(without_device, *utf::precondition(has_no_device))

BOOST_AUTO_TEST_CASE(asking_for_opencl_says_what_to_do) {
  const auto backend = make_backend(BackendKind::opencl);
  BOOST_REQUIRE(!backend.has_value());
  BOOST_TEST((backend.error().code == Errc::backend_unavailable));
  BOOST_TEST(backend.error().message ==
             "no OpenCL device found: install an OpenCL driver such as pocl-opencl-icd, or use --backend simd");
}

BOOST_AUTO_TEST_CASE(automatic_is_simd) {
  const auto backend = make_backend(BackendKind::automatic).value();
  BOOST_TEST(backend->name() == make_backend(BackendKind::simd).value()->name());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_CASE(hiding_the_drivers_hides_the_devices) {
  BOOST_TEST((!drivers_are_hidden() || opencl_devices().empty()));
}
