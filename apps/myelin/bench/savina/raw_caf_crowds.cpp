// Programs in which many meet at one place, or each other: Chameneos, Big, BoundedBuffer, Banking.
#include <algorithm>
#include <deque>

#include "bench/savina/raw_caf.hpp"
#include "bench/savina/raw_caf_stage.hpp"
#include "bench/savina/references.hpp"

namespace myelin::tool::savina::in_caf {

namespace {

using Meet = caf::atom_constant<caf::atom("meet")>;
using Change = caf::atom_constant<caf::atom("change")>;
using Enough = caf::atom_constant<caf::atom("enough")>;
using Ping = caf::atom_constant<caf::atom("ping")>;
using Pong = caf::atom_constant<caf::atom("pong")>;
using Result = caf::atom_constant<caf::atom("result")>;
using Produce = caf::atom_constant<caf::atom("produce")>;
using Item = caf::atom_constant<caf::atom("item")>;
using Hungry = caf::atom_constant<caf::atom("hungry")>;
using Transfer = caf::atom_constant<caf::atom("transfer")>;
using Deposit = caf::atom_constant<caf::atom("deposit")>;
using Done = caf::atom_constant<caf::atom("done")>;
using Retrieve = caf::atom_constant<caf::atom("retrieve")>;

// -- Chameneos --------------------------------------------------------------------------------------------------------

class Chameneo : public caf::event_based_actor {
 public:
  Chameneo(caf::actor_config& config, std::uint64_t number, caf::actor mall, const Peers& peers)
      : caf::event_based_actor{config},
        number_{number},
        colour_{number % kColours},
        mall_{std::move(mall)},
        peers_{peers} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { go_to_mall(); },
            [this](Meet, std::uint64_t other, std::uint64_t colour) {
              colour_ = complement(colour_, colour);
              ++meetings_;
              send(peers_[other], Change::value, colour_);
              go_to_mall();
            },
            [this](Change, std::uint64_t colour) {
              colour_ = colour;
              ++meetings_;
              go_to_mall();
            },
            [this](Enough) { send(mall_, Result::value, meetings_); }};
  }

 private:
  void go_to_mall() { send(mall_, Meet::value, number_, colour_); }

  std::uint64_t number_;
  std::uint64_t colour_;
  caf::actor mall_;
  const Peers& peers_;
  std::uint64_t meetings_ = 0;
};

class Mall : public caf::event_based_actor {
 public:
  Mall(caf::actor_config& config, std::uint64_t meetings, const Peers& peers, Outcome& outcome)
      : caf::event_based_actor{config}, meetings_left_{meetings}, peers_{peers}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) {
              for (const caf::actor& chameneo : peers_) send(chameneo, Go::value);
            },
            [this](Meet, std::uint64_t chameneo, std::uint64_t colour) {
              if (meetings_left_ == 0) return send(peers_[chameneo], Enough::value);
              if (waiting_ == kNobody) {
                waiting_ = chameneo;
                return;
              }
              send(peers_[waiting_], Meet::value, chameneo, colour);
              waiting_ = kNobody;
              --meetings_left_;
            },
            [this](Result, std::uint64_t meetings) {
              sum_ += meetings;
              if (++reported_ == peers_.size()) outcome_.finish(sum_);
            }};
  }

 private:
  static constexpr std::uint64_t kNobody = ~std::uint64_t{0};

  std::uint64_t meetings_left_;
  const Peers& peers_;
  Outcome& outcome_;
  std::uint64_t waiting_ = kNobody;
  std::uint64_t reported_ = 0;
  std::uint64_t sum_ = 0;
};

// -- Big --------------------------------------------------------------------------------------------------------------

class BigMember : public caf::event_based_actor {
 public:
  BigMember(caf::actor_config& config, std::uint64_t number, std::uint64_t pings, caf::actor sink, const Peers& peers)
      : caf::event_based_actor{config}, number_{number}, pings_{pings}, sink_{std::move(sink)}, peers_{peers} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { ping(); }, [this](Ping, std::uint64_t from) { send(peers_[from], Pong::value); },
            [this](Pong) {
              ++pongs_;
              ping();
            }};
  }

 private:
  void ping() {
    if (pongs_ == pings_) return send(sink_, Result::value, pongs_);
    send(peers_[mix((number_ << 32) + pongs_) % peers_.size()], Ping::value, number_);
  }

  std::uint64_t number_;
  std::uint64_t pings_;
  caf::actor sink_;
  const Peers& peers_;
  std::uint64_t pongs_ = 0;
};

