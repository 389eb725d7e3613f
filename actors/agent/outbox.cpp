#include "myelin/actors/outbox.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "cell.hpp"

namespace myelin {

Outbox::Entry& Outbox::open(const AgentRef& to) {
  if (used_ == entries_.size()) {
    flush_all();
    used_ = 0;
  }
  recent_ = used_++;
  entries_[recent_] = Entry{};
  entries_[recent_].to = to;
  const std::size_t fits = to.is_local() ? to.cell()->capacity() : limits::kBatchItemsMax;
  entries_[recent_].most = static_cast<std::uint32_t>(std::min(fits, limits::kBatchItemsMax));
  return entries_[recent_];
}

void Outbox::flush(Entry& entry) {
  const std::unique_ptr<OpenBatch> batch = std::move(entry.batch);
  --open_;
  if (batch->count() == 0) return;  // its only message was retracted
  entry.last_count = batch->count();
  send_(agent_, entry.to, batch->finish());
}

void Outbox::refuse() {
  throw std::logic_error{
      "a message is being filled in: finish it before anything else is told, sent, asked or flushed"};
}

void Outbox::flush_all() {
  if (filling_) refuse();
  for (std::size_t index = 0; index < used_ && open_ != 0; ++index) {
    if (entries_[index].batch != nullptr) flush(entries_[index]);
  }
}

}  // namespace myelin
