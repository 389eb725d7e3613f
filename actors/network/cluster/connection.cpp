#include "connection.hpp"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "myelin/network/limits.hpp"

namespace myelin::network {

namespace {

using caf::io::network::operation;

/// Reads, or bursts, before others have their turn.
constexpr int kReadsMax = 16;
constexpr int kBurstsMax = 8;

/// After so long without sending, the thread that sends writes to the socket itself. Measured: always writing at once
/// costs nine tenths of the rate of small messages, never doing so 20 us of a round trip.
constexpr std::int64_t kSilenceNs = 30'000;

/// So much may wait in the kernel that the network has not taken, so that control need not wait behind more.
constexpr int kUnsentInKernelBytes = 64 << 10;

std::int64_t count_ns(TimePoint time) { return time.time_since_epoch().count(); }

}  // namespace

Connection::Connection(std::shared_ptr<EventLoop> loop, ConnectionOwner& owner, const Settings& settings, Opened opened)
    : event_handler{loop->multiplexer(), opened.socket},
      loop_{std::move(loop)},
      owner_{owner},
      settings_{settings},
      transport_{std::move(opened.transport)},
      dialled_{opened.dialled},
      expected_{std::move(opened.expected)},
      state_{opened.connecting ? State::connecting : State::securing},
      reader_{*this} {
  // No matter if it fails: then control waits longer.
  static_cast<void>(
      ::setsockopt(fd(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentInKernelBytes, sizeof kUnsentInKernelBytes));
}

void Connection::begin() {
  const TimePoint now = Clock::now();
  begun_at_ = last_read_ = now;
  if (!dialled_) came_from_ = remote_address().text();
  loop_->at(now + settings_.set_up_max, [self = weak_from_this()] {
    const auto connection = self.lock();
    if (connection == nullptr || connection->state_ == State::open) return;
    connection->close({Errc::timeout, "the connection was not set up in time"});
  });
  if (state_ == State::connecting) {
    want_to_write(true);
  } else {
    activate();
    set_up();
  }
}

void Connection::close(const Error& why) {
  if (state_ == State::closed) return;
  state_ = State::closed;
  backend().del(operation::read, fd(), this);
  backend().del(operation::write, fd(), this);
  ::shutdown(fd(), SHUT_RDWR);  // closed with the last reference: another thread may be writing
  // The owner first: whoever hears from the peer that his question came to nothing finds the node not connected.
  owner_.on_closed(*this, why);
  if (peer_ != nullptr) peer_->detach(session_, why);
  inbound_.reset();
}

void Connection::handle_event(operation event) {
  const auto keep = shared_from_this();
  if (state_ == State::closed) return;
  if (event == operation::propagate_error) {
    int cause = 0;
    socklen_t size = sizeof cause;
    ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &cause, &size);
    close({Errc::unreachable, cause == 0 ? "the connection broke" : text_of_errno(cause)});
  } else if (state_ == State::connecting || state_ == State::securing) {
    set_up();
  } else if (event == operation::read) {
    read();
  } else if (wants_to_write_) {  // else another thread may be writing: this event is out of date
    write();
  }
}

void Connection::want_to_write(bool want) {
  if (std::exchange(wants_to_write_, want) == want) return;
  if (want) {
    backend().add(operation::write, fd(), this);
  } else {
    backend().del(operation::write, fd(), this);
  }
}

// -- setting up ------------------------------------------------------------------------------------------------------

void Connection::set_up() {
  if (state_ == State::connecting) {
    int cause = 0;
    socklen_t size = sizeof cause;
    ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &cause, &size);
    if (cause != 0) return close({Errc::unreachable, text_of_errno(cause)});
    state_ = State::securing;
    activate();
  }
  const Result<Transport::Progress> progress = transport_->set_up();
  if (!progress) return close(progress.error());
  want_to_write(*progress == Transport::Progress::wants_to_write);
  if (*progress == Transport::Progress::done) greet();
}

