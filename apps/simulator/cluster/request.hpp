/// What simulated clients ask for, and what they are told.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/random.hpp"
#include "myelin/consensus/crypto.hpp"
#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/reply.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin::sim {

/// One operation; a batch of its own. Keys say by their first letter what lies there: registers, counters, accounts,
/// tasks with leases that outlast the run, short tasks whose leases end within it, and ephemeral registers whose values
/// do.
struct Request {
  enum class Kind : std::uint8_t {
    put,
    get,
    cas,
    put_if_absent,
    erase,
    add,
    fetch_add,  ///< A script: adds, and answers with the sum.
    transfer,
    claim,
    renew,
    release,
    read_accounts,   ///< A range.
    read_ephemeral,  ///< Another.
    reconfigure,
  };

  Kind kind = Kind::get;
  std::string key{};
  std::string other{};  ///< transfer: to; cas: what is expected.
  std::string value{};
  std::int64_t number = 0;  ///< What is added, moved, or how long it lasts.
  std::uint64_t token = 0;
  consensus::Epoch epoch = 0;                      ///< reconfigure
  std::vector<consensus::PublicKey> validators{};  ///< reconfigure
  std::vector<consensus::Approval> approvals{};    ///< reconfigure
  bool is_approved = false;                        ///< reconfigure: whether they are enough, and none is forged.
};

inline constexpr std::int64_t kLongLease = consensus::limits::kLeaseMax;

[[nodiscard]] std::vector<std::byte> encode(consensus::ClientId client, consensus::Sequence sequence,
                                            const Request& request);

/// "put r1 'x'". For timelines.
[[nodiscard]] std::string to_string(const Request& request);
/// "ok 7".
[[nodiscard]] std::string to_string(const consensus::Reply& reply);
[[nodiscard]] std::string to_string(const consensus::Value& value);

}  // namespace myelin::sim
