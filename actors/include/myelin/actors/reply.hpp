/// The right, and the duty, to answer one question.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

#include "myelin/base/result.hpp"
#include "myelin/serialization/frame_builder.hpp"

namespace myelin {

/// Where answers go: an agent, a thread that waits, or a plain CAF actor. Reference-counted by its implementations.
///
/// **Thread-safety**: thread-safe.
class ReplyPort {
 public:
  /// Delivers an answer; its header's correlation says to which question.
  virtual void answer(Frame frame) noexcept = 0;
  /// Ends a question without an answer.
  virtual void fail(CorrelationId question, Error error) noexcept = 0;
  virtual void retain() noexcept = 0;
  virtual void release() noexcept = 0;

 protected:
  ~ReplyPort() = default;
};

/// Tells questions apart: where the answer goes, and its number there. A null port for no question. The port is only
/// compared.
struct QuestionKey {
  const ReplyPort* port = nullptr;
  CorrelationId question = 0;

  friend bool operator==(const QuestionKey&, const QuestionKey&) = default;
};

/// One question's way back. May be kept, moved and used later, on any thread; answers once. Dropped unused it ends the
/// question with Errc::no_reply (handler_failed while an exception is passing), so that no asker waits in vain.
///
/// **Thread-safety**: thread-compatible.
class ReplyAddress {
 public:
  ReplyAddress() noexcept = default;
  /// Takes over one reference to `port`.
  ReplyAddress(ReplyPort* port, const FrameHeader& question) noexcept : port_{port} {
    question_ = {question.correlation, question.deadline.time_since_epoch().count(), question.trace.trace_id,
                 question.trace.span_id, question.lane};
  }
  ReplyAddress(ReplyAddress&& other) noexcept : port_{std::exchange(other.port_, nullptr)} {
    if (port_ != nullptr) question_ = other.question_;
  }
  ReplyAddress& operator=(ReplyAddress&& other) noexcept {
    if (this == &other) return *this;
    if (port_ != nullptr) abandon();
    port_ = std::exchange(other.port_, nullptr);
    if (port_ != nullptr) question_ = other.question_;
    return *this;
  }
  ~ReplyAddress() {
    if (port_ != nullptr) abandon();
  }

  /// Whether somebody asked and has not been answered yet; false in handlers of messages that were only told.
  [[nodiscard]] bool wanted() const noexcept { return port_ != nullptr; }
  /// The moment from which on nobody waits for the answer.
  /// **Requires**: wanted().
  [[nodiscard]] TimePoint deadline() const noexcept { return TimePoint{Duration{question_.deadline_ns}}; }
  /// Whether the asker has given the question up: its deadline has passed, or it was cancelled, or it has ended. Then
  /// an answer is dropped. Known only while the agent that was asked has its turn; false on other threads.
  /// **Requires**: wanted().
  [[nodiscard]] bool cancelled() const noexcept;
  /// The header that an answer built by hand must carry. **Requires**: wanted().
  [[nodiscard]] FrameHeader answer_header() const noexcept {
    return {.correlation = question_.correlation,
            .trace = {.trace_id = question_.trace_id, .span_id = question_.span_id},
            .lane = question_.lane};
  }

  /// Which question this is; a null port where nobody waits.
  [[nodiscard]] QuestionKey key() const noexcept {
    return port_ == nullptr ? QuestionKey{} : QuestionKey{port_, question_.correlation};
  }

  /// Answers with a frame of the answer's type; its header is replaced. Does nothing where no answer is wanted.
  void send(Frame frame);
  /// Ends the question with an error.
  void fail(Error error) noexcept;

 protected:
  void deliver(Frame frame) noexcept;

 private:
  void abandon() noexcept;

  /// What of the question's header an answer needs. Left uninitialised where nobody asked: every told message passes
  /// through here too.
  struct Question {
    CorrelationId correlation;
    std::int64_t deadline_ns;
    std::array<std::byte, 16> trace_id;
    std::uint64_t span_id;
    Lane lane;
  };

  ReplyPort* port_ = nullptr;
  Question question_;  // valid while port_ is not null
};

/// A ReplyAddress for answers of type R.
template <class R>
class Reply : public ReplyAddress {
 public:
  Reply() noexcept = default;
  explicit Reply(ReplyAddress address) noexcept : ReplyAddress{std::move(address)} {}

  using ReplyAddress::send;

  /// Answers with a message that `fill` fills in: `void fill(R::Builder)`.
  /// `first_words`: see FrameBuilder; give it for large answers.
  template <class Fill>
  requires std::is_invocable_v<Fill, typename R::Builder>
  void send(Fill&& fill, std::size_t first_words = kFirstSegmentWords) {
    if (!wanted()) return;
    deliver(make_frame<R>(std::forward<Fill>(fill), answer_header(), first_words));
  }
};

}  // namespace myelin
