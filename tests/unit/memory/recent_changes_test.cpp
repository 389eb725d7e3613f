#include "agents/recent_changes.hpp"

#include <boost/test/unit_test.hpp>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "myelin/validator/key_pattern.hpp"
#include "myelin/validator/limits.hpp"

namespace myelin::validator {

namespace {

struct Put {
  std::string key;
  std::string bytes;
};

Put change(std::string key, std::string bytes) { return {std::move(key), std::move(bytes)}; }

consensus::RecentCells cells_of(const std::vector<Put>& puts) {
  std::size_t bytes = 0;
  for (const Put& put : puts) bytes += put.key.size() + put.bytes.size();
  consensus::RecentCells cells{{}, std::make_unique<char[]>(bytes)};
  char* to = cells.text.get();
  const auto keep = [&to](const std::string& text) {
    const std::string_view kept{to, text.copy(to, text.size())};
    to += text.size();
    return kept;
  };
  for (const Put& put : puts) {
    const std::string_view key = keep(put.key);
    cells.cells.push_back({key, consensus::Cell::of_bytes(keep(put.bytes))});
  }
  return cells;
}

std::vector<std::string> texts(const RecentChanges::Page& page) {
  std::vector<std::string> texts;
  for (const auto& [commit, change] : page.changes) {
    texts.push_back(std::to_string(commit->index) + ":" + std::string{change->key} + "=" +
                    std::string{change->cell.bytes});
  }
  return texts;
}

using Texts = std::vector<std::string>;
constexpr std::size_t kPlenty = 1 << 20;

}  // namespace

BOOST_AUTO_TEST_SUITE(recent_changes)

BOOST_AUTO_TEST_CASE(a_page_has_what_matches_behind_its_place) {
  RecentChanges recent{kPlenty, 0};
  recent.add(1, 10, cells_of({change("a1", "x"), change("b1", "y")}));
  recent.add(2, 20, cells_of({}));
  recent.add(4, 40, cells_of({change("a1", "z")}));
  const auto page = recent.page({"", "a*", {}, 10});
  BOOST_TEST(texts(page) == (Texts{"1:a1=x", "4:a1=z"}), boost::test_tools::per_element());
  BOOST_TEST((page.through == ChangePlace{4}));
  BOOST_TEST(texts(recent.page({"", "a*", {1}, 10})) == Texts{"4:a1=z"}, boost::test_tools::per_element());
  BOOST_TEST(texts(recent.page({"b", "?", {}, 10})) == Texts{"1:b1=y"}, boost::test_tools::per_element());
  BOOST_TEST(recent.page({"", "*", {4}, 10}).changes.empty());
}

BOOST_AUTO_TEST_CASE(a_commit_is_cut_only_where_it_alone_is_more_than_a_page) {
  RecentChanges recent{kPlenty, 0};
  recent.add(1, 0, cells_of({change("a", "")}));
  recent.add(3, 0, cells_of({change("a", ""), change("b", ""), change("c", "")}));
  auto page = recent.page({"", "*", {}, 2});
  BOOST_TEST(texts(page) == Texts{"1:a="}, boost::test_tools::per_element());
  BOOST_TEST((page.through == ChangePlace{2}));
  page = recent.page({"", "*", page.through, 2});
  BOOST_TEST(texts(page) == (Texts{"3:a=", "3:b="}), boost::test_tools::per_element());
  BOOST_TEST((page.through == ChangePlace{3, "b"}));
  page = recent.page({"", "*", page.through, 2});
  BOOST_TEST(texts(page) == Texts{"3:c="}, boost::test_tools::per_element());
  BOOST_TEST((page.through == ChangePlace{3}));
}

BOOST_AUTO_TEST_CASE(a_page_holds_no_more_bytes_than_its_bound_unless_one_change_has_more) {
  RecentChanges recent{std::size_t{64} << 20, 0};
  const std::string large(limits::kChangesPageBytesMax / 2, 'x');
  recent.add(1, 0, cells_of({change("a", large), change("b", large), change("c", large + large)}));
  auto page = recent.page({"", "*", {}, 10});
  BOOST_TEST(page.changes.size() == 1U);
  page = recent.page({"", "*", page.through, 10});
  BOOST_TEST(page.changes.size() == 1U);
  page = recent.page({"", "*", page.through, 10});
  BOOST_TEST(page.changes.size() == 1U);
  BOOST_TEST((page.through == ChangePlace{1}));
}

BOOST_AUTO_TEST_CASE(the_oldest_commits_are_forgotten_and_places_before_them_too_old) {
  RecentChanges recent{4000, 7};
  BOOST_TEST(recent.is_too_old({6}));
  BOOST_TEST(!recent.is_too_old({7}));
  BOOST_TEST(recent.is_too_old({7, "a"}));
  for (consensus::CommitIndex i = 8; i < 18; ++i) recent.add(i, 0, cells_of({change("key", std::string(1000, 'v'))}));
  BOOST_TEST(recent.is_too_old({7}));
  consensus::CommitIndex oldest = 7;
  while (recent.is_too_old({oldest})) ++oldest;
  BOOST_TEST(oldest < 17U);
  BOOST_TEST(recent.page({"", "*", {oldest}, 100}).changes.size() == 17 - oldest);
  recent.add(18, 0, cells_of({change("key", std::string(5000, 'v'))}));  // more than it keeps at all
  BOOST_TEST(recent.is_too_old({17}));
  BOOST_TEST(!recent.is_too_old({18}));
}

BOOST_AUTO_TEST_CASE(what_led_to_a_state_that_was_installed_is_not_known) {
  RecentChanges recent{kPlenty, 0};
  recent.add(1, 0, cells_of({change("a", "x")}));
  recent.forget(9);
  BOOST_TEST(recent.is_too_old({8}));
  BOOST_TEST(!recent.is_too_old({9}));
  BOOST_TEST(recent.through() == 9U);
  BOOST_TEST(recent.page({"", "*", {9}, 10}).changes.empty());
}

BOOST_AUTO_TEST_CASE(a_place_ahead_of_all_commits_is_not_left) {
  const RecentChanges recent{kPlenty, 3};
  BOOST_TEST((recent.page({"", "*", {5, "k"}, 10}).through == ChangePlace{5, "k"}));
}

BOOST_AUTO_TEST_CASE(pages_of_any_size_give_every_change_once_and_others_find_the_same_between_their_places) {
  std::mt19937 random{7};
  for (int run = 0; run < 50; ++run) {
    RecentChanges recent{kPlenty, 0};
    Texts expected;
    for (consensus::CommitIndex commit = 1; commit <= 30; ++commit) {
      std::vector<Put> changes;
      for (char key = 'a'; key <= 'h'; ++key) {
        if (random() % 3 != 0) continue;
        changes.push_back(
            change(std::string{"k"} + key + (random() % 2 == 0 ? "+" : ""), std::to_string(random() % 9)));
        const auto& last = changes.back();
        if (last.key.ends_with('+')) expected.push_back(std::to_string(commit) + ":" + last.key + "=" + last.bytes);
      }
      recent.add(commit, 0, cells_of(changes));
    }
    Texts seen;
    ChangePlace place;
    while (place != ChangePlace{30}) {
      const ChangesWanted wanted{"k", "*+", place, 1 + random() % 5};
      const auto page = recent.page(wanted);
      BOOST_REQUIRE(page.changes.size() <= wanted.changes_max);
      BOOST_REQUIRE((page.through != place));
      BOOST_TEST(texts(recent.all(wanted, page.through)) == texts(page), boost::test_tools::per_element());
      for (std::string& text : texts(page)) seen.push_back(std::move(text));
      place = page.through;
    }
    BOOST_TEST(seen == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::validator
