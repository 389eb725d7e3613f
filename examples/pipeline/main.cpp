// Three agents in a row: one makes lines of text, one parses them, one adds them up. Each takes what waits as a batch,
// and a full mailbox slows down whoever fills it.
#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>

#include <myelin/actors/mesh.hpp>

#include "pipeline.capnp.h"

namespace {

constexpr std::array<std::string_view, 4> kStations = {"Oslo", "Quito", "Delhi", "Perth"};
constexpr std::uint32_t kLines = 200'000;

/// What is line number `index` about: the same in the pipeline and in the check.
struct Weather {
  std::size_t station;
  int tenths;
};
Weather weather(std::uint32_t index) { return {index % 4, static_cast<int>(index * 7919U % 700U) - 200}; }

class Source : public myelin::Agent {
 public:
  explicit Source(myelin::AgentRef parser) : parser_{std::move(parser)} {}
  static void handlers(myelin::Handlers<Source>& on) { on.message<&Source::more>(); }
  void on_start() override {
    tell(self(), [](More::Builder) {});
  }

 private:
  /// Sends a portion and returns: a sender is paused between its handlers, never inside one.
  void more(More::Reader) {
    for (int line = 0; line < 1000 && next_ < kLines; ++line) {
      const auto [station, tenths] = weather(next_++);
      const std::string text = std::string{kStations[station]} + ';' + std::to_string(tenths);
      tell(parser_, [&](Line::Builder message) { message.setText(text); });
    }
    if (next_ < kLines) {
      tell(self(), [](More::Builder) {});
    } else {
      tell(parser_, [](EndOfInput::Builder) {});
    }
  }

  myelin::AgentRef parser_;
  std::uint32_t next_ = 0;
};

class Parser : public myelin::Agent {
 public:
  explicit Parser(myelin::AgentRef adder) : adder_{std::move(adder)} {}
  static void handlers(myelin::Handlers<Parser>& on) {
    on.message<&Parser::parse>();
    on.message<&Parser::end>();
  }
  /// Lines are large: few may wait.
  static myelin::MailboxOptions mailbox() { return {.capacity = 4096, .when_full = myelin::Overload::block}; }

 private:
  void parse(myelin::Batch<Line> lines) {
    for (const Line::Reader line : lines) {
      const std::string_view text{line.getText().cStr(), line.getText().size()};
      const std::size_t semicolon = text.find(';');
      int tenths = 0;
      std::from_chars(text.data() + semicolon + 1, text.data() + text.size(), tenths);
      const std::size_t station = station_of(text.substr(0, semicolon));
      tell(adder_, [&](Reading::Builder reading) {
        reading.setStation(static_cast<std::uint8_t>(station));
        reading.setTenths(tenths);
      });
    }
  }
  void end(EndOfInput::Reader) {
    tell(adder_, [](EndOfInput::Builder) {});
  }
  static std::size_t station_of(std::string_view name) {
    std::size_t station = 0;
    while (station + 1 < kStations.size() && kStations[station] != name) ++station;
    return station;
  }

  myelin::AgentRef adder_;
};

class Adder : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Adder>& on) {
    on.message<&Adder::add>();
    on.message<&Adder::end>();
    on.message<&Adder::summary>();
  }

 private:
  void add(myelin::Batch<Reading> readings) {
    ++batches_;
    for (const Reading::Reader reading : readings) {
      ++count_[reading.getStation()];
      sum_[reading.getStation()] += reading.getTenths();
    }
  }
  void end(EndOfInput::Reader) {
    ended_ = true;
    answer();
  }
  /// Keeps the question until there is an answer.
  void summary(GetSummary::Reader, myelin::Reply<Summary> reply) {
    asked_ = std::move(reply);
    if (ended_) answer();
  }
  void answer() {
    asked_.send([&](Summary::Builder summary) {
      summary.setBatches(batches_);
      auto stations = summary.initStations(kStations.size());
      for (std::uint32_t station = 0; station < kStations.size(); ++station) {
        stations[station].setReadings(count_[station]);
        stations[station].setSumTenths(sum_[station]);
      }
    });
  }

  std::array<std::uint64_t, kStations.size()> count_{};
  std::array<std::int64_t, kStations.size()> sum_{};
  std::uint64_t batches_ = 0;
  bool ended_ = false;
  myelin::Reply<Summary> asked_;
};

}  // namespace

int main() {
  std::array<std::int64_t, kStations.size()> expected{};
  for (std::uint32_t line = 0; line < kLines; ++line) expected[weather(line).station] += weather(line).tenths;

  myelin::Mesh mesh;
  const myelin::AgentRef adder = mesh.spawn<Adder>();
  const myelin::AgentRef parser = mesh.spawn<Parser>(adder);
  mesh.spawn<Source>(parser);
  const auto summary = mesh.ask<Summary>(
      adder, [](GetSummary::Builder) {}, std::chrono::seconds{30});
  if (!summary) {
    std::fprintf(stderr, "no summary: %s\n", myelin::to_string(summary.error()).c_str());
    return 1;
  }

  bool right = true;
  std::uint64_t readings = 0;
  for (std::uint32_t index = 0; index < kStations.size(); ++index) {
    const auto station = (*summary)->getStations()[index];
    readings += station.getReadings();
    right &= station.getSumTenths() == expected[index];
    std::printf("%-6s %6llu readings, mean %5.1f degrees\n", kStations[index].data(),
                static_cast<unsigned long long>(station.getReadings()),
                static_cast<double>(station.getSumTenths()) / 10 / static_cast<double>(station.getReadings()));
  }
  std::printf("%llu readings in %llu batches\n", static_cast<unsigned long long>(readings),
              static_cast<unsigned long long>((*summary)->getBatches()));
  return right && readings == kLines ? 0 : 1;
}