/// Starts all, and adds up what they report.
class Sink : public caf::event_based_actor {
 public:
  Sink(caf::actor_config& config, const Peers& peers, Outcome& outcome)
      : caf::event_based_actor{config}, peers_{peers}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) {
              for (const caf::actor& peer : peers_) send(peer, Go::value);
            },
            [this](Result, std::uint64_t value) {
              sum_ += value;
              if (++reported_ == peers_.size()) outcome_.finish(sum_);
            }};
  }

 private:
  const Peers& peers_;
  Outcome& outcome_;
  std::uint64_t reported_ = 0;
  std::uint64_t sum_ = 0;
};

// -- BoundedBuffer ----------------------------------------------------------------------------------------------------

class BufferProducer : public caf::event_based_actor {
 public:
  BufferProducer(caf::actor_config& config, std::uint64_t number, std::uint64_t items, caf::actor buffer)
      : caf::event_based_actor{config}, number_{number}, items_{items}, buffer_{std::move(buffer)} {}

  caf::behavior make_behavior() override {
    return {[this](Produce) {
      if (made_ == items_) return send(buffer_, Enough::value);
      send(buffer_, Item::value, number_, savina::produce(number_, made_++));
    }};
  }

 private:
  std::uint64_t number_;
  std::uint64_t items_;
  caf::actor buffer_;
  std::uint64_t made_ = 0;
};

class BufferConsumer : public caf::event_based_actor {
 public:
  BufferConsumer(caf::actor_config& config, std::uint64_t number, caf::actor buffer)
      : caf::event_based_actor{config}, number_{number}, buffer_{std::move(buffer)} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { send(buffer_, Hungry::value, number_); },
            [this](Item, std::uint64_t value) {
              sum_ += savina::consume(value);
              send(buffer_, Hungry::value, number_);
            },
            [this](Enough) { send(buffer_, Result::value, sum_); }};
  }

 private:
  std::uint64_t number_;
  caf::actor buffer_;
  std::uint64_t sum_ = 0;
};

class Buffer : public caf::event_based_actor {
 public:
  Buffer(caf::actor_config& config, const Peers& producers, const Peers& consumers, Outcome& outcome)
      : caf::event_based_actor{config}, producers_{producers}, consumers_{consumers}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) {
              for (const caf::actor& consumer : consumers_) send(consumer, Go::value);
              for (const caf::actor& producer : producers_) send(producer, Produce::value);
            },
            [this](Item, std::uint64_t producer, std::uint64_t value) {
              if (hungry_.empty()) {
                items_.push_back(value);
              } else {
                send(consumers_[hungry_.front()], Item::value, value);
                hungry_.pop_front();
              }
              if (items_.size() >= kBufferItems) {
                paused_.push_back(producer);
              } else {
                send(producers_[producer], Produce::value);
              }
            },
            [this](Hungry, std::uint64_t consumer) {
              if (items_.empty()) {
                hungry_.push_back(consumer);
                return close_if_done();
              }
              send(consumers_[consumer], Item::value, items_.front());
              items_.pop_front();
              if (paused_.empty()) return;
              send(producers_[paused_.front()], Produce::value);
              paused_.pop_front();
            },
            [this](Enough) {
              ++ended_;
              close_if_done();
            },
            [this](Result, std::uint64_t sum) {
              sum_ += sum;
              if (++reported_ == consumers_.size()) outcome_.finish(sum_);
            }};
  }

 private:
  void close_if_done() {
    if (ended_ < producers_.size() || hungry_.size() < consumers_.size()) return;
    for (const caf::actor& consumer : consumers_) send(consumer, Enough::value);
  }

  const Peers& producers_;
  const Peers& consumers_;
  Outcome& outcome_;
  std::deque<std::uint64_t> items_;
  std::deque<std::uint64_t> hungry_;
  std::deque<std::uint64_t> paused_;
  std::uint64_t ended_ = 0;
  std::uint64_t reported_ = 0;
  std::uint64_t sum_ = 0;
};

