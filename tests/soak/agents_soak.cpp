// A soak: many clients ask and tell a few supervised workers that crash at random, agents come and go in the middle of
// their questions, coroutines wait for several at once, and mailboxes overflow. At the end everything must add up:
// what was acknowledged was done, what was told was handled or is a dead letter, and nobody was leaked.
#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <unistd.h>

#include "myelin/actors/group.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/actors/supervisor.hpp"
#include "samples.capnp.h"

using myelin::AgentRef;
using myelin::Errc;
using myelin::Held;
using myelin::Reply;
using myelin::Result;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t kClients = 64;
constexpr std::uint64_t kQuestionsOpenMax = 32;  // a client's
constexpr std::size_t kWorkers = 4;
constexpr std::size_t kLedgerSlots = 256;
/// Shorter runs say nothing about memory. Nor do those under the address sanitizer, which holds back what is freed.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::uint64_t kSecondsToJudgeMemory = UINT64_MAX;
#else
constexpr std::uint64_t kSecondsToJudgeMemory = 60;
#endif
static_assert(kQuestionsOpenMax * 2 <= kLedgerSlots, "an entry is looked at before it is written over");

struct Counts {
  std::atomic<std::uint64_t> asked{0}, acknowledged{0}, failed{0}, lost_acknowledgements{0};
  std::atomic<std::uint64_t> told{0}, handled{0}, dead{0};
  std::atomic<std::uint64_t> crashes{0}, overloaded{0}, timeouts{0};
  std::atomic<std::int64_t> agents{0}, coroutines{0};
  std::atomic<bool> stop{false};
};

/// What the workers did, outside of them, so that it outlives their crashes.
struct Ledger {
  std::array<std::array<std::atomic<std::uint64_t>, kLedgerSlots>, kClients> slots{};
  void write(std::uint64_t client, std::uint64_t number) {
    // A question that was given up may be done late, after a younger one that shares its place.
    std::atomic<std::uint64_t>& slot = slots[client][number % kLedgerSlots];
    std::uint64_t seen = slot;
    while (seen < number && !slot.compare_exchange_weak(seen, number)) {
    }
  }
  [[nodiscard]] bool holds(std::uint64_t client, std::uint64_t number) const {
    return slots[client][number % kLedgerSlots] >= number;
  }
};

/// Counts what lives.
class Alive {
 public:
  explicit Alive(std::atomic<std::int64_t>& count) : count_{count} { ++count_; }
  Alive(const Alive&) = delete;
  Alive& operator=(const Alive&) = delete;
  ~Alive() { --count_; }

 private:
  std::atomic<std::int64_t>& count_;
};

struct World {
  Counts counts;
  Ledger ledger;
  std::vector<AgentRef> workers;
};

/// Does what it is asked, writes it down, and then says so. Crashes once in some thousand messages.
class Worker : public myelin::Agent {
 public:
  explicit Worker(World* world) : world_{*world}, alive_{world->counts.agents} {}
  static void handlers(myelin::Handlers<Worker>& on) {
    on.message<&Worker::work>();
    on.message<&Worker::tick>();
  }

 private:
  void work(samples::Note::Reader note, Reply<samples::Tick> reply) {
    maybe_crash();  // before: not done, not acknowledged
    world_.ledger.write(note.getId() >> 40, note.getId() & ((std::uint64_t{1} << 40) - 1));
    if (chance_() % 64 == 0) return kept_.push_back(std::move(reply));  // later, or never
    reply.send([](samples::Tick::Builder) {});
    maybe_crash();  // after: done and acknowledged, though the agent fails
    if (kept_.size() > 16) kept_.erase(kept_.begin());
  }
  void tick(samples::Tick::Reader) {
    maybe_crash();
    ++world_.counts.handled;
  }
  void maybe_crash() {
    if (chance_() % 5000 != 0) return;
    ++world_.counts.crashes;
    throw std::runtime_error{"crashes now and then"};
  }

  World& world_;
  Alive alive_;
  std::minstd_rand chance_{std::random_device{}()};
  std::vector<Reply<samples::Tick>> kept_;
};

/// Keeps some questions open, tells ticks beside them, and checks each acknowledgement.
class Client : public myelin::Agent {
 public:
  Client(World& world, std::uint64_t number)
      : world_{world}, number_{number}, alive_{world.counts.agents}, chance_(static_cast<unsigned>(number + 1)) {}
  void on_start() override {
    for (std::uint64_t open = 0; open < kQuestionsOpenMax; ++open) ask_next();
  }

 private:
  void ask_next() {
    if (world_.counts.stop) return;
    const std::uint64_t question = next_++;
    const AgentRef& worker = world_.workers[chance_() % world_.workers.size()];
    ++world_.counts.asked;
    ask<samples::Tick>(
        worker, [&](samples::Note::Builder note) { note.setId(number_ << 40 | question); }, 200ms,
        [this, question](Result<Held<samples::Tick>> answer) {
          if (answer) {
            ++world_.counts.acknowledged;
            if (!world_.ledger.holds(number_, question)) ++world_.counts.lost_acknowledgements;
          } else {
            ++world_.counts.failed;
            if (answer.error().code == Errc::timeout) ++world_.counts.timeouts;
            if (answer.error().code == Errc::overloaded) ++world_.counts.overloaded;
          }
          ask_next();
        });
    for (int ticks = 0; ticks < 8; ++ticks) {
      ++world_.counts.told;
      tell(world_.workers[chance_() % world_.workers.size()], [](samples::Tick::Builder) {});
    }
  }

  World& world_;
  const std::uint64_t number_;
  Alive alive_;
  std::uint64_t next_ = 1;
  std::minstd_rand chance_;
};

