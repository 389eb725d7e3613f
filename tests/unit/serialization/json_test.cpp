#include "myelin/serialization/json.hpp"

#include <boost/test/unit_test.hpp>
#include <string>

#include "myelin/serialization/batch.hpp"
#include "samples.capnp.h"

using namespace myelin;

namespace {

template <class T>
Result<Frame> from(std::string_view json, const JsonCaps& caps = {}) {
  return frame_from_json(capnp::Schema::from<T>(), json, {}, caps);
}

template <class T>
std::string error_of(std::string_view json) {
  const auto frame = from<T>(json);
  return frame ? "none" : frame.error().message;
}

template <class T>
std::string text_of(const Frame& frame) {
  auto text = json_of(frame, capnp::Schema::from<T>());
  return text ? *text : text.error().message;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(json)

BOOST_AUTO_TEST_CASE(an_object_becomes_a_message_as_any_other) {
  const auto frame = from<samples::Note>(R"({"id": 7, "text": "milk", "payload": [1, 2, 255]})");
  BOOST_REQUIRE(frame.has_value());
  BOOST_TEST(frame->type() == kTypeId<samples::Note>);
  const Held<samples::Note> note{*frame};
  BOOST_TEST(note->getId() == 7U);
  BOOST_TEST(note->getText().cStr() == "milk");
  BOOST_REQUIRE(note->getPayload().size() == 3U);
  BOOST_TEST(note->getPayload()[2] == 255);
}

BOOST_AUTO_TEST_CASE(messages_without_pointers_and_defaults_are_read_in_place_too) {
  const auto tick = from<samples::Tick>(R"({"value": "18446744073709551615"})");
  BOOST_REQUIRE(tick.has_value());
  BOOST_TEST((Held<samples::Tick> { *tick } -> getValue()) == 18'446'744'073'709'551'615U);
  const auto reading = from<samples::Reading>(R"({"sensor": 65535, "code": -5})");
  BOOST_REQUIRE(reading.has_value());
  const Held<samples::Reading> held{*reading};
  BOOST_TEST(held->getCelsius() == -273.15F);
  BOOST_TEST(held->getCode() == -5);
  BOOST_TEST(!held->getValid());
  BOOST_TEST(from<samples::Empty>("{}").has_value());
}

BOOST_AUTO_TEST_CASE(what_becomes_a_message_comes_back_the_same) {
  const std::string tree =
      R"({"label":"a","children":[{"label":"b"},{"label":"c","children":[{"label":"d"}]}],"link":{"label":"e"}})";
  const auto frame = from<samples::Tree>(tree);
  BOOST_REQUIRE(frame.has_value());
  BOOST_TEST(text_of<samples::Tree>(*frame) == tree);
}

BOOST_AUTO_TEST_CASE(a_batch_is_an_array) {
  BatchBuilder<samples::Tick> ticks;
  ticks.add().setValue(1);
  ticks.add().setValue(2);
  BOOST_TEST(text_of<samples::Tick>(ticks.finish()) == R"([{"value":"1"},{"value":"2"}])");
  BatchBuilder<samples::Note> notes;
  notes.add().setText("x");
  BOOST_TEST(text_of<samples::Note>(notes.finish()) == R"([{"id":"0","text":"x"}])");
}

BOOST_AUTO_TEST_CASE(errors_name_the_field) {
  BOOST_TEST(error_of<samples::Note>(R"({"txet": "milk"})") == "txet: unknown field of Note; did you mean 'text'?");
  BOOST_TEST(error_of<samples::Empty>(R"({"anything": 1})") == "anything: unknown field of Empty; it has none");
  BOOST_TEST(error_of<samples::Tree>(R"({"children": [{"label": "a"}, {"label": 5}]})") ==
             "children[1].label: expected a text, not 5");
  BOOST_TEST(error_of<samples::Tree>(R"({"link": {"link": []}})") ==
             "link.link: expected an object (Tree), not an array");
  BOOST_TEST(error_of<samples::Note>(R"({"id": 1, "id": 2})") == "id: given twice");
  BOOST_TEST(error_of<samples::Reading>(R"({"sequence": 1, "code": 2})") ==
             "code: only one of 'sequence' and 'code' can be given");
  BOOST_TEST(error_of<samples::Note>("[1]") == "expected an object (Note), not an array");
  BOOST_TEST(error_of<samples::Note>("") == "this is no JSON: it is empty");
  BOOST_TEST(error_of<samples::Note>(R"({"id": 1} x)") == "this is no JSON: unexpected 'x' at character 11");
  BOOST_TEST(error_of<samples::Note>("{text: 1}") == "this is no JSON: unexpected 't' at character 2");
  BOOST_TEST(error_of<samples::Note>("{\"text\": \xff}") == "this is no JSON: unexpected byte 0xff at character 10");
  const std::string open = "this is no JSON: it ends where a quote, brace or bracket is still open";
  BOOST_TEST(error_of<samples::Note>(R"({"text": "milk)") == open);
  BOOST_TEST(error_of<samples::Note>(R"({"id": 1)") == open);
}

BOOST_AUTO_TEST_CASE(numbers_that_do_not_fit_are_not_bent) {
  BOOST_TEST(error_of<samples::Reading>(R"({"sensor": 65536})") ==
             "sensor: expected a whole number from 0 to 65535, not 65536");
  BOOST_TEST(error_of<samples::Reading>(R"({"sensor": -1})").ends_with("not -1"));
  BOOST_TEST(error_of<samples::Reading>(R"({"sensor": 1.5})").ends_with("not 1.5"));
  BOOST_TEST(error_of<samples::Reading>(R"({"sensor": "65536"})").starts_with("sensor: expected a whole number"));
  BOOST_TEST(error_of<samples::Reading>(R"({"sensor": "many"})").starts_with("sensor: expected a whole number"));
  BOOST_TEST(error_of<samples::Tick>(R"({"value": 18446744073709551616})").starts_with("value: expected a whole"));
  BOOST_TEST(error_of<samples::Reading>(R"({"valid": 1})") == "valid: expected true or false, not 1");
  BOOST_TEST(error_of<samples::Reading>(R"({"none": 1})") == "none: expected null, not 1");
  BOOST_TEST(error_of<samples::Note>(R"({"payload": [256]})").starts_with("payload: expected an array of bytes"));
}

BOOST_AUTO_TEST_CASE(size_and_depth_have_bounds) {
  const auto long_text = from<samples::Note>(R"({"text": "abcdefghijkl"})", {.text_bytes_max = 10});
  BOOST_REQUIRE(!long_text.has_value());
  BOOST_TEST((long_text.error().code == Errc::frame_too_large));
  std::string deep;
  for (int i = 0; i < 100; ++i) deep += R"({"link": )";
  deep += "{}";
  for (int i = 0; i < 100; ++i) deep += '}';
  BOOST_TEST(error_of<samples::Tree>(deep).starts_with("this is no JSON: it is nested too deeply"));
  // Few bytes, each of which asks for a struct of 24.
  std::string many = R"({"children": [{})";
  for (int i = 0; i < 1000; ++i) many += ",{}";
  const auto large = from<samples::Tree>(many + "]}", {.message_bytes_max = 8192});
  BOOST_REQUIRE(!large.has_value());
  BOOST_TEST(large.error().message == "children: the message would be larger than allowed");
  const auto frame = from<samples::Tree>(many + "]}");
  BOOST_REQUIRE(frame.has_value());
  const auto text = json_of(*frame, capnp::Schema::from<samples::Tree>(), 1000);
  BOOST_REQUIRE(!text.has_value());
  BOOST_TEST((text.error().code == Errc::frame_too_large));
}

BOOST_AUTO_TEST_CASE(a_message_of_another_type_is_not_shown) {
  const Frame tick = make_frame<samples::Tick>([](samples::Tick::Builder) {});
  const auto text = json_of(tick, capnp::Schema::from<samples::Note>());
  BOOST_REQUIRE(!text.has_value());
  BOOST_TEST((text.error().code == Errc::bad_frame));
}

BOOST_AUTO_TEST_CASE(a_schema_says_its_fields) {
  BOOST_TEST(describe_fields(capnp::Schema::from<samples::Tree>()) ==
             R"x({"label": "Text", "children": "List(Tree)", "link": "Tree"})x");
}

BOOST_AUTO_TEST_SUITE_END()
