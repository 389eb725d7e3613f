#include "myelin/serialization/guard.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <capnp/pretty-print.h>
#include <boost/test/unit_test.hpp>

#include "myelin/serialization/batch.hpp"
#include "myelin/serialization/wire.hpp"
#include "myelin/transaction.capnp.h"
#include "samples.capnp.h"

using myelin::check_as;
using myelin::encode;
using myelin::Errc;
using myelin::Frame;
using myelin::open_foreign;

namespace {

const myelin::TimePoint kNow{std::chrono::hours{1}};
constexpr std::size_t kBody = myelin::kWireHeaderBytes + 8;  // of a frame of one segment

Frame note(const std::string& text) {
  return myelin::make_frame<samples::Note>([&](samples::Note::Builder n) {
    n.setId(7);
    n.setText(text);
  });
}

std::vector<std::byte> bytes_of(const Frame& frame) { return encode(frame, kNow); }

template <class T>
void put(std::vector<std::byte>& bytes, std::size_t at, T value) {
  BOOST_REQUIRE(at + sizeof value <= bytes.size());
  std::memcpy(bytes.data() + at, &value, sizeof value);
}

/// Opens and says what was wrong: "cause: message", or "" when nothing was.
std::string complaint(const std::vector<std::byte>& bytes, const myelin::FrameCaps& caps = {}) {
  const auto frame = open_foreign(bytes, kNow, caps);
  return frame ? "" : myelin::to_string(frame.error());
}

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

BOOST_AUTO_TEST_SUITE(guard)

BOOST_AUTO_TEST_CASE(a_frame_survives_the_wire) {
  const myelin::FrameHeader header{.sender = 3,
                                   .correlation = 4,
                                   .deadline = kNow + std::chrono::seconds{2},
                                   .trace = {.trace_id = {std::byte{9}}, .span_id = 8},
                                   .lane = myelin::Lane::bulk};
  const Frame sent = note("hello").with_header(header);
  const auto received = open_foreign(encode(sent, kNow), kNow + std::chrono::hours{5});
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST(received->is_foreign());
  BOOST_REQUIRE(check_as<samples::Note>(*received).has_value());
  const myelin::Held<samples::Note> held{*received};
  BOOST_TEST(held->getText().cStr() == "hello");
  BOOST_TEST(held->getId() == 7U);
  myelin::FrameHeader expected = header;
  expected.deadline = kNow + std::chrono::hours{5} + std::chrono::seconds{2};  // by the receiver's clock
  BOOST_TEST((received->header() == expected));
}

BOOST_AUTO_TEST_CASE(a_call_chain_survives_the_wire_and_a_wrong_one_is_refused) {
  myelin::CallChain chain;
  for (std::uint64_t key = 7; key <= 9; ++key) chain.agents[chain.size++] = key;
  auto bytes = bytes_of(myelin::make_frame<samples::Tick>([](auto tick) { tick.setValue(3); }, {.callers = &chain}));
  const auto received = open_foreign(bytes, kNow);
  BOOST_REQUIRE(received.has_value());
  BOOST_TEST(received->callers() == chain.span(), boost::test_tools::per_element());
  BOOST_REQUIRE(check_as<samples::Tick>(*received).has_value());
  BOOST_TEST((*myelin::Held<samples::Tick>{*received}).getValue() == 3U);

  for (const std::uint64_t count : {0ULL, 33ULL, 1ULL << 61}) {
    auto wrong = bytes;
    std::memcpy(wrong.data() + 72, &count, sizeof count);
    BOOST_TEST((open_foreign(wrong, kNow).error().code == Errc::bad_frame));
  }
  for (const std::size_t cut : {73U, 80U, 103U}) {
    const auto part = std::span{bytes}.first(cut);
    BOOST_TEST((open_foreign(part, kNow).error().code == Errc::bad_frame));
  }
}

BOOST_AUTO_TEST_CASE(batches_and_many_segments_survive_the_wire) {
  myelin::BatchBuilder<samples::Tick> ticks;
  for (int index = 0; index < 50; ++index) ticks.add().setValue(index);
  const auto batch = open_foreign(bytes_of(ticks.finish()), kNow);
  BOOST_REQUIRE(batch.has_value());
  BOOST_REQUIRE(check_as<samples::Tick>(*batch).has_value());
  BOOST_TEST((myelin::Batch<samples::Tick>{*batch}[49].getValue() == 49U));

  const Frame large = note(std::string(200'000, 'y'));
  BOOST_REQUIRE(large.segments().size() > 1);
  const auto received = open_foreign(bytes_of(large), kNow);
  BOOST_REQUIRE(received.has_value());
  BOOST_REQUIRE(check_as<samples::Note>(*received).has_value());
  BOOST_TEST((*myelin::Held<samples::Note>{*received}).getText().size() == 200'000U);
}

BOOST_AUTO_TEST_CASE(frames_of_numbers_alone_need_no_check_however_they_are_damaged) {
  const auto tick = [](auto one) { one.setValue(3); };
  myelin::BatchBuilder<samples::Tick> ticks;
  for (int index = 0; index < 5; ++index) ticks.add().setValue(index);
  const Frame batch = ticks.finish();
  for (const Frame& frame : {myelin::make_frame<samples::Tick>(tick), batch}) {
    const std::vector<std::byte> whole = bytes_of(frame);
    const auto sound = open_foreign(whole, kNow);
    BOOST_REQUIRE(sound.has_value());
    BOOST_TEST(sound->is_foreign());
    BOOST_TEST(!sound->needs_check());
    // Whatever is let through can be read, as what it is and as a type that has pointers.
    int passed = 0;
    for (std::size_t at = head_bytes(frame); at < std::min(whole.size(), head_bytes(frame) + 3 * sizeof(capnp::word));
         ++at) {
      for (int value = 0; value < 256; ++value) {
        std::vector<std::byte> damaged = whole;
        damaged[at] = static_cast<std::byte>(value);
        const auto opened = open_foreign(damaged, kNow);
        if (!opened) continue;
        if (check_schema(*opened, capnp::Schema::from<samples::Tick>()).has_value() || !opened->needs_check()) {
          for (const auto one : myelin::Batch<samples::Tick>{*opened}) BOOST_TEST(one.getValue() + 1 > 0U);
          ++passed;
        }
        if (check_schema(*opened, capnp::Schema::from<samples::Note>()).has_value() || !opened->needs_check()) {
          for (const auto one : myelin::Batch<samples::Note>{*opened}) BOOST_TEST(one.getText().size() == 0U);
        }
      }
    }
    BOOST_TEST(passed > 256);  // at least where the number was changed
  }
  BOOST_TEST(open_foreign(bytes_of(note("x")), kNow)->needs_check());
}

BOOST_AUTO_TEST_CASE(a_checked_frame_may_be_read_many_times) {
  const auto received = open_foreign(bytes_of(note(std::string(1'000'000, 'r'))), kNow);
  BOOST_REQUIRE(received.has_value());
  BOOST_REQUIRE(check_as<samples::Note>(*received).has_value());
  const myelin::Held<samples::Note> held{*received};
  for (int time = 0; time < 200; ++time) BOOST_REQUIRE(held->getText().size() == 1'000'000U);  // far above the limit
}

BOOST_AUTO_TEST_CASE(pointers_that_share_a_list_cannot_multiply_the_work) {
  // Two hundred children, all of whose labels are one long text.
  const std::string text(100'000, 's');
  auto bytes = bytes_of(myelin::make_frame<samples::Tree>(
      [&](samples::Tree::Builder tree) {
        auto children = tree.initChildren(200);
        children[0].setLabel(text);
      },
      {}, 20'000));
  const std::size_t list = kBody + 8 * (1 + 3 + 1);  // after the root pointer, the root's three pointers, the tag
  std::uint64_t label;
  std::memcpy(&label, bytes.data() + list, 8);
  for (std::size_t child = 1; child < 200; ++child) {
    put<std::uint64_t>(bytes, list + child * 24, label - (child * 3 << 2));
  }
  const auto frame = open_foreign(bytes, kNow);
  BOOST_TEST((!frame || !check_as<samples::Tree>(*frame)));
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
  const auto bytes = bytes_of(note("cut me anywhere"));
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    BOOST_REQUIRE(!complaint({bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(length)}).empty());
  }
  BOOST_TEST(complaint(bytes) == "");
}

BOOST_AUTO_TEST_CASE(each_field_of_the_header_is_checked_and_named) {
  const auto good = bytes_of(note("x"));
  auto bad = good;
  put<std::uint32_t>(bad, 0, 0xdeadbeef);
  BOOST_TEST(mentions(complaint(bad), "0xdeadbeef"));
  bad = good;
  put<std::uint16_t>(bad, 4, 99);
  BOOST_TEST(mentions(complaint(bad), "unsupported_version: frame format 99"));
  bad = good;
  put<std::uint8_t>(bad, 6, 4);
  BOOST_TEST(mentions(complaint(bad), "lane 4"));
  bad = good;
  put<std::uint8_t>(bad, 7, 0x80);
  BOOST_TEST(mentions(complaint(bad), "unknown flags 0x80"));
  bad = good;
  put<std::uint32_t>(bad, 64, 2);
  BOOST_TEST(mentions(complaint(bad), "2 messages in a single frame"));
  bad = good;
  put<std::uint32_t>(bad, 68, 0);
  BOOST_TEST(mentions(complaint(bad), "no segments"));
  bad = good;
  put<std::uint32_t>(bad, 68, 0xffffffff);
  BOOST_TEST(mentions(complaint(bad), "frame_too_large: 4294967295 segments"));
  bad = good;
  put<std::uint32_t>(bad, 72, 0xffffffff);
  BOOST_TEST(mentions(complaint(bad), "segments of 34359738360 bytes"));
}

BOOST_AUTO_TEST_CASE(caps_are_kept) {
  const auto bytes = bytes_of(note(std::string(5000, 'z')));
  BOOST_TEST(mentions(complaint(bytes, {.bytes_max = 1000}), "the cap is 1000"));
  BOOST_TEST(mentions(complaint(bytes, {.segments_max = 1}), "the cap is 1"));
  BOOST_TEST(!complaint(bytes, {.traversal_words_max = 10}).empty());

  const auto deep = bytes_of(myelin::make_frame<samples::Tree>([](samples::Tree::Builder tree) {
    for (int depth = 0; depth < 40; ++depth) tree = tree.initLink();
  }));
  BOOST_TEST(complaint(deep) == "");
  BOOST_TEST(!complaint(deep, {.nesting_max = 20}).empty());
}

BOOST_AUTO_TEST_CASE(a_pointer_out_of_bounds_is_refused) {
  auto bytes = bytes_of(note("x"));
  put<std::uint64_t>(bytes, kBody, 0x0002000100fffffcULL);  // the root points far behind the end
  BOOST_TEST(mentions(complaint(bytes), "bad_frame"));
}

BOOST_AUTO_TEST_CASE(a_pointer_that_leads_back_to_itself_is_refused) {
  // A struct of one pointer, which points at the struct itself: without a limit it could be followed for ever.
  auto bytes = bytes_of(myelin::make_frame<samples::Tree>([](auto) {}));
  put<std::uint64_t>(bytes, kBody, 0x0001'0000'0000'0000ULL);
  put<std::uint64_t>(bytes, kBody + 8, 0x0001'0000'ffff'fffcULL);
  BOOST_TEST(!complaint(bytes).empty());
}

BOOST_AUTO_TEST_CASE(a_huge_list_of_nothing_is_refused) {
  // A list of 2^29 - 1 structs of size 0 takes one word: the work would be out of proportion to the bytes.
  auto bytes = bytes_of(myelin::make_frame<samples::Tree>([](samples::Tree::Builder tree) { tree.initChildren(1); }));
  const std::size_t root_struct = kBody + 8, children = root_struct + 8, tag = root_struct + 3 * 8;
  put<std::uint64_t>(bytes, children,
                     ((tag - children) / 8 - 1) << 2 | 1 | std::uint64_t{7} << 32);  // 0 words of content
  put<std::uint64_t>(bytes, tag, 0x7fff'fffcULL);
  const auto frame = open_foreign(bytes, kNow);
  BOOST_TEST((!frame || !check_as<samples::Tree>(*frame)));
}

BOOST_AUTO_TEST_CASE(a_message_of_another_shape_is_refused_and_the_field_named) {
  // A Tree whose label is a struct.
  auto bytes = bytes_of(myelin::make_frame<samples::Tree>([](samples::Tree::Builder tree) {
    tree.setLabel("t");
    tree.initLink().setLabel("u");
  }));
  std::uint64_t link;
  std::memcpy(&link, bytes.data() + kBody + 8 + 16, 8);
  put<std::uint64_t>(bytes, kBody + 8, link + (2 << 2));  // where the label's pointer was
  const auto frame = open_foreign(bytes, kNow);
  BOOST_REQUIRE(frame.has_value());  // well-formed, but no Tree
  const auto checked = check_as<samples::Tree>(*frame);
  BOOST_REQUIRE(!checked);
  BOOST_TEST(mentions(checked.error().message, "field 'label'"));
}

BOOST_AUTO_TEST_CASE(another_type_is_refused) {
  const auto frame = open_foreign(bytes_of(note("x")), kNow);
  BOOST_REQUIRE(frame.has_value());
  BOOST_TEST(!check_as<samples::Tick>(*frame));
}

BOOST_AUTO_TEST_CASE(a_batch_of_another_size_than_it_says_is_refused) {
  myelin::BatchBuilder<samples::Tick> ticks;
  for (int index = 0; index < 5; ++index) ticks.add().setValue(index);
  auto bytes = bytes_of(ticks.finish());
  put<std::uint32_t>(bytes, 64, 6);
  const auto frame = open_foreign(bytes, kNow);
  BOOST_REQUIRE(frame.has_value());
  BOOST_TEST(!check_as<samples::Tick>(*frame));
}

BOOST_AUTO_TEST_CASE(every_damaged_byte_leaves_an_error_or_a_readable_message) {
  const auto good = bytes_of(myelin::make_frame<samples::Tree>([](samples::Tree::Builder tree) {
    tree.setLabel("root");
    auto children = tree.initChildren(2);
    children[0].setLabel("a");
    children[1].initLink().setLabel("b");
  }));
  for (std::size_t at = 0; at < good.size(); ++at) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      auto bytes = good;
      bytes[at] = static_cast<std::byte>(value);
      const auto frame = open_foreign(bytes, kNow);
      if (!frame || frame->type() != myelin::kTypeId<samples::Tree> || !check_as<samples::Tree>(*frame)) continue;
      const myelin::Batch<samples::Tree> trees{*frame};
      const auto read = myelin::guarded([&] {
        for (const auto tree : trees) static_cast<void>(tree.getLabel().size() + tree.getChildren().size());
      });
      BOOST_REQUIRE(read.has_value());
    }
  }
}

BOOST_AUTO_TEST_CASE(what_the_active_member_of_a_union_points_to_is_checked) {
  using myelin::schema::TransactionBatch;
  const auto good = bytes_of(myelin::make_frame<TransactionBatch>([](TransactionBatch::Builder batch) {
    auto transactions = batch.initTransactions(3);
    auto put = transactions[0].initPut();
    put.setKey(capnp::Data::Reader{reinterpret_cast<const capnp::byte*>("key"), 3});
    put.setValue(capnp::Data::Reader{reinterpret_cast<const capnp::byte*>("value"), 5});
    transactions[1].initAdd().setKey(capnp::Data::Reader{reinterpret_cast<const capnp::byte*>("sum"), 3});
    transactions[2].setNone();
  }));
  const auto frame = open_foreign(good, kNow);
  BOOST_REQUIRE(frame.has_value());
  BOOST_TEST(check_as<TransactionBatch>(*frame).has_value());
  int refused = 0;
  int read = 0;
  for (std::size_t at = myelin::kWireHeaderBytes; at < good.size(); ++at) {
    for (int value = 0; value < 256; ++value) {
      auto bytes = good;
      bytes[at] = static_cast<std::byte>(value);
      const auto damaged = open_foreign(bytes, kNow);
      if (!damaged || !check_as<TransactionBatch>(*damaged)) {
        ++refused;
        continue;
      }
      ++read;
      const myelin::Held<TransactionBatch> batch{*damaged};
      const auto all = myelin::guarded([&] { static_cast<void>(capnp::prettyPrint(*batch).flatten()); });
      BOOST_REQUIRE_MESSAGE(all.has_value(), "byte " << at << " as " << value);
    }
  }
  BOOST_TEST(refused > 1000);
  BOOST_TEST(read > 1000);
}

BOOST_AUTO_TEST_SUITE_END()
