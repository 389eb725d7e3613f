#include "node/builtin_types.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

#include "myelin/actors/inference_kernel.hpp"
#include "myelin/actors/network_file.hpp"
#include "myelin/kernel.capnp.h"
#include "node/echo.capnp.h"

namespace myelin::tool {

namespace {

template <class T>
T value_of(Result<T> result) {
  if (!result) throw std::invalid_argument{result.error().message};
  return *std::move(result);
}

struct Parts {
  std::shared_ptr<InferenceKernel> kernel;
  BatchPolicy policy;
};

Parts parts_from(const plugin::AgentSettings& settings) {
  const auto read = settings.require<schema::InferenceSettings>();
  if (read->getNetwork().size() == 0) throw std::invalid_argument{"network: name the network's file"};
  if (read->getMaxBatch() == 0) throw std::invalid_argument{"maxBatch: at least 1"};
  auto network = std::make_shared<const kernels::Network>(value_of(load_network(read->getNetwork().cStr())));
  auto backend = value_of(kernels::make_backend(value_of(kernels::parse_backend(read->getBackend().cStr()))));
  BatchPolicy policy;
  policy.max_batch = read->getMaxBatch();
  return {std::make_shared<InferenceKernel>(std::move(network), std::move(backend)), policy};
}

}  // namespace

plugin::AgentType inference_type() {
  plugin::AgentType type;
  type.name = "inference";
  type.agent_class = &agent_class<InferenceActor>();
  type.takes_settings = true;
  type.make = [](const plugin::AgentSettings& settings) {
    const Parts parts = parts_from(settings);
    return std::make_unique<InferenceActor>(parts.kernel, parts.policy);
  };
  type.start = [](Mesh& mesh, const plugin::AgentSettings& settings, const SpawnOptions& options) {
    const Parts parts = parts_from(settings);
    return mesh.spawn_with<InferenceActor>(options, parts.kernel, parts.policy);
  };
  return type;
}

/// Its name is shown by `myelin agents info`: no namespace of this file alone.
class EchoAgent final : public Agent {
 public:
  static void handlers(Handlers<EchoAgent>& on) { on.message<&EchoAgent::echo>(); }

 private:
  void echo(messages::Echo::Reader asked, Reply<messages::Echo> reply) {
    reply.send([&](messages::Echo::Builder answer) { answer.setText(asked.getText()); });
  }
};

plugin::AgentType echo_type() { return plugin::agent_type<EchoAgent>("echo"); }

}  // namespace myelin::tool
