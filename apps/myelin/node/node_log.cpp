#include "node/node_log.hpp"

#include <fmt/format.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

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
    log->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %^%l%$ %v");
    log->set_level(spdlog::level::from_str(level == "error" ? "err" : level));
    log->flush_on(spdlog::level::debug);
    return log;
  } catch (const spdlog::spdlog_ex& error) {
    return fail(Errc::io_error, fmt::format("no log: {}", error.what()));
  }
}

}  // namespace myelin::tool
