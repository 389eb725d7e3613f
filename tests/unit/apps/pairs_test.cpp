#include "memory/pairs.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <random>

using myelin::tool::add_bytes;
using myelin::tool::escape;
using myelin::tool::escape_key;
using myelin::tool::is_utf8;
using myelin::tool::Pair;
using myelin::tool::parse_pair;
using myelin::tool::unescape;

namespace {

std::string why_not(std::string_view line) {
  const auto pair = parse_pair(line);
  return pair ? "it is a pair" : pair.error().message;
}

bool is_pair(std::string_view line, const std::string& key, const std::string& value) {
  const auto pair = parse_pair(line);
  return pair && *pair == Pair{key, value};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(pairs)

BOOST_AUTO_TEST_CASE(any_bytes_survive_a_line) {
  std::mt19937 random{1};
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 12, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % (round % 2 == 0 ? 256 : 32));
    const std::string text = escape(bytes);
    BOOST_TEST(text.find_first_of("\t\n\r") == std::string::npos);
    BOOST_TEST(is_utf8(text));
    BOOST_REQUIRE(unescape(text).has_value());
    BOOST_TEST((*unescape(text) == bytes));
    BOOST_TEST(is_pair(escape_key("{" + bytes) + '\t' + text, "{" + bytes, bytes));
  }
}

BOOST_AUTO_TEST_CASE(text_stays_readable) {
  BOOST_TEST(escape("blue") == "blue");
  BOOST_TEST(escape("gr\xc3\xbcn \xf0\x9f\x8e\xa8") == "gr\xc3\xbcn \xf0\x9f\x8e\xa8");
  BOOST_TEST(escape("a\tb\nc\\d\x01\x7f\xff") == "a\\tb\\nc\\\\d\\x01\\x7f\\xff");
}

BOOST_AUTO_TEST_CASE(only_utf8_is_utf8) {
  for (const char* good :
       {"", "a", "\xc3\xbc", "\xe2\x82\xac", "\xf0\x9f\x8e\xa8", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
    BOOST_TEST(is_utf8(good));
  }
  for (const char* bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                          "\xf5\x80\x80\x80", "\xf0\x8f\xbf\xbf", "\xe2\x82", "a\xff"}) {
    BOOST_TEST(!is_utf8(bad));
  }
}

BOOST_AUTO_TEST_CASE(lines_of_both_kinds_are_read) {
  BOOST_TEST(is_pair("colour\tblue", "colour", "blue"));
  BOOST_TEST(is_pair("colour\t", "colour", ""));
  BOOST_TEST(is_pair("a\\tb\tc\\nd", "a\tb", "c\nd"));
  BOOST_TEST(is_pair(R"({"key": "colour", "value": "blue"})", "colour", "blue"));
  BOOST_TEST(is_pair(R"({"value_hex": "00fF", "key_hex": "6b", "more": 1})", "k", std::string("\0\xff", 2)));
}

BOOST_AUTO_TEST_CASE(a_line_that_is_no_pair_is_told_why) {
  BOOST_TEST(why_not("colour blue").find("no tab") != std::string::npos);
  BOOST_TEST(why_not("a\tb\tc").find("second tab") != std::string::npos);
  BOOST_TEST(why_not("a\tb\\q").find("backslash at column 2") != std::string::npos);
  BOOST_TEST(why_not("a\tb\\").find("backslash") != std::string::npos);
  BOOST_TEST(why_not("a\t\\x4").find("backslash") != std::string::npos);
  BOOST_TEST(why_not("{\"key\": \"a\"").find("no JSON") != std::string::npos);
  BOOST_TEST(why_not("{\"key\": \"a\"}").find("\"value\"") != std::string::npos);
  BOOST_TEST(why_not("{\"key\": 1, \"value\": \"\"}").find("\"key\" is no text") != std::string::npos);
  BOOST_TEST(why_not("{\"key_hex\": \"0\", \"value\": \"\"}").find("\"key_hex\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_text_go_into_a_document_as_hex) {
  nlohmann::json document;
  add_bytes(document, "key", "k\xc3\xbc");
  add_bytes(document, "value", "\xff\x01");
  BOOST_TEST(document.dump() == "{\"key\":\"k\xc3\xbc\",\"value_hex\":\"ff01\"}");
}

BOOST_AUTO_TEST_SUITE_END()
