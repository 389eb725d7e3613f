// Senders of every kind flood small mailboxes of every reaction, under many orders: nothing is lost, nothing comes
// twice, order is kept, bounds hold, and in the end everybody is at rest.
#include <map>
#include <set>

#include <boost/test/unit_test.hpp>

#include "agent/cell.hpp"
#include "myelin/testkit/seeds.hpp"
#include "myelin/testkit/test_mesh.hpp"
#include "samples.capnp.h"

using myelin::AgentRef;
using myelin::Errc;
using myelin::Frame;
using myelin::Lane;
using myelin::Overload;
using myelin::testkit::for_each_seed;
using myelin::testkit::Random;
using myelin::testkit::require;
using myelin::testkit::TestMesh;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t kSeedsAReaction = 1200;
constexpr std::uint64_t kMessagesASource = 24;
constexpr std::size_t kBurstMax = 6;

/// What all of one story's agents write down. A message's value is source * 1000 + number.
struct Books {
  explicit Books(std::uint64_t seed) : random{seed} {}

  Random random;
  std::uint64_t sent = 0;
  std::uint64_t handled = 0;
  std::uint64_t rejected = 0;  // given back to their senders
  std::uint64_t failed = 0;    // questions
  std::uint64_t answered = 0;
  std::uint64_t open = 0;  // questions
  std::set<std::uint64_t> values;
  std::map<std::pair<std::uint64_t, Lane>, std::uint64_t> last;  // by source and lane
  std::size_t depth_max = 0;
};

/// Takes ticks, and stops after so many.
class Sink : public myelin::Agent {
 public:
  Sink(Books& books, std::uint64_t lives) : books_{books}, lives_{lives} {}
  static void handlers(myelin::Handlers<Sink>& on) { on.message<&Sink::tick>(); }

 private:
  void tick(samples::Tick::Reader tick, myelin::Reply<samples::Tick> reply) {
    const std::uint64_t value = tick.getValue();
    ++books_.handled;
    require(books_.values.insert(value).second, "no message comes twice");
    const auto [last, is_first] = last_.try_emplace({value / 1000, static_cast<Lane>(current_header().lane)}, value);
    require(is_first || last->second < value, "a sender's messages of a lane keep their order");
    last->second = value;
    books_.depth_max = std::max(books_.depth_max, self().cell()->depth());
    reply.send([&](samples::Tick::Builder answer) { answer.setValue(value); });
    if (--lives_ == 0) stop();
  }

  Books& books_;
  std::uint64_t lives_;
  std::map<std::pair<std::uint64_t, Lane>, std::uint64_t> last_;
};

/// Sends its messages in bursts, each message in one of the three ways and in one lane.
class Source : public myelin::Agent {
 public:
  Source(Books& books, AgentRef sink, std::uint64_t number) : books_{books}, sink_{std::move(sink)}, number_{number} {}
  static void handlers(myelin::Handlers<Source>&) {}
  void on_start() override { burst(); }
  void on_rejected(const AgentRef&, Frame frame) override { books_.rejected += frame.size(); }

 private:
  void burst() {
    for (std::uint64_t count = 1 + books_.random.below(kBurstMax); count > 0 && next_ < kMessagesASource; --count)
      one();
    if (next_ < kMessagesASource) {
      after(books_.random.between(0ms, 2ms), [this] { burst(); });
    }
  }
  void one() {
    const std::uint64_t value = number_ * 1000 + next_++;
    const auto fill = [value](samples::Tick::Builder tick) { tick.setValue(value); };
    const auto lane = static_cast<Lane>(1 + books_.random.below(3));
    ++books_.sent;
    switch (books_.random.below(4)) {
      case 0: send(sink_, myelin::make_frame<samples::Tick>(fill, {.sender = id(), .lane = lane})); break;
      case 1:
        ++books_.open;
        ask<samples::Tick>(sink_, fill, 1h, [this, value](auto answer) {
          --books_.open;
          if (answer) {
            require((*answer)->getValue() == value, "an answer belongs to its question");
            ++books_.answered;
          } else {
            require(answer.error().code == Errc::overloaded || answer.error().code == Errc::receiver_dead,
                    "a question fails for want of room, or of a receiver: " + to_string(answer.error()));
            ++books_.failed;
          }
        });
        break;
      default: tell(sink_, fill, lane); break;
    }
  }

