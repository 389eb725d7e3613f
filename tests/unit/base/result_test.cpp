#include "myelin/base/result.hpp"

#include <boost/test/unit_test.hpp>

using myelin::Errc;
using myelin::Error;

BOOST_AUTO_TEST_SUITE(result)

BOOST_AUTO_TEST_CASE(numbers_of_causes_are_stable) {
  BOOST_TEST(static_cast<int>(Errc::bad_frame) == 1);
  BOOST_TEST(static_cast<int>(Errc::invalid_argument) == 20);
  BOOST_TEST(static_cast<int>(Errc::unhandled_type) == 40);
  BOOST_TEST(static_cast<int>(Errc::backend_failed) == 61);
  BOOST_TEST(static_cast<int>(Errc::unreachable) == 100);
}

BOOST_AUTO_TEST_CASE(a_number_that_is_no_cause_has_a_name_all_the_same) {
  BOOST_TEST(myelin::to_string(static_cast<Errc>(9999)) == "unknown");
}

BOOST_AUTO_TEST_CASE(an_error_reads_as_cause_and_sentence) {
  BOOST_TEST(myelin::to_string(Error{Errc::timeout, "no answer within 2 s"}) == "timeout: no answer within 2 s");
  BOOST_TEST(myelin::to_string(Error{Errc::timeout, ""}) == "timeout");
}

BOOST_AUTO_TEST_CASE(fail_makes_a_result_of_any_type) {
  const myelin::Result<int> result = myelin::fail(Errc::not_found, "no file 'x'");
  BOOST_REQUIRE(!result.has_value());
  BOOST_TEST((result.error() == Error{Errc::not_found, "no file 'x'"}));
}

BOOST_AUTO_TEST_SUITE_END()
