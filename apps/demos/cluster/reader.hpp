/// An agent that reads digits on some node of a cluster, with the kernel actor that is nearest.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "demos/cluster/reading.capnp.h"
#include "demos/digits/dataset.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/cluster/directory.hpp"
#include "myelin/plugin/agent_type.hpp"

namespace myelin::reading {

/// **Thread-safety**: actor-confined.
class Reader final : public Agent {
 public:
  Reader(cluster::Directory directory, std::shared_ptr<const digits::Samples> images, std::string kernel)
      : directory_{std::move(directory)}, images_{std::move(images)}, kernel_name_{std::move(kernel)} {}

  static void handlers(Handlers<Reader>& on) { on.message<&Reader::read>(); }

 private:
  Task<schema::ReadDone> read(Held<schema::Read> question);

  const cluster::Directory directory_;
  const std::shared_ptr<const digits::Samples> images_;
  const std::string kernel_name_;
  AgentRef kernel_;
};

/// "digit-reader", for nodes of the demo.
[[nodiscard]] plugin::AgentType reader_type();

}  // namespace myelin::reading
