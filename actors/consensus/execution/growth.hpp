/// How much larger a transaction can make the state, at most, before it has run.
#pragma once

#include <cstddef>

#include "myelin/consensus/execution_limits.hpp"
#include "myelin/consensus/transaction.hpp"

namespace myelin::consensus {

struct Growth {
  std::size_t keys = 0;
  std::size_t bytes = 0;  ///< Of keys and values.
};

[[nodiscard]] inline Growth growth_of(const Transaction& transaction) noexcept {
  switch (transaction.operation) {
    case Operation::put:
    case Operation::cas:
    case Operation::add:
    case Operation::claim: return {1, transaction.key.size() + transaction.value.size()};
    case Operation::transfer: return {2, transaction.key.size() + transaction.other.size()};
    case Operation::script: {
      Growth growth;
      for (const ScriptStep& step : transaction.steps) {
        growth.keys += step.operation == ScriptStep::Operation::store ? 1 : 0;
      }
      if (growth.keys > 0) growth.bytes = limits::kScriptStoreBytesMax;
      return growth;
    }
    default: return {};
  }
}

/// Bytes that the reply to a transaction can hold.
[[nodiscard]] inline std::size_t reply_bytes_max(const Transaction& transaction) noexcept {
  switch (transaction.operation) {
    case Operation::get:
    case Operation::cas: return limits::kValueBytesMax;
    case Operation::range: return limits::kRangeBytesMax + limits::kKeyBytesMax + limits::kValueBytesMax;
    case Operation::script:
      for (const ScriptStep& step : transaction.steps) {
        if (step.operation == ScriptStep::Operation::result) return limits::kValueBytesMax;
      }
      return 0;
    default: return 0;
  }
}

}  // namespace myelin::consensus
