// Records, apart from any socket: put together by a Burst, taken apart by a RecordReader, ordered by an Outbound.
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstring>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "../../support/expect_success.hpp"
#include "myelin/network/limits.hpp"
#include "myelin/serialization/batch.hpp"
#include "myelin/serialization/guard.hpp"
#include "myelin/serialization/wire.hpp"
#include "samples.capnp.h"
#include "session/outbound.hpp"
#include "wire/burst.hpp"
#include "wire/record_reader.hpp"

namespace myelin::network {

namespace {

using test::require_success;

Frame note(std::size_t bytes, std::uint64_t id = 0, Lane lane = Lane::normal, std::size_t first_words = 16) {
  return make_frame<samples::Note>(
      [&](samples::Note::Builder note) {
        note.setId(id);
        auto payload = note.initPayload(static_cast<unsigned>(bytes));
        for (std::size_t i = 0; i < bytes; ++i) payload[i] = static_cast<capnp::byte>(i * 31 + id);
      },
      {.lane = lane}, first_words);
}

std::unique_ptr<Outgoing> record_of(Frame frame, RecordKind kind = RecordKind::message) {
  auto record = std::make_unique<Outgoing>();
  record->kind = kind;
  record->lane = frame.lane();
  record->bytes = static_cast<std::uint32_t>(head_bytes(frame) + frame.payload_bytes());
  record->frame = std::move(frame);
  return record;
}

/// Takes everything out, in pieces of at most `most` bytes.
std::string drain(Burst& burst, std::size_t most) {
  std::string bytes;
  std::array<iovec, 3> pieces;
  while (!burst.empty()) {
    const std::size_t count = burst.gather(pieces);
    BOOST_REQUIRE(count > 0);
    std::size_t taken = 0;
    for (std::size_t i = 0; i < count && taken < most; ++i) {
      const std::size_t some = std::min(most - taken, pieces[i].iov_len);
      bytes.append(static_cast<const char*>(pieces[i].iov_base), some);
      taken += some;
    }
    burst.take(taken);
  }
  burst.clear();
  return bytes;
}

/// What Inbound does with frames, for one at a time.
struct Frames final : RecordReader::Sink {
  std::vector<RecordHeader> records;
  std::vector<Frame> frames;
  std::optional<ForeignFrame> in_parts;
  std::size_t offset = 0;

