/// An agent for tests that can be looked into: it keeps what it gets, and a test expects it.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "myelin/testkit/test_mesh.hpp"

namespace myelin::testkit {

/// Stands for an agent that the one under test talks to.
///
/// Each expect function runs the mesh until what it waits for has come, and throws ExpectationFailed if nothing moves
/// any more: at the present time, or within the time that it is given.
///
/// **Requires**: destroyed before its mesh.
/// **Thread-safety**: one thread only.
class Probe {
 public:
  /// `name` stands for it in reports and traces.
  explicit Probe(TestMesh& mesh, std::string name = "probe");
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;
  ~Probe();

  [[nodiscard]] const AgentRef& ref() const noexcept { return self_.ref; }
  [[nodiscard]] AgentId id() const noexcept { return self_.ref.id(); }

  /// Tells another agent something, with this probe as sender.
  template <class T = void, class Fill>
  void tell(const AgentRef& to, Fill&& fill, Lane lane = Lane::normal) {
    using Message = typename myelin::detail::MessageOf<T, Fill>::Type;
    mesh_.name_type<Message>();
    mesh_.send(to, make_frame<Message>(std::forward<Fill>(fill), {.sender = id(), .lane = lane}));
  }
  void send(const AgentRef& to, const Frame& frame) {
    mesh_.send(to, frame.with_header({.sender = id(), .lane = frame.lane()}));
  }
  /// Asks, and runs the mesh until there is an answer. **Errors**: those of Mesh::ask().
  template <class R, class T = void, class Fill>
  [[nodiscard]] Result<Held<R>> ask(const AgentRef& to, Fill&& fill, Duration timeout = std::chrono::seconds{1}) {
    using Message = typename myelin::detail::MessageOf<T, Fill>::Type;
    mesh_.name_type<Message>();
    return mesh_.ask_as<R>(self_, to, make_frame<Message>(std::forward<Fill>(fill)), timeout);
  }

  /// Takes the first message of type T for which `match` holds, and which was not taken before; others stay.
  /// `bool match(T::Reader)`.
  template <class T, class Match>
  Held<T> expect(Match&& match, Duration within = Duration::zero()) {
    return take<T>(find(wanted<T>(std::forward<Match>(match), false), within));
  }
  template <class T>
  Held<T> expect(Duration within = Duration::zero()) {
    return expect<T>([](typename T::Reader) { return true; }, within);
  }
  /// Takes the oldest message that was not taken before: it must be of type T, and `match` hold.
  template <class T, class Match>
  Held<T> expect_next(Match&& match, Duration within = Duration::zero()) {
    return take<T>(find(wanted<T>(std::forward<Match>(match), true), within));
  }
  template <class T>
  Held<T> expect_next(Duration within = Duration::zero()) {
    return expect_next<T>([](typename T::Reader) { return true; }, within);
  }
  /// Nothing has come that was not taken, and nothing does until nothing moves, or `within` has passed.
  void expect_none(Duration within = Duration::zero());

  /// Has this probe told when `other` ends.
  void watch(const AgentRef& other);
  /// Waits until `other` has ended, and says how. Watches it, unless that was done: so one may call this late.
  Agent::Down expect_down(const AgentRef& other, Duration within = Duration::zero());

  /// Every message of type T that came so far, taken or not, oldest first. Does not run the mesh.
  template <class T>
  [[nodiscard]] std::vector<Held<T>> received() const {
    std::vector<Held<T>> found;
    for (const Received& message : log_->messages) {
      if (message.frame.type() == kTypeId<T>) found.emplace_back(message.frame, message.index);
    }
    return found;
  }
  /// Messages that came and were not taken.
  [[nodiscard]] std::size_t waiting() const noexcept;

  /// Answers the oldest question that was taken and not answered: `void fill(R::Builder)`.
  /// **Errors**: throws ExpectationFailed if there is none.
  template <class R, class Fill>
  void reply(Fill&& fill) {
    mesh_.name_type<R>();
    ReplyAddress address = taken_question();
    const FrameHeader header = address.answer_header();
    address.send(make_frame<R>(std::forward<Fill>(fill), header));
  }
  /// Ends it with an error instead.
  void reply_error(Error error);

  /// Answers each question of type Q from now on at once, in place of keeping it for expect():
  /// `void answer(Q::Reader, R::Builder)`.
  template <class Q, class R, class Answer>
  void reply_with(Answer&& answer) {
    mesh_.name_type<Q>();
    mesh_.name_type<R>();
    log_->responders[kTypeId<Q>] = [answer = std::forward<Answer>(answer)](const Received& question,
                                                                           ReplyAddress& reply) mutable {
      const Held<Q> held{question.frame, question.index};
      reply.send(make_frame<R>([&](typename R::Builder builder) { answer(*held, builder); }, reply.answer_header()));
    };
  }

 private:
  struct Wanted {
    TypeId type;
    std::string name;
    bool next_only;
    std::function<bool(const Received&)> match;
    std::function<std::string(const Received&)> show;
  };

  template <class T, class Match>
  [[nodiscard]] Wanted wanted(Match&& match, bool next_only) {
    static_assert(std::is_invocable_r_v<bool, Match, typename T::Reader>, "match must be `bool match(T::Reader)`");
    mesh_.name_type<T>();
    return {kTypeId<T>, mesh_.type_name(kTypeId<T>), next_only,
            [&match](const Received& message) {
              return match(*Held<T>{message.frame, message.index});
            },
            [](const Received& message) {
              return std::string{kj::str(*Held<T>{message.frame, message.index}).cStr()};
            }};
  }
  template <class T>
  [[nodiscard]] Held<T> take(Received& message) {
    message.taken = true;
    return Held<T>{message.frame, message.index};
  }
  [[nodiscard]] Received& find(const Wanted& wanted, Duration within);
  [[nodiscard]] std::string what_came(const Wanted* wanted) const;
  [[nodiscard]] ReplyAddress taken_question();

  TestMesh& mesh_;
  std::string name_;
  std::shared_ptr<ProbeLog> log_;
  TestMesh::Outsider self_;
  std::vector<AgentId> watched_;
};

}  // namespace myelin::testkit
