#include "demos/digits/dataset.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace myelin::digits {

namespace {

constexpr const char* kRemedy = "run ./scripts/fetch-digits, or name a file with --data";

/// 1,797 rows take 260 KB; 64 MiB leaves room for larger sets and stops a gzip bomb.
constexpr std::size_t kBytesMax = std::size_t{64} << 20;

struct CloseGzip {
  void operator()(gzFile file) const { gzclose(file); }
};
using GzipFile = std::unique_ptr<gzFile_s, CloseGzip>;

tl::unexpected<Error> corrupt(const std::filesystem::path& path, std::string_view what) {
  return fail(Errc::corrupt_file, fmt::format("'{}': {}; {}", path.string(), what, kRemedy));
}

tl::unexpected<Error> corrupt_line(const std::filesystem::path& path, std::size_t line, std::string_view what) {
  return fail(Errc::corrupt_file, fmt::format("'{}', line {}: {}; {}", path.string(), line, what, kRemedy));
}

Result<std::string> read_decompressed(const std::filesystem::path& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return fail(Errc::not_found, fmt::format("no data set at '{}'; {}", path.string(), kRemedy));
  }
  if (std::filesystem::is_directory(path, error)) {
    return fail(Errc::io_error, fmt::format("'{}' is a directory, not the data set; {}", path.string(), kRemedy));
  }
  errno = 0;
  const GzipFile file{gzopen(path.c_str(), "rb")};
  if (!file) {
    const std::string reason = std::generic_category().message(errno == 0 ? ENOMEM : errno);
    return fail(Errc::io_error, fmt::format("cannot open '{}': {}", path.string(), reason));
  }

  std::string text;
  std::array<char, 1 << 16> chunk{};
  for (;;) {
    const int count = gzread(file.get(), chunk.data(), chunk.size());
    if (count <= 0) break;
    text.append(chunk.data(), static_cast<std::size_t>(count));
    if (text.size() > kBytesMax) {
      return corrupt(path, fmt::format("more than {} MiB of text", kBytesMax >> 20));
    }
  }
  // A truncated stream shows up here, not in gzread, which hands out what it has.
  int status = Z_OK;
  const char* const reason = gzerror(file.get(), &status);
  if (status == Z_ERRNO) {
    return fail(Errc::io_error,
                fmt::format("cannot read '{}': {}", path.string(), std::generic_category().message(errno)));
  }
  if (status == Z_BUF_ERROR) return corrupt(path, "the gzip stream is cut short");
  if (status != Z_OK && status != Z_STREAM_END) return corrupt(path, fmt::format("not a sound gzip file ({})", reason));
  return text;
}

/// Cuts the text up to `separator` off the front of `rest`; the whole of it when there is none.
std::string_view take_until(std::string_view& rest, char separator) {
  const std::size_t end = rest.find(separator);
  const std::string_view head = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return head;
}

std::size_t count_columns(std::string_view line) {
  std::size_t commas = 0;
  for (const char c : line) commas += c == ',' ? 1 : 0;
  return commas + 1;
}

/// Appends one row, or says what is wrong with it.
std::optional<std::string> append_row(std::string_view line, Samples& samples) {
  if (const std::size_t columns = count_columns(line); columns != kPixels + 1) {
    return fmt::format("{} columns instead of {} pixels and a label", columns, kPixels);
  }
  for (std::size_t column = 0; column <= kPixels; ++column) {
    const bool is_label = column == kPixels;
    const int max = is_label ? static_cast<int>(kClasses) - 1 : kPixelMax;
    const std::string_view field = take_until(line, ',');
    int value = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), value);
    if (error == std::errc::invalid_argument || end != field.data() + field.size()) {
      return fmt::format("column {}: '{:.20}' is not a whole number", column + 1, field);
    }
    if (error != std::errc{} || value < 0 || value > max) {
      return fmt::format("column {}: {} {:.20} is outside 0..{}", column + 1, is_label ? "label" : "pixel", field, max);
    }
    if (is_label) {
      samples.labels.push_back(static_cast<std::uint8_t>(value));
    } else {
      samples.pixels.push_back(static_cast<float>(value) / static_cast<float>(kPixelMax));
    }
  }
  return std::nullopt;
}

}  // namespace

std::filesystem::path data_file(const std::optional<std::filesystem::path>& given,
                                const tool::Environment& environment) {
  constexpr const char* kName = "digits.csv.gz";
  if (given) return *given;
  if (const auto directory = environment.get("MYELIN_DATA_DIR")) return std::filesystem::path{*directory} / kName;
  if (const auto cache = environment.get("XDG_CACHE_HOME")) return std::filesystem::path{*cache} / "myelin" / kName;
  return std::filesystem::path{environment.get("HOME").value_or(".")} / ".cache" / "myelin" / kName;
}

Result<Samples> read_samples(const std::filesystem::path& path) {
  const Result<std::string> text = read_decompressed(path);
  if (!text) return tl::unexpected<Error>{text.error()};

  Samples samples;
  std::string_view rest{*text};
  for (std::size_t line_number = 1; !rest.empty(); ++line_number) {
    std::string_view line = take_until(rest, '\n');
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() && rest.empty()) break;
    if (const auto problem = append_row(line, samples)) return corrupt_line(path, line_number, *problem);
  }
  if (samples.size() == 0) return corrupt(path, "no rows");
  return samples;
}

Split split(const Samples& samples) {
  Split parts;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    Samples& part = i % kHoldOutEvery == kHoldOutEvery - 1 ? parts.held_out : parts.train;
    const auto image = samples.image(i);
    part.pixels.insert(part.pixels.end(), image.begin(), image.end());
    part.labels.push_back(samples.labels[i]);
  }
  return parts;
}

}  // namespace myelin::digits
