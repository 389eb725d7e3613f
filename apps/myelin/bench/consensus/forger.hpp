/// A validator that does nothing but cost the others time.
#pragma once

#include <vector>

#include "myelin/actors/agent.hpp"
#include "myelin/consensus/committee.hpp"
#include "myelin/consensus/vertex.hpp"

namespace myelin::tool {

/// Sends vertices that are well-made, and signed by nobody, to all others, as fast as they take them in: whoever reads
/// one finds out last, by checking its signature, which is the dearest part. **Thread-safety**: actor-confined.
class Forger final : public Agent {
 public:
  /// `self`: whom it is in the committee. `doors`: where the others take in what it sends.
  Forger(consensus::Committee committee, consensus::ValidatorIndex self, std::vector<AgentRef> doors);

  void on_start() override;

 private:
  void flood();

  consensus::Committee committee_;
  consensus::ValidatorIndex self_;
  std::vector<AgentRef> doors_;
  consensus::VertexPtr vertex_;
  consensus::Signature signature_;
};

}  // namespace myelin::tool