void Connection::greet() {
  state_ = State::greeting;
  if (dialled_) {
    burst_.add(hello_record({.who = settings_.self, .incarnation = settings_.incarnation}), TimePoint{});
    write();
  }
  if (state_ != State::closed && transport_->reads_ahead()) read();  // the greeting may be here already
}

Result<void> Connection::take_greeting(std::span<const std::byte> payload) {
  Result<Greeting> greeting = read_hello(payload);
  if (!greeting) return tl::unexpected{std::move(greeting).error()};
  Result<void> checked = check_greeting(*greeting, transport_->identity(), settings_.self, dialled_, expected_);
  if (!checked && !dialled_ && greeting->incarnation == settings_.incarnation &&
      greeting->who.node == settings_.self.node) {
    owner_.on_own_greeting(*this);
  }
  if (checked) checked = owner_.on_greeting(*this, *greeting);
  if (!checked) {
    if (dialled_) return checked;
    refuse(checked.error());
    return {};
  }
  greeting_ = *std::move(greeting);
  if (dialled_) return open();
  state_ = State::offered;
  burst_.add(hello_record({.who = settings_.self, .incarnation = settings_.incarnation}), TimePoint{});
  write();
  return {};
}

Result<void> Connection::open() {
  Result<std::shared_ptr<Peer>> peer = owner_.on_agreed(*this, greeting_);
  if (!peer) return tl::unexpected{std::move(peer).error()};
  peer_ = *std::move(peer);
  session_ = peer_->attach(shared_from_this());
  inbound_ = std::make_unique<Inbound>(
      InboundRoute::Session{.mesh = settings_.mesh,
                            .exports = settings_.exports,
                            .peer = peer_,
                            .number = session_,
                            .post = [loop = std::weak_ptr{loop_}](std::function<void()> call) {
                              if (const auto running = loop.lock()) running->post(std::move(call));
                            }});
  state_ = State::open;
  opened_at_ = last_beat_ = Clock::now();
  inbound_->set_time(opened_at_);  // more may have come with the greeting
  loop_->at(opened_at_ + settings_.heartbeat, [self = weak_from_this()] {
    if (const auto connection = self.lock()) connection->beat();
  });
  if (dialled_) static_cast<void>(peer_->ping());  // the record that opens it on the other side
  owner_.on_open(*this);
  write();
  return {};
}

Result<void> Connection::require_open() {
  if (state_ == State::offered) {
    if (Result<void> opened = open(); !opened) return opened;
    if (state_ != State::open) return fail(Errc::unreachable, "the connection was closed as it was opened");
  }
  if (state_ != State::open) return fail(Errc::bad_frame, "something else than a greeting came first");
  confirmed_ = true;
  return {};
}

/// A node with TLS has nothing to say to one without.
Error Connection::in_words(Error why) const {
  if (state_ == State::greeting && dialled_ && !transport_->identity()) {
    why.message += " before it had said who it is: perhaps it speaks TLS, and this side is told not to";
  }
  return why;
}

void Connection::refuse(const Error& why) {
  state_ = State::refusing;
  refusal_ = why;
  burst_.add(refusal_record(why), TimePoint{});
  write();
}

// -- reading ---------------------------------------------------------------------------------------------------------

void Connection::read() {
  last_read_ = Clock::now();
  for (int reads = 0; reads < kReadsMax; ++reads) {
    const Room room = reader_.room();
    const Result<std::size_t> count = transport_->read(room);
    if (!count) return close(in_words(count.error()));
    if (*count == 0) return;
    if (inbound_ != nullptr) inbound_->set_time(Clock::now());
    if (state_ != State::refusing) {
      if (const Result<void> done = reader_.received(*count); !done) return close(done.error());
      if (state_ == State::closed) return;
    }
    if (!transport_->reads_ahead() && *count < room[0].size() + room[1].size()) break;
    if (reads + 1 == kReadsMax && !std::exchange(reads_again_, true)) {
      loop_->post([self = weak_from_this()] {
        const auto connection = self.lock();
        if (connection == nullptr) return;
        connection->reads_again_ = false;
        if (connection->state_ != State::closed) connection->read();
      });
    }
  }
  if (peer_ != nullptr && peer_->is_clogged()) {
    close({Errc::overloaded, "the other node asks, and does not read the answers"});
  }
}

