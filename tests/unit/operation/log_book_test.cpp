// The lines that a node keeps for operators.
#include "myelin/operation/log_book.hpp"

#include <boost/test/unit_test.hpp>

namespace myelin::test {

using operation::LogBook;

BOOST_AUTO_TEST_SUITE(log_book)

BOOST_AUTO_TEST_CASE(lines_are_read_on_from_the_last_one) {
  LogBook book;
  BOOST_TEST(book.read(0, 10).lines.empty());
  BOOST_TEST(book.read(7, 10).last == 0U);
  for (int i = 1; i <= 5; ++i) book.add("line " + std::to_string(i));
  const LogBook::Page first = book.read(0, 3);
  BOOST_TEST((first.lines == std::vector<std::string>{"line 1", "line 2", "line 3"}));
  BOOST_TEST(first.last == 3U);
  BOOST_TEST(!first.is_cut);
  const LogBook::Page second = book.read(first.last, 3);
  BOOST_TEST((second.lines == std::vector<std::string>{"line 4", "line 5"}));
  BOOST_TEST(second.last == 5U);
  BOOST_TEST(book.read(5, 3).lines.empty());
  BOOST_TEST(book.read(5, 3).last == 5U);
}

BOOST_AUTO_TEST_CASE(only_the_last_lines_are_kept) {
  LogBook book;
  for (std::size_t i = 1; i <= LogBook::kLinesMax + 10; ++i) book.add(std::to_string(i));
  const LogBook::Page page = book.read(0, 2);
  BOOST_TEST((page.lines == std::vector<std::string>{"11", "12"}));
  BOOST_TEST(page.is_cut);
  BOOST_TEST(page.last == 12U);
  BOOST_TEST(book.read(page.last, LogBook::kLinesMax).lines.size() == LogBook::kPageLinesMax);
  BOOST_TEST(!book.read(10, 2).is_cut);
}

BOOST_AUTO_TEST_CASE(a_long_line_is_cut_off) {
  LogBook book;
  book.add(std::string(LogBook::kLineBytesMax + 1, 'x'));
  BOOST_TEST(book.read(0, 1).lines.front().size() == LogBook::kLineBytesMax);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
