/// What is written at once: heads and small things put together, large segments from where they lie.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include <sys/uio.h>

#include "myelin/base/time.hpp"
#include "outgoing.hpp"

namespace myelin::network {

/// **Thread-safety**: thread-compatible.
class Burst {
 public:
  /// A record; of a frame that is longer than limits::kPartBytes the head only, whose lane must not be used until all
  /// of it was added by add_part(). `now`: a deadline goes as the time that is left.
  void add(std::unique_ptr<Outgoing> record, TimePoint now);
  /// The next `bytes` of the frame that is under way in this lane. **Requires**: it has so many more.
  void add_part(Lane lane, std::size_t bytes);

  /// Whether everything was taken out.
  [[nodiscard]] bool empty() const noexcept { return next_ == pieces_.size(); }
  /// What comes next, as far as `room` goes; returns how many of it are used.
  [[nodiscard]] std::size_t gather(std::span<iovec> room) const noexcept;
  /// So many bytes of that are taken out.
  void take(std::size_t bytes) noexcept;
  /// Forgets what was taken out. **Requires**: empty().
  void clear() noexcept;

 private:
  /// Of so many bytes and more, a segment is sent from where it lies; less is cheaper to copy than to gather.
  static constexpr std::size_t kGatheredBytesMin = 2048;

  struct Piece {
    const std::byte* at;  ///< Null: in the staging area, at `offset`.
    std::size_t offset;
    std::size_t bytes;
  };
  /// A frame that goes in parts.
  struct InParts {
    std::unique_ptr<Outgoing> record;
    std::size_t segment = 0;
    std::size_t offset = 0;  ///< In that segment.
  };

  std::byte* stage(std::size_t bytes);
  void add_header(const RecordHeader& header);
  void add_bytes(const std::byte* bytes, std::size_t count);

  std::vector<std::byte> staged_;
  std::vector<Piece> pieces_;
  std::size_t next_ = 0;  ///< The first piece that was not taken out.
  std::vector<std::unique_ptr<Outgoing>> kept_;
  std::array<InParts, kLanes> in_parts_;
};

}  // namespace myelin::network
