// From start to end: an agent that is ready only once it has read its data, and a mesh that ends what it has begun.
#include <chrono>
#include <cstdio>
#include <map>
#include <string>

#include <myelin/actors/mesh.hpp>

#include "phone_book.capnp.h"

using namespace std::chrono_literals;

namespace {

using Numbers = std::map<std::string, std::uint64_t>;

/// Stands for a file or a data base: something that one waits for.
Numbers read_numbers() { return {{"Ada", 1815}, {"Grace", 1906}}; }

class PhoneBook : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<PhoneBook>& on) { on.message<&PhoneBook::look>(); }

  /// Messages wait until the numbers are there; nobody is answered from an empty book.
  void on_start() override {
    hold_ready();
    offload(&read_numbers, [this](Numbers numbers) {
      numbers_ = std::move(numbers);
      become_ready();
    });
  }
  void on_stop() override { std::puts("the phone book is closed"); }

 private:
  void look(Look::Reader look, myelin::Reply<Number> reply) {
    const auto found = numbers_.find(look.getName().cStr());
    if (found == numbers_.end()) return reply.fail({myelin::Errc::not_found, "not in the book"});
    reply.send([&](Number::Builder number) { number.setDigits(found->second); });
  }

  Numbers numbers_;
};

}  // namespace

int main() {
  myelin::Mesh mesh;
  const myelin::AgentRef book = mesh.spawn<PhoneBook>();
  if (const auto ready = mesh.wait_ready(book, 10s); !ready) {
    std::fprintf(stderr, "%s\n", myelin::to_string(ready.error()).c_str());
    return 1;
  }
  const auto number = mesh.ask<Number>(
      book, [](Look::Builder look) { look.setName("Grace"); }, 10s);
  if (!number) return 1;
  std::printf("Grace has %llu\n", static_cast<unsigned long long>((*number)->getDigits()));

  const myelin::ShutdownReport report = mesh.shutdown({.drain = 5s, .stop = 5s});
  std::printf("%s; %zu stopped, %zu stuck\n", report.drained ? "all work done" : "out of time", report.stopped,
              report.stuck.size());
  for (const auto& dropped : report.dropped) {
    std::printf("%llu messages dropped: %s\n", static_cast<unsigned long long>(dropped.messages),
                std::string{myelin::to_string(dropped.cause)}.c_str());
  }
  return report.drained && report.stopped == 1 && report.stuck.empty() && (*number)->getDigits() == 1906 ? 0 : 1;
}
