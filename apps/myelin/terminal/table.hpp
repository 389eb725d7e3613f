/// Text tables with aligned columns.
#pragma once

#include <string>
#include <vector>

namespace myelin::tool {

/// Rows of text under headings; numbers are formatted by the caller (units.hpp). **Thread-safety**: thread-compatible.
class Table {
 public:
  enum class Align { left, right };
  struct Column {
    std::string heading;
    Align align = Align::right;
  };

  explicit Table(std::vector<Column> columns) : columns_{std::move(columns)} {}

  /// **Requires**: as many cells as columns.
  void add_row(std::vector<std::string> cells);

  /// Headings, a rule, and the rows; two spaces between columns, none at a line's end, a newline after each line.
  [[nodiscard]] std::string to_string() const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace myelin::tool
