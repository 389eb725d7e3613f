// A coroutine asks several agents at once: all of them, or the first that answers, with a sleep as its time limit.
#include <chrono>
#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include <myelin/actors/mesh.hpp>

#include "shopping.capnp.h"

using namespace std::chrono_literals;

namespace {

/// Knows the price of one item, and takes its time.
class Shop : public myelin::Agent {
 public:
  Shop(std::string item, std::uint32_t cents, myelin::Duration needs)
      : item_{std::move(item)}, cents_{cents}, needs_{needs} {}
  static void handlers(myelin::Handlers<Shop>& on) { on.message<&Shop::price>(); }

 private:
  myelin::Task<Price> price(myelin::Held<PriceOf> asked) {
    co_await sleep(needs_);
    if (asked->getItem() != item_.c_str()) {
      co_return myelin::fail(myelin::Errc::not_found, "we have only " + item_);
    }
    co_return [this](Price::Builder price) { price.setCents(cents_); };
  }

  std::string item_;
  std::uint32_t cents_;
  myelin::Duration needs_;
};

class Buyer : public myelin::Agent {
 public:
  explicit Buyer(std::vector<myelin::AgentRef> shops) : shops_{std::move(shops)} {}
  static void handlers(myelin::Handlers<Buyer>& on) {
    on.message<&Buyer::cheapest>();
    on.message<&Buyer::any_before>();
  }

 private:
  /// Asks all shops at once, and waits for the last.
  myelin::Task<Cheapest> cheapest(myelin::Held<FindCheapest> wish) {
    std::vector<myelin::PendingAnswer<Price>> questions;
    for (const myelin::AgentRef& shop : shops_) {
      questions.push_back(ask<Price>(
          shop, [&](PriceOf::Builder item) { item.setItem(wish->getItem()); }, 1s));
    }
    const auto prices = co_await myelin::all(std::move(questions));  // a vector, in the order of the shops

    std::optional<std::uint32_t> best;
    std::uint32_t answers = 0;
    for (std::uint32_t shop = 0; shop < prices.size(); ++shop) {
      if (!prices[shop]) continue;  // its error says why
      ++answers;
      if (!best || (*prices[shop])->getCents() < (*prices[*best])->getCents()) best = shop;
    }
    if (!best) co_return myelin::fail(myelin::Errc::not_found, "no shop has it");
    co_return [&](Cheapest::Builder found) {
      found.setShop(*best);
      found.setCents((*prices[*best])->getCents());
      found.setAnswers(answers);
    };
  }

  /// The first of two shops that answers, but no later than that.
  myelin::Task<Price> any_before(myelin::Held<FindAnyBefore> wish) {
    const auto fill = [&](PriceOf::Builder item) { item.setItem(wish->getItem()); };
    auto first = co_await myelin::any(ask<Price>(shops_[1], fill, 1min), ask<Price>(shops_[2], fill, 1min),
                                      sleep(std::chrono::milliseconds{wish->getMilliseconds()}));
    switch (first.index()) {
      case 0: co_return std::get<0>(std::move(first));
      case 1: co_return std::get<1>(std::move(first));
      default: co_return myelin::fail(myelin::Errc::timeout, "neither shop was quick enough");
    }
  }

  std::vector<myelin::AgentRef> shops_;
};

}  // namespace

int main() {
  myelin::Mesh mesh;
  const myelin::AgentRef buyer = mesh.spawn<Buyer>(std::vector{
      mesh.spawn<Shop>("tea", 399, 1ms),
      mesh.spawn<Shop>("tea", 349, 3ms),
      mesh.spawn<Shop>("tea", 299, 1h),  // will not answer in this life
      mesh.spawn<Shop>("coffee", 99, 2ms),
  });

  // The slow shop's deadline ends the waiting: the others have answered by then.
  const auto cheapest = mesh.ask<Cheapest>(
      buyer, [](FindCheapest::Builder wish) { wish.setItem("tea"); }, 10s);
  if (!cheapest) return 1;
  std::printf("cheapest of %u: %u cents in shop %u\n", (*cheapest)->getAnswers(), (*cheapest)->getCents(),
              (*cheapest)->getShop());

  const auto any_tea = [&](std::uint32_t milliseconds) {
    return mesh.ask<Price>(
        buyer,
        [&](FindAnyBefore::Builder wish) {
          wish.setItem("tea");
          wish.setMilliseconds(milliseconds);
        },
        30s);
  };
  const auto patient = any_tea(20'000);
  if (!patient) return 1;
  std::printf("with patience: %u cents\n", (*patient)->getCents());
  const auto hasty = any_tea(0);
  if (hasty) return 1;
  std::printf("in haste: %s\n", myelin::to_string(hasty.error()).c_str());

  const bool right = (*cheapest)->getAnswers() == 2 && (*cheapest)->getShop() == 1 && (*patient)->getCents() == 349 &&
                     hasty.error().code == myelin::Errc::timeout;
  return right ? 0 : 1;
}
