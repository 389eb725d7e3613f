#include "demos/cluster/foreman.hpp"

#include <utility>

namespace myelin::reading {

namespace {

/// Longer than anything takes that is not broken.
constexpr std::chrono::seconds kLimit{20};

/// Whether a reader that failed so is not to be given more work: it, or its node, is gone.
bool is_gone(Errc code) {
  return code == Errc::unreachable || code == Errc::outcome_unknown || code == Errc::not_found ||
         code == Errc::receiver_dead;
}

}  // namespace

void Foreman::wake_up(schema::WakeUp::Reader) {
  std::vector<Worker> hired;
  {
    const std::lock_guard guard{orders_->mutex};
    hired.swap(orders_->hired);
    stopping_ = orders_->stop;
  }
  for (Worker& worker : hired) {
    {
      const std::lock_guard guard{books_->mutex_};
      ++books_->state_.nodes[worker.node].readers;
    }
    workers_.push_back(std::move(worker));
    give_work(workers_.size() - 1);
  }
}

void Foreman::give_work(std::size_t worker) {
  if (!again_.empty()) {
    const std::uint64_t request = again_.front();
    again_.pop_front();
    return put(worker, request);
  }
  if (stopping_) {
    idle_.push_back(worker);
    return;
  }
  std::uint64_t request = 0;
  {
    const std::lock_guard guard{books_->mutex_};
    request = books_->state_.asked++;
  }
  answers_->push_back(kNoAnswer);
  put(worker, request);
}

void Foreman::put(std::size_t worker, std::uint64_t request) {
  {
    const std::lock_guard guard{books_->mutex_};
    ++books_->state_.nodes[workers_[worker].node].open;
  }
  ask<schema::ReadDone>(
      workers_[worker].reader,
      [&](schema::Read::Builder read) {
        read.setRequest(request);
        read.setImage(static_cast<std::uint32_t>(request % images_));
      },
      kLimit,
      [this, worker, request](const Result<Held<schema::ReadDone>>& answer) { ended(worker, request, answer); });
}

void Foreman::ended(std::size_t worker, std::uint64_t request, const Result<Held<schema::ReadDone>>& answer) {
  const TimePoint when = now();
  const bool gone = !answer && is_gone(answer.error().code);
  {
    const std::lock_guard guard{books_->mutex_};
    Books::State& state = books_->state_;
    Books::Node& node = state.nodes[workers_[worker].node];
    --node.open;
    if (answer) {
      ++node.answered;
      node.last_answer = when;
      if (node.first_answer == TimePoint{}) node.first_answer = when;
      ++((*answers_)[request] == kNoAnswer ? state.answered : state.twice);
      (*answers_)[request] = static_cast<std::uint8_t>((*answer)->getDigit());
    } else {
      ++node.failed[answer.error().code];
      if (node.first_failure == TimePoint{}) node.first_failure = when;
      if (gone) --node.readers;
    }
  }
  if (!answer) again_.push_back(request);
  if (!gone) give_work(worker);
  // Who has nothing to do, because all has been asked, takes what has to be asked again.
  while (!again_.empty() && !idle_.empty()) {
    const std::size_t other = idle_.back();
    idle_.pop_back();
    give_work(other);
  }
}

}  // namespace myelin::reading
