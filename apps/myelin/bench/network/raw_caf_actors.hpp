/// What the two processes of raw CAF's side say to each other.
#pragma once

#include <caf/all.hpp>
#include <vector>

namespace myelin::tool::network_bench::raw_caf {

using Go = caf::atom_constant<caf::atom("go")>;
using Marker = caf::atom_constant<caf::atom("marker")>;
using Answer = caf::atom_constant<caf::atom("answer")>;
/// To the sink: how many items came since the last question.
using Report = caf::atom_constant<caf::atom("report")>;
/// To the front, which is published: the sink; the echo.
using GetSink = caf::atom_constant<caf::atom("sink")>;
using GetEcho = caf::atom_constant<caf::atom("echo")>;

/// A message: the one type for bytes that CAF copies in one piece.
using Bytes = std::vector<char>;

/// CAF's defaults, with its network layer.
struct Config : caf::actor_system_config {
  Config();
};

}  // namespace myelin::tool::network_bench::raw_caf
