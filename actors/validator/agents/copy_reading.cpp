#include "agents/copy_reading.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "myelin/validator.capnp.h"
#include "myelin/validator/limits.hpp"

namespace myelin::validator {

Result<CopyRead> read_copy(
    Mesh& mesh, const AgentRef& copies, const CopyWanted& wanted,
    const std::function<Result<void>(std::span<const std::byte> piece, std::uint64_t offset)>& use) {
  const auto patience = [&] {
    const TimePoint now = Clock::now();
    return std::clamp(wanted.deadline - now, Duration::zero(), wanted.patience);
  };
  const auto made = mesh.ask<schema::CopyMade>(
      copies,
      [&](schema::WantCopy::Builder want) {
        want.setStartOf(wanted.start_of);
        want.setCommitMin(wanted.commit_min);
      },
      patience(), wanted.stop);
  if (!made) return tl::unexpected{made.error()};
  const std::uint64_t copy = (*made)->getCopy();
  const CopyRead announced{(*made)->getBytes(), (*made)->getCommit()};
  const auto end = [&](Result<CopyRead> outcome) {
    mesh.tell(copies, [copy](schema::EndCopy::Builder ended) { ended.setCopy(copy); });
    return outcome;
  };
  if (announced.bytes > wanted.bytes_max) {
    return end(fail(Errc::bad_frame,
                    fmt::format("a copy of {} bytes; no state takes more than {}", announced.bytes, wanted.bytes_max)));
  }
  for (std::uint64_t offset = 0; offset < announced.bytes;) {
    const auto part = mesh.ask<schema::CopyPart>(
        copies,
        [&](schema::ReadCopy::Builder read) {
          read.setCopy(copy);
          read.setOffset(offset);
          read.setBytesMax(limits::kCopyPartBytesMax);
        },
        patience(), wanted.stop);
    if (!part) return end(tl::unexpected{part.error()});
    const capnp::Data::Reader data = (*part)->getBytes();
    const std::span piece = std::as_bytes(std::span{data.begin(), data.size()});
    if (piece.empty() || piece.size() > announced.bytes - offset) {
      return end(fail(Errc::bad_frame, fmt::format("of a copy of {} bytes the piece at {} has {}", announced.bytes,
                                                   offset, piece.size())));
    }
    if (auto used = use(piece, offset); !used) return end(tl::unexpected{used.error()});
    offset += piece.size();
  }
  return end(announced);
}

}  // namespace myelin::validator
