#include "bench/kernels/buffer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace myelin::tool::kernel_bench {

Buffer::Buffer(std::size_t count)
    : count_{count}, floats_{static_cast<float*>(::operator new(count * sizeof(float), kAlignment))} {
  std::fill_n(data(), count, std::numeric_limits<float>::quiet_NaN());
}

Buffer::Buffer(std::size_t count, unsigned seed, float scale) : Buffer{count} {
  const std::vector<float> values = random_values(count, seed);
  std::transform(values.begin(), values.end(), data(), [scale](float value) { return scale * value; });
}

Result<void> check_near(const std::string& side, std::span<const float> got, std::span<const float> want, float bound) {
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (std::abs(got[i] - want[i]) <= bound * (1.0F + std::abs(want[i]))) continue;
    return fail(Errc::backend_failed, fmt::format("{}: element {} is {} instead of {}", side, i, got[i], want[i]));
  }
  return {};
}

}  // namespace myelin::tool::kernel_bench
