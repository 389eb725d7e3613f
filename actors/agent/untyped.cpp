#include "myelin/actors/untyped.hpp"

#include <utility>

#include "agent_access.hpp"

namespace myelin {

namespace {

class FrameContinuation final : public Continuation {
 public:
  explicit FrameContinuation(std::function<void(Result<Frame>)> then) : then_{std::move(then)} {}
  void resume(Result<Frame> outcome) override { then_(std::move(outcome)); }

 private:
  std::function<void(Result<Frame>)> then_;
};

}  // namespace

const AgentClass* class_of(const AgentRef& agent) noexcept {
  return agent.is_local() ? &agent.cell()->agent_class() : nullptr;
}

std::size_t waiting_at(const AgentRef& agent) noexcept { return agent.is_local() ? agent.cell()->depth() : 0; }

CorrelationId ask_untyped(Agent& asker, const AgentRef& to, const Frame& question, Duration timeout,
                          std::function<void(Result<Frame>)> then) {
  return AgentAccess::put_frame(asker, to, question, timeout, std::make_unique<FrameContinuation>(std::move(then)));
}

}  // namespace myelin
