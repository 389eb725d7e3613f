// Workers share a list of tasks: each is claimed, and done, by one of them. What they find lies in a memory that a
// group of validators agrees on, here four in this process that keep nothing.
#include <array>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

#include <myelin/actors/mesh.hpp>
#include <myelin/memory/memory.hpp>
#include <myelin/validator/group.hpp>

#include "tasks.capnp.h"

using namespace std::chrono_literals;

namespace {

constexpr std::array<std::string_view, 6> kTasks = {"alpha", "beta", "gamma", "delta", "epsilon", "zeta"};

class Worker : public myelin::Agent {
 public:
  Worker(std::string name, myelin::Memory memory) : name_{std::move(name)}, memory_{std::move(memory)} {}
  void on_start() override { start(work()); }

 private:
  myelin::Task<> work() {
    for (const std::string_view task : kTasks) {
      // Who is granted the lease has the task to itself, for a minute at most: should it die, another may have it.
      const auto claim = co_await ask(memory_.space("task").claim(task, 1min), 5s);
      if (!claim || !claim->is_granted) continue;
      co_await report(task);
    }
    stop();
  }

  myelin::Task<> report(std::string_view task) {
    const auto fill = [&](Report::Builder report) {
      report.setWorker(name_);
      report.setLetters(static_cast<std::uint32_t>(task.size()));
    };
    const auto written = co_await ask(memory_.space("report").put<Report>(task, fill), 5s);
    if (!written) co_return fail(written.error());
    // Additions of many agents do not conflict.
    const auto counted = co_await ask(memory_.add("done", 1), 5s);
    if (!counted) co_return fail(counted.error());
  }

  std::string name_;
  myelin::Memory memory_;
};

}  // namespace

int main() {
  myelin::Mesh mesh{{.job_threads = 4 * myelin::validator::limits::kJobsPerValidator}};
  auto group = myelin::validator::ValidatorGroup::start(mesh, {.validators = 4});
  if (!group) {
    std::fprintf(stderr, "%s\n", myelin::to_string(group.error()).c_str());
    return 1;
  }
  const auto memory = myelin::Memory::start_session(mesh, group->directory());
  for (const char* name : {"Ada", "Grace", "Barbara"}) mesh.spawn<Worker>(name, memory);

  for (std::int64_t done = 0; done < static_cast<std::int64_t>(kTasks.size());) {
    const auto count = mesh.ask(memory.get("done"), 5s);
    if (!count) return 1;
    done = *count ? (*count)->number() : 0;
  }
  const auto reports = mesh.ask(memory.space("report").search("*"), 5s);
  if (!reports || reports->entries.size() != kTasks.size()) return 1;
  for (const auto& [task, value] : reports->entries) {
    const auto report = value.as<Report>();
    if (!report || (*report)->getLetters() != task.size()) return 1;
    std::printf("%s: %u letters, says %s\n", task.c_str(), (*report)->getLetters(), (*report)->getWorker().cStr());
  }
}
