#include "myelin/kernels/target.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>

#include "targets.hpp"

using namespace myelin::kernels;

BOOST_AUTO_TEST_SUITE(target)

BOOST_AUTO_TEST_CASE(the_best_supported_target_is_in_use) {
  const std::vector<std::string> supported = supported_simd_targets();
  BOOST_REQUIRE(!supported.empty());
  BOOST_TEST(simd_target() == supported.front());
  BOOST_TEST_MESSAGE("SIMD target in use: " << simd_target());
}

BOOST_AUTO_TEST_CASE(supported_targets_were_compiled) {
  const std::vector<std::string> compiled = compiled_simd_targets();
  for (const std::string& name : supported_simd_targets()) BOOST_TEST((std::ranges::count(compiled, name) == 1));
}

BOOST_AUTO_TEST_CASE(a_test_can_switch_the_target) {
  std::vector<std::string> seen;
  test::for_each_target([&] { seen.push_back(simd_target()); });
  BOOST_TEST(seen == supported_simd_targets(), boost::test_tools::per_element());
  BOOST_TEST(simd_target() == seen.front());
}

BOOST_AUTO_TEST_CASE(a_process_can_be_held_to_any_supported_target) {
  struct Restore {
    ~Restore() { hwy::DisableTargets(0); }
  } restore;
  const std::vector<std::string> supported = supported_simd_targets();
  for (const std::string& name : supported) {
    hwy::DisableTargets(0);
    BOOST_TEST(hold_to_simd_target(name).has_value());
    BOOST_TEST(simd_target() == name);
  }
}

BOOST_AUTO_TEST_CASE(a_target_that_is_not_there_is_refused_with_those_to_choose_from) {
  const auto refused = hold_to_simd_target("AVX9");
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == myelin::Errc::invalid_argument));
  BOOST_TEST(refused.error().message.find("'AVX9'") != std::string::npos);
  for (const std::string& name : supported_simd_targets()) {
    BOOST_TEST(refused.error().message.find(name) != std::string::npos);
  }
  BOOST_TEST(simd_target() == supported_simd_targets().front());
}

BOOST_AUTO_TEST_SUITE_END()
