/// What the keys of the shared memory hold.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "myelin/base/result.hpp"
#include "myelin/consensus/reply.hpp"
#include "myelin/memory.capnp.h"
#include "myelin/serialization/batch.hpp"
#include "myelin/serialization/guard.hpp"

namespace myelin {

using consensus::ValueKind;

/// An answer, kept by all values that lie in it.
using MemoryReplyPtr = std::shared_ptr<const Held<schema::MemoryReply>>;

/// A key's value: bytes, a number or a lease. Its bytes lie in the answer that brought it, which it keeps alive.
/// **Thread-safety**: thread-compatible.
class MemoryValue {
 public:
  MemoryValue(MemoryReplyPtr reply, schema::MemoryReply::Value::Reader value)
      : reply_{std::move(reply)}, value_{value} {}

  [[nodiscard]] ValueKind kind() const { return static_cast<ValueKind>(value_.getKind()); }
  /// The bytes, in place; none unless it holds bytes.
  [[nodiscard]] std::string_view text() const {
    const auto data = value_.getBytes();
    return {reinterpret_cast<const char*>(data.begin()), data.size()};
  }
  /// 0 unless it holds a number.
  [[nodiscard]] std::int64_t number() const { return value_.getNumber(); }
  /// The message that Memory::put<T>() put: checked, and kept alive by what is returned.
  /// **Errors**: bad_frame: it is no message, or of another type. **Cost**: one copy.
  template <class T>
  [[nodiscard]] Result<Held<T>> as() const {
    auto frame = open_foreign(std::as_bytes(std::span{text()}), TimePoint{});
    if (!frame) return tl::unexpected{frame.error()};
    if (const auto checked = check_as<T>(*frame); !checked) return tl::unexpected{checked.error()};
    return Held<T>{*std::move(frame)};
  }

  /// When a lease, or bytes with a time to live, are over, by the commits' time; 0: never.
  [[nodiscard]] consensus::WallTime expires() const { return value_.getExpires(); }

  // Of a lease.
  [[nodiscard]] consensus::ClientId holder() const { return value_.getHolder(); }
  [[nodiscard]] std::uint64_t token() const { return value_.getToken(); }

 private:
  MemoryReplyPtr reply_;
  schema::MemoryReply::Value::Reader value_;
};

}  // namespace myelin
