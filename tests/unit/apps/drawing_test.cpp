#include "terminal/drawing.hpp"

#include <boost/test/unit_test.hpp>

using namespace myelin::tool;

namespace {

constexpr Style kUtf8{.utf8 = true, .colour = false};
constexpr Style kColour{.utf8 = true, .colour = true};
constexpr Style kAscii{};

// The four combinations of an upper and a lower pixel.
const std::vector<float> kPixels{0, 1, 0, 1,  //
                                 0, 0, 1, 1};

}  // namespace

BOOST_AUTO_TEST_SUITE(drawing)

BOOST_AUTO_TEST_CASE(half_blocks_hold_two_rows) {
  const std::vector<std::string> lines = draw_image(kPixels, 4, kUtf8);
  BOOST_REQUIRE(lines.size() == 1U);
  BOOST_TEST(lines[0] == " \u2580\u2584\u2588");
}

BOOST_AUTO_TEST_CASE(colour_gives_gray_levels_and_resets) {
  const std::vector<float> pixels{1.0F, 0.0F};
  const std::vector<std::string> lines = draw_image(pixels, 1, kColour);
  BOOST_REQUIRE(lines.size() == 1U);
  BOOST_TEST(lines[0] == "\x1b[38;5;255;48;5;232m\u2580\x1b[0m");
}

BOOST_AUTO_TEST_CASE(ascii_is_the_fallback) {
  const std::vector<std::string> lines = draw_image(kPixels, 4, kAscii);
  BOOST_REQUIRE(lines.size() == 2U);
  BOOST_TEST(lines[0] == "  @@  @@");
  BOOST_TEST(lines[1] == "    @@@@");
}

BOOST_AUTO_TEST_CASE(no_pixels_are_no_lines) {
  BOOST_TEST(draw_image({}, 8, kUtf8).empty());
  BOOST_TEST(draw_image({}, 0, kUtf8).empty());
}

BOOST_AUTO_TEST_CASE(sparkline_runs_from_least_to_greatest) {
  const std::vector<double> values{0, 1, 2, 7};
  BOOST_TEST(draw_sparkline(values, kUtf8) == "\u2581\u2582\u2583\u2588");
  BOOST_TEST(draw_sparkline(values, kAscii) == "_.,#");
  BOOST_TEST(draw_sparkline({}, kUtf8).empty());
  const std::vector<double> equal{3, 3};
  BOOST_TEST(draw_sparkline(equal, kAscii) == "__");
}

BOOST_AUTO_TEST_CASE(locale_is_read_from_the_first_variable_that_is_set) {
  BOOST_TEST(locale_is_utf8(Environment{{{"LANG", "C.UTF-8"}}}));
  BOOST_TEST(locale_is_utf8(Environment{{{"LC_ALL", "de_DE.utf8"}, {"LANG", "C"}}}));
  BOOST_TEST(!locale_is_utf8(Environment{{{"LC_ALL", "C"}, {"LANG", "C.UTF-8"}}}));
  BOOST_TEST(!locale_is_utf8(Environment{{}}));
}

BOOST_AUTO_TEST_SUITE_END()
