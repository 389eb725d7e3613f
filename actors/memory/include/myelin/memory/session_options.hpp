/// How a session talks to the validators.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>

#include "myelin/base/time.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin {

struct MemorySessionOptions {
  /// Who the session is to the validators: what it asks twice is executed once. 0: drawn at random. Another: leases are
  /// held across sessions; no two may use it at a time, and the system's clock must not go back between them.
  consensus::ClientId client = 0;

  /// A validator that has not answered in this time is passed over for the next. Doubled with every try.
  Duration patience = std::chrono::seconds{1};
  Duration patience_max = std::chrono::seconds{8};

  /// Transactions of one batch, and its bytes; what comes together beyond goes into the next. Bounds of
  /// consensus::limits hold beside.
  std::size_t batch_transactions_max = 1024;
  std::size_t batch_bytes_max = std::size_t{256} << 10;

  /// Batches on their way at once: 1 to consensus::limits::kSessionWindow. With fewer, batches are larger.
  std::size_t batches_in_flight_max = 8;

  /// Transactions that wait for a batch; more are refused (overloaded).
  std::size_t transactions_waiting_max = 65'536;

  /// Questions for changes that wait at once; more are refused (overloaded).
  std::size_t watches_max = 1024;
};

}  // namespace myelin
