#include "execution/state_table.hpp"

#include <map>
#include <random>
#include <string>

#include "harness.hpp"

using namespace myelin::consensus;

namespace {

Cell random_cell(std::mt19937& random, const std::string& text) {
  switch (random() % 4) {
    case 0: return {};
    case 1: return Cell::of_number(static_cast<std::int64_t>(random()));
    case 2: return Cell::of_lease(random(), random(), random());
    default: return Cell::of_bytes(text);
  }
}

}  // namespace

BOOST_AUTO_TEST_SUITE(state_table)

BOOST_AUTO_TEST_CASE(agrees_with_a_map_through_growth_and_removal) {
  std::mt19937 random{2};
  for (int seed = 0; seed < 60; ++seed) {
    StateTable table{random()};
    std::map<std::string, Value> model;
    const unsigned keys = 1 + random() % 400;
    for (int i = 0; i < 1500; ++i) {
      const std::string key = "key " + std::to_string(random() % keys);
      const std::string text(random() % 40, static_cast<char>('a' + random() % 26));
      const Cell cell = random_cell(random, text);
      table.set(key, cell);
      cell.kind == ValueKind::absent ? static_cast<void>(model.erase(key))
                                     : static_cast<void>(model[key] = cell.to_value());
      if (random() % 100 == 0) static_cast<void>(table.root(nullptr));
      if (random() % 100 == 0) table.order();
    }
    std::size_t bytes = 0;
    StateTable fresh{0};
    for (const auto& [key, value] : model) {
      const StateTable::Entry* entry = table.find(key);
      BOOST_REQUIRE(entry != nullptr);
      BOOST_REQUIRE((entry->cell().to_value() == value));
      bytes += key.size() + value.bytes.size();
      fresh.set(key, entry->cell());
    }
    BOOST_REQUIRE_EQUAL(table.count(), model.size());
    BOOST_REQUIRE_EQUAL(table.bytes(), bytes);
    BOOST_REQUIRE_EQUAL(table.entries().size(), model.size());
    table.order();
    auto expected = model.begin();
    for (const auto& [key, entry] : table.ordered()) {
      if (entry->kind == ValueKind::absent) continue;
      BOOST_REQUIRE_EQUAL(key, (expected++)->first);
    }
    BOOST_REQUIRE(expected == model.end());
    // Neither the order of the writes nor the hash shows in the root.
    BOOST_REQUIRE_EQUAL(table.root(nullptr), fresh.root(nullptr));
  }
}

BOOST_AUTO_TEST_CASE(what_ends_is_taken_out_in_the_order_of_its_end_whatever_was_done_to_it) {
  std::mt19937 random{3};
  for (int seed = 0; seed < 40; ++seed) {
    StateTable table{random(), true};
    std::map<std::string, WallTime> ends;  // 0: none
    WallTime now = 0;
    const unsigned keys = 1 + random() % 60;
    for (int i = 0; i < 1000; ++i) {
      const std::string key = "key " + std::to_string(random() % keys);
      const WallTime end = now + 1 + random() % 20;
      switch (random() % 8) {
        case 0: table.set(key, {}), ends.erase(key); break;
        case 1: table.set(key, Cell::of_bytes("x")), ends[key] = 0; break;
        case 2: table.set(key, Cell::of_number(1)), ends[key] = 0; break;
        case 3: table.set(key, Cell::of_lease(1, end, 2)), ends[key] = end; break;
        case 4: static_cast<void>(table.root(nullptr)); break;
        case 5: {
          now += random() % 12;
          const std::size_t most = random() % 4;
          std::size_t expected = 0;
          for (; expected < most; ++expected) {
            auto first = ends.end();
            for (auto each = ends.begin(); each != ends.end(); ++each) {
              if (each->second == 0 || each->second > now) continue;
              if (first == ends.end() || each->second < first->second) first = each;
            }
            if (first == ends.end()) break;
            ends.erase(first);
          }
          BOOST_REQUIRE_EQUAL(table.take_ended(now, most), expected);
          break;
        }
        default: table.set(key, Cell::of_bytes("y", end)), ends[key] = end; break;
      }
      BOOST_REQUIRE_EQUAL(table.count(), ends.size());
    }
    for (const auto& [key, end] : ends) BOOST_REQUIRE((table.find(key)->kind != ValueKind::absent));
  }
}

BOOST_AUTO_TEST_CASE(each_part_of_a_cell_shows_in_the_root) {
  const auto root_with = [](std::string_view key, const Cell& cell) {
    StateTable table{0};
    table.set("other", Cell::of_number(1));
    table.set(key, cell);
    return table.root(nullptr);
  };
  const std::vector<Digest> roots = {
      root_with("k", {}),
      root_with("k", Cell::of_number(0)),
      root_with("k", Cell::of_number(1)),
      root_with("k", Cell::of_bytes("")),
      root_with("k", Cell::of_bytes("1")),
      root_with("k", Cell::of_bytes("1", 7)),
      root_with("l", Cell::of_bytes("1")),
      root_with("k", Cell::of_lease(1, 2, 3)),
      root_with("k", Cell::of_lease(9, 2, 3)),
      root_with("k", Cell::of_lease(1, 9, 3)),
      root_with("k", Cell::of_lease(1, 2, 9)),
  };
  for (std::size_t i = 0; i < roots.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) BOOST_TEST(roots[i] != roots[j]);
  }
}

BOOST_AUTO_TEST_CASE(workers_come_to_the_same_root) {
  ThreadWorkers workers{2};
  StateTable alone{1}, together{1};
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 2000; ++i) {
      const std::string key = std::to_string(i);
      const Cell cell = i % 7 == round ? Cell{} : Cell::of_number(i * round);
      alone.set(key, cell);
      together.set(key, cell);
    }
    BOOST_TEST(together.root(&workers) == alone.root(nullptr));
  }
}

BOOST_AUTO_TEST_SUITE_END()
