#include "myelin/actors/network_file.hpp"

#include <unistd.h>

#include <fstream>
#include <iterator>

#include <boost/test/unit_test.hpp>

using myelin::Errc;
using myelin::load_network;
using myelin::save_network;
using myelin::kernels::Network;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

namespace {

struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "myelin-test-XXXXXX").string();
    BOOST_REQUIRE(::mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() { std::filesystem::remove_all(path); }

  std::filesystem::path file = {};
  Network network = *Network::make(std::vector<std::size_t>{5, 7, 3}, 11);

  std::filesystem::path saved() {
    BOOST_REQUIRE(save_network(network, path / "net").has_value());
    return path / "net";
  }
  [[nodiscard]] std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator{path}, std::filesystem::directory_iterator{}));
  }
};

std::vector<char> contents(const std::filesystem::path& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}
void write(const std::filesystem::path& path, const std::vector<char>& bytes) {
  std::ofstream{path, std::ios::binary}.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

}  // namespace

BOOST_FIXTURE_TEST_SUITE(network_file, Folder)

BOOST_AUTO_TEST_CASE(a_network_comes_back_to_the_bit) {
  const auto loaded = load_network(saved());
  BOOST_REQUIRE(loaded.has_value());
  BOOST_TEST(
      std::equal(loaded->layers().begin(), loaded->layers().end(), network.layers().begin(), network.layers().end()));
  BOOST_TEST(files() == 1U);
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_named) {
  const auto loaded = load_network(path / "none");
  BOOST_REQUIRE(!loaded);
  BOOST_TEST(loaded.error().code == Errc::not_found);
  BOOST_TEST(loaded.error().message.find("none") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  const auto bytes = contents(saved());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    write(path / "cut", {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)});
    const auto loaded = load_network(path / "cut");
    BOOST_REQUIRE(!loaded);
    BOOST_REQUIRE(loaded.error().code == Errc::corrupt_file);
  }
}

BOOST_AUTO_TEST_CASE(every_damaged_byte_is_noticed) {
  const auto bytes = contents(saved());
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (at >= 20 && at < 24) continue;  // reserved, not covered
    auto damaged = bytes;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    write(path / "damaged", damaged);
    BOOST_REQUIRE(!load_network(path / "damaged"));
  }
}

BOOST_AUTO_TEST_CASE(another_version_and_another_format_have_errors_of_their_own) {
  auto bytes = contents(saved());
  auto newer = bytes;
  newer[4] = 9;
  write(path / "newer", newer);
  BOOST_TEST(load_network(path / "newer").error().code == Errc::unsupported_version);
  write(path / "text", std::vector<char>(100, 'x'));
  BOOST_TEST(load_network(path / "text").error().code == Errc::corrupt_file);
}

BOOST_AUTO_TEST_CASE(a_place_that_cannot_be_written_leaves_nothing_behind) {
  const auto saved_to = save_network(network, path / "no such folder" / "net");
  BOOST_REQUIRE(!saved_to);
  BOOST_TEST(saved_to.error().code == Errc::io_error);
  std::filesystem::create_directory(path / "taken");
  std::filesystem::create_directory(path / "taken" / "inside");
  BOOST_TEST(!save_network(network, path / "taken"));  // a folder is in the way
  BOOST_TEST(files() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