  Result<void> on_record(const RecordHeader& header, std::span<const std::byte> payload) override {
    records.push_back(header);
    if (!holds_frame(header.kind)) return {};
    if ((header.flags & kInParts) == 0) {
      auto frame = open_foreign(payload, TimePoint{});
      require_success(frame);
      frames.push_back(*frame);
      return {};
    }
    auto frame = ForeignFrame::begin(payload.subspan(8), *read_value<std::uint64_t>(payload), TimePoint{});
    require_success(frame);
    in_parts.emplace(*std::move(frame));
    offset = 0;
    return {};
  }
  Result<std::span<std::byte>> on_part(const RecordHeader& header) override {
    return in_parts->body().subspan(offset, header.bytes);
  }
  Result<void> on_part_complete(const RecordHeader& header) override {
    offset += header.bytes;
    if (offset < in_parts->body().size()) return {};
    auto frame = std::move(*in_parts).finish();
    require_success(frame);
    frames.push_back(*frame);
    return {};
  }
};

/// Its head, and all of its parts if it goes in parts.
void add_all_of(Burst& burst, const Frame& frame) {
  burst.add(record_of(frame), TimePoint{});
  for (std::size_t left = frame.payload_bytes(); record_of(frame)->bytes > limits::kPartBytes && left > 0;) {
    const std::size_t part = std::min(left, limits::kPartBytes);
    burst.add_part(frame.lane(), part);
    left -= part;
  }
}

void feed(RecordReader& reader, std::string_view bytes, std::size_t at_once) {
  while (!bytes.empty()) {
    const Room room = reader.room();
    BOOST_REQUIRE(!room[0].empty());
    const std::size_t count = std::min({room[0].size() + room[1].size(), bytes.size(), at_once});
    const std::size_t first = std::min(count, room[0].size());
    std::memcpy(room[0].data(), bytes.data(), first);
    if (count > first) std::memcpy(room[1].data(), bytes.data() + first, count - first);
    bytes.remove_prefix(count);
    require_success(reader.received(count));
  }
}

bool same(const Frame& a, const Frame& b) { return encode(a, TimePoint{}) == encode(b, TimePoint{}); }

/// All that `outbound` sends, a step a letter or more: the first letter of a name, a lane's number, '+' for a part.
std::string order(Outbound& outbound) {
  std::string text;
  std::vector<Outbound::Step> steps;
  std::vector<OutboundRoute*> freed;
  do {
    steps.clear();
    outbound.pick(steps, freed);
    for (const Outbound::Step& step : steps) {
      if (step.record == nullptr) {
        text += '+';
      } else if (step.record->frame) {
        text += static_cast<char>('0' + static_cast<int>(step.record->lane));
      } else {
        text += 'r';
      }
    }
  } while (!steps.empty());
  return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(wire)

BOOST_AUTO_TEST_CASE(what_a_burst_puts_together_a_reader_takes_apart_however_it_is_cut) {
  std::vector<Frame> sent;
  for (const std::size_t bytes : {0, 5, 1000, 2047, 2048, 5000, 60'000}) sent.push_back(note(bytes, bytes));
  sent.push_back(note(3000, 1, Lane::bulk, 2000));  // one segment
  const Frame large = note(300'000, 9);
  sent.push_back(large);
  for (const std::size_t cut : {1, 7, 100, 4096, 1'000'000}) {
    BOOST_TEST_CONTEXT("cut to " << cut) {
      Burst burst;
      Frames received;
      RecordReader reader{received};
      for (const Frame& frame : sent) {
        add_all_of(burst, frame);
      }
      auto ping = std::make_unique<Outgoing>();
      ping->kind = RecordKind::ping;
      burst.add(std::move(ping), TimePoint{});
      feed(reader, drain(burst, cut), cut);
      BOOST_REQUIRE(received.frames.size() == sent.size());
      for (std::size_t i = 0; i < sent.size(); ++i) BOOST_TEST(same(received.frames[i], sent[i]));
      BOOST_TEST(received.records.size() == sent.size() + 1);
    }
  }
}

BOOST_AUTO_TEST_CASE(large_segments_are_sent_from_where_they_lie) {
  const Frame frame = note(50'000, 1, Lane::normal, 8000);
  Burst burst;
  burst.add(record_of(frame), TimePoint{});
  std::array<iovec, 4> pieces;
  BOOST_REQUIRE(burst.gather(pieces) == 2U);
  BOOST_TEST(pieces[1].iov_base == static_cast<const void*>(frame.segments()[0].data()));
}

BOOST_AUTO_TEST_CASE(a_frame_in_parts_is_read_into_its_own_memory) {
  const Frame large = note(200'000);
  Burst burst;
  Frames received;
  RecordReader reader{received};
  burst.add(record_of(large), TimePoint{});
  feed(reader, drain(burst, 1'000'000), 1'000'000);
  BOOST_REQUIRE(received.in_parts.has_value());
  burst.add_part(Lane::normal, limits::kPartBytes);
  const std::string part = drain(burst, 1'000'000);
  feed(reader, part.substr(0, kRecordHeaderBytes), kRecordHeaderBytes);
  BOOST_TEST(reader.room()[0].data() == received.in_parts->body().data());
}

BOOST_AUTO_TEST_CASE(parts_that_are_all_there_are_not_copied_twice) {
  const Frame large = note(1'000'000);
  Burst burst;
  Frames received;
  RecordReader reader{received};
  add_all_of(burst, large);
  std::string bytes = drain(burst, 10'000'000);
  std::size_t in_place = 0;
  while (!bytes.empty()) {
    const Room room = reader.room();
    const std::size_t first = std::min(bytes.size(), room[0].size());
    const std::size_t second = std::min(bytes.size() - first, room[1].size());
    std::memcpy(room[0].data(), bytes.data(), first);
    if (second > 0) std::memcpy(room[1].data(), bytes.data() + first, second);
    if (!room[1].empty()) in_place += first;
    bytes.erase(0, first + second);
    require_success(reader.received(first + second));
  }
  BOOST_REQUIRE(received.frames.size() == 1U);
  BOOST_TEST(same(received.frames[0], large));
  // Through the slab goes what the first reading takes, and a little behind each part.
  BOOST_TEST(in_place > large.payload_bytes() - limits::kSlabBytes - 16 * 1024);
}

BOOST_AUTO_TEST_CASE(errors_come_as_they_were_sent_but_for_what_could_harm) {
  const auto back = [](const Error& error) {
    const std::string bytes = encode_error(error);
    return *decode_error(std::as_bytes(std::span{bytes}));
  };
  BOOST_TEST((back({Errc::not_found, "no 'x'"}) == Error{Errc::not_found, "no 'x'"}));
  BOOST_TEST((back({static_cast<Errc>(9999), "x"}).code == Errc::handler_failed));
  BOOST_TEST(back({Errc::not_found, "a\x1b[2Jb\n"}).message == "a [2Jb ");
  BOOST_TEST(back({Errc::not_found, std::string(5000, 'x')}).message.size() == limits::kErrorBytesMax);
}

BOOST_AUTO_TEST_CASE(control_goes_first_and_bulk_is_not_starved) {
  OutboundRoute a, b;
  Outbound outbound;
  for (int i = 0; i < 20; ++i) {
    outbound.push(a, "a", record_of(note(10, 0, Lane::bulk)));
    outbound.push(b, "b", record_of(note(10, 0, Lane::high)));
    outbound.push(b, "b", record_of(note(10, 0, Lane::normal)));
  }
  outbound.push(a, "a", record_of(note(10, 0, Lane::control)));
  const std::string all = order(outbound);
  BOOST_TEST(all.substr(0, 16) == "rr01111111122223");
  BOOST_TEST(all.size() == 63U);
}

BOOST_AUTO_TEST_CASE(others_pass_between_the_parts_of_a_large_frame) {
  OutboundRoute a, b;
  Outbound outbound;
  outbound.push(a, "a", record_of(note(4 * limits::kPartBytes, 0, Lane::bulk)));
  std::vector<Outbound::Step> steps;
  std::vector<OutboundRoute*> freed;
  outbound.pick(steps, freed);  // a burst of it
  BOOST_REQUIRE(steps.size() > 2);
  outbound.push(b, "b", record_of(note(10, 0, Lane::normal)));
  outbound.push(a, "a", record_of(note(10, 0, Lane::bulk)));
  const std::string rest = order(outbound);
  BOOST_TEST(rest.starts_with("r2+"), rest);
  BOOST_TEST(rest.ends_with("+3"), rest);  // a second frame of its lane waits for its end
  BOOST_TEST(rest.find_first_not_of('+', 2) == rest.size() - 1, rest);
}

BOOST_AUTO_TEST_CASE(a_route_without_a_window_waits_and_others_do_not) {
  OutboundRoute slow, other;
  Outbound outbound;
  const std::size_t bytes = 60'000;
  const std::size_t fits = limits::kRouteWindowBytes / bytes + 1;
  for (std::size_t i = 0; i < 2 * fits; ++i) outbound.push(slow, "slow", record_of(note(bytes)));
  BOOST_TEST(order(outbound).size() == fits + 1);  // and the name
  outbound.push(other, "other", record_of(note(10)));
  BOOST_TEST(order(outbound) == "r2");
  require_success(outbound.confirm(slow, Lane::normal, slow.unhandled.bytes, slow.unhandled.messages));
  BOOST_TEST(order(outbound).size() == fits);
  BOOST_TEST(!outbound.confirm(slow, Lane::normal, slow.unhandled.bytes + 1, 0).has_value());
  BOOST_TEST(!outbound.confirm(slow, Lane::control, 1, 0).has_value());
}

BOOST_AUTO_TEST_CASE(routes_of_one_lane_take_turns) {
  OutboundRoute a, b;
  Outbound outbound;
  for (int i = 0; i < 3; ++i) outbound.push(a, "a", record_of(note(10)));
  for (int i = 0; i < 3; ++i) outbound.push(b, "b", record_of(note(10)));
  std::vector<Outbound::Step> steps;
  std::vector<OutboundRoute*> freed;
  outbound.pick(steps, freed);
  std::string turns;
  for (const Outbound::Step& step : steps) {
    if (step.record->frame) turns += step.record->route == a.number ? 'a' : 'b';
  }
  BOOST_TEST(turns == "ababab");
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::network
