// Compares a kernel of one's own with a plain loop, on every SIMD target that this CPU has.
#include <hwy/targets.h>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "unit_rows.hpp"

namespace {

constexpr std::size_t kRows = 3;
constexpr std::size_t kGap = 2;  // floats between rows, which are nobody's to touch
constexpr float kUntouched = 42;

/// Rows of `count` elements against the plain loop. Returns what is wrong with them, or nothing.
std::string difference(std::size_t count) {
  const std::size_t stride = count + kGap;
  std::vector<float> x(kRows * stride);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i + 1));
  for (std::size_t j = 0; j < count; ++j) x[stride + j] = 0;  // the second row has no direction
  std::vector<float> y(x.size(), kUntouched);
  const myelin::kernels::TensorShape shape{kRows, count};
  const myelin::kernels::TensorShape strides{stride, 1};
  if (const auto done = own::unit_rows({x.data(), shape, strides}, {y.data(), shape, strides}); !done) {
    return to_string(done.error());
  }
  for (std::size_t i = 0; i < kRows; ++i) {
    double squares = 0;
    for (std::size_t j = 0; j < count; ++j) squares += std::pow(static_cast<double>(x[i * stride + j]), 2);
    for (std::size_t j = 0; j < stride; ++j) {
      const double got = y[i * stride + j];
      if (j >= count && got != static_cast<double>(kUntouched)) return "wrote behind a row";
      if (j >= count) continue;
      const double want = squares == 0 ? 0 : x[i * stride + j] / std::sqrt(squares);
      const double bound = static_cast<double>(count + 8) * 0x1p-24 * std::abs(want);
      if (!(std::abs(got - want) <= bound)) return "has " + std::to_string(got) + ", not " + std::to_string(want);
    }
  }
  return "";
}

}  // namespace

int main() {
  // A wrong shape is an error that names the argument, not undefined behaviour.
  std::vector<float> six(6);
  const auto refused = own::unit_rows({six.data(), {2, 3}}, {six.data(), {3, 2}});
  if (refused || refused.error().message.find("'y'") == std::string::npos) return 1;
  std::printf("refused: %s\n", refused.error().message.c_str());

  for (const std::int64_t target : hwy::SupportedAndGeneratedTargets()) {
    hwy::SetSupportedTargetsForTest(target);
    hwy::GetChosenTarget().Update(target);  // else the target of the first call stays
    for (std::size_t count = 0; count <= 70; ++count) {
      if (const std::string wrong = difference(count); !wrong.empty()) {
        std::fprintf(stderr, "%s, rows of %zu: %s\n", hwy::TargetName(target), count, wrong.c_str());
        return 1;
      }
    }
    std::printf("%s: as the plain loop\n", hwy::TargetName(target));
  }
  return 0;
}