// -- Banking ----------------------------------------------------------------------------------------------------------

class Account : public caf::event_based_actor {
 public:
  Account(caf::actor_config& config, const Peers& accounts) : caf::event_based_actor{config}, accounts_{accounts} {}

  caf::behavior make_behavior() override {
    return {[this](Transfer, std::uint64_t to, std::uint64_t amount) -> caf::result<Done> {
              balance_ -= amount;
              auto promise = make_response_promise<Done>();
              request(accounts_[to], caf::infinite, Deposit::value, amount).then([promise](Done) mutable {
                promise.deliver(Done::value);
              });
              return promise;
            },
            [this](Deposit, std::uint64_t amount) {
              balance_ += amount;
              return Done::value;
            },
            [this](Retrieve) { return balance_; }};
  }

 private:
  const Peers& accounts_;
  std::uint64_t balance_ = kFirstBalance;
};

class Teller : public caf::event_based_actor {
 public:
  Teller(caf::actor_config& config, std::uint64_t transfers, const Peers& accounts, Outcome& outcome)
      : caf::event_based_actor{config}, transfers_{transfers}, accounts_{accounts}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) {
      for (std::uint64_t i = 0; i < std::min(kTransfersOpen, transfers_); ++i) transfer();
    }};
  }

 private:
  void transfer() {
    const Transaction next = transaction(begun_++, accounts_.size());
    request(accounts_[next.from], caf::infinite, Transfer::value, next.to, next.amount).then([this](Done) {
      if (begun_ < transfers_) transfer();
      if (++done_ == transfers_) audit();
    });
  }

  void audit() {
    for (std::uint64_t account = 0; account < accounts_.size(); ++account) {
      request(accounts_[account], caf::infinite, Retrieve::value).then([this, account](std::uint64_t balance) {
        sum_ += weighted_balance(account, balance);
        if (++audited_ == accounts_.size()) outcome_.finish(sum_);
      });
    }
  }

  std::uint64_t transfers_;
  const Peers& accounts_;
  Outcome& outcome_;
  std::uint64_t begun_ = 0;
  std::uint64_t done_ = 0;
  std::uint64_t audited_ = 0;
  std::uint64_t sum_ = 0;
};

}  // namespace

Finish chameneos(const Work& work) {
  Stage stage{work};
  Peers peers;
  const caf::actor mall = stage.add<Mall>(work.messages, peers, stage.outcome());
  for (std::uint64_t i = 0; i < work.agents; ++i) peers.push_back(stage.add<Chameneo>(i, mall, peers));
  return stage.play(mall);
}

Finish big(const Work& work) {
  Stage stage{work};
  Peers peers;
  const caf::actor sink = stage.add<Sink>(peers, stage.outcome());
  for (std::uint64_t i = 0; i < work.agents; ++i) {
    peers.push_back(stage.add<BigMember>(i, work.messages, sink, peers));
  }
  return stage.play(sink);
}

Finish bounded_buffer(const Work& work) {
  Stage stage{work};
  Peers producers;
  Peers consumers;
  const caf::actor buffer = stage.add<Buffer>(producers, consumers, stage.outcome());
  for (std::uint64_t i = 0; i < work.agents; ++i) {
    producers.push_back(stage.add<BufferProducer>(i, work.messages, buffer));
    consumers.push_back(stage.add<BufferConsumer>(i, buffer));
  }
  return stage.play(buffer);
}

Finish banking(const Work& work) {
  Stage stage{work};
  Peers accounts;
  accounts.reserve(work.agents);
  for (std::uint64_t i = 0; i < work.agents; ++i) accounts.push_back(stage.add<Account>(accounts));
  return stage.play(stage.add<Teller>(work.messages, accounts, stage.outcome()));
}

}  // namespace myelin::tool::savina::in_caf