/// Lives for one coroutine, which is often destroyed while it waits.
class Mayfly : public myelin::Agent {
 public:
  explicit Mayfly(World& world) : world_{world}, alive_{world.counts.agents} {}
  void on_start() override { start(live()); }

 private:
  myelin::Task<> live() {
    const Alive alive{world_.counts.coroutines};
    std::vector<myelin::PendingAnswer<samples::Tick>> questions;
    for (const AgentRef& worker : world_.workers) {
      questions.push_back(ask<samples::Tick>(
          worker, [](samples::Note::Builder note) { note.setId(std::uint64_t{kClients - 1} << 40); }, 50ms));
    }
    if (id() % 3 == 0) stop();  // with its questions open: the coroutine is destroyed where it waits
    co_await myelin::any(myelin::all(std::move(questions)), sleep(20ms));
    if (id() % 3 == 1) throw std::runtime_error{"fails in the middle"};
    stop();
  }

  World& world_;
  Alive alive_;
};

std::size_t resident_bytes() {
  std::ifstream file{"/proc/self/statm"};
  std::size_t total = 0, resident = 0;
  file >> total >> resident;
  return resident * static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
}

int usage() {
  fmt::print(
      stderr,
      "Usage: soak_agents [--seconds N]\n\nRuns agents that crash at random under full load for N seconds (default "
      "10), and checks that everything adds up.\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seconds = 10;
  if (argc == 3 && std::string_view{argv[1]} == "--seconds") {
    const std::string_view text = argv[2];
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || seconds == 0) return usage();
  } else if (argc != 1) {
    return usage();
  }

  World world;
  Counts& counts = world.counts;
  std::size_t warm = 0, last = 0;  // bytes in the middle, and at the end
  std::size_t stuck = 0;
  {
    myelin::Mesh mesh{{.workers = 2}};
    mesh.dead_letters()
        .observe([&](const myelin::DeadLetter& letter) {
          if (letter.frame && letter.frame.type() == myelin::kTypeId<samples::Tick> &&
              letter.frame.correlation() == 0) {
            counts.dead += letter.messages;
          }
        })
        .detach();

    // Reactions of every kind; the small one overflows all the time.
    myelin::SupervisorSpec spec;
    spec.restarts(1'000'000'000, 1s).backoff({.initial = 1ms, .max = 5ms, .jitter = 0.5});
    using myelin::MailboxOptions;
    using myelin::Overload;
    const std::array<MailboxOptions, kWorkers> mailboxes{
        MailboxOptions{}, MailboxOptions{.capacity = 512},
        MailboxOptions{.capacity = 256, .when_full = Overload::reject},
        MailboxOptions{.capacity = 256, .when_full = Overload::drop_oldest}};
    for (std::size_t index = 0; index < kWorkers; ++index) {
      myelin::ChildSpec child = myelin::child_spec<Worker>("worker " + std::to_string(index), &world);
      child.options.mailbox = mailboxes[index];
      spec.add(std::move(child));
    }
    const AgentRef supervisor = mesh.spawn<myelin::Supervisor>(std::move(spec));
    for (std::size_t index = 0; index < kWorkers; ++index) {
      world.workers.push_back(mesh.child(supervisor, "worker " + std::to_string(index)));
    }
    for (std::size_t client = 0; client < kClients; ++client) mesh.spawn<Client>(world, client);

    const auto began = std::chrono::steady_clock::now();
    const auto ends = began + std::chrono::seconds{seconds};
    auto report = began + 1s;
    while (std::chrono::steady_clock::now() < ends) {
      for (int flies = 0; flies < 20; ++flies) mesh.spawn<Mayfly>(world);
      std::this_thread::sleep_for(10ms);
      const auto now = std::chrono::steady_clock::now();
      if (now < report) continue;
      report += std::clamp(std::chrono::seconds{seconds / 20}, 1s, 10s);
      last = resident_bytes();
      if (now < began + std::chrono::seconds{seconds} / 2) warm = last;
      fmt::print("{:4} s  {} acknowledged, {} told, {} crashes, {} MiB\n",
                 std::chrono::duration_cast<std::chrono::seconds>(now - began).count(), counts.acknowledged.load(),
                 counts.told.load(), counts.crashes.load(), last >> 20);
      std::fflush(stdout);
    }
    counts.stop = true;
    stuck = mesh.shutdown({.drain = 20s, .stop = 20s}).stuck.size();
  }
  world.workers.clear();

  bool sound = true;
  const auto check = [&](const char* claim, bool holds) {
    fmt::print("{} {}\n", holds ? "ok  " : "FAIL", claim);
    sound = sound && holds;
  };
  fmt::print(
      "asked {}, acknowledged {}, failed {} (timeouts {}, overloaded {}); told {}, handled {}, dead {}; crashes {}\n",
      counts.asked.load(), counts.acknowledged.load(), counts.failed.load(), counts.timeouts.load(),
      counts.overloaded.load(), counts.told.load(), counts.handled.load(), counts.dead.load(), counts.crashes.load());
  check("nothing acknowledged was lost", counts.lost_acknowledgements == 0);
  check("every question was answered or failed", counts.asked == counts.acknowledged + counts.failed);
  check("every told message was handled or is a dead letter", counts.told == counts.handled + counts.dead);
  check("workers did crash", counts.crashes > 0);
  check("no agent is left", counts.agents == 0 && stuck == 0);
  check("no coroutine is left", counts.coroutines == 0);
  if (seconds >= kSecondsToJudgeMemory) {
    check("memory did not grow in the second half", last < warm + warm / 4 + (std::size_t{16} << 20));
  }
  return sound ? 0 : 1;
}
