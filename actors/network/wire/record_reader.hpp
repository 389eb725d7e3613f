/// Takes a connection's bytes apart into records. Knows no socket: it says where bytes are wanted, and is told how many
/// came.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>

#include "myelin/base/result.hpp"
#include "record.hpp"

namespace myelin::network {

/// Where bytes that come are put: the first of them into the first span, which is not empty, what it does not hold into
/// the second, which may be.
using Room = std::array<std::span<std::byte>, 2>;

/// **Thread-safety**: thread-compatible.
class RecordReader {
 public:
  class Sink {
   public:
    /// One record, other than a part. The bytes are gone after the call.
    virtual Result<void> on_record(const RecordHeader& header, std::span<const std::byte> payload) = 0;
    /// Where the bytes of this part go: as many as its header says. They lie there when the next function is called.
    virtual Result<std::span<std::byte>> on_part(const RecordHeader& header) = 0;
    virtual Result<void> on_part_complete(const RecordHeader& header) = 0;

   protected:
    ~Sink() = default;
  };

  explicit RecordReader(Sink& sink) : sink_{sink} {}

  /// Where the next bytes go. **Cost**: allocates the first time.
  [[nodiscard]] Room room();
  /// `count` bytes have come there: at least one. **Errors**: those of check(), and of the sink: then the connection is
  /// at its end.
  [[nodiscard]] Result<void> received(std::size_t count);

 private:
  Result<void> read_records();

  Sink& sink_;
  std::unique_ptr<std::byte[]> slab_;
  std::size_t begin_ = 0;  ///< In the slab: what has come and was not read yet.
  std::size_t end_ = 0;
  RecordHeader part_{};
  std::span<std::byte> direct_;  ///< Where the rest of that part goes, past the slab.
  bool behind_part_ = false;     ///< What comes next is right behind a part: another, as a rule.
};

}  // namespace myelin::network
