/// The replicated state once more, as simply as it can be said, and what it must answer to each request.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>

#include "cluster/request.hpp"

namespace myelin::sim {

/// Executes one request after another. **Thread-safety**: thread-compatible.
class StateModel {
 public:
  /// Executes a request in a commit of this time, and compares the answer; throws Violation where it is another.
  void execute(consensus::ClientId client, const Request& request, consensus::WallTime time,
               const consensus::Reply& answer);
  /// After the last request of a commit of this time.
  void end_commit(consensus::WallTime time);

  /// What a key holds, in the subject's words.
  [[nodiscard]] consensus::Value read(const std::string& key) const;
  /// All keys that hold something.
  [[nodiscard]] std::vector<std::string> keys() const;

 private:
  struct Text {
    std::string bytes;
    consensus::WallTime expires = 0;  ///< 0: never.
  };
  struct Lease {
    consensus::ClientId holder = 0;
    consensus::WallTime expires = 0;
    std::uint64_t token = 0;
  };
  using Cell = std::variant<Text, std::int64_t, Lease>;

  [[nodiscard]] std::int64_t number(const std::string& key) const;
  [[nodiscard]] consensus::Reply expect(consensus::ClientId client, const Request& request, consensus::WallTime time,
                                        const consensus::Reply& answer);
  [[nodiscard]] consensus::Reply claim(consensus::ClientId client, const Request& request, consensus::WallTime time,
                                       const consensus::Reply& answer);
  [[nodiscard]] consensus::Reply range(const std::string& first, const std::string& end) const;
  /// Takes out whatever has ended by then.
  void end_what_is_over(consensus::WallTime time);
  void check_balances() const;

  std::map<std::string, Cell> cells_;
  std::int64_t deposited_ = 0;  ///< Into all accounts together.
  std::uint64_t last_token_ = 0;
  consensus::Epoch epoch_ = 0;
  bool is_ending_ = false;
};

}  // namespace myelin::sim
