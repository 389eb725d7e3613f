#include "agents/peer_letter.hpp"

#include <fmt/format.h>

#include <cstring>

#include "myelin/base/limits.hpp"
#include "myelin/consensus/limits.hpp"
#include "myelin/serialization/frame_builder.hpp"

namespace myelin::validator {

using namespace consensus;  // NOLINT: this file is about its types.

namespace {

// Room that a letter's own fields take beside its vertices' bytes, in words.
constexpr std::size_t kLetterWords = 64;
constexpr std::size_t kVertexWords = 16;

void set(schema::Digest256::Builder to, const Digest& digest) {
  std::array<std::uint64_t, 4> words;
  std::memcpy(words.data(), digest.bytes.data(), sizeof words);
  to.setWord0(words[0]);
  to.setWord1(words[1]);
  to.setWord2(words[2]);
  to.setWord3(words[3]);
}

template <class Reader>
Digest digest_from(const Reader& from) {
  const std::array<std::uint64_t, 4> words{from.getWord0(), from.getWord1(), from.getWord2(), from.getWord3()};
  Digest digest;
  std::memcpy(digest.bytes.data(), words.data(), sizeof words);
  return digest;
}

capnp::Data::Reader data_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const capnp::byte*>(bytes.data()), bytes.size()};
}

void set(schema::SignedVertex::Builder to, const Vertex& vertex) {
  to.setHeader(data_of(bytes_of(vertex.header())));
  if (!vertex.payload().empty()) to.setPayload(data_of(bytes_of(vertex.payload())));
  to.setSignature(data_of(std::as_bytes(std::span{vertex.signature().bytes})));
}

std::size_t words_of(const Vertex& vertex) noexcept {
  return vertex.header().size() + vertex.payload().size() + kVertexWords;
}

// What is no whole number of words is none of what read_vertex() takes: it says so.
Result<Words> words_from(capnp::Data::Reader data, const char* field) {
  if (data.size() % kWordBytes != 0) {
    return fail(Errc::bad_frame,
                fmt::format("a letter of a validator: {} of {} bytes, no whole number of words", field, data.size()));
  }
  Words words(data.size() / kWordBytes);
  if (!words.empty()) std::memcpy(words.data(), data.begin(), data.size());
  return words;
}

Result<void> read_signature(capnp::Data::Reader from, Signature& signature) {
  if (from.size() != signature.bytes.size()) {
    return fail(Errc::bad_frame, fmt::format("a letter of a validator: a signature of {} bytes, not {}", from.size(),
                                             signature.bytes.size()));
  }
  std::memcpy(signature.bytes.data(), from.begin(), from.size());
  return {};
}

Result<VertexBytes> vertex_from(schema::SignedVertex::Reader from) {
  VertexBytes vertex;
  auto header = words_from(from.getHeader(), "a header");
  if (!header) return tl::unexpected{header.error()};
  auto payload = words_from(from.getPayload(), "a payload");
  if (!payload) return tl::unexpected{payload.error()};
  if (auto read = read_signature(from.getSignature(), vertex.signature); !read) return tl::unexpected{read.error()};
  vertex.header = std::move(*header);
  vertex.payload = std::move(*payload);
  return vertex;
}

// Fills in one kind of message each.
struct Filler {
  schema::PeerLetter::Builder letter;

  void operator()(const VertexPtr& vertex) { set(letter.initVertex(), *vertex); }
  void operator()(const FetchRequest& request) {
    auto names = letter.initFetch(static_cast<unsigned>(request.refs.size()));
    for (unsigned i = 0; i < names.size(); ++i) {
      const VertexRef& ref = request.refs[i];
      names[i].setRound(ref.round);
      names[i].setAuthor(ref.author);
      std::array<std::uint64_t, 4> words;
      std::memcpy(words.data(), ref.digest.bytes.data(), sizeof words);
      names[i].setWord0(words[0]);
      names[i].setWord1(words[1]);
      names[i].setWord2(words[2]);
      names[i].setWord3(words[3]);
    }
  }
  void operator()(const RangeRequest& request) {
    auto range = letter.initRange();
    range.setAfter(request.after);
    range.setHave(request.have);
  }
  void operator()(const FetchReply& reply) {
    auto fetched = letter.initFetched();
    auto vertices = fetched.initVertices(static_cast<unsigned>(reply.vertices.size()));
    for (unsigned i = 0; i < vertices.size(); ++i) set(vertices[i], *reply.vertices[i]);
    fetched.setForgotten(reply.forgotten);
  }
  void operator()(const SnapshotRequest& request) { letter.setSnapshotAbove(request.above); }
  void operator()(const SnapshotReply& reply) {
    auto snapshot = letter.initSnapshot();
    if (!reply.snapshot) return;
    snapshot.setTail(data_of(encode_tail(reply.snapshot->tail)));
    set(snapshot.initStateRoot(), reply.snapshot->state_root);
    snapshot.setState(data_of(reply.snapshot->state));
  }
  void operator()(const StatementRequest& request) { letter.setStatementOn(request.index); }
  void operator()(const StatementReply& reply) {
    auto statement = letter.initStatement();
    if (!reply.statement) return;
    statement.setCommit(reply.statement->commit.index);
    set(statement.initCommitDigest(), reply.statement->commit.digest);
    set(statement.initRoot(), reply.statement->state_root);
    statement.setSignature(data_of(std::as_bytes(std::span{reply.statement->signature.bytes})));
  }
};

