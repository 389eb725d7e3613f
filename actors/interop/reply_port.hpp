/// Answers a request that came as CAF message: from a plain CAF actor, or from an agent on another node.
#pragma once

#include <atomic>

#include <caf/actor_control_block.hpp>
#include <caf/message_id.hpp>

#include "myelin/actors/reply.hpp"

namespace myelin {

/// **Thread-safety**: thread-safe.
class CafReplyPort final : public ReplyPort {
 public:
  /// `asker` sent the request `id` to `answerer`. Starts with one reference.
  CafReplyPort(caf::strong_actor_ptr asker, caf::message_id id, caf::actor_control_block* answerer)
      : asker_{std::move(asker)}, answerer_{answerer}, id_{id} {}

  void answer(Frame frame) noexcept override;
  void fail(CorrelationId question, Error error) noexcept override;
  void retain() noexcept override { references_.fetch_add(1, std::memory_order_relaxed); }
  void release() noexcept override {
    if (references_.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }

 private:
  ~CafReplyPort() = default;
  void respond(caf::message content) noexcept;

  caf::strong_actor_ptr asker_;
  caf::strong_actor_ptr answerer_;
  caf::message_id id_;
  std::atomic<int> references_{1};
};

}  // namespace myelin
