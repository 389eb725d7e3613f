#include "demos/digits/dataset.hpp"

#include <zlib.h>

#include <boost/test/unit_test.hpp>

#include "temporary_directory.hpp"

using namespace myelin::digits;
using myelin::Errc;
using myelin::Result;
using myelin::test::content_of;
using myelin::test::TemporaryDirectory;
using myelin::tool::Environment;

namespace {

/// 64 pixels, all of the given value, then the label.
std::string row(const std::string& pixel, const std::string& label) {
  std::string text;
  for (std::size_t i = 0; i < kPixels; ++i) text += pixel + ',';
  return text + label + '\n';
}

std::filesystem::path write_gzip(const TemporaryDirectory& directory, const std::string& text) {
  const std::filesystem::path file = directory.path() / "digits.csv.gz";
  const gzFile stream = gzopen(file.c_str(), "wb");
  gzwrite(stream, text.data(), static_cast<unsigned>(text.size()));
  gzclose(stream);
  return file;
}

/// The file is refused with the cause, and the message holds each of the words.
void refuses(const std::filesystem::path& file, Errc cause, const std::vector<std::string>& words) {
  const Result<Samples> result = read_samples(file);
  BOOST_REQUIRE(!result.has_value());
  BOOST_TEST((result.error().code == cause));
  BOOST_TEST(result.error().message.find(file.string()) != std::string::npos);
  for (const std::string& word : words) {
    BOOST_TEST(result.error().message.find(word) != std::string::npos, result.error().message << " lacks " << word);
  }
}

constexpr const char* kRemedy = "scripts/fetch-digits";

}  // namespace

BOOST_AUTO_TEST_SUITE(dataset)

BOOST_AUTO_TEST_CASE(rows_become_pixels_of_0_to_1_and_labels) {
  const TemporaryDirectory directory;
  const Result<Samples> samples = read_samples(write_gzip(directory, row("0", "3") + row("16", "9") + row("4", "0")));
  BOOST_REQUIRE(samples.has_value());
  BOOST_REQUIRE(samples->size() == 3U);
  BOOST_TEST(samples->pixels.size() == 3 * kPixels);
  BOOST_TEST(samples->image(0).front() == 0.0F);
  BOOST_TEST(samples->image(1).back() == 1.0F);
  BOOST_TEST(samples->image(2).front() == 0.25F);
  BOOST_TEST(static_cast<int>(samples->labels[1]) == 9);
}

BOOST_AUTO_TEST_CASE(plain_text_and_windows_line_ends_are_read_too) {
  const TemporaryDirectory directory;
  std::string text = row("1", "2");
  text.insert(text.size() - 1, "\r");
  const Result<Samples> samples = read_samples(directory.write("digits.csv", text + row("1", "3")));
  BOOST_REQUIRE(samples.has_value());
  BOOST_TEST(samples->size() == 2U);
}

