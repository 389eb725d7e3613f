// What a node makes of what it hears: the later record holds, whatever the order; who is up follows from connections.
#include "membership/records.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <random>
#include <set>

#include "myelin/cluster/limits.hpp"

namespace myelin::test {

namespace {

using cluster::MemberState;
using cluster::Record;
using cluster::Records;

Record record(const std::string& node, std::uint64_t incarnation = 1) {
  return {.node = node, .address = node + ":1", .incarnation = incarnation, .version = 1};
}

std::string states(const Records& records) {
  std::string text;
  for (const cluster::Member& member : records.view().members) {
    text += member.node + (member.state == MemberState::up ? "+" : member.state == MemberState::down ? "-" : "/");
  }
  return text;
}

/// Nodes with links between them, each of which tells its neighbours everything, until nothing is new.
class Net {
 public:
  explicit Net(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) nodes_.emplace_back(record(name(i)));
  }
  static std::string name(std::size_t i) { return std::string(1, static_cast<char>('a' + i)); }

  void set_link(std::size_t one, std::size_t other, bool is_up) {
    if (is_up) {
      links_.insert(std::minmax(one, other));
    } else {
      links_.erase(std::minmax(one, other));
    }
    nodes_[one].set_connected(name(other), is_up);
    nodes_[other].set_connected(name(one), is_up);
  }
  void settle() {
    for (bool changed = true; changed;) {
      changed = false;
      for (const auto& [one, other] : links_) {
        for (const auto& [from, to] : {std::pair{one, other}, std::pair{other, one}}) {
          for (const auto& [node, told] : nodes_[from].all()) changed |= nodes_[to].merge(told);
        }
      }
    }
  }
  [[nodiscard]] const std::set<std::pair<std::size_t, std::size_t>>& links() const { return links_; }
  Records& operator[](std::size_t i) { return nodes_[i]; }
  [[nodiscard]] std::size_t size() const { return nodes_.size(); }

 private:
  std::vector<Records> nodes_;
  std::set<std::pair<std::size_t, std::size_t>> links_;
};

}  // namespace

BOOST_AUTO_TEST_SUITE(records)

BOOST_AUTO_TEST_CASE(a_node_alone_is_up) {
  const Records records{record("a")};
  BOOST_TEST(states(records) == "a+");
  BOOST_TEST(records.view().members.front().connected);
}

BOOST_AUTO_TEST_CASE(who_is_connected_to_somebody_reached_is_up) {
  Records records{record("a")};
  Record b = record("b");
  b.connected_to = {"a", "c"};
  BOOST_TEST(records.merge(b));
  BOOST_TEST(records.merge(record("c")));
  BOOST_TEST(states(records) == "a+b-c-");  // known, and nobody reaches them
  BOOST_TEST(records.set_connected("b", true));
  BOOST_TEST(!records.set_connected("b", true));
  BOOST_TEST(states(records) == "a+b+c+");
  BOOST_TEST(!records.view().find("c")->connected);
  // What c says of itself, when nobody reaches it, counts for nothing.
  Record c = record("c");
  c.version = 2;
  c.connected_to = {"a", "b"};
  records.merge(c);
  b.version = 2;
  b.connected_to = {"a"};
  BOOST_TEST(records.merge(b));
  BOOST_TEST(states(records) == "a+b+c-");
}

BOOST_AUTO_TEST_CASE(the_later_record_holds) {
  Records records{record("a")};
  Record late = record("b", 2);
  late.tags = {"gpu"};
  BOOST_TEST(records.merge(late));
  Record early = record("b", 1);
  early.version = 100;
  BOOST_TEST(!records.merge(early));
  BOOST_TEST(!records.merge(late));
  BOOST_TEST(records.find("b")->tags.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_is_said_of_an_earlier_life_does_not_outlast_it) {
  Records records{record("a", 7)};
  Record gone = record("a", 9);  // its clock was ahead then
  gone.has_left = true;
  BOOST_TEST(records.merge(gone));
  BOOST_TEST(records.own().incarnation == 10U);
  BOOST_TEST(!records.own().has_left);
  BOOST_TEST(!records.merge(gone));
  Record same = records.own();
  BOOST_TEST(!records.merge(same));
}

BOOST_AUTO_TEST_CASE(who_has_left_stays_so_until_it_starts_anew) {
  Records records{record("a")};
  Record b = record("b");
  b.has_left = true;
  records.merge(b);
  records.set_connected("b", true);
  BOOST_TEST(states(records) == "a+b/");
  BOOST_TEST(records.merge(record("b", 2)));
  BOOST_TEST(states(records) == "a+b+");
}

BOOST_AUTO_TEST_CASE(nodes_that_can_talk_end_with_one_view_whatever_happens) {
  std::mt19937 random{20261122};
  for (int round = 0; round < 300; ++round) {
    Net net{2 + random() % 8};
    for (int step = 0; step < 40; ++step) {
      const std::size_t one = random() % net.size();
      const std::size_t other = random() % net.size();
      if (one != other) net.set_link(one, other, random() % 3 != 0);
      if (random() % 4 == 0) net.settle();
    }
    net.settle();
    // Which nodes can talk, by the links alone.
    std::vector<std::size_t> group(net.size());
    for (std::size_t i = 0; i < net.size(); ++i) group[i] = i;
    for (std::size_t pass = 0; pass < net.size(); ++pass) {
      for (const auto& [one, other] : net.links()) group[one] = group[other] = std::min(group[one], group[other]);
    }
    for (std::size_t i = 0; i < net.size(); ++i) {
      for (std::size_t k = 0; k < net.size(); ++k) {
        const cluster::View view = net[i].view();
        const cluster::Member* seen = view.find(Net::name(k));
        const bool up = seen != nullptr && seen->state == MemberState::up;
        BOOST_TEST_CONTEXT("round " << round << ", node " << i << " of " << k) {
          BOOST_TEST(up == (group[i] == group[k]));
        }
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_out_of_bounds_is_refused) {
  using cluster::check;
  BOOST_TEST(check(record("a")).has_value());
  BOOST_TEST(!check(record("")).has_value());
  BOOST_TEST(!check(record("a b")).has_value());
  Record long_address = record("a");
  long_address.address.assign(cluster::limits::kAddressBytesMax + 1, 'x');
  BOOST_TEST(!check(long_address).has_value());
  Record many_tags = record("a");
  many_tags.tags.assign(cluster::limits::kTagsMax + 1, "t");
  BOOST_TEST(!check(many_tags).has_value());
  Record empty_tag = record("a");
  empty_tag.tags = {""};
  BOOST_TEST(!check(empty_tag).has_value());
  Record bad_other = record("a");
  bad_other.connected_to = {"no name"};
  BOOST_TEST(!check(bad_other).has_value());
}

BOOST_AUTO_TEST_CASE(beyond_the_most_members_those_who_are_gone_make_room) {
  Records records{record("a")};
  std::size_t next = 0;
  const auto add = [&](bool connected) {
    const std::string node = "n" + std::to_string(next++);
    const bool taken = records.merge(record(node));
    if (taken && connected) records.set_connected(node, true);
    return taken;
  };
  while (records.all().size() < cluster::limits::kMembersMax) BOOST_REQUIRE(add(true));
  BOOST_TEST(!add(true));  // all are up
  records.set_connected("n0", false);
  BOOST_TEST(add(true));
  BOOST_TEST(records.find("n0") == nullptr);
  BOOST_TEST(records.all().size() == cluster::limits::kMembersMax);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
