#include "demos/digits/digit_agent.hpp"

#include <algorithm>
#include <utility>

namespace myelin::digits {

using myelin::schema::InferAnswer;
using myelin::schema::InferRequest;

namespace {

Frame question_about(std::span<const float> image) {
  return make_frame<InferRequest>(
      [image](InferRequest::Builder request) { request.setInputs(kj::arrayPtr(image.data(), image.size())); });
}

}  // namespace

DigitAgent::DigitAgent(std::shared_ptr<const Surroundings> surroundings, AgentRef collector, const Share& share,
                       TimePoint spawned)
    : surroundings_{std::move(surroundings)}, collector_{std::move(collector)}, share_{share}, spawned_{spawned} {
  for (const std::uint32_t image : share_.images)
    questions_.push_back(question_about(surroundings_->images->image(image)));
}

void DigitAgent::hello(schema::Hello::Reader /*hello*/) {
  const Duration start = now() - spawned_;
  tell(collector_,
       [start](schema::Ready::Builder ready) { ready.setStartNs(static_cast<std::uint64_t>(start.count())); });
}

void DigitAgent::begin(schema::Round::Reader round) {
  kernel_ = surroundings_->kernels.at(round.getKernel());
  findings_ = {.requests = round.getRequests(), .latencies_ns = {}, .verdicts = {}, .failures = {}};
  findings_.latencies_ns.reserve(findings_.requests);
  if (findings_.requests == 0) return report();
  const std::uint64_t open = std::min<std::uint64_t>(surroundings_->in_flight, findings_.requests);
  for (std::uint64_t i = 0; i < open; ++i) ask_next();
}

void DigitAgent::ask_next() {
  const std::uint64_t question = findings_.asked++;
  const Frame& image = questions_[question % questions_.size()];
  ask<InferAnswer>(
      kernel_, image, surroundings_->deadline,
      [this, question, asked = now()](const Result<Held<InferAnswer>>& answer) { answered(question, asked, answer); });
}

void DigitAgent::answered(std::uint64_t question, TimePoint asked, const Result<Held<InferAnswer>>& answer) {
  ++findings_.ended;
  if (!answer) {
    ++findings_.failures[answer.error().code];
  } else {
    findings_.latencies_ns.push_back(static_cast<std::uint64_t>((now() - asked).count()));
    if (share_.counts && question < share_.images.size()) {
      const std::uint32_t digit = (*answer)->getClassIndex();
      findings_.verdicts.push_back({share_.images[question], digit, (*answer)->getProbabilities()[digit]});
    }
  }
  if (findings_.asked < findings_.requests) return ask_next();
  if (findings_.ended == findings_.requests) report();
}

void DigitAgent::report() {
  const Findings found = std::exchange(findings_, {});
  tell(collector_, [&found](schema::Report::Builder report) {
    report.setLatenciesNs(kj::arrayPtr(found.latencies_ns.data(), found.latencies_ns.size()));
    auto verdicts = report.initVerdicts(static_cast<unsigned>(found.verdicts.size()));
    for (unsigned i = 0; i < verdicts.size(); ++i) {
      verdicts[i].setImage(found.verdicts[i].image);
      verdicts[i].setDigit(found.verdicts[i].digit);
      verdicts[i].setConfidence(found.verdicts[i].confidence);
    }
    auto failures = report.initFailures(static_cast<unsigned>(found.failures.size()));
    unsigned row = 0;
    for (const auto& [code, count] : found.failures) {
      failures[row].setCode(static_cast<std::uint16_t>(code));
      failures[row++].setCount(count);
    }
  });
}

}  // namespace myelin::digits
