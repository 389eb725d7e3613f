/// Inference of a feed-forward network as a batch kernel: `mesh.spawn<InferenceActor>(kernel, policy)`.
#pragma once

#include <memory>

#include "myelin/actors/kernel_actor.hpp"
#include "myelin/kernel.capnp.h"
#include "myelin/kernels/backend.hpp"
#include "myelin/kernels/network.hpp"

namespace myelin {

/// Classifies each request's inputs. A request of the wrong width fails alone (Errc::shape_mismatch); a backend's
/// failure fails the whole call with the backend's error.
/// **Thread-safety**: thread-safe: several actors may share one kernel.
class InferenceKernel final : public BatchKernel<schema::InferRequest, schema::InferAnswer> {
 public:
  /// **Requires**: neither is null.
  InferenceKernel(std::shared_ptr<const kernels::Network> network, std::shared_ptr<kernels::Backend> backend);

  void run(std::span<Call> calls) override;

 private:
  std::shared_ptr<const kernels::Network> network_;
  std::shared_ptr<kernels::Backend> backend_;
};

using InferenceActor = KernelActor<schema::InferRequest, schema::InferAnswer>;

}  // namespace myelin
