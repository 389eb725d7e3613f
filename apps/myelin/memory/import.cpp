#include "memory/import.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <system_error>
#include <utility>

#include "memory/pairs.hpp"
#include "myelin/consensus/execution_limits.hpp"

namespace myelin::tool {

namespace {

/// Of a batch. A quarter of what one may have, for a batch takes more than its keys and values.
constexpr std::size_t kPairsMax = 500;
constexpr std::size_t kBytesMax = consensus::limits::kBatchBytesMax / 4;

/// A file, or standard input.
class Source {
 public:
  static Result<Source> open(const std::string& file) {
    Source source;
    if (file == "-") return source;
    std::error_code ignored;
    if (std::filesystem::is_directory(file, ignored)) {
      return fail(Errc::io_error, fmt::format("'{}' is a directory; name a file", file));
    }
    source.file_.open(file, std::ios::binary);
    if (!source.file_) {
      const int error = errno;
      return fail(error == ENOENT ? Errc::not_found : Errc::io_error,
                  fmt::format("cannot read '{}': {}", file, std::generic_category().message(error)));
    }
    source.is_file_ = true;
    return source;
  }
  [[nodiscard]] std::istream& stream() { return is_file_ ? static_cast<std::istream&>(file_) : std::cin; }

 private:
  std::ifstream file_;
  bool is_file_ = false;
};

}  // namespace

Result<std::string> read_bytes(const std::string& file, std::size_t at_most) {
  auto source = Source::open(file);
  if (!source) return tl::unexpected{source.error()};
  std::string bytes(at_most, '\0');
  source->stream().read(bytes.data(), static_cast<std::streamsize>(at_most));
  if (source->stream().bad()) return fail(Errc::io_error, fmt::format("cannot read '{}' to its end", file));
  bytes.resize(static_cast<std::size_t>(source->stream().gcount()));
  return bytes;
}

Result<void> Importer::add(std::string_view text, std::size_t number, const std::string& prefix) {
  auto pair = parse_pair(text);
  if (!pair) return tl::unexpected{pair.error()};
  if (const auto good = check_key_(pair->key); !good) return good;
  if (pair->value.size() > consensus::limits::kValueBytesMax) {
    return fail(Errc::invalid_argument, fmt::format("a value of {} bytes; the most are {}", pair->value.size(),
                                                    consensus::limits::kValueBytesMax));
  }
  bytes_waiting_ += prefix.size() + pair->key.size() + pair->value.size();
  waiting_.push_back({number, prefix + pair->key, std::move(pair->value)});
  return {};
}

Result<void> Importer::send() {
  if (waiting_.empty()) return {};
  std::vector<consensus::Transaction> batch;
  const std::int64_t time_to_live = options_.time_to_live.value_or(Duration::zero()).count();
  for (const Line& line : waiting_) batch.push_back(consensus::Transaction::put(line.key, line.value, time_to_live));
  const auto outcomes = execute_(batch);
  if (!outcomes) return tl::unexpected{outcomes.error()};
  for (std::size_t i = 0; i < outcomes->size(); ++i) {
    const consensus::Status status = (*outcomes)[i].status;
    if (status == consensus::Status::ok) {
      ++done_;
      continue;
    }
    return fail(Errc::invalid_argument, fmt::format("line {}: '{}' was not put: {}", waiting_[i].number,
                                                    escape(waiting_[i].key), consensus::to_string(status)));
  }
  waiting_.clear();
  bytes_waiting_ = 0;
  if (on_batch) on_batch(done_);
  return {};
}

Result<std::size_t> Importer::run(const std::string& file, const std::string& prefix) {
  auto source = Source::open(file);
  if (!source) return tl::unexpected{source.error()};
  const auto explained = [&](const Error& error) {
    return fail(error.code, fmt::format("'{}', {}; {} pairs are in", file, error.message, done_));
  };
  std::string line;
  std::size_t number = 0;
  while (std::getline(source->stream(), line)) {
    ++number;
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) continue;
    if (const auto added = add(line, number, prefix); !added) {
      return explained({added.error().code, fmt::format("line {}: {}", number, added.error().message)});
    }
    if (waiting_.size() < kPairsMax && bytes_waiting_ < kBytesMax) continue;
    if (const auto sent = send(); !sent) return explained(sent.error());
  }
  if (source->stream().bad()) return fail(Errc::io_error, fmt::format("cannot read '{}' to its end", file));
  if (const auto sent = send(); !sent) return explained(sent.error());
  return done_;
}

}  // namespace myelin::tool
