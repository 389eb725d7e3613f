// Bytes from a stranger: either an error, or a frame that can be read to its last field without an exception.
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>

#include <capnp/pretty-print.h>

#include "myelin/serialization/batch.hpp"
#include "myelin/serialization/guard.hpp"
#include "myelin/serialization/wire.hpp"
#include "myelin/transaction.capnp.h"
#include "samples.capnp.h"

namespace {

const myelin::TimePoint kNow{std::chrono::hours{1}};

// What check_as() let through must be readable: an exception from here ends the process, and so is found.
template <class T>
void read_all(const myelin::Frame& frame) noexcept {
  if (!myelin::check_as<T>(frame)) return;
  for (typename T::Reader message : myelin::Batch<T>{frame}) {
    if (capnp::prettyPrint(message).flatten().size() == 0) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // Small caps, so that inputs which are slow on purpose stay quick enough to fuzz.
  const myelin::FrameCaps caps{.bytes_max = 1 << 16, .segments_max = 16, .traversal_words_max = 1 << 14};
  const auto frame = myelin::open_foreign(std::as_bytes(std::span{data, size}), kNow, caps);
  if (!frame) return 0;
  read_all<samples::Tick>(*frame);
  read_all<samples::Reading>(*frame);
  read_all<samples::Empty>(*frame);
  read_all<samples::Note>(*frame);
  read_all<samples::Tree>(*frame);
  read_all<myelin::schema::TransactionBatch>(*frame);  // unions and groups
  // What was taken in can go out again, and comes back the same.
  const auto again = myelin::open_foreign(myelin::encode(*frame, kNow), kNow, caps);
  if (!again || again->header() != frame->header() || again->size() != frame->size()) std::abort();
  return 0;
}
