// In place of onednn.cpp where its header was not there when the tool was built.
#include "bench/onednn.hpp"

namespace myelin::tool {

struct OneDnn::Library {};

namespace {

Result<OneDnn> absent() {
  return fail(Errc::not_found, "built without oneDNN; install libdnnl-dev and build again to compare with it");
}

tl::unexpected<Error> refusal() { return tl::unexpected<Error>{absent().error()}; }

}  // namespace

Result<OneDnn> OneDnn::load() { return absent(); }

Result<OneDnn::Call> OneDnn::activate(kernels::Activation, std::size_t, float*, float*) const { return refusal(); }

Result<OneDnn::Call> OneDnn::softmax(std::size_t, std::size_t, float*, float*, bool) const { return refusal(); }

Result<OneDnn::Call> OneDnn::layer_norm(std::size_t, std::size_t, float*, float*, float, float*) const {
  return refusal();
}

Result<OneDnn::Call> OneDnn::f32_product(const ProductCase&, float*, float*, float*, bool) const { return refusal(); }

Result<OneDnn::Call> OneDnn::bf16_product(const ProductCase&, std::uint16_t*, std::uint16_t*, float*) const {
  return refusal();
}

Result<OneDnn::Call> OneDnn::int8_product(const ProductCase&, std::int8_t*, std::int8_t*, std::span<const float>,
                                          float*) const {
  return refusal();
}

Result<OneDnn::Convolution> OneDnn::convolution(const ConvolutionCase&, float*, const float*, float*, float*,
                                                bool) const {
  return refusal();
}

Result<OneDnn::Call> OneDnn::attention(const AttentionCase&, float*, float*, float*, float*, float*, bool) const {
  return refusal();
}

}  // namespace myelin::tool
