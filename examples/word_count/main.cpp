// Map and reduce: counts the words of real texts. A reader cuts files into chunks, mappers count the words of each,
// reducers add up, each for its share of all words. The result is compared with a plain count on one thread.
//
//     example_word_count [FILE...]     without files: the licences that Debian ships
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <myelin/actors/mesh.hpp>

#include "words.capnp.h"

namespace {

namespace fs = std::filesystem;
using WordCounts = std::map<std::string, std::uint64_t>;

std::string read_text(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream{file}.rdbuf();
  return text.str();
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Adds the words of a text: runs of letters, in lower case.
void count_words(std::string_view text, WordCounts& counts) {
  std::string word;
  for (std::size_t at = 0; at <= text.size(); ++at) {
    if (at < text.size() && is_letter(text[at])) {
      word += static_cast<char>(text[at] | 0x20);
    } else if (!word.empty()) {
      ++counts[word];
      word.clear();
    }
  }
}

/// Adds up what mappers say of its share of the words.
class Reducer : public myelin::Agent {
 public:
  explicit Reducer(std::size_t mappers) : open_{mappers} {}
  static void handlers(myelin::Handlers<Reducer>& on) {
    on.message<&Reducer::add>();
    on.message<&Reducer::end>();
    on.message<&Reducer::counts>();
  }

 private:
  void add(myelin::Batch<Count> counts) {
    for (const Count::Reader count : counts) counts_[count.getWord().cStr()] += count.getTimes();
  }
  /// Between two agents order is kept: what this mapper counted has come before this.
  void end(EndOfInput::Reader) {
    if (--open_ == 0) answer();
  }
  void counts(GetCounts::Reader, myelin::Reply<Counts> reply) {
    asked_ = std::move(reply);
    if (open_ == 0) answer();
  }
  void answer() {
    asked_.send([&](Counts::Builder answer) {
      auto words = answer.initWords(static_cast<std::uint32_t>(counts_.size()));
      std::uint32_t index = 0;
      for (const auto& [word, times] : counts_) {
        words[index].setWord(word);
        words[index++].setTimes(times);
      }
    });
  }

  std::size_t open_;
  WordCounts counts_;
  myelin::Reply<Counts> asked_;
};

class Mapper : public myelin::Agent {
 public:
  explicit Mapper(std::vector<myelin::AgentRef> reducers) : reducers_{std::move(reducers)} {}
  static void handlers(myelin::Handlers<Mapper>& on) {
    on.message<&Mapper::map>();
    on.message<&Mapper::end>();
  }

 private:
  void map(Chunk::Reader chunk, myelin::Reply<Mapped> reply) {
    WordCounts counts;
    count_words({chunk.getText().cStr(), chunk.getText().size()}, counts);
    for (const auto& [word, times] : counts) {
      const std::size_t share = std::hash<std::string>{}(word) % reducers_.size();
      tell(reducers_[share], [&, times = times](Count::Builder count) {
        count.setWord(word);
        count.setTimes(times);
      });
    }
    reply.send([](Mapped::Builder) {});
  }
  void end(EndOfInput::Reader) {
    for (const myelin::AgentRef& reducer : reducers_) tell(reducer, [](EndOfInput::Builder) {});
  }

  std::vector<myelin::AgentRef> reducers_;
};

/// Reads files on a thread for blocking work, one after another, and has at most some chunks counted at once.
class Reader : public myelin::Agent {
 public:
  Reader(std::vector<fs::path> files, std::vector<myelin::AgentRef> mappers)
      : files_{std::move(files)}, mappers_{std::move(mappers)} {}
  void on_start() override { start(read_all()); }

 private:
  myelin::Task<> read_all() {
    for (const fs::path& file : files_) {
      auto reading = offload([file] { return read_text(file); });  // named: see "g++ 12" in docs/guide/coroutines.md
      const std::string text = co_await reading;
      co_await count(text);
    }
    for (const myelin::AgentRef& mapper : mappers_) tell(mapper, [](EndOfInput::Builder) {});
    stop();
  }

  /// The answers are the acknowledgement, and keep the mailboxes short.
  myelin::Task<> count(std::string_view text) {
    while (!text.empty()) {
      std::vector<myelin::PendingAnswer<Mapped>> counting;
      for (std::size_t i = 0; i < 4 * mappers_.size() && !text.empty(); ++i) {
        const std::string chunk{take_chunk(text)};
        counting.push_back(ask<Mapped>(
            mappers_[i % mappers_.size()], [&](Chunk::Builder message) { message.setText(chunk); },
            std::chrono::seconds{20}));
      }
      for (const auto& counted : co_await myelin::all(std::move(counting))) {
        if (!counted) throw std::runtime_error{myelin::to_string(counted.error())};
      }
    }
  }
  static std::string_view take_chunk(std::string_view& text) {
    constexpr std::size_t kChunkBytes = 4096;
    std::size_t end = std::min(kChunkBytes, text.size());
    while (end < text.size() && is_letter(text[end])) ++end;
    const std::string_view chunk = text.substr(0, end);
    text.remove_prefix(end);
    return chunk;
  }

  std::vector<fs::path> files_;
  std::vector<myelin::AgentRef> mappers_;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<fs::path> files{argv + 1, argv + argc};
  if (const fs::path licences = "/usr/share/common-licenses"; files.empty() && fs::exists(licences)) {
    for (const auto& entry : fs::directory_iterator{licences}) files.push_back(entry.path());
  }
  if (files.empty()) {
    std::fprintf(stderr, "no texts: name some files\n");
    return 1;
  }
  WordCounts expected;
  for (const fs::path& file : files) count_words(read_text(file), expected);

  constexpr std::size_t kMappers = 4, kReducers = 2;
  myelin::Mesh mesh;
  std::vector<myelin::AgentRef> reducers, mappers;
  for (std::size_t i = 0; i < kReducers; ++i) reducers.push_back(mesh.spawn<Reducer>(kMappers));
  for (std::size_t i = 0; i < kMappers; ++i) mappers.push_back(mesh.spawn<Mapper>(reducers));
  mesh.spawn<Reader>(files, mappers);

  WordCounts counted;
  for (const myelin::AgentRef& reducer : reducers) {
    const auto share = mesh.ask<Counts>(
        reducer, [](GetCounts::Builder) {}, std::chrono::seconds{30});
    if (!share) {
      std::fprintf(stderr, "no counts: %s\n", myelin::to_string(share.error()).c_str());
      return 1;
    }
    for (const Count::Reader count : (*share)->getWords()) counted[count.getWord().cStr()] += count.getTimes();
  }

  std::vector<std::pair<std::uint64_t, std::string>> frequent;
  std::uint64_t words = 0;
  for (const auto& [word, times] : counted) {
    frequent.emplace_back(times, word);
    words += times;
  }
  std::sort(frequent.rbegin(), frequent.rend());
  std::printf("%zu files, %llu words, %zu different; most often:", files.size(), static_cast<unsigned long long>(words),
              counted.size());
  for (std::size_t i = 0; i < std::min<std::size_t>(5, frequent.size()); ++i) {
    std::printf(" %s (%llu)", frequent[i].second.c_str(), static_cast<unsigned long long>(frequent[i].first));
  }
  std::printf("\n%s\n", counted == expected ? "as a plain count says" : "NOT what a plain count says");
  return counted == expected && words > 0 ? 0 : 1;
}
