// Programs in which many meet at one place, or each other: Chameneos, Big, BoundedBuffer, Banking.
#include <algorithm>
#include <deque>

#include "bench/savina/myelin.hpp"
#include "bench/savina/myelin_stage.hpp"
#include "bench/savina/references.hpp"

namespace myelin::tool::savina::in_myelin {

namespace {

using schema::Change;
using schema::Delivery;
using schema::Deposit;
using schema::Done;
using schema::Enough;
using schema::Go;
using schema::Hungry;
using schema::Item;
using schema::Meet;
using schema::Ping;
using schema::Pong;
using schema::Produce;
using schema::Retrieve;
using schema::Transfer;

/// The answer to a question takes far less.
constexpr std::chrono::minutes kPatience{1};

// -- Chameneos --------------------------------------------------------------------------------------------------------

class Chameneo : public Agent {
 public:
  static void handlers(Handlers<Chameneo>& on) {
    on.message<&Chameneo::go>();
    on.message<&Chameneo::meet>();
    on.message<&Chameneo::change>();
    on.message<&Chameneo::enough>();
  }

  Chameneo(std::uint64_t number, AgentRef mall, const Peers& peers)
      : number_{number}, colour_{number % kColours}, mall_{std::move(mall)}, peers_{peers} {}

 private:
  void go(Go::Reader /*go*/) { go_to_mall(); }
  void meet(Meet::Reader other) {
    colour_ = complement(colour_, other.getColour());
    ++meetings_;
    send(peers_[other.getChameneo()],
         make_frame<Change>([this](Change::Builder change) { change.setColour(colour_); }));
    go_to_mall();
  }
  void change(Change::Reader change) {
    colour_ = change.getColour();
    ++meetings_;
    go_to_mall();
  }
  void enough(Enough::Reader /*enough*/) {
    tell(mall_, [this](schema::Result::Builder result) { result.setValue(meetings_); });
  }

  void go_to_mall() {
    send(mall_, make_frame<Meet>([this](Meet::Builder meet) {
           meet.setChameneo(number_);
           meet.setColour(colour_);
         }));
  }

  std::uint64_t number_;
  std::uint64_t colour_;
  AgentRef mall_;
  const Peers& peers_;
  std::uint64_t meetings_ = 0;
};

class Mall : public Agent {
 public:
  static void handlers(Handlers<Mall>& on) {
    on.message<&Mall::go>();
    on.message<&Mall::meet>();
    on.message<&Mall::result>();
  }

  Mall(std::uint64_t meetings, const Peers& peers, Outcome& outcome)
      : meetings_left_{meetings}, peers_{peers}, outcome_{outcome} {}

 private:
  static constexpr std::uint64_t kNobody = ~std::uint64_t{0};

  void go(Go::Reader /*go*/) {
    for (const AgentRef& chameneo : peers_) send(chameneo, make_frame<Go>([](Go::Builder) {}));
  }
  /// A meeting's first is told of the second by the second's own message, passed on.
  void meet(Held<Meet> meet) {
    if (meetings_left_ == 0) {
      send(peers_[meet->getChameneo()], make_frame<Enough>([](Enough::Builder) {}));
    } else if (waiting_ == kNobody) {
      waiting_ = meet->getChameneo();
    } else {
      send(peers_[waiting_], meet.frame());
      waiting_ = kNobody;
      --meetings_left_;
    }
  }
  void result(schema::Result::Reader result) {
    sum_ += result.getValue();
    if (++reported_ == peers_.size()) outcome_.finish(sum_);
  }

  std::uint64_t meetings_left_;
  const Peers& peers_;
  Outcome& outcome_;
  std::uint64_t waiting_ = kNobody;
  std::uint64_t reported_ = 0;
  std::uint64_t sum_ = 0;
};

// -- Big --------------------------------------------------------------------------------------------------------------

class BigMember : public Agent {
 public:
  static void handlers(Handlers<BigMember>& on) {
    on.message<&BigMember::go>();
    on.message<&BigMember::ping>();
    on.message<&BigMember::pong>();
  }

  BigMember(std::uint64_t number, std::uint64_t pings, AgentRef sink, const Peers& peers)
      : number_{number}, pings_{pings}, sink_{std::move(sink)}, peers_{peers} {}

 private:
  void go(Go::Reader /*go*/) { next(); }
  void ping(Ping::Reader ping) {
    send(peers_[ping.getFrom()], make_frame<Pong>([](Pong::Builder) {}));
  }
  void pong(Pong::Reader /*pong*/) {
    ++pongs_;
    next();
  }

