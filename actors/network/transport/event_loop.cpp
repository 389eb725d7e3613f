#include "event_loop.hpp"

#include <algorithm>
#include <latch>
#include <stdexcept>
#include <utility>

#include <pthread.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <caf/io/network/event_handler.hpp>

namespace myelin::network {

/// The earliest of the loop's times, as a file that can be read from then.
class EventLoop::Timer final : public caf::io::network::event_handler {
 public:
  explicit Timer(EventLoop& loop) : event_handler{loop.multiplexer_, open()}, loop_{loop} {}

  void begin() { activate(); }
  void end() { passivate(); }

  void set(TimePoint when) {
    const auto left = std::max(Duration{1}, Duration{when - Clock::now()});  // 0 would disarm it
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    itimerspec spec{};
    spec.it_value = {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    ::timerfd_settime(fd(), 0, &spec, nullptr);
  }

  void handle_event(caf::io::network::operation operation) override {
    if (operation != caf::io::network::operation::read) return;
    std::uint64_t expirations = 0;
    static_cast<void>(::read(fd(), &expirations, sizeof expirations));
    loop_.run_due();
  }
  void removed_from_loop(caf::io::network::operation /*operation*/) override {}
  void graceful_shutdown() override {}

 private:
  static int open() {
    const int file = ::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
    if (file < 0) throw std::runtime_error{"no timer: too many files are open"};
    return file;
  }
  EventLoop& loop_;
};

EventLoop::EventLoop(caf::actor_system& system)
    : multiplexer_{&system}, keeps_running_{multiplexer_.make_supervisor()}, timer_{std::make_unique<Timer>(*this)} {}

std::shared_ptr<EventLoop> EventLoop::start(caf::actor_system& system) {
  const std::shared_ptr<EventLoop> loop{new EventLoop{system}};
  std::latch started{1};
  loop->thread_ = std::thread{[&started, loop = loop.get()] {
    ::pthread_setname_np(::pthread_self(), "myelin.network");
    loop->multiplexer_.thread_id(std::this_thread::get_id());
    started.count_down();
    loop->multiplexer_.run();
  }};
  started.wait();  // post() must know the thread
  loop->post([loop = loop.get()] { loop->timer_->begin(); });
  return loop;
}

EventLoop::~EventLoop() {
  if (thread_.joinable()) stop();
}

void EventLoop::at(TimePoint when, std::function<void()> call) {
  calls_.emplace(when, std::move(call));
  arm();
}

void EventLoop::arm() {
  if (calls_.empty()) return;
  const TimePoint next = calls_.begin()->first;
  if (next >= armed_) return;
  armed_ = next;
  timer_->set(next);
}

void EventLoop::run_due() {
  armed_ = kNever;
  const TimePoint now = Clock::now();
  while (!calls_.empty() && calls_.begin()->first <= now) {
    const std::function<void()> call = std::move(calls_.begin()->second);
    calls_.erase(calls_.begin());
    call();
  }
  arm();
}

void EventLoop::stop() {
  multiplexer_.post([this] {
    calls_.clear();
    timer_->end();
    keeps_running_.reset();
  });
  stopped_.store(true, std::memory_order_release);
  thread_.join();
}

}  // namespace myelin::network
