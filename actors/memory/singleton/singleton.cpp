#include "myelin/memory/singleton.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

namespace myelin {

namespace {

constexpr Duration kLeaseMin = std::chrono::milliseconds{100};
constexpr Duration kLeaseMax = std::chrono::hours{24};
/// Between looks whether an agent that was told to stop has ended.
constexpr Duration kLook = std::chrono::milliseconds{5};

}  // namespace

Singleton::Singleton(Mesh& mesh, Memory memory, std::string key, SingletonOptions options)
    : mesh_{mesh}, memory_{std::move(memory)}, key_{std::move(key)}, options_{std::move(options)} {
  if (!options_.start) throw std::invalid_argument{"a singleton needs a function that starts it"};
  if (options_.lease < kLeaseMin || options_.lease > kLeaseMax) {
    throw std::invalid_argument{"a singleton's lease lasts from 100 ms to a day"};
  }
}

void Singleton::on_down(const Down& down) {
  if (!agent_ || down.agent != agent_.id()) return;
  ended_ = true;
  why_ended_ = down.failed ? fmt::format("it has failed: {}", down.reason) : "it has ended";
}

void Singleton::say(bool runs, std::string_view why) const {
  if (options_.on_change) options_.on_change(runs, why);
}

Task<> Singleton::run() {
  for (;;) {
    const TimePoint began = now();
    const auto claim = co_await ask(memory_.claim(key_, options_.lease), options_.lease / 2);
    if (claim && claim->is_granted) {
      co_await hold(claim->token, began + options_.lease * 3 / 4);
      co_await sleep(options_.lease);
    } else {
      co_await sleep(options_.lease / 4);
    }
  }
}

Task<> Singleton::hold(std::uint64_t token, TimePoint until) {
  Result<AgentRef> started = options_.start(token);
  if (!started) {
    co_await wind_up(token, fmt::format("it could not be started: {}", started.error().message));
    co_return;
  }
  agent_ = *std::move(started);
  ended_ = false;
  watch(agent_);
  say(true, {});
  std::string why;
  while (why.empty()) {
    co_await sleep(std::max(Duration{0}, std::min<Duration>(options_.lease / 4, until - now())));
    const TimePoint at = now();
    if (ended_) {
      why = why_ended_;
    } else if (at >= until) {
      why = "the lease could not be renewed in time";
    } else {
      const auto renewed = co_await ask(memory_.renew(key_, token, options_.lease), until - at);
      if (renewed) {
        until = at + options_.lease * 3 / 4;
      } else if (renewed.error().code == Errc::not_holder) {
        why = "another has the lease";
      }
    }
  }
  co_await wind_up(token, std::move(why));
}

Task<> Singleton::wind_up(std::uint64_t token, std::string why) {
  if (!ended_) {
    mesh_.stop_agent(agent_);
    while (!ended_) co_await sleep(kLook);
  }
  agent_ = {};
  say(false, why);
  // Where that fails, the lease ends by itself.
  static_cast<void>(co_await ask(memory_.release(key_, token), options_.lease / 4));
}

}  // namespace myelin