  void next() {
    if (pongs_ == pings_) {
      return tell(sink_, [this](schema::Result::Builder result) { result.setValue(pongs_); });
    }
    const AgentRef& peer = peers_[mix((number_ << 32) + pongs_) % peers_.size()];
    send(peer, make_frame<Ping>([this](Ping::Builder ping) { ping.setFrom(number_); }));
  }

  std::uint64_t number_;
  std::uint64_t pings_;
  AgentRef sink_;
  const Peers& peers_;
  std::uint64_t pongs_ = 0;
};

/// Starts all, and adds up what they report.
class Sink : public Agent {
 public:
  static void handlers(Handlers<Sink>& on) {
    on.message<&Sink::go>();
    on.message<&Sink::result>();
  }

  Sink(const Peers& peers, Outcome& outcome) : peers_{peers}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) {
    for (const AgentRef& peer : peers_) send(peer, make_frame<Go>([](Go::Builder) {}));
  }
  void result(schema::Result::Reader result) {
    sum_ += result.getValue();
    if (++reported_ == peers_.size()) outcome_.finish(sum_);
  }

  const Peers& peers_;
  Outcome& outcome_;
  std::uint64_t reported_ = 0;
  std::uint64_t sum_ = 0;
};

// -- BoundedBuffer ----------------------------------------------------------------------------------------------------

class BufferProducer : public Agent {
 public:
  static void handlers(Handlers<BufferProducer>& on) { on.message<&BufferProducer::produce>(); }

  BufferProducer(std::uint64_t number, std::uint64_t items, AgentRef buffer)
      : number_{number}, items_{items}, buffer_{std::move(buffer)} {}

 private:
  void produce(Produce::Reader /*produce*/) {
    if (made_ == items_) return send(buffer_, make_frame<Enough>([](Enough::Builder) {}));
    const std::uint64_t value = savina::produce(number_, made_++);
    send(buffer_, make_frame<Item>([&](Item::Builder item) {
           item.setProducer(number_);
           item.setValue(value);
         }));
  }

  std::uint64_t number_;
  std::uint64_t items_;
  AgentRef buffer_;
  std::uint64_t made_ = 0;
};

class BufferConsumer : public Agent {
 public:
  static void handlers(Handlers<BufferConsumer>& on) {
    on.message<&BufferConsumer::go>();
    on.message<&BufferConsumer::delivery>();
    on.message<&BufferConsumer::enough>();
  }

  BufferConsumer(std::uint64_t number, AgentRef buffer) : number_{number}, buffer_{std::move(buffer)} {}

 private:
  void go(Go::Reader /*go*/) { ask_for_more(); }
  void delivery(Delivery::Reader delivery) {
    sum_ += savina::consume(delivery.getValue());
    ask_for_more();
  }
  void enough(Enough::Reader /*enough*/) {
    tell(buffer_, [this](schema::Result::Builder result) { result.setValue(sum_); });
  }

  void ask_for_more() {
    send(buffer_, make_frame<Hungry>([this](Hungry::Builder hungry) { hungry.setConsumer(number_); }));
  }

  std::uint64_t number_;
  AgentRef buffer_;
  std::uint64_t sum_ = 0;
};

class Buffer : public Agent {
 public:
  static void handlers(Handlers<Buffer>& on) {
    on.message<&Buffer::item>();
    on.message<&Buffer::hungry>();
    on.message<&Buffer::enough>();
    on.message<&Buffer::result>();
    on.message<&Buffer::go>();
  }

  Buffer(const Peers& producers, const Peers& consumers, Outcome& outcome)
      : producers_{producers}, consumers_{consumers}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) {
    for (const AgentRef& consumer : consumers_) send(consumer, make_frame<Go>([](Go::Builder) {}));
    for (std::uint64_t producer = 0; producer < producers_.size(); ++producer) call_for(producer);
  }
  void item(Item::Reader item) {
    if (hungry_.empty()) {
      items_.push_back(item.getValue());
    } else {
      deliver(hungry_.front(), item.getValue());
      hungry_.pop_front();
    }
    if (items_.size() >= kBufferItems) {
      paused_.push_back(item.getProducer());
    } else {
      call_for(item.getProducer());
    }
  }
  void hungry(Hungry::Reader hungry) {
    if (items_.empty()) {
      hungry_.push_back(hungry.getConsumer());
      return close_if_done();
    }
    deliver(hungry.getConsumer(), items_.front());
    items_.pop_front();
    if (paused_.empty()) return;
    call_for(paused_.front());
    paused_.pop_front();
  }
  void enough(Enough::Reader /*enough*/) {
    ++ended_;
    close_if_done();
  }
  void result(schema::Result::Reader result) {
    sum_ += result.getValue();
    if (++reported_ == consumers_.size()) outcome_.finish(sum_);
  }

