/// What the clients asked and were told, and when: the system as seen from outside, and nothing of its inside.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkers/linearizability.hpp"
#include "cluster/request.hpp"

namespace myelin::sim {

/// **Thread-safety**: thread-compatible.
class ClientHistory {
 public:
  struct Operation {
    consensus::ClientId client = 0;
    Request request;
    Interval interval;
    consensus::Reply reply;  ///< Once it returned.
  };

  /// A client calls; returns the operation's place.
  std::size_t called(consensus::ClientId client, const Request& request, Duration now);
  void returned(std::size_t operation, const consensus::Reply& reply, Duration now);

  [[nodiscard]] const std::vector<Operation>& operations() const noexcept { return operations_; }
  [[nodiscard]] std::size_t open() const noexcept { return open_; }

  /// Throws Violation where the operations on some object fit no order. Registers, counters and tasks are objects by
  /// key; all accounts together are one. Returns how many objects were too entangled to tell.
  std::size_t check() const;

 private:
  std::vector<Operation> operations_;
  std::size_t open_ = 0;
};

}  // namespace myelin::sim
