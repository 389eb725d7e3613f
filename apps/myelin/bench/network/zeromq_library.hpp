/// ZeroMQ's functions, found at run time, and sockets that close themselves. Only where zmq.h is there.
#pragma once

#include <zmq.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "myelin/base/result.hpp"

namespace myelin::tool::network_bench::zeromq {

/// The functions of the library, each under its own name.
struct Library {
#define MYELIN_ZMQ_FUNCTIONS(X) \
  X(zmq_ctx_new)                \
  X(zmq_ctx_term)               \
  X(zmq_socket)                 \
  X(zmq_close)                  \
  X(zmq_bind)                   \
  X(zmq_connect)                \
  X(zmq_setsockopt)             \
  X(zmq_getsockopt)             \
  X(zmq_send)                   \
  X(zmq_recv)                   \
  X(zmq_msg_init)               \
  X(zmq_msg_init_size)          \
  X(zmq_msg_data)               \
  X(zmq_msg_size)               \
  X(zmq_msg_send)               \
  X(zmq_msg_recv)               \
  X(zmq_msg_close)              \
  X(zmq_errno)                  \
  X(zmq_strerror)
#define MYELIN_ZMQ_POINTER(name) decltype(&::name) name = nullptr;
  MYELIN_ZMQ_FUNCTIONS(MYELIN_ZMQ_POINTER)
#undef MYELIN_ZMQ_POINTER

  /// The one of this process; kept until it ends. **Errors**: not_found. **Thread-safety**: thread-safe.
  [[nodiscard]] static Result<const Library*> get();

  [[nodiscard]] tl::unexpected<Error> failure(const char* what) const {
    return fail(Errc::io_error, std::string{"ZeroMQ: "} + what + ": " + zmq_strerror(zmq_errno()));
  }
};

/// **Requires**: its sockets are closed first.
class Context {
 public:
  explicit Context(const Library& zmq) : zmq_{zmq}, context_{zmq.zmq_ctx_new()} {}
  ~Context() { zmq_.zmq_ctx_term(context_); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  [[nodiscard]] void* get() const noexcept { return context_; }
  [[nodiscard]] const Library& zmq() const noexcept { return zmq_; }

 private:
  const Library& zmq_;
  void* context_;
};

/// **Thread-safety**: one thread at a time.
class Socket {
 public:
  Socket(const Context& context, int type) : zmq_{context.zmq()}, socket_{zmq_.zmq_socket(context.get(), type)} {
    set(ZMQ_LINGER, 0);
  }
  ~Socket() { zmq_.zmq_close(socket_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  [[nodiscard]] void* get() const noexcept { return socket_; }
  void set(int option, int value) const { zmq_.zmq_setsockopt(socket_, option, &value, sizeof value); }
  /// On a free port of this machine, which it returns: "tcp://127.0.0.1:4711".
  [[nodiscard]] Result<std::string> bind() const {
    if (zmq_.zmq_bind(socket_, "tcp://127.0.0.1:*") != 0) return zmq_.failure("cannot listen");
    char address[256];
    std::size_t size = sizeof address;
    if (zmq_.zmq_getsockopt(socket_, ZMQ_LAST_ENDPOINT, address, &size) != 0) return zmq_.failure("has no address");
    return std::string{address};
  }
  [[nodiscard]] Result<void> connect(const std::string& address) const {
    if (zmq_.zmq_connect(socket_, address.c_str()) != 0) return zmq_.failure("cannot connect");
    return {};
  }

 private:
  const Library& zmq_;
  void* socket_;
};

}  // namespace myelin::tool::network_bench::zeromq
