#include "memory/import.hpp"

#include <boost/test/unit_test.hpp>
#include <map>

#include "temporary_directory.hpp"

using myelin::Errc;
using myelin::MemoryOutcome;
using myelin::Result;
using myelin::consensus::Status;
using myelin::consensus::Transaction;
using myelin::tool::Importer;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

/// A memory that is a map, and keeps what it is told to.
struct Fixture {
  myelin::test::TemporaryDirectory directory;
  std::map<std::string, std::string> memory;
  std::vector<std::size_t> batches;
  std::string full_at;  // this key has no room

  Result<std::size_t> import(std::string_view text) {
    Importer importer{[](std::string_view key) -> Result<void> {
                        if (!key.empty()) return {};
                        return myelin::fail(Errc::invalid_argument, "a key of no bytes");
                      },
                      [this](std::span<const Transaction> batch) -> Result<std::vector<MemoryOutcome>> {
                        batches.push_back(batch.size());
                        std::vector<MemoryOutcome> outcomes(batch.size());
                        for (std::size_t i = 0; i < batch.size(); ++i) {
                          if (batch[i].key == full_at) {
                            outcomes[i].status = Status::state_full;
                          } else {
                            memory[std::string{batch[i].key}] = batch[i].value;
                          }
                        }
                        return outcomes;
                      }};
    return importer.run(directory.write("pairs.tsv", text), "space/");
  }
};

}  // namespace

BOOST_FIXTURE_TEST_SUITE(import, Fixture)

BOOST_AUTO_TEST_CASE(every_line_becomes_a_key_of_the_space) {
  const auto pairs = import("a\t1\n\n{\"key\": \"b\", \"value\": \"2\"}\r\nc\t3");
  BOOST_REQUIRE(pairs.has_value());
  BOOST_TEST(*pairs == 3U);
  BOOST_TEST((memory == std::map<std::string, std::string>{{"space/a", "1"}, {"space/b", "2"}, {"space/c", "3"}}));
}

BOOST_AUTO_TEST_CASE(many_go_in_batches_of_hundreds) {
  std::string text;
  for (int i = 0; i < 1700; ++i) text += "key" + std::to_string(i) + "\tvalue\n";
  BOOST_REQUIRE(import(text).has_value());
  BOOST_TEST(memory.size() == 1700U);
  BOOST_TEST(batches.size() == 4U);
  for (const std::size_t batch : batches) BOOST_TEST(batch >= 200U);
}

BOOST_AUTO_TEST_CASE(large_values_make_smaller_batches) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "key" + std::to_string(i) + '\t' + std::string(60'000, 'x') + '\n';
  BOOST_REQUIRE(import(text).has_value());
  BOOST_TEST(memory.size() == 20U);
  for (const std::size_t batch : batches) BOOST_TEST(batch * 60'000 < std::size_t{1} << 20);
}

BOOST_AUTO_TEST_CASE(a_bad_line_is_named_with_what_is_in_already) {
  std::string text;
  for (int i = 0; i < 600; ++i) text += "key" + std::to_string(i) + "\tvalue\n";
  const auto bad = import(text + "nonsense\n");
  BOOST_REQUIRE(!bad);
  BOOST_TEST(bad.error().message.find("pairs.tsv', line 601: no tab") != std::string::npos);
  BOOST_TEST(bad.error().message.find("500 pairs are in") != std::string::npos);
  BOOST_TEST(memory.size() == 500U);
  BOOST_TEST(import("\tvalue\n").error().message.find("line 1: a key of no bytes") != std::string::npos);
  BOOST_TEST(import("a\t" + std::string(65'537, 'x')).error().message.find("the most are 65536") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_the_memory_refuses_is_named_with_its_line) {
  full_at = "space/b";
  const auto full = import("a\t1\nb\t2\nc\t3\n");
  BOOST_REQUIRE(!full);
  BOOST_TEST(full.error().message.find("line 2: 'space/b' was not put: ") != std::string::npos);
  BOOST_TEST(full.error().message.find("1 pairs are in") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_none_is_named) {
  Importer importer{[](std::string_view) { return Result<void>{}; },
                    [](std::span<const Transaction>) { return Result<std::vector<MemoryOutcome>>{}; }};
  const auto missing = importer.run((directory.path() / "none").string(), "");
  BOOST_REQUIRE(!missing);
  BOOST_TEST(missing.error().code == Errc::not_found);
  const auto folder = importer.run(directory.path().string(), "");
  BOOST_REQUIRE(!folder);
  BOOST_TEST(folder.error().message.find("is a directory") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
