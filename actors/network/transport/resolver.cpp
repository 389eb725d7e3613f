#include "resolver.hpp"

#include <utility>

namespace myelin::network {

Resolver::~Resolver() {
  {
    const std::lock_guard guard{mutex_};
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Resolver::resolve(std::string address, Then then) {
  const std::lock_guard guard{mutex_};
  orders_.push_back({std::move(address), std::move(then)});
  if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
  changed_.notify_one();
}

void Resolver::run() {
  std::unique_lock guard{mutex_};
  for (;;) {
    changed_.wait(guard, [this] { return stopping_ || !orders_.empty(); });
    if (stopping_) return;
    const Order order = std::move(orders_.front());
    orders_.pop_front();
    guard.unlock();
    order.then(resolve_address(order.address, false));
    guard.lock();
  }
}

}  // namespace myelin::network
