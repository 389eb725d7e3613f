// Agents on two nodes: workers look for a foreman, sign up with their addresses, and are given work. Both nodes are in
// one program here; in two, on two machines, nothing of the agents would change.
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <myelin/actors/agent.hpp>
#include <myelin/actors/mesh.hpp>
#include <myelin/cluster/cluster.hpp>

#include "work.capnp.h"

using namespace std::chrono_literals;
using example::SignedUp;
using example::SignUp;
using example::Square;
using example::Squared;
using example::Sum;
using example::Total;
using myelin::cluster::Directory;

namespace {

class Worker : public myelin::Agent {
 public:
  explicit Worker(Directory directory) : directory_{std::move(directory)} {}

  static void handlers(myelin::Handlers<Worker>& on) { on.message<&Worker::square>(); }
  void on_start() override { start(sign_up()); }

 private:
  myelin::Task<> sign_up() {
    const auto address = directory_.address_of(self());
    while (address) {
      // Nobody knows on which node it is, or whether it is there yet.
      const auto foreman = co_await ask(directory_.find("foreman"), 2s);
      if (foreman) {
        const auto signed_up = co_await ask<SignedUp>(
            *foreman, [&](SignUp::Builder up) { up.setWorker(to_string(*address)); }, 2s);
        if (signed_up) co_return;
      }
      co_await sleep(20ms);
    }
  }

  void square(Square::Reader question, myelin::Reply<Squared> reply) {
    reply.send([&](Squared::Builder answer) { answer.setNumber(question.getNumber() * question.getNumber()); });
  }

  const Directory directory_;
};

class Foreman : public myelin::Agent {
 public:
  explicit Foreman(Directory directory) : directory_{std::move(directory)} {}

  static void handlers(myelin::Handlers<Foreman>& on) {
    on.message<&Foreman::sign_up>();
    on.message<&Foreman::sum>();
  }

 private:
  void sign_up(SignUp::Reader up, myelin::Reply<SignedUp> reply) {
    const auto address = myelin::cluster::parse_address(up.getWorker().cStr());
    if (!address) return reply.fail(address.error());
    auto worker = directory_.resolve(*address);
    if (!worker) return reply.fail(worker.error());
    workers_.push_back(*std::move(worker));
    start(keep_an_eye_on(*address));
    reply.send([](SignedUp::Builder) {});
  }

  /// A worker that has ended, or whose node is lost, is given no more work.
  myelin::Task<> keep_an_eye_on(myelin::cluster::AgentAddress address) {
    for (;;) {
      const auto end = co_await ask(directory_.monitor(address), 1h);
      if (!end && end.error().code == myelin::Errc::timeout) continue;  // it still runs
      const auto worker = directory_.resolve(address);
      if (worker) std::erase(workers_, *worker);
      co_return;
    }
  }

  myelin::Task<Total> sum(myelin::Held<Sum> question) {
    std::uint64_t sum = 0;
    for (std::uint64_t number = 1; number <= question->getUpTo(); ++number) {
      const auto squared = co_await square(number);
      if (!squared) co_return tl::unexpected{squared.error()};
      sum += (*squared)->getNumber();
    }
    co_return [sum, workers = workers_.size()](Total::Builder total) {
      total.setSum(sum);
      total.setWorkers(workers);
    };
  }

  /// Tries several workers, for any of them may be lost.
  myelin::Task<Squared> square(std::uint64_t number) {
    for (int attempt = 0; attempt < 3; ++attempt) {
      if (workers_.empty()) co_return myelin::fail(myelin::Errc::unreachable, "there are no workers");
      const myelin::AgentRef worker = workers_[next_++ % workers_.size()];
      auto squared = co_await ask<Squared>(
          worker, [&](Square::Builder square) { square.setNumber(number); }, 2s);
      if (squared) co_return std::move(*squared);
      switch (squared.error().code) {
        case myelin::Errc::unreachable:    // it was not sent
        case myelin::Errc::receiver_dead:  // these may have been done: twice does no harm here
        case myelin::Errc::outcome_unknown: continue;
        default: co_return tl::unexpected{squared.error()};
      }
    }
    co_return myelin::fail(myelin::Errc::unreachable, "three workers were lost");
  }

  const Directory directory_;
  std::vector<myelin::AgentRef> workers_;
  std::size_t next_ = 0;
};

int complain(const myelin::Error& error) {
  std::fprintf(stderr, "%s\n", myelin::to_string(error).c_str());
  return 1;
}

}  // namespace

int main() {
  using myelin::cluster::Cluster;
  myelin::Mesh north_mesh{{.workers = 1}};
  // `insecure`: no TLS, and whoever reaches the port is believed. Else it takes .credentials =
  // load_credentials("certs/north").
  auto north = Cluster::join(north_mesh, {.name = "north", .insecure = true});
  if (!north) return complain(north.error());

  myelin::Mesh south_mesh{{.workers = 1}};
  auto south = Cluster::join(south_mesh, {.name = "south", .insecure = true, .seeds = {north->node().address()}});
  if (!south) return complain(south.error());

  for (int i = 0; i < 3; ++i) south_mesh.spawn<Worker>(south->directory());
  const auto foreman = north_mesh.spawn<Foreman>(north->directory());
  if (const auto done = north->publish("foreman", foreman); !done) return complain(done.error());

  for (;;) {
    const auto total = north_mesh.ask<Total>(
        foreman, [](Sum::Builder sum) { sum.setUpTo(10); }, 10s);
    if (total && (*total)->getWorkers() == 3) {
      std::printf("the squares of 1 to 10 add up to %llu\n", static_cast<unsigned long long>((*total)->getSum()));
      return (*total)->getSum() == 385 ? 0 : 1;
    }
    if (!total && total.error().code != myelin::Errc::unreachable) return complain(total.error());
  }
}
