/// Numbers from the bytes that a fuzzer gives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace myelin::fuzz {

/// Takes numbers off the input; zeros when it is used up.
class Numbers {
 public:
  Numbers(const std::uint8_t* data, std::size_t size) : data_(data), left_(size) {}
  std::uint8_t byte() {
    if (left_ == 0) return 0;
    --left_;
    return *data_++;
  }
  /// Mostly small, sometimes anything: what overflows a product of sizes, and what nearly does.
  std::size_t size() {
    const std::uint8_t kind = byte();
    if (kind < 0xf0) return kind % 40;
    std::uint64_t any = 0;
    for (int i = 0; i < 8; ++i) any = any << 8U | byte();
    return kind < 0xf8 ? SIZE_MAX >> any % 64U : static_cast<std::size_t>(any);
  }
  float factor() {
    constexpr std::array kFactors{0.0F, 1.0F, -1.0F, 0.5F};
    return kFactors[byte() % kFactors.size()];
  }

 private:
  const std::uint8_t* data_;
  std::size_t left_;
};

}  // namespace myelin::fuzz