  void call_for(std::uint64_t producer) {
    send(producers_[producer], make_frame<Produce>([](Produce::Builder) {}));
  }
  void deliver(std::uint64_t consumer, std::uint64_t value) {
    send(consumers_[consumer], make_frame<Delivery>([value](Delivery::Builder delivery) { delivery.setValue(value); }));
  }
  void close_if_done() {
    if (ended_ < producers_.size() || hungry_.size() < consumers_.size()) return;
    for (const AgentRef& consumer : consumers_) send(consumer, make_frame<Enough>([](Enough::Builder) {}));
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

class Account : public Agent {
 public:
  static void handlers(Handlers<Account>& on) {
    on.message<&Account::transfer>();
    on.message<&Account::deposit>();
    on.message<&Account::retrieve>();
  }

  explicit Account(const Peers& accounts) : accounts_{accounts} {}

 private:
  void transfer(Transfer::Reader transfer, Reply<Done> reply) {
    const std::uint64_t amount = transfer.getAmount();
    balance_ -= amount;
    ask<Done>(
        accounts_[transfer.getTo()], [amount](Deposit::Builder deposit) { deposit.setAmount(amount); }, kPatience,
        [reply = std::move(reply)](const Result<Held<Done>>& done) mutable {
          if (done) reply.send([](Done::Builder) {});
        });
  }
  void deposit(Deposit::Reader deposit, Reply<Done> reply) {
    balance_ += deposit.getAmount();
    reply.send([](Done::Builder) {});
  }
  void retrieve(Retrieve::Reader /*retrieve*/, Reply<schema::Result> reply) {
    reply.send([this](schema::Result::Builder result) { result.setValue(balance_); });
  }

  const Peers& accounts_;
  std::uint64_t balance_ = kFirstBalance;
};

class Teller : public Agent {
 public:
  static void handlers(Handlers<Teller>& on) { on.message<&Teller::go>(); }

  Teller(std::uint64_t transfers, const Peers& accounts, Outcome& outcome)
      : transfers_{transfers}, accounts_{accounts}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) {
    for (std::uint64_t i = 0; i < std::min(kTransfersOpen, transfers_); ++i) transfer();
  }

  void transfer() {
    const Transaction next = transaction(begun_++, accounts_.size());
    const auto fill = [&next](Transfer::Builder transfer) {
      transfer.setTo(next.to);
      transfer.setAmount(next.amount);
    };
    ask<Done>(accounts_[next.from], fill, kPatience, [this](const Result<Held<Done>>& done) {
      if (!done) return outcome_.finish(0);
      if (begun_ < transfers_) transfer();
      if (++done_ == transfers_) audit();
    });
  }

  void audit() {
    for (std::uint64_t account = 0; account < accounts_.size(); ++account) {
      ask<schema::Result>(
          accounts_[account], [](Retrieve::Builder) {}, kPatience,
          [this, account](const Result<Held<schema::Result>>& balance) {
            if (balance) sum_ += weighted_balance(account, (*balance)->getValue());
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
  const AgentRef mall = stage.add<Mall>(work.messages, peers, stage.outcome());
  for (std::uint64_t i = 0; i < work.agents; ++i) peers.push_back(stage.add<Chameneo>(i, mall, peers));
  return stage.play(mall);
}

Finish big(const Work& work) {
  Stage stage{work};
  Peers peers;
  const AgentRef sink = stage.add<Sink>(peers, stage.outcome());
  for (std::uint64_t i = 0; i < work.agents; ++i) {
    peers.push_back(stage.add<BigMember>(i, work.messages, sink, peers));
  }
  return stage.play(sink);
}

Finish bounded_buffer(const Work& work) {
  Stage stage{work};
  Peers producers;
  Peers consumers;
  const AgentRef buffer = stage.add<Buffer>(producers, consumers, stage.outcome());
  for (std::uint64_t i = 0; i < work.agents; ++i) {
    producers.push_back(stage.add<BufferProducer>(i, work.messages, buffer));
    consumers.push_back(stage.add<BufferConsumer>(i, buffer));
  }
  return stage.play(buffer);
}

Finish banking(const Work& work) {
  Stage stage{work};
  Peers accounts;
  for (std::uint64_t i = 0; i < work.agents; ++i) accounts.push_back(stage.add<Account>(accounts));
  return stage.play(stage.add<Teller>(work.messages, accounts, stage.outcome()));
}

}  // namespace myelin::tool::savina::in_myelin
