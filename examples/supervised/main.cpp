// A worker that fails now and then, and a supervisor that restarts it. One worker hands its state on to its successor,
// the other starts afresh. The job that a worker failed at goes to the dead letters: nobody tries it again.
#include <chrono>
#include <cstdio>
#include <stdexcept>
#include <string>

#include <myelin/actors/mesh.hpp>
#include <myelin/actors/restart.hpp>
#include <myelin/actors/supervisor.hpp>

#include "jobs.capnp.h"

namespace {

constexpr std::uint64_t kJobs = 5000;
/// Jobs 777, 1777, 2777, ... are more than a worker can take.
bool is_poison(std::uint64_t job) { return job % 1000 == 777; }

class Worker : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Worker>& on) {
    on.message<&Worker::work>();
    on.message<&Worker::totals>();
  }

 protected:
  void work(Job::Reader job) {
    if (is_poison(job.getNumber())) throw std::runtime_error{"job " + std::to_string(job.getNumber()) + " is poison"};
    ++done_;
  }
  void totals(GetTotals::Reader, myelin::Reply<Totals> reply) {
    reply.send([&](Totals::Builder totals) {
      totals.setDone(done_);
      totals.setRestarts(restarts_);
    });
  }

  std::uint64_t done_ = 0, restarts_ = 0;
};

class CarefulWorker : public Worker {
 public:
  static void handlers(myelin::Handlers<CarefulWorker>& on) {
    on.message<&CarefulWorker::work>();
    on.message<&CarefulWorker::totals>();
  }

  void on_restart(myelin::Restart& restart) override {
    if (const auto* before = restart.predecessor<CarefulWorker>()) {
      done_ = before->done_;
      restarts_ = before->restarts_ + 1;
    }
  }
};

}  // namespace

int main() {
  myelin::Mesh mesh;
  const auto spec = myelin::SupervisorSpec{}
                        .one_for_one()
                        .restarts(20, std::chrono::seconds{10})
                        .backoff({.initial = std::chrono::milliseconds{1}, .max = std::chrono::milliseconds{20}})
                        .child<CarefulWorker>("careful")
                        .child<Worker>("forgetful");
  const myelin::AgentRef tree = mesh.spawn<myelin::Supervisor>(spec);

  bool right = true;
  for (const char* name : {"careful", "forgetful"}) {
    const myelin::AgentRef worker = mesh.child(tree, name);
    for (std::uint64_t number = 0; number < kJobs; ++number) {
      mesh.tell(worker, [&](Job::Builder job) { job.setNumber(number); });
    }
    const auto totals = mesh.ask<Totals>(
        worker, [](GetTotals::Builder) {}, std::chrono::seconds{10});
    if (!totals) {
      std::fprintf(stderr, "no totals: %s\n", myelin::to_string(totals.error()).c_str());
      return 1;
    }
    std::printf("the %s worker remembers %llu of %llu jobs, after restarts that it counts as %llu\n", name,
                static_cast<unsigned long long>((*totals)->getDone()), static_cast<unsigned long long>(kJobs),
                static_cast<unsigned long long>((*totals)->getRestarts()));
    const std::uint64_t remembered = name == std::string{"careful"} ? kJobs - 5 : 222;  // since the last poison, 4777
    right &= (*totals)->getDone() == remembered;
  }

  for (const myelin::DeadLetter& letter : mesh.dead_letters().recent()) {
    const myelin::Batch<Job> jobs{letter.frame};
    std::printf("dead letter for agent %llu: job %llu, %s\n", static_cast<unsigned long long>(letter.receiver),
                static_cast<unsigned long long>(jobs[letter.first].getNumber()),
                std::string{myelin::to_string(letter.cause)}.c_str());
    right &= letter.cause == myelin::Errc::handler_failed && is_poison(jobs[letter.first].getNumber());
  }
  return right && mesh.dead_letters().count(myelin::Errc::handler_failed) == 10 ? 0 : 1;
}
