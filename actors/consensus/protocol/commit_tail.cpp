#include <variant>

#include "myelin/consensus/commit.hpp"
#include "myelin/consensus/log_record.hpp"
#include "protocol/record_content.hpp"

namespace myelin::consensus {

std::vector<std::byte> encode_tail(const CommitTail& tail) {
  std::vector<std::byte> bytes;
  append_content(BaseRecord{tail, 0}, bytes);
  return bytes;
}

Result<CommitTail> decode_tail(std::span<const std::byte> bytes, const Committee& committee) {
  auto record = read_content(log_format::Kind::base, bytes, committee);
  if (!record) return fail(Errc::corrupt_file, std::move(record.error().what));
  return std::move(std::get<BaseRecord>(*record).tail);
}

}  // namespace myelin::consensus
