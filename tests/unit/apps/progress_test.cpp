#include "terminal/progress.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

using namespace myelin::tool;
using namespace std::chrono_literals;

namespace {

/// A stream in memory and a clock that stands until it is moved.
struct Stage {
  char* buffer = nullptr;
  std::size_t size = 0;
  Terminal terminal;
  Progress::Clock::time_point now{};

  explicit Stage(bool live) {
    terminal.err = open_memstream(&buffer, &size);
    terminal.err_is_live = live;
    terminal.err_columns = 24;
  }
  ~Stage() {
    std::fclose(terminal.err);
    std::free(buffer);
  }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  std::string text() {
    std::fflush(terminal.err);
    return {buffer, size};
  }
  auto clock() {
    return [this] { return now; };
  }
};

}  // namespace

BOOST_AUTO_TEST_SUITE(progress)

BOOST_AUTO_TEST_CASE(a_log_gets_plain_lines_at_a_modest_rate) {
  Stage stage{false};
  Progress progress{stage.terminal, false, stage.clock()};
  progress.update("one");
  stage.now += 1s;
  progress.update("two");
  stage.now += 1s;
  progress.update("three");
  progress.note("kept");
  BOOST_TEST(stage.text() == "one\nthree\nkept\n");
}

BOOST_AUTO_TEST_CASE(a_person_sees_one_line_that_is_removed_at_the_end) {
  Stage stage{true};
  {
    Progress progress{stage.terminal, false, stage.clock()};
    progress.update("one");
    stage.now += 50ms;
    progress.update("too soon");
    stage.now += 50ms;
    progress.update("two");
  }
  BOOST_TEST(stage.text() == "\r\x1b[Kone\r\x1b[Ktwo\r\x1b[K");
}

BOOST_AUTO_TEST_CASE(a_live_line_never_wraps) {
  Stage stage{true};
  Progress progress{stage.terminal, false, stage.clock()};
  progress.update("0123456789012345678901234567890123456789");
  BOOST_TEST(stage.text() == "\r\x1b[K01234567890123456789012");
}

BOOST_AUTO_TEST_CASE(quiet_writes_nothing) {
  Stage stage{true};
  {
    Progress progress{stage.terminal, true, stage.clock()};
    progress.update("one");
    progress.note("two");
  }
  BOOST_TEST(stage.text().empty());
}

BOOST_AUTO_TEST_SUITE_END()
