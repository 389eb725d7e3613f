#include "demos/digits/training.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "myelin/actors/network_file.hpp"
#include "synthetic_digits.hpp"
#include "temporary_directory.hpp"

using myelin::Errc;
using myelin::digits::kPixels;
using myelin::digits::kSide;
using myelin::digits::load_digits_network;
using myelin::digits::Samples;
using myelin::digits::train;
using myelin::digits::with_shifts;
using myelin::kernels::BackendKind;
using myelin::kernels::make_backend;
using myelin::kernels::Network;

BOOST_TEST_DONT_PRINT_LOG_VALUE(myelin::Errc)

BOOST_AUTO_TEST_SUITE(demo_training)

BOOST_AUTO_TEST_CASE(shifts_move_by_one_pixel_and_keep_the_label) {
  Samples samples;
  samples.pixels.assign(kPixels, 0.0F);
  samples.pixels[3 * kSide + 7] = 1.0F;  // at the right edge
  samples.labels = {4};
  const Samples shifted = with_shifts(samples);
  BOOST_REQUIRE(shifted.size() == 5U);
  std::vector<std::ptrdiff_t> lit;
  for (std::size_t i = 0; i < 5; ++i) {
    BOOST_TEST(shifted.labels[i] == 4);
    const auto image = shifted.image(i);
    const auto at = std::ranges::find(image, 1.0F);
    lit.push_back(at == image.end() ? -1 : at - image.begin());
  }
  // As it was; gone over the edge; one to the left, down, up.
  BOOST_TEST(lit == (std::vector<std::ptrdiff_t>{31, -1, 30, 39, 23}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_same_seed_gives_the_same_network_and_it_learns) {
  const Samples samples = myelin::test::synthetic_digits(100);
  const auto backend = *make_backend(BackendKind::simd);
  const auto first = train(samples, *backend, {.epochs = 20, .seed = 3});
  const auto second = train(samples, *backend, {.epochs = 20, .seed = 3});
  BOOST_REQUIRE(first.has_value());
  BOOST_REQUIRE(second.has_value());
  BOOST_TEST(std::ranges::equal(first->network.layers(), second->network.layers()));
  BOOST_TEST(first->accuracy > 0.9);
}

BOOST_AUTO_TEST_CASE(training_ends_when_it_is_enough_and_when_it_is_stopped) {
  const Samples samples = myelin::test::synthetic_digits(100);
  const auto backend = *make_backend(BackendKind::simd);
  const auto enough = train(samples, *backend, {.epochs = 1000, .enough = 0.5});
  BOOST_REQUIRE(enough.has_value());
  BOOST_TEST(enough->epochs < 1000U);
  std::stop_source stop;
  const auto stopped = train(
      samples, *backend,
      {.epochs = 1000, .enough = 2, .stop = stop.get_token(), .on_epoch = [&](const auto&) { stop.request_stop(); }});
  BOOST_REQUIRE(stopped.has_value());
  BOOST_TEST(stopped->epochs == 1U);
}

BOOST_AUTO_TEST_CASE(a_network_of_another_shape_is_refused_by_name) {
  const myelin::test::TemporaryDirectory directory;
  const auto path = directory.path() / "small.mynn";
  BOOST_REQUIRE(myelin::save_network(*Network::make(std::vector<std::size_t>{5, 7, 3}, 1), path).has_value());
  const auto loaded = load_digits_network(path);
  BOOST_REQUIRE(!loaded);
  BOOST_TEST(loaded.error().code == Errc::shape_mismatch);
  BOOST_TEST(loaded.error().message.find("small.mynn") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