  Books& books_;
  AgentRef sink_;
  std::uint64_t number_;
  std::uint64_t next_ = 0;
};

void flood(std::uint64_t seed, Overload reaction) {
  // Every second story takes the production path into the mailboxes, which nobody watches.
  Books books{seed};  // before the mesh, for its agents write to them to the end
  TestMesh mesh{{.seed = seed, .watched = seed % 2 == 0}};
  const std::size_t capacity = 1 + books.random.below(12);
  const bool mortal = books.random.chance(0.25);
  const std::uint64_t lives = mortal ? 1 + books.random.below(40) : 1'000'000;
  const AgentRef spare = mesh.spawn_with<Sink>({.mailbox = {{.capacity = 4, .when_full = Overload::reject}}}, books,
                                               std::uint64_t{1'000'000});
  const AgentRef sink = mesh.spawn_with<Sink>(
      {.mailbox = {{.capacity = capacity, .when_full = reaction, .redirect_to = spare}}}, books, lives);
  const std::uint64_t sources = 1 + books.random.below(4);
  for (std::uint64_t source = 1; source <= sources; ++source) mesh.spawn<Source>(books, sink, source);
  mesh.advance(1s);

  const auto& letters = mesh.dead_letters();
  const std::uint64_t dead = letters.count(Errc::overloaded) + letters.count(Errc::receiver_dead);
  require(books.sent == sources * kMessagesASource, "every sender sends all, paused or not");
  require(books.open == 0, "every question ends");
  require(books.handled + dead + books.rejected + books.failed == books.sent,
          "handled, dead, rejected and failed are all that was sent");
  if (!mortal) require(letters.count(Errc::receiver_dead) == 0, "nobody died");
  // A batch is taken whole, so that the last one goes past the capacity; a source has two batches open at most.
  // Where the oldest are dropped, a full mailbox may wait behind what the agent has taken out already.
  const std::size_t times = reaction == Overload::block         ? myelin::limits::kMailboxOverdraft
                            : reaction == Overload::drop_oldest ? 2
                                                                : 1;
  const std::size_t most = std::max<std::size_t>(capacity * times, 4) + kBurstMax;
  require(books.depth_max <= most, "no mailbox holds more than its bound");
  if (reaction == Overload::block && !mortal && sources * kBurstMax < capacity * myelin::limits::kMailboxOverdraft) {
    require(books.handled == books.sent, "who blocks senders loses nothing");
  }
}

void flood_all(Overload reaction) {
  for_each_seed({.count = kSeedsAReaction}, [&](std::uint64_t seed) { flood(seed, reaction); });
}

}  // namespace

BOOST_AUTO_TEST_SUITE(mailbox_interleavings)

BOOST_AUTO_TEST_CASE(a_mailbox_that_blocks_adds_up) { flood_all(Overload::block); }
BOOST_AUTO_TEST_CASE(a_mailbox_that_rejects_adds_up) { flood_all(Overload::reject); }
BOOST_AUTO_TEST_CASE(a_mailbox_that_drops_the_newest_adds_up) { flood_all(Overload::drop_newest); }
BOOST_AUTO_TEST_CASE(a_mailbox_that_drops_the_oldest_adds_up) { flood_all(Overload::drop_oldest); }
BOOST_AUTO_TEST_CASE(a_mailbox_that_redirects_adds_up) { flood_all(Overload::redirect); }

BOOST_AUTO_TEST_SUITE_END()
