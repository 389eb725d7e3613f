/// Machines made of network namespaces, and a router between them that loses what it is told to lose.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace myelin::test {

/// Takes this process out of the machine's network into one of its own, where it may do as it likes. As root, or where
/// users may have namespaces of their own. **Requires**: there is one thread. Call it once.
/// Returns why it cannot be done; empty where it was.
[[nodiscard]] std::string enter_own_network();

/// Each has one address, and reaches the others by way of the router, which is where this process's threads are unless
/// they go elsewhere: from there all hosts are reached, whatever is lost between them. All of it is gone with this.
/// Failures are those of the test. **Thread-safety**: thread-compatible.
class Hosts {
 public:
  /// **Requires**: enter_own_network() has succeeded.
  explicit Hosts(std::size_t count);
  Hosts(const Hosts&) = delete;
  Hosts& operator=(const Hosts&) = delete;
  ~Hosts();

  /// "10.77.1.2:7400"; hosts are numbered from 0.
  [[nodiscard]] std::string address(std::size_t host) const;

  /// While it lives this thread, and the processes that it starts, are on a host.
  class Stay {
   public:
    Stay(const Hosts& hosts, std::size_t host);
    Stay(const Stay&) = delete;
    Stay& operator=(const Stay&) = delete;
    ~Stay();

   private:
    int router_;
  };

  /// From now on nothing that one sends the other arrives, and neither is told.
  void lose(std::size_t from, std::size_t to);
  void lose_both_ways(std::size_t one, std::size_t other);
  /// What one sends to where the other listens is lost, but not its part of the connections that the other has made:
  /// as with a firewall.
  void lose_dialling(std::size_t from, std::size_t to);
  /// Between all hosts of one group and all of the other.
  void part(const std::vector<std::size_t>& one, const std::vector<std::size_t>& other);
  /// Nothing is lost any more.
  void mend();
  /// The host's cable is out, or in again.
  void pull_plug(std::size_t host);
  void plug_in(std::size_t host);

 private:
  void add_rule(const std::string& rule);

  std::vector<int> namespaces_;
  std::vector<std::string> rules_;
};

}  // namespace myelin::test
