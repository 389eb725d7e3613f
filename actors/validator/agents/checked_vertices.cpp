#include "agents/checked_vertices.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "myelin/consensus/limits.hpp"

namespace myelin::validator {

using namespace consensus;  // NOLINT: this file is about its types.

namespace {

std::size_t slot_of(std::span<const std::byte> signature, std::size_t slots) noexcept {
  std::uint64_t number = 0;
  std::memcpy(&number, signature.data(), sizeof number);
  return number % slots;
}

std::span<const std::byte> bytes_of(capnp::Data::Reader data) noexcept {
  return std::as_bytes(std::span{data.begin(), data.size()});
}

}  // namespace

VertexPtr CheckedVertices::find(Epoch epoch, schema::SignedVertex::Reader vertex) const {
  const auto signature = bytes_of(vertex.getSignature());
  if (signature.size() != sizeof(Signature::bytes)) return nullptr;
  VertexPtr found;
  {
    const std::lock_guard lock{mutex_};
    found = recent_[slot_of(signature, recent_.size())].lock();
  }
  const bool is_it = found && found->epoch() == epoch &&
                     std::ranges::equal(std::as_bytes(std::span{found->signature().bytes}), signature) &&
                     std::ranges::equal(consensus::bytes_of(found->header()), bytes_of(vertex.getHeader())) &&
                     std::ranges::equal(consensus::bytes_of(found->payload()), bytes_of(vertex.getPayload()));
  return is_it ? found : nullptr;
}

bool CheckedVertices::begin(Arrived& arrived) {
  const std::lock_guard lock{mutex_};
  const auto [begun, is_first] = begun_.try_emplace(Key{arrived.epoch, arrived.bytes.signature.bytes});
  if (is_first) return true;
  // Whoever floods with one vertex makes nobody keep more than this; its check is begun anew instead, and ends alone.
  if (begun->second.size() >= consensus::limits::kValidatorsMax) return true;
  begun->second.push_back(std::move(arrived));
  return false;
}

std::vector<CheckedVertices::Arrived> CheckedVertices::end(Epoch epoch, const Signature& signature,
                                                           const VertexPtr& vertex) {
  const std::lock_guard lock{mutex_};
  if (vertex) recent_[slot_of(std::as_bytes(std::span{signature.bytes}), recent_.size())] = vertex;
  auto begun = begun_.extract(Key{epoch, signature.bytes});
  return begun ? std::move(begun.mapped()) : std::vector<Arrived>{};
}

}  // namespace myelin::validator
