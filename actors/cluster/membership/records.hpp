/// What a node knows of the cluster's nodes, and what follows from it: no clock, no network.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/cluster/view.hpp"

namespace myelin::cluster {

/// A node, as it describes itself.
struct Record {
  std::string node;
  std::string address;
  std::uint64_t incarnation = 0;
  std::uint64_t version = 0;
  bool has_left = false;
  std::set<std::string, std::less<>> connected_to = {};
  std::vector<std::string> tags = {};

  friend bool operator==(const Record&, const Record&) = default;
};

/// Whether names and sizes are within bounds. **Errors**: invalid_argument.
[[nodiscard]] Result<void> check(const Record& record);

/// Each node writes its own record only, and numbers its changes; records spread, and of two of one node the later
/// holds: so nodes that have heard of the same records have the same ones, whatever the order they came in. Who is up
/// is not said by anybody, but follows: whom this node has a connection to, and whom those have that it reaches. A node
/// that ends, or is cut off, thus goes down everywhere as soon as all its connections have ended; one that a single
/// other cannot reach stays up. Source: connectivity as the failure detector; records as in SWIM's and Akka's gossip.
///
/// **Thread-safety**: thread-compatible.
class Records {
 public:
  explicit Records(Record own);

  [[nodiscard]] const Record& own() const noexcept { return records_.find(self_)->second; }
  /// Null if nobody is known by that name.
  [[nodiscard]] const Record* find(std::string_view node) const;
  [[nodiscard]] const std::map<std::string, Record, std::less<>>& all() const noexcept { return records_; }

  /// A connection was made, or has ended. Returns whether the own record has changed.
  bool set_connected(std::string_view node, bool connected);
  /// This node is about to end.
  void leave();
  /// A record that came from elsewhere. Returns whether there is something new to tell others: it, or the own record,
  /// which goes above one that claims to be this node's later one.
  bool merge(const Record& record);

  [[nodiscard]] View view() const;

 private:
  [[nodiscard]] std::set<std::string_view> reached() const;
  [[nodiscard]] bool make_room();

  const std::string self_;
  std::map<std::string, Record, std::less<>> records_;
};

}  // namespace myelin::cluster
