#include "myelin/actors/inference_kernel.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace myelin {

InferenceKernel::InferenceKernel(std::shared_ptr<const kernels::Network> network,
                                 std::shared_ptr<kernels::Backend> backend)
    : network_{std::move(network)}, backend_{std::move(backend)} {}

void InferenceKernel::run(std::span<Call> calls) {
  const std::size_t width = network_->inputs(), classes = network_->outputs();
  std::vector<Call*> sound;
  sound.reserve(calls.size());
  for (Call& call : calls) {
    const auto inputs = call.request->getInputs();
    if (inputs.size() != width) {
      call.reply.fail(
          {Errc::shape_mismatch, fmt::format("inputs: {} numbers, but the network takes {}", inputs.size(), width)});
    } else {
      sound.push_back(&call);
    }
  }
  if (sound.empty()) return;

  std::vector<float> inputs_of_all(sound.size() * width);
  std::vector<float> outputs_of_all(sound.size() * classes);
  for (std::size_t row = 0; row < sound.size(); ++row) {
    const auto inputs = sound[row]->request->getInputs();
    std::copy(inputs.begin(), inputs.end(), inputs_of_all.begin() + static_cast<std::ptrdiff_t>(row * width));
  }
  const kernels::MatrixView probabilities{outputs_of_all.data(), sound.size(), classes};
  if (const auto done = network_->infer(*backend_, {inputs_of_all.data(), sound.size(), width}, probabilities); !done) {
    for (Call* call : sound) call->reply.fail(done.error());
    return;
  }
  for (std::size_t row = 0; row < sound.size(); ++row) {
    const auto of_row = probabilities.row(row);
    sound[row]->reply.send([&](schema::InferAnswer::Builder answer) {
      answer.setClassIndex(static_cast<std::uint32_t>(std::max_element(of_row.begin(), of_row.end()) - of_row.begin()));
      answer.setBatchSize(static_cast<std::uint32_t>(sound.size()));
      auto list = answer.initProbabilities(static_cast<unsigned int>(classes));
      for (std::size_t index = 0; index < classes; ++index) list.set(static_cast<unsigned int>(index), of_row[index]);
    });
  }
}

}  // namespace myelin
