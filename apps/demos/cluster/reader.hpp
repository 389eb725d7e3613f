/// An agent that reads digits on some node of a cluster, with the kernel actor that is nearest.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "demos/cluster/reading.capnp.h"
#include "demos/digits/dataset.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/cluster/cluster.hpp"
#include "myelin/plugin/agent_type.hpp"

namespace myelin::reading {

/// **Thread-safety**: actor-confined.
class Reader final : public Agent {
 public:
  Reader(cluster::Cluster& cluster, std::shared_ptr<const digits::Samples> images, std::string kernel)
      : cluster_{cluster}, images_{std::move(images)}, kernel_name_{std::move(kernel)} {}

  static void handlers(Handlers<Reader>& on) { on.message<&Reader::read>(); }

 private:
  Task<schema::ReadDone> read(Held<schema::Read> question);

  cluster::Cluster& cluster_;
  const std::shared_ptr<const digits::Samples> images_;
  const std::string kernel_name_;
  AgentRef kernel_;
};

/// "digit-reader", for nodes of the demo. `cluster`: the node's own, known by the time that an agent is started.
[[nodiscard]] plugin::AgentType reader_type(std::function<cluster::Cluster&()> cluster);

}  // namespace myelin::reading