Result<void> Connection::on_record(const RecordHeader& header, std::span<const std::byte> payload) {
  if (state_ == State::open || state_ == State::offered) {
    if (Result<void> opened = require_open(); !opened) return opened;
    return inbound_->on_record(header, payload);
  }
  if (state_ != State::greeting) return {};
  if (header.kind == RecordKind::hello) return take_greeting(payload);
  if (header.kind == RecordKind::refusal && dialled_) {
    Result<Error> why = decode_error(payload);
    if (why) {
      why->message = fmt::format(
          "{} refuses: {}", expected_.empty() ? "the other node" : fmt::format("node '{}'", expected_), why->message);
    }
    return tl::unexpected{why ? *std::move(why) : std::move(why).error()};
  }
  return fail(Errc::bad_frame, "something else than a greeting came first");
}

Result<std::span<std::byte>> Connection::on_part(const RecordHeader& header) {
  if (const Result<void> opened = require_open(); !opened) return tl::unexpected{opened.error()};
  return inbound_->on_part(header);
}

Result<void> Connection::on_part_complete(const RecordHeader& header) { return inbound_->on_part_complete(header); }

// -- writing ---------------------------------------------------------------------------------------------------------

void Connection::wake() noexcept {
  const std::int64_t now = count_ns(Clock::now());
  if (now - last_write_ns_.exchange(now, std::memory_order_relaxed) > kSilenceNs) {
    // The second finds nothing more, as a rule.
    if (write_burst() == Written::all || (!blocked_ && broken_.message.empty() && write_burst() == Written::all))
      return;
  }
  loop_->post([self = weak_from_this()] {
    if (const auto connection = self.lock()) connection->write();
  });
}

/// Writes one burst. After `all` this thread must not write any more.
Connection::Written Connection::write_burst() {
  if (!blocked_ && burst_.empty()) {
    burst_.clear();
    if (peer_ == nullptr || !peer_->compose(session_, burst_, Clock::now())) return Written::all;
  }
  const Result<bool> written = transport_->write(burst_);
  if (!written) {
    broken_ = written.error();
    return Written::broken;
  }
  blocked_ = !*written;
  return blocked_ ? Written::blocked : Written::some;
}

void Connection::write() {
  if (state_ == State::closed) return;
  last_write_ns_.store(count_ns(Clock::now()), std::memory_order_relaxed);
  for (int bursts = 0; bursts < kBurstsMax; ++bursts) {
    switch (write_burst()) {
      case Written::all:
        want_to_write(false);
        if (state_ == State::refusing) ::shutdown(fd(), SHUT_WR);
        return;
      case Written::some: break;
      case Written::blocked: want_to_write(true); return;
      case Written::broken: close(broken_); return;
    }
  }
  // Others have their turn. Not by post(): the event and the call could both come, and the second would find that
  // another thread writes.
  want_to_write(true);
}

void Connection::beat() {
  if (state_ != State::open) return;
  const TimePoint now = Clock::now();
  // If this process was stopped for a while, what has come meanwhile is read first.
  const bool late = now - last_beat_ > 2 * settings_.heartbeat;
  last_beat_ = now;
  if (!late && now - last_read_ > settings_.silence_max) {
    const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(now - last_read_);
    return close({Errc::unreachable, fmt::format("nothing came from node '{}' for {} ms", other(), silence.count())});
  }
  static_cast<void>(peer_->ping());
  loop_->at(now + settings_.heartbeat, [self = weak_from_this()] {
    if (const auto connection = self.lock()) connection->beat();
  });
}

}  // namespace myelin::network
