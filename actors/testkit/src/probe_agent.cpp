#include "myelin/testkit/probe_agent.hpp"

#include <utility>

namespace myelin::testkit {

void ProbeAgent::take(Frame frame, ReplyAddress reply) {
  for (std::size_t index = 0; index < frame.size(); ++index) {
    // Only a single message is a question.
    Received received{frame, index, false, index == 0 ? std::move(reply) : ReplyAddress{}};
    const auto responder = log_->responders.find(frame.type());
    if (received.reply.wanted() && responder != log_->responders.end()) {
      responder->second(received, received.reply);
      received.taken = true;
    }
    log_->messages.push_back(std::move(received));
  }
}

}  // namespace myelin::testkit
