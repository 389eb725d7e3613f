#include "myelin/kernels/workers.hpp"

#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

namespace myelin::kernels {

namespace {

constexpr int kNicenessMax = 19;  // of Linux

// How long a helper looks out for the next call before it sleeps: about what waking it would cost.
constexpr std::chrono::microseconds kLookout{50};

// How long a caller waits for the last pieces before it takes helpers to be kept from running: they are mostly done by
// then.
constexpr std::chrono::microseconds kPatience{200};

using Piece = std::function<void(std::size_t, std::size_t)>;

// One caller's work.
struct Call {
  const Piece* piece;
  std::size_t pieces;
  std::atomic<std::size_t> next{0};

  void work(std::size_t seat) {
    for (;;) {
      const std::size_t index = next.fetch_add(1, std::memory_order_relaxed);
      if (index >= pieces) return;
      (*piece)(index, seat);
    }
  }
};

}  // namespace

struct Workers::Team {
  std::mutex mutex;
  std::condition_variable begun;     // a call is there, or the end
  std::condition_variable finished;  // the last helper has left the call
  Call* call = nullptr;              // what helpers may join
  std::size_t helping = 0;
  bool taken = false;  // a caller has the helpers
  // Written under the mutex; read without it by a helper that looks out.
  std::atomic<std::uint64_t> calls{0};  // so that a helper joins a call once
  std::atomic<bool> ending{false};
  std::vector<std::thread> helpers;
  // Where helpers may run at all, and the processor of the last caller, which they were kept off. The caller's who has
  // them.
  std::optional<cpu_set_t> allowed;
  int avoided = -1;

  ~Team() {
    {
      const std::lock_guard lock{mutex};
      ending = true;
    }
    begun.notify_all();
    for (std::thread& helper : helpers) helper.join();
  }

  // Until there is another call than `seen`, or the end, or it has taken too long: one product is often several calls,
  // and one product often follows another.
  void look_out(std::uint64_t seen) const {
    const auto until = std::chrono::steady_clock::now() + kLookout;
    while (calls == seen && !ending && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  }

  void help(std::size_t seat, int niceness) {
    // On Linux it is the thread's own. Refused or not, the work is right.
    (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);
    std::uint64_t seen = 0;
    std::unique_lock lock{mutex};
    for (;;) {
      begun.wait(lock, [&] { return ending || (call != nullptr && calls != seen); });
      if (ending) return;
      seen = calls;
      Call& joined = *call;
      ++helping;
      lock.unlock();
      joined.work(seat);
      lock.lock();
      if (--helping == 0) finished.notify_one();
      lock.unlock();
      look_out(seen);
      lock.lock();
    }
  }

  // Linux may put a helper that wakes onto the processor of the thread that wakes it, even if all others are idle, and
  // leave it there for the caller's whole time slice of some milliseconds, in which it does not help.
  void keep_off(int processor) {
    if (!allowed || processor < 0 || processor == avoided) return;
    cpu_set_t others = *allowed;
    CPU_CLR(processor, &others);
    if (CPU_COUNT(&others) == 0) return;
    // Refused (the processors were taken from us meanwhile) or not, the work is right.
    for (std::thread& helper : helpers) (void)::pthread_setaffinity_np(helper.native_handle(), sizeof(others), &others);
    avoided = processor;
  }

  // For a helper that waits its turn elsewhere while the caller's processor is idle.
  void let_anywhere() {
    if (avoided < 0) return;
    for (std::thread& helper : helpers) {
      (void)::pthread_setaffinity_np(helper.native_handle(), sizeof(*allowed), &*allowed);
    }
    avoided = -1;
  }

  // Whether the helpers now serve `mine`: nobody else had them.
  bool take(Call& mine) {
    const std::lock_guard lock{mutex};
    if (taken) return false;
    taken = true;
    call = &mine;
    ++calls;
    return true;
  }

  void run(Call& mine) {
    if (!take(mine)) {
      mine.work(0);
      return;
    }
    keep_off(::sched_getcpu());
    begun.notify_all();
    mine.work(0);
    std::unique_lock lock{mutex};
    call = nullptr;
    const auto all_have_left = [&] { return helping == 0; };
    if (!finished.wait_for(lock, kPatience, all_have_left)) {
      let_anywhere();
      finished.wait(lock, all_have_left);
    }
    taken = false;
  }
};

Workers::Workers(std::unique_ptr<Team> team) : team_(std::move(team)) {}

Workers::~Workers() = default;

std::size_t Workers::threads() const noexcept { return team_->helpers.size() + 1; }

Result<std::unique_ptr<Workers>> Workers::make(WorkersOptions options) {
  if (options.threads == 0 || options.threads > kWorkersMax) {
    return fail(Errc::invalid_argument,
                "threads is " + std::to_string(options.threads) + ": choose 1 to " + std::to_string(kWorkersMax));
  }
  if (options.niceness < 0 || options.niceness > kNicenessMax) {
    return fail(Errc::invalid_argument,
                "niceness is " + std::to_string(options.niceness) + ": choose 0 to " + std::to_string(kNicenessMax));
  }
  auto team = std::make_unique<Team>();
  // Fails where there are more than CPU_SETSIZE processors: there, Linux alone decides.
  if (cpu_set_t allowed; ::sched_getaffinity(0, sizeof(allowed), &allowed) == 0) team->allowed = allowed;
  try {
    for (std::size_t seat = 1; seat < options.threads; ++seat) {
      team->helpers.emplace_back([&team = *team, seat, niceness = options.niceness] { team.help(seat, niceness); });
    }
  } catch (const std::system_error& error) {
    return fail(Errc::backend_unavailable,
                "the system gives no thread to help with kernels: " + std::string{error.what()} +
                    "; ask for fewer than " + std::to_string(options.threads));
  }
  return std::unique_ptr<Workers>{new Workers{std::move(team)}};
}

void Workers::run(std::size_t pieces, const Piece& piece) {
  Call mine{&piece, pieces};
  if (pieces < 2 || team_->helpers.empty()) {
    mine.work(0);
  } else {
    team_->run(mine);
  }
}

}  // namespace myelin::kernels
