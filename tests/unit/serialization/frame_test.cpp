#include "myelin/serialization/frame.hpp"

#include <thread>
#include <vector>

#include <capnp/message.h>
#include <boost/test/unit_test.hpp>

#include "myelin/serialization/batch.hpp"
#include "myelin/serialization/frame_builder.hpp"
#include "samples.capnp.h"

using myelin::Batch;
using myelin::Frame;
using myelin::FrameHeader;
using myelin::Held;
using myelin::make_frame;

namespace {

Frame tick(std::uint64_t value) {
  return make_frame<samples::Tick>([&](samples::Tick::Builder tick) { tick.setValue(value); });
}

/// What Cap'n Proto itself makes of the same message.
template <class T, class Fill>
std::vector<std::byte> by_the_book(Fill fill) {
  capnp::MallocMessageBuilder message;
  fill(message.initRoot<T>());
  const auto segments = message.getSegmentsForOutput();
  BOOST_REQUIRE(segments.size() == 1);
  const auto bytes = segments[0].asBytes();
  const auto* begin = reinterpret_cast<const std::byte*>(bytes.begin());
  return {begin, begin + bytes.size()};
}

std::vector<std::byte> bytes_of(const Frame& frame) {
  BOOST_REQUIRE(frame.segments().size() == 1);
  const auto bytes = std::as_bytes(frame.segments()[0]);
  return {bytes.begin(), bytes.end()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(frame)

BOOST_AUTO_TEST_CASE(a_message_is_read_where_it_was_built) {
  myelin::FrameBuilder<samples::Note> builder;
  auto note = builder.root();
  note.setText("in place");
  const void* built_at = note.getText().begin();
  const Frame frame = builder.finish();
  const Frame passed_on = frame;  // NOLINT: the copy is what is tested
  const Held<samples::Note> held{passed_on};
  BOOST_TEST(static_cast<const void*>(held->getText().begin()) == built_at);
}

BOOST_AUTO_TEST_CASE(a_flat_message_is_built_to_the_bit_as_capnproto_does) {
  const auto fill = [](auto reading) {
    reading.setSensor(7);
    reading.setCelsius(21.5F);
    reading.setValid(true);
    reading.setCode(-3);
  };
  BOOST_TEST(bytes_of(make_frame<samples::Reading>(fill)) == by_the_book<samples::Reading>(fill));
  const auto nothing = [](auto) {};
  BOOST_TEST(bytes_of(make_frame<samples::Reading>(nothing)) == by_the_book<samples::Reading>(nothing));
  BOOST_TEST(bytes_of(make_frame<samples::Empty>(nothing)) == by_the_book<samples::Empty>(nothing));
}

BOOST_AUTO_TEST_CASE(a_flat_message_reads_back_with_its_defaults) {
  const Held<samples::Reading> reading{make_frame<samples::Reading>([](auto r) { r.setSequence(1ULL << 40); })};
  BOOST_TEST(reading->getSensor() == 0);
  BOOST_TEST(reading->getCelsius() == -273.15F);
  BOOST_TEST(!reading->getValid());
  BOOST_TEST((reading->which() == samples::Reading::SEQUENCE));
  BOOST_TEST(reading->getSequence() == 1ULL << 40);
  BOOST_TEST(make_frame<samples::Empty>([](auto) {}).type() == myelin::kTypeId<samples::Empty>);
}

BOOST_AUTO_TEST_CASE(a_recycled_block_shows_nothing_of_its_earlier_message) {
  for (int round = 0; round < 100; ++round) {
    Held<samples::Reading> full{make_frame<samples::Reading>([](auto r) {
      r.setSensor(0xffff);
      r.setSequence(~0ULL);
      r.setValid(true);
    })};
    full = Held<samples::Reading>{make_frame<samples::Reading>([](auto) {})};
    BOOST_REQUIRE(full->getSensor() == 0);
    BOOST_REQUIRE(!full->getValid());
    const Held<samples::Note> empty{make_frame<samples::Note>([](auto) {})};
    BOOST_REQUIRE(empty->getText().size() == 0U);
    Held<samples::Note> note{make_frame<samples::Note>([](auto n) { n.setText("something"); })};
  }
}

BOOST_AUTO_TEST_CASE(the_header_is_kept) {
  const FrameHeader header{.sender = 11,
                           .correlation = 22,
                           .deadline = myelin::TimePoint{std::chrono::seconds{33}},
                           .trace = {.trace_id = {std::byte{4}}, .span_id = 55},
                           .lane = myelin::Lane::high};
  const Frame traced = make_frame<samples::Tick>([](auto t) { t.setValue(9); }, header);
  BOOST_TEST((traced.header() == header));
  BOOST_TEST((*Held<samples::Tick>{traced}).getValue() == 9U);
  BOOST_TEST((tick(1).header() == FrameHeader{}));
}

BOOST_AUTO_TEST_CASE(a_call_chain_is_kept_beside_a_trace) {
  myelin::CallChain chain;
  for (std::uint64_t key = 1; key <= 3; ++key) chain.agents[chain.size++] = key << 40;
  const FrameHeader header{.trace = {.trace_id = {std::byte{4}}, .span_id = 55}, .callers = &chain};
  const Frame frame = make_frame<samples::Tick>([](auto t) { t.setValue(9); }, header);
  BOOST_TEST(frame.callers() == chain.span(), boost::test_tools::per_element());
  BOOST_TEST(frame.trace().span_id == 55U);
  BOOST_TEST((*Held<samples::Tick>{frame}).getValue() == 9U);
  const Frame untraced = make_frame<samples::Tick>([](auto t) { t.setValue(8); }, {.callers = &chain});
  BOOST_TEST(untraced.callers() == chain.span(), boost::test_tools::per_element());
  BOOST_TEST((*Held<samples::Tick>{untraced}).getValue() == 8U);
  BOOST_TEST(tick(1).callers().empty());
}

BOOST_AUTO_TEST_CASE(another_header_shares_the_bytes) {
  const Frame original = tick(42);
  Frame renamed = original.with_header({.sender = 1, .correlation = 77});
  Frame again = renamed.with_header({.correlation = 78});
  BOOST_TEST(renamed.correlation() == 77U);
  BOOST_TEST(original.correlation() == 0U);
  BOOST_TEST(static_cast<const void*>(again.segments()[0].data()) ==
             static_cast<const void*>(original.segments()[0].data()));
  renamed = {};
  const Held<samples::Tick> held{again};
  BOOST_TEST(held->getValue() == 42U);
}

BOOST_AUTO_TEST_CASE(a_message_larger_than_its_first_segment_reads_back) {
  const std::string text(100'000, 'x');
  const auto fill = [&](samples::Note::Builder note) {
    note.setId(5);
    note.setText(text);
  };
  const Frame split = make_frame<samples::Note>(fill);
  BOOST_TEST(split.segments().size() > 1U);
  BOOST_TEST((*Held<samples::Note>{split}).getText().cStr() == text);
  const Frame renamed = split.with_header({.correlation = 1});
  BOOST_TEST((*Held<samples::Note>{renamed}).getText().cStr() == text);
  const Frame whole = make_frame<samples::Note>(fill, {}, text.size() / 8 + 16);
  BOOST_TEST(whole.segments().size() == 1U);
  BOOST_TEST((*Held<samples::Note>{whole}).getText().cStr() == text);
}

BOOST_AUTO_TEST_CASE(a_message_read_many_times_meets_no_traversal_limit) {
  const std::string text(1'000'000, 'x');
  const Frame frame = make_frame<samples::Note>([&](samples::Note::Builder note) { note.setText(text); });
  const Held<samples::Note> note{frame};
  for (int time = 0; time < 100; ++time) BOOST_REQUIRE(note->getText().size() == text.size());  // 800 MB in all
}

BOOST_AUTO_TEST_CASE(handles_may_be_copied_and_dropped_on_many_threads) {
  const Frame frame = make_frame<samples::Note>([](auto note) { note.setText("shared"); });
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([frame] {
      for (int round = 0; round < 10'000; ++round) {
        const Frame copy = frame;  // NOLINT
        if ((*Held<samples::Note>{copy}).getText().size() != 6) std::abort();
      }
    });
  }
  for (auto& thread : threads) thread.join();
  BOOST_TEST(frame.unique());
}

BOOST_AUTO_TEST_CASE(an_abandoned_builder_leaks_nothing) {
  const myelin::FrameBuilder<samples::Tick> flat;
  myelin::FrameBuilder<samples::Note> with_pointers;
  with_pointers.root().setText(std::string(10'000, 'x'));  // asan says if this leaks
}

BOOST_AUTO_TEST_SUITE_END()
