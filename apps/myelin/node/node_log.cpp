#include "node/node_log.hpp"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <iterator>
#include <memory>
#include <mutex>
#include <string_view>
#include <utility>

namespace myelin::tool {

namespace {

/// Adds lines to a book.
class BookSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit BookSink(std::shared_ptr<operation::LogBook> book) : book_{std::move(book)} {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    std::string_view text{line.data(), line.size()};
    if (text.ends_with('\n')) text.remove_suffix(1);
    book_->add(text);
  }
  void flush_() override {}

  std::shared_ptr<operation::LogBook> book_;
};

/// The text of a message, with control characters spelled out: part of it is what strangers, operators and agents say,
/// who are not to write lines of their own, nor to a terminal.
class OneLine final : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/, spdlog::memory_buf_t& into) override {
    for (const char letter : message.payload) {
      const auto code = static_cast<unsigned char>(letter);
      if (code >= 0x20 && code != 0x7f) {
        into.push_back(letter);
      } else {
        fmt::format_to(std::back_inserter(into), "\\x{:02x}", code);
      }
    }
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<OneLine>(); }
};

}  // namespace

Result<std::shared_ptr<spdlog::logger>> open_log(const std::string& where, const std::string& level,
                                                 const std::filesystem::path& folder,
                                                 std::shared_ptr<operation::LogBook> book) {
  try {
    spdlog::sink_ptr sink;
    if (where == "stderr") {
      sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
    } else {
      sink = std::make_shared<spdlog::sinks::rotating_file_sink_mt>((folder / where).string(), kLogBytesPerFile,
                                                                    kLogFiles - 1);
    }
    auto log = std::make_shared<spdlog::logger>(
        "node", spdlog::sinks_init_list{std::move(sink), std::make_shared<BookSink>(std::move(book))});
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<OneLine>('*').set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %*");
    log->set_formatter(std::move(formatter));
    log->set_level(spdlog::level::from_str(level == "error" ? "err" : level));
    log->flush_on(spdlog::level::debug);
    return log;
  } catch (const spdlog::spdlog_ex& error) {
    return fail(Errc::io_error, fmt::format("no log: {}", error.what()));
  }
}

}  // namespace myelin::tool