struct Sizer {
  std::size_t operator()(const VertexPtr& vertex) const { return words_of(*vertex); }
  std::size_t operator()(const FetchRequest& request) const { return request.refs.size() * 6; }
  std::size_t operator()(const RangeRequest&) const { return 0; }
  std::size_t operator()(const FetchReply& reply) const {
    std::size_t words = 0;
    for (const VertexPtr& vertex : reply.vertices) words += words_of(*vertex);
    return words;
  }
  std::size_t operator()(const SnapshotRequest&) const { return 0; }
  std::size_t operator()(const SnapshotReply& reply) const {
    if (!reply.snapshot) return 0;
    std::size_t words = reply.snapshot->state.size() / kWordBytes + 2;
    for (const CommitSummary& commit : reply.snapshot->tail.commits) words += (1 + commit.vertices.size()) * 8;
    return words;
  }
  std::size_t operator()(const StatementRequest&) const { return 0; }
  std::size_t operator()(const StatementReply&) const { return 0; }
};

}  // namespace

std::size_t letter_bytes(const PeerMessage& message) {
  return (kLetterWords + std::visit(Sizer{}, message)) * kWordBytes;
}

Result<Frame> make_letter(Epoch epoch, ValidatorIndex from, const PeerMessage& message) {
  const std::size_t words = letter_bytes(message) / kWordBytes;
  if (words * kWordBytes > myelin::limits::kForeignFrameBytesMax) {
    return fail(Errc::frame_too_large,
                fmt::format("a letter of {} MiB to another validator; {} MiB are the most", words * kWordBytes >> 20,
                            myelin::limits::kForeignFrameBytesMax >> 20));
  }
  return make_frame<schema::PeerLetter>(
      [&](schema::PeerLetter::Builder letter) {
        letter.setEpoch(epoch);
        letter.setFrom(from);
        std::visit(Filler{letter}, message);
      },
      {}, words);
}

Result<ReadLetter> read_letter(schema::PeerLetter::Reader letter, const Committee& committee) {
  switch (letter.which()) {
    case schema::PeerLetter::VERTEX: {
      auto vertex = vertex_from(letter.getVertex());
      if (!vertex) return tl::unexpected{vertex.error()};
      UncheckedVertices read;
      read.vertices.push_back(std::move(*vertex));
      return read;
    }
    case schema::PeerLetter::FETCH: {
      const auto names = letter.getFetch();
      if (names.size() > consensus::limits::kFetchMax) {
        return fail(Errc::bad_frame, fmt::format("a validator asks for {} vertices; {} are the most", names.size(),
                                                 consensus::limits::kFetchMax));
      }
      FetchRequest request;
      for (const auto& name : names) {
        request.refs.push_back({name.getRound(), name.getAuthor(), digest_from(name)});
      }
      return PeerMessage{std::move(request)};
    }
    case schema::PeerLetter::RANGE: {
      const auto range = letter.getRange();
      return PeerMessage{RangeRequest{range.getAfter(), range.getHave()}};
    }
    case schema::PeerLetter::FETCHED: {
      const auto fetched = letter.getFetched();
      const auto vertices = fetched.getVertices();
      if (vertices.size() > consensus::limits::kFetchMax) {
        return fail(Errc::bad_frame, fmt::format("a validator answers with {} vertices; {} are the most",
                                                 vertices.size(), consensus::limits::kFetchMax));
      }
      UncheckedVertices read{.vertices = {}, .is_reply = true, .forgotten = fetched.getForgotten()};
      for (const auto& each : vertices) {
        auto vertex = vertex_from(each);
        if (!vertex) return tl::unexpected{vertex.error()};
        read.vertices.push_back(std::move(*vertex));
      }
      return read;
    }
    case schema::PeerLetter::SNAPSHOT_ABOVE: return PeerMessage{SnapshotRequest{letter.getSnapshotAbove()}};
    case schema::PeerLetter::SNAPSHOT: {
      const auto from = letter.getSnapshot();
      const auto tail_bytes = from.getTail();
      if (tail_bytes.size() == 0) return PeerMessage{SnapshotReply{}};
      auto tail = decode_tail(std::as_bytes(std::span{tail_bytes.begin(), tail_bytes.size()}), committee);
      if (!tail) return fail(Errc::bad_frame, tail.error().message);
      auto snapshot = std::make_shared<Snapshot>();
      snapshot->tail = std::move(*tail);
      snapshot->state_root = digest_from(from.getStateRoot());
      const auto state = std::as_bytes(std::span{from.getState().begin(), from.getState().size()});
      snapshot->state.assign(state.begin(), state.end());
      return PeerMessage{SnapshotReply{std::move(snapshot)}};
    }
    case schema::PeerLetter::STATEMENT_ON: return PeerMessage{StatementRequest{letter.getStatementOn()}};
    case schema::PeerLetter::STATEMENT: {
      const auto from = letter.getStatement();
      if (from.getSignature().size() == 0) return PeerMessage{StatementReply{}};
      Statement statement{{from.getCommit(), digest_from(from.getCommitDigest())}, digest_from(from.getRoot()), {}};
      if (auto read = read_signature(from.getSignature(), statement.signature); !read) {
        return tl::unexpected{read.error()};
      }
      return PeerMessage{StatementReply{statement}};
    }
    case schema::PeerLetter::NONE: break;
  }
  return fail(Errc::bad_frame, "a letter of a validator says nothing that this build knows");
}

}  // namespace myelin::validator
