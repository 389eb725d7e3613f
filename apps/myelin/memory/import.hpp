/// Many keys from a file, hundreds in a batch.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/consensus/transaction.hpp"
#include "myelin/memory/memory.hpp"

namespace myelin::tool {

/// Reads lines as parse_pair() takes them, and puts them. **Thread-safety**: thread-compatible.
class Importer {
 public:
  using Check = std::function<Result<void>(std::string_view key)>;
  using Execute = std::function<Result<std::vector<MemoryOutcome>>(std::span<const consensus::Transaction>)>;

  /// `options`: of each put.
  Importer(Check check_key, Execute execute, const PutOptions& options = {})
      : check_key_{std::move(check_key)}, execute_{std::move(execute)}, options_{options} {}

  /// Called after each batch with the number of pairs that are in.
  std::function<void(std::size_t pairs)> on_batch;

  /// Puts each pair of `file` ("-": standard input) under `prefix` and its key; empty lines are passed over. Returns
  /// how many there were. **Errors**: not_found, io_error; invalid_argument for a line that is no pair, naming it;
  /// those of the memory. All say how many pairs are in: to be run again, for a put may be repeated.
  [[nodiscard]] Result<std::size_t> run(const std::string& file, const std::string& prefix);

 private:
  struct Line {
    std::size_t number = 0;
    std::string key;
    std::string value;
  };
  [[nodiscard]] Result<void> add(std::string_view text, std::size_t number, const std::string& prefix);
  [[nodiscard]] Result<void> send();

  Check check_key_;
  Execute execute_;
  PutOptions options_;
  std::vector<Line> waiting_;
  std::size_t bytes_waiting_ = 0;
  std::size_t done_ = 0;
};

/// All bytes of a file, or of standard input for "-"; no more than `at_most`.
/// **Errors**: not_found, io_error, with the path.
[[nodiscard]] Result<std::string> read_bytes(const std::string& file, std::size_t at_most);

}  // namespace myelin::tool
