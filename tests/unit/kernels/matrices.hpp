/// Matrices that catch kernels which read or write where they must not.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <vector>

#include "myelin/kernels/matrix.hpp"
#include "myelin/kernels/reference.hpp"

namespace myelin::kernels::test {

/// A small random number generator of the tests' own: checkers share no code with their subject.
class Noise {
 public:
  explicit Noise(std::uint32_t seed) : state_(seed * 2654435761U + 1U) {}
  std::uint32_t bits() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 17U;
    state_ ^= state_ << 5U;
    return state_;
  }
  /// Uniform in [-1, 1).
  float value() { return static_cast<float>(bits() >> 8U) * 0x1p-23F - 1.0F; }
  std::size_t below(std::size_t bound) { return bits() % bound; }

 private:
  std::uint32_t state_;
};

/// A NaN with a payload that no arithmetic makes: read, it spoils the result; overwritten, it is missed.
inline constexpr std::uint32_t kCanary = 0x7fc5a5a5U;

/// A matrix with canaries before, after and between its rows, at an address that is not aligned for vectors.
class Island {
 public:
  Island(std::size_t rows, std::size_t cols, std::size_t gap = 3, std::size_t offset = 1)
      : rows_(rows), cols_(cols), stride_(cols + gap), first_(kMargin + offset) {
    memory_.assign(first_ + rows * stride_ + kMargin, std::bit_cast<float>(kCanary));
  }

  Island& fill(Noise& noise) {
    for (std::size_t i = 0; i < rows_; ++i) {
      for (float& x : view().row(i)) x = noise.value();
    }
    return *this;
  }
  Island& fill(float value) {
    for (std::size_t i = 0; i < rows_; ++i) {
      for (float& x : view().row(i)) x = value;
    }
    return *this;
  }

  [[nodiscard]] MatrixView view() { return {memory_.data() + first_, rows_, cols_, stride_}; }
  [[nodiscard]] ConstMatrixView view() const { return {memory_.data() + first_, rows_, cols_, stride_}; }

  /// Whether everything around the elements is as it was.
  [[nodiscard]] bool is_untouched_around() const {
    for (std::size_t i = 0; i < memory_.size(); ++i) {
      const bool inside = i >= first_ && (i - first_) / stride_ < rows_ && (i - first_) % stride_ < cols_;
      if (!inside && std::bit_cast<std::uint32_t>(memory_[i]) != kCanary) return false;
    }
    return true;
  }

 private:
  static constexpr std::size_t kMargin = 64;
  std::size_t rows_;
  std::size_t cols_;
  std::size_t stride_;
  std::size_t first_;
  std::vector<float> memory_;
};

/// Memory whose last float is the last of its page; the page behind it belongs to nobody.
class CliffEdge {
 public:
  explicit CliffEdge(std::size_t count) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const std::size_t bytes = (count * sizeof(float) + page - 1) / page * page;
    size_ = bytes + page;
    memory_ = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory_ == MAP_FAILED) throw std::bad_alloc{};
    if (::mprotect(static_cast<char*>(memory_) + bytes, page, PROT_NONE) != 0) throw std::bad_alloc{};
    data_ = reinterpret_cast<float*>(static_cast<char*>(memory_) + bytes) - count;
  }
  ~CliffEdge() { ::munmap(memory_, size_); }
  CliffEdge(const CliffEdge&) = delete;
  CliffEdge& operator=(const CliffEdge&) = delete;

  [[nodiscard]] float* data() const { return data_; }

 private:
  void* memory_ = nullptr;
  std::size_t size_ = 0;
  float* data_ = nullptr;
};

/// The largest error of `actual` in units of the bound that gemm.hpp gives: at most 1 is right. Infinite where one is
/// NaN and the other is not.
inline double error_in_bounds(ConstMatrixView a, ConstMatrixView b, ConstMatrixView actual, GemmOptions options = {},
                              Epilogue epilogue = {}) {
  const auto magnitudes = [](ConstMatrixView view) {
    std::vector<float> result;
    for (std::size_t i = 0; i < view.rows; ++i) {
      for (const float x : view.row(i)) result.push_back(std::abs(x));
    }
    return result;
  };
  const std::vector<float> abs_a = magnitudes(a);
  const std::vector<float> abs_b = magnitudes(b);
  const std::vector<float> abs_bias = magnitudes({epilogue.bias.data(), 1, epilogue.bias.size()});
  std::vector<float> expected(actual.rows * actual.cols);
  std::vector<float> scale(expected.size());
  const MatrixView expected_view{expected.data(), actual.rows, actual.cols};
  reference::sgemm(a, b, expected_view, options, epilogue);
  reference::sgemm({abs_a.data(), a.rows, a.cols}, {abs_b.data(), b.rows, b.cols},
                   {scale.data(), actual.rows, actual.cols}, options, {abs_bias, Activation::none});
  const std::size_t k = options.transpose_a ? a.rows : a.cols;
  double worst = 0;
  for (std::size_t i = 0; i < actual.rows; ++i) {
    for (std::size_t j = 0; j < actual.cols; ++j) {
      const float want = expected_view(i, j);
      const float got = actual(i, j);
      if (std::bit_cast<std::uint32_t>(want) == std::bit_cast<std::uint32_t>(got) || want == got) continue;
      if (std::isnan(want) && std::isnan(got)) continue;
      // k + 2: the products and sums, the bias, and the reference's own rounding.
      const double bound = static_cast<double>(k + 2) * 0x1p-24 * static_cast<double>(scale[i * actual.cols + j]);
      const double error = std::abs(static_cast<double>(want) - static_cast<double>(got));
      worst = std::isfinite(error) ? std::max(worst, error / (bound + 1e-37)) : std::numeric_limits<double>::infinity();
    }
  }
  return worst;
}

}  // namespace myelin::kernels::test
