#include "protocol/record_content.hpp"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <optional>
#include <utility>

#include "protocol/vertex_reading.hpp"

namespace myelin::consensus {

namespace {

using log_format::Kind;

// A vertex: signature, words of header, header, payload. A commit: index, digest. A base: round collected, and of its
// tail: epoch, index and digest before, number of commits; each commit: leader, time, number of vertices, vertices.

class Output {
 public:
  explicit Output(std::vector<std::byte>& bytes) noexcept : bytes_{&bytes} {}

  void expect(std::size_t bytes) { bytes_->reserve(bytes_->size() + bytes + kWordBytes); }  // and the check
  void put(std::span<const std::byte> bytes) { bytes_->insert(bytes_->end(), bytes.begin(), bytes.end()); }
  void put(std::uint64_t word) { put(std::as_bytes(std::span{&word, 1})); }
  void put(const Digest& digest) { put(std::as_bytes(std::span{digest.bytes})); }
  void put(const IndexedDigest& indexed) {
    put(indexed.index);
    put(indexed.digest);
  }
  void put(const VertexRef& ref) {
    put(ref.round);
    put(std::uint64_t{ref.author});
    put(ref.digest);
  }

 private:
  std::vector<std::byte>* bytes_;
};

/// Reads what Output put; once too much was asked for, or what no Output puts was found, it is bad for good.
class Input {
 public:
  explicit Input(std::span<const std::byte> bytes) noexcept : rest_{bytes} {}

  [[nodiscard]] bool is_bad() const noexcept { return is_bad_; }
  [[nodiscard]] bool is_read_to_its_end() const noexcept { return !is_bad_ && rest_.empty(); }
  [[nodiscard]] std::size_t rest_words() const noexcept { return rest_.size() / kWordBytes; }

  void take(std::span<std::byte> into) noexcept {
    if (into.size() > rest_.size()) is_bad_ = true;
    if (is_bad_ || into.empty()) return;
    std::memcpy(into.data(), rest_.data(), into.size());
    rest_ = rest_.subspan(into.size());
  }
  std::uint64_t number() noexcept {
    std::uint64_t word = 0;
    take(std::as_writable_bytes(std::span{&word, 1}));
    return word;
  }
  /// How many things of `words` words each follow; bad where there is no room for as many.
  std::size_t count(std::size_t words) noexcept {
    const std::uint64_t number_of_them = number();
    if (number_of_them > rest_words() / words) is_bad_ = true;
    return is_bad_ ? 0 : static_cast<std::size_t>(number_of_them);
  }
  Words words(std::size_t size) {
    Words words(size);
    take(std::as_writable_bytes(std::span{words}));
    return words;
  }
  Digest digest() noexcept {
    Digest digest;
    take(std::as_writable_bytes(std::span{digest.bytes}));
    return digest;
  }
  IndexedDigest indexed() noexcept {
    const std::uint64_t index = number();
    return {index, digest()};
  }
  VertexRef ref() noexcept {
    const Round round = number();
    const std::uint64_t author = number();
    if (author > 0xff) is_bad_ = true;
    return {round, static_cast<ValidatorIndex>(author), digest()};
  }

 private:
  std::span<const std::byte> rest_;
  bool is_bad_ = false;
};

constexpr std::size_t kRefWords = 6;
constexpr std::size_t kCommitWords = kRefWords + 2;
constexpr std::size_t kBeforeHeaderBytes = sizeof(Signature) + kWordBytes;

void put_content(const VertexRecord& record, Output& output) {
  const Vertex& vertex = *record.vertex;
  output.expect(kBeforeHeaderBytes + bytes_of(vertex.header()).size() + bytes_of(vertex.payload()).size());
  output.put(std::as_bytes(std::span{vertex.signature().bytes}));
  output.put(std::uint64_t{vertex.header().size()});
  output.put(bytes_of(vertex.header()));
  output.put(bytes_of(vertex.payload()));
}

void put_content(const CommitRecord& record, Output& output) { output.put(record.commit); }

void put_content(const BaseRecord& record, Output& output) {
  output.put(record.collected);
  output.put(record.tail.epoch);
  output.put(record.tail.before);
  output.put(std::uint64_t{record.tail.commits.size()});
  for (const CommitSummary& commit : record.tail.commits) {
    output.put(commit.leader);
    output.put(static_cast<std::uint64_t>(commit.time));
    output.put(std::uint64_t{commit.vertices.size()});
    for (const VertexRef& vertex : commit.vertices) output.put(vertex);
  }
}

using Read = tl::expected<LogRecord, ContentFlaw>;

Read wrong(std::string what, bool in_payload = false) {
  return tl::unexpected{ContentFlaw{std::move(what), in_payload}};
}

Read read_vertex_record(Input input, const Committee& committee) {
  VertexBytes bytes;
  input.take(std::as_writable_bytes(std::span{bytes.signature.bytes}));
  bytes.header = input.words(input.count(1));
  bytes.payload = input.words(input.rest_words());
  if (!input.is_read_to_its_end()) return wrong("a vertex of another length than it says");
  auto vertex = read_unsigned(std::move(bytes), committee);
  if (!vertex) {
    return wrong(fmt::format("a vertex that is not valid: {}", to_string(vertex.error())),
                 vertex.error() == Refusal::bad_payload);
  }
  return VertexRecord{std::move(*vertex)};
}

Read read_commit_record(Input input) {
  const CommitRecord record{input.indexed()};
  if (!input.is_read_to_its_end()) return wrong("a commit of another length than commits have");
  return record;
}

Read read_base_record(Input input, const Committee& committee) {
  const Round collected = input.number();
  CommitTail tail;
  tail.epoch = input.number();
  tail.before = input.indexed();
  tail.commits.resize(input.count(kCommitWords));
  for (CommitSummary& commit : tail.commits) {
    commit.leader = input.ref();
    commit.time = static_cast<WallTime>(input.number());
    commit.vertices.resize(input.count(kRefWords));
    for (VertexRef& vertex : commit.vertices) vertex = input.ref();
  }
  if (!input.is_read_to_its_end()) return wrong("a tail of commits of another length than it says");
  if (const auto checked = tail.check(committee); !checked) return wrong(checked.error().message);
  return BaseRecord{std::move(tail), collected};
}

}  // namespace

Kind kind_of(const LogRecord& record) noexcept {
  constexpr std::array kKinds{Kind::vertex, Kind::commit, Kind::base};
  static_assert(kKinds.size() == std::variant_size_v<LogRecord>);
  return kKinds[record.index()];
}

void append_content(const LogRecord& record, std::vector<std::byte>& bytes) {
  Output output{bytes};
  std::visit([&](const auto& one) { put_content(one, output); }, record);
}

std::size_t checked_content_bytes(Kind kind, std::span<const std::byte> content) noexcept {
  if (kind != Kind::vertex || content.size() < kBeforeHeaderBytes) return content.size();
  const std::uint64_t header_words = log_format::load(content, sizeof(Signature));
  const std::size_t rest = content.size() - kBeforeHeaderBytes;
  if (header_words > rest / kWordBytes) return content.size();
  return kBeforeHeaderBytes + static_cast<std::size_t>(header_words) * kWordBytes;
}

Read read_content(Kind kind, std::span<const std::byte> content, const Committee& committee) {
  switch (kind) {
    case Kind::vertex: return read_vertex_record(Input{content}, committee);
    case Kind::commit: return read_commit_record(Input{content});
    case Kind::base: return read_base_record(Input{content}, committee);
  }
  return wrong("a record of no known kind");
}

}  // namespace myelin::consensus
