#include "myelin/serialization/batch.hpp"

#include <string>

#include <capnp/message.h>
#include <boost/test/unit_test.hpp>

#include "samples.capnp.h"

using myelin::Batch;
using myelin::BatchBuilder;
using myelin::Frame;

BOOST_AUTO_TEST_SUITE(batch)

BOOST_AUTO_TEST_CASE(flat_messages_come_back_in_order_at_every_size) {
  for (const std::uint32_t count : {1U, 2U, 3U, 17U, 100U, 255U, 256U}) {
    BatchBuilder<samples::Tick> builder;
    for (std::uint32_t index = 0; index < count; ++index) builder.add().setValue(1000 + index);
    BOOST_TEST(builder.full() == (count == 256));
    const Batch<samples::Tick> batch{builder.finish()};
    BOOST_REQUIRE(batch.size() == count);
    std::uint64_t expected = 1000;
    for (const samples::Tick::Reader tick : batch) BOOST_REQUIRE(tick.getValue() == expected++);
    BOOST_TEST(expected == 1000 + count);
  }
}

BOOST_AUTO_TEST_CASE(messages_with_pointers_come_back_in_order_at_every_size) {
  for (const std::uint32_t count : {1U, 5U, 64U, 256U}) {
    BatchBuilder<samples::Note> builder;
    for (std::uint32_t index = 0; index < count; ++index) {
      auto note = builder.add();
      note.setId(index);
      note.setText("note " + std::to_string(index));
    }
    const Batch<samples::Note> batch{builder.finish()};
    BOOST_REQUIRE(batch.size() == count);
    for (std::uint32_t index = 0; index < count; ++index) {
      BOOST_REQUIRE(batch[index].getId() == index);
      BOOST_REQUIRE(std::string{batch[index].getText().cStr()} == "note " + std::to_string(index));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_flat_batch_is_a_list_as_capnproto_makes_it) {
  BatchBuilder<samples::Reading> builder;
  capnp::MallocMessageBuilder message;
  auto list = message.getRoot<capnp::AnyPointer>().initAs<capnp::List<samples::Reading>>(3);
  for (std::uint16_t index = 0; index < 3; ++index) {
    for (auto reading : {builder.add(), list[index]}) {
      reading.setSensor(index);
      reading.setCelsius(static_cast<float>(index) / 2);
      reading.setSequence(index * 10);
    }
  }
  const Frame frame = builder.finish();
  const auto expected = message.getSegmentsForOutput()[0].asBytes();
  const auto actual = std::as_bytes(frame.segments()[0]);
  BOOST_REQUIRE(frame.segments().size() == 1U);
  BOOST_TEST(std::vector<unsigned char>(expected.begin(), expected.end()) ==
                 std::vector<unsigned char>(reinterpret_cast<const unsigned char*>(actual.data()),
                                            reinterpret_cast<const unsigned char*>(actual.data()) + actual.size()),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(one_message_reads_as_a_batch_of_one) {
  const Batch<samples::Tick> flat{myelin::make_frame<samples::Tick>([](auto tick) { tick.setValue(3); })};
  BOOST_REQUIRE(flat.size() == 1U);
  BOOST_TEST(flat[0].getValue() == 3U);
  const Batch<samples::Note> pointers{myelin::make_frame<samples::Note>([](auto note) { note.setText("one"); })};
  BOOST_REQUIRE(pointers.size() == 1U);
  BOOST_TEST(pointers[0].getText().cStr() == "one");
}

BOOST_AUTO_TEST_CASE(a_message_of_a_batch_can_be_held) {
  BatchBuilder<samples::Note> builder{{}, 8};
  builder.add().setText("first");
  builder.add().setText("second");
  myelin::Held<samples::Note> held{builder.finish(), 1};
  BOOST_TEST(held->getText().cStr() == "second");
}

BOOST_AUTO_TEST_CASE(messages_without_any_field_can_be_batched) {
  BatchBuilder<samples::Empty> builder;
  static_cast<void>(builder.add());
  static_cast<void>(builder.add());
  BOOST_TEST(Batch<samples::Empty>{builder.finish()}.size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_abandoned_batch_leaks_nothing) {
  BatchBuilder<samples::Tick> flat;
  flat.add().setValue(1);
  BatchBuilder<samples::Note> pointers;
  pointers.add().setText(std::string(5000, 'x'));
}

BOOST_AUTO_TEST_SUITE_END()