BOOST_AUTO_TEST_CASE(the_last_line_needs_no_line_end) {
  const TemporaryDirectory directory;
  std::string text = row("1", "2") + row("1", "3");
  text.pop_back();
  const Result<Samples> samples = read_samples(directory.write("digits.csv", text));
  BOOST_REQUIRE(samples.has_value());
  BOOST_TEST(samples->size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_missing_file_names_the_remedy) {
  const TemporaryDirectory directory;
  refuses(directory.path() / "none.csv.gz", Errc::not_found, {kRemedy, "--data"});
}

BOOST_AUTO_TEST_CASE(a_directory_is_no_data_set) {
  const TemporaryDirectory directory;
  refuses(directory.path(), Errc::io_error, {"directory"});
}

BOOST_AUTO_TEST_CASE(a_truncated_gzip_stream_is_found_wherever_it_ends) {
  const TemporaryDirectory directory;
  const std::string whole = content_of(write_gzip(directory, row("7", "1") + row("3", "2")));
  for (std::size_t length = 2; length < whole.size(); ++length) {
    const auto file = directory.write("cut.csv.gz", std::string_view{whole}.substr(0, length));
    BOOST_TEST(!read_samples(file).has_value(), "cut after " << length << " of " << whole.size() << " bytes");
  }
  refuses(directory.write("cut.csv.gz", std::string_view{whole}.substr(0, whole.size() / 2)), Errc::corrupt_file,
          {"cut short", kRemedy});
}

BOOST_AUTO_TEST_CASE(a_damaged_gzip_stream_is_found) {
  const TemporaryDirectory directory;
  std::string bytes = content_of(write_gzip(directory, row("7", "1")));
  bytes[bytes.size() - 6] = static_cast<char>(bytes[bytes.size() - 6] ^ 1);  // In the checksum.
  refuses(directory.write("damaged.csv.gz", bytes), Errc::corrupt_file, {"gzip", kRemedy});
}

BOOST_AUTO_TEST_CASE(a_wrong_number_of_columns_names_the_line) {
  const TemporaryDirectory directory;
  refuses(write_gzip(directory, row("1", "1") + "1,2,3\n"), Errc::corrupt_file, {"line 2", "3 columns", kRemedy});
  refuses(write_gzip(directory, row("1", "1,1")), Errc::corrupt_file, {"line 1", "66 columns"});
  refuses(write_gzip(directory, row("1", "1") + "\n" + row("1", "1")), Errc::corrupt_file, {"line 2"});
}

BOOST_AUTO_TEST_CASE(a_value_out_of_range_names_line_and_column) {
  const TemporaryDirectory directory;
  refuses(write_gzip(directory, row("1", "1") + row("17", "1")), Errc::corrupt_file,
          {"line 2", "column 1", "17", "0..16", kRemedy});
  refuses(write_gzip(directory, row("-1", "1")), Errc::corrupt_file, {"line 1", "-1"});
  refuses(write_gzip(directory, row("1", "10")), Errc::corrupt_file, {"column 65", "label 10", "0..9"});
  refuses(write_gzip(directory, row("99999999999999999999", "1")), Errc::corrupt_file, {"outside 0..16"});
}

BOOST_AUTO_TEST_CASE(what_is_no_whole_number_is_shown) {
  const TemporaryDirectory directory;
  refuses(write_gzip(directory, row("x", "1")), Errc::corrupt_file, {"line 1", "column 1", "'x'"});
  refuses(write_gzip(directory, row("1.5", "1")), Errc::corrupt_file, {"'1.5'"});
  refuses(write_gzip(directory, row("", "1")), Errc::corrupt_file, {"''"});
}

BOOST_AUTO_TEST_CASE(an_empty_file_has_no_rows) {
  const TemporaryDirectory directory;
  refuses(write_gzip(directory, ""), Errc::corrupt_file, {"no rows", kRemedy});
  refuses(directory.write("empty.csv.gz", ""), Errc::corrupt_file, {"no rows"});
}

BOOST_AUTO_TEST_CASE(every_fifth_row_is_held_out) {
  Samples samples;
  for (std::uint8_t i = 0; i < 12; ++i) {
    samples.labels.push_back(i);
    samples.pixels.insert(samples.pixels.end(), kPixels, static_cast<float>(i));
  }
  const Split parts = split(samples);
  BOOST_TEST(parts.train.size() == 10U);
  BOOST_REQUIRE(parts.held_out.size() == 2U);
  BOOST_TEST(static_cast<int>(parts.held_out.labels[0]) == 4);
  BOOST_TEST(static_cast<int>(parts.held_out.labels[1]) == 9);
  BOOST_TEST(parts.held_out.image(1).front() == 9.0F);
  BOOST_TEST(parts.train.image(4).front() == 5.0F);
}

BOOST_AUTO_TEST_CASE(the_file_is_looked_for_where_it_was_named_then_in_the_data_directory_then_in_the_cache) {
  const Environment all{{{"MYELIN_DATA_DIR", "/data"}, {"XDG_CACHE_HOME", "/cache"}, {"HOME", "/home/ada"}}};
  BOOST_TEST(data_file("my.csv", all).string() == "my.csv");
  BOOST_TEST(data_file({}, all).string() == "/data/digits.csv.gz");
  const Environment cache{{{"MYELIN_DATA_DIR", ""}, {"XDG_CACHE_HOME", "/cache"}, {"HOME", "/home/ada"}}};
  BOOST_TEST(data_file({}, cache).string() == "/cache/myelin/digits.csv.gz");
  const Environment home{{{"HOME", "/home/ada"}}};
  BOOST_TEST(data_file({}, home).string() == "/home/ada/.cache/myelin/digits.csv.gz");
}

BOOST_AUTO_TEST_SUITE_END()
