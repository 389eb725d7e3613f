#include <dlfcn.h>
#include <fmt/format.h>

#include <thread>

#include "bench/network/items.hpp"
#include "bench/network/zeromq.hpp"
#include "bench/network/zeromq_library.hpp"

namespace myelin::tool::network_bench::zeromq {

Result<const Library*> Library::get() {
  static Library library;
  static const bool found = [] {
    void* const opened = ::dlopen("libzmq.so.5", RTLD_NOW | RTLD_LOCAL);
    bool all = opened != nullptr;
#define MYELIN_ZMQ_FIND(name)                                                                               \
  library.name = reinterpret_cast<decltype(&::name)>(opened == nullptr ? nullptr : ::dlsym(opened, #name)); \
  all = all && library.name != nullptr;
    MYELIN_ZMQ_FUNCTIONS(MYELIN_ZMQ_FIND)
#undef MYELIN_ZMQ_FIND
    return all;
  }();
  if (found) return &library;
  return fail(Errc::not_found, "no ZeroMQ on this machine; install libzmq5 to compare with it");
}

Result<void> load() {
  const auto library = Library::get();
  if (!library) return tl::unexpected{library.error()};
  return {};
}

namespace {

/// Counts messages; an empty one asks how many there were since the last.
void count_messages(const Library& zmq, const Socket& in, const Socket& out) {
  std::uint64_t count = 0, checksum = 0;
  zmq_msg_t message;
  zmq.zmq_msg_init(&message);
  while (zmq.zmq_msg_recv(&message, in.get(), 0) >= 0) {
    const std::size_t size = zmq.zmq_msg_size(&message);
    if (size == 0) {
      zmq.zmq_send(out.get(), &count, sizeof count, 0);
      count = 0;
      continue;
    }
    checksum += look_at_items({static_cast<const char*>(zmq.zmq_msg_data(&message)), size});
    ++count;
  }
  zmq.zmq_msg_close(&message);
  zmq.zmq_send(out.get(), &checksum, sizeof checksum, ZMQ_DONTWAIT);  // so that it is computed
}

void answer_questions(const Library& zmq, const Socket& socket) {
  std::uint64_t number = 0;
  while (zmq.zmq_recv(socket.get(), &number, sizeof number, 0) >= 0) {
    zmq.zmq_send(socket.get(), &number, sizeof number, 0);
  }
}

}  // namespace

Result<void> serve() {
  const auto library = Library::get();
  if (!library) return tl::unexpected{library.error()};
  const Library& zmq = **library;
  // For as long as the process runs: whoever waits in a socket must not find it gone.
  static const Context context{zmq};
  static const Socket in{context, ZMQ_PULL}, counts{context, ZMQ_PUSH}, questions{context, ZMQ_REP};
  const auto in_address = in.bind(), counts_address = counts.bind(), questions_address = questions.bind();
  if (!in_address) return tl::unexpected{in_address.error()};
  if (!counts_address) return tl::unexpected{counts_address.error()};
  if (!questions_address) return tl::unexpected{questions_address.error()};
  std::thread{[&zmq] { count_messages(zmq, in, counts); }}.detach();
  std::thread{[&zmq] { answer_questions(zmq, questions); }}.detach();
  say_and_wait(fmt::format("{} {} {}", *in_address, *counts_address, *questions_address));
  std::_Exit(0);
}

}  // namespace myelin::tool::network_bench::zeromq
