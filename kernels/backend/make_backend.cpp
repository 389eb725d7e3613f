#include <algorithm>
#include <utility>

#include "cpu/simd_backend.hpp"
#include "gpu/opencl_backend.hpp"
#include "myelin/kernels/backend.hpp"
#include "reference/scalar_backend.hpp"

namespace myelin::kernels {

namespace {

// `first` (if any), then SIMD, then plain loops.
Result<std::unique_ptr<Backend>> chain_from(std::unique_ptr<Backend> first, ChainOptions options) {
  std::vector<std::unique_ptr<Backend>> members;
  if (first) members.push_back(std::move(first));
  members.push_back(make_simd_backend());
  members.push_back(make_scalar_backend());
  return make_chain(std::move(members), std::move(options));
}

Result<std::unique_ptr<Backend>> make_automatic() {
  ChainOptions options;
  options.kind = BackendKind::automatic;
  const std::vector<OpenclDevice> devices = opencl_devices();
  // A CPU driver computes on the same cores as the SIMD kernels, only slower, and takes seconds to compile for.
  if (std::ranges::all_of(devices, &OpenclDevice::is_cpu)) return chain_from(nullptr, options);
  auto gpu = make_opencl_backend();
  if (!gpu) return chain_from(nullptr, options);
  options.measure = true;
  return chain_from(std::move(*gpu), options);
}

}  // namespace

Result<std::unique_ptr<Backend>> make_backend(BackendKind kind) {
  switch (kind) {
    case BackendKind::automatic: return make_automatic();
    case BackendKind::scalar: return make_scalar_backend();
    case BackendKind::simd: return make_simd_backend();
    case BackendKind::opencl: {
      auto device = make_opencl_backend();
      if (!device) return device;
      ChainOptions options;
      options.kind = BackendKind::opencl;
      return chain_from(std::move(*device), options);
    }
  }
  return fail(Errc::invalid_argument, "no backend has the number " + std::to_string(static_cast<int>(kind)));
}

}  // namespace myelin::kernels
