#include "agents/epoch_word.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "myelin/validator/value_message.hpp"

namespace myelin::validator {

Result<void> write_word(const EpochWord& word, consensus::Epoch from, schema::EpochWord::Builder to) {
  to.setIsHere(word.is_here);
  to.setEpoch(word.epoch);
  to.setHasEnded(word.has_ended);
  if (word.is_here && word.committee && word.epoch >= from) {
    const auto text = format_committee(*word.committee);
    if (!text) return tl::unexpected{text.error()};
    to.setCommittee(data_of(*text));
    fill(to.initCommit(), word.start.commit);
    fill(to.initStateRoot(), word.start.state_root);
    to.setIndex(word.start.index);
    to.setTime(word.start.time);
  }
  if (word.next) {
    const auto text = format_committee(word.next->committee);
    if (!text) return tl::unexpected{text.error()};
    to.setNext(data_of(*text));
    to.setApproval({word.next->signature.bytes.data(), word.next->signature.bytes.size()});
  }
  return {};
}

Result<EpochWord> read_word(schema::EpochWord::Reader from) {
  EpochWord word{.is_here = from.getIsHere(), .epoch = from.getEpoch(), .has_ended = from.getHasEnded()};
  if (from.getCommittee().size() > 0) {
    auto committee = parse_committee(text_of(from.getCommittee()), "another validator's committee");
    if (!committee) return tl::unexpected{committee.error()};
    if (committee->epoch != word.epoch) {
      return fail(Errc::bad_frame, fmt::format("a committee of epoch {} for epoch {}", committee->epoch, word.epoch));
    }
    word.committee = *std::move(committee);
    word.start = {digest_of(from.getCommit()), digest_of(from.getStateRoot()), from.getIndex(), from.getTime()};
  }
  if (from.getNext().size() > 0) {
    auto next = parse_committee(text_of(from.getNext()), "what another validator approves of");
    if (!next) return tl::unexpected{next.error()};
    const capnp::Data::Reader approval = from.getApproval();
    ApprovedNext approved{*std::move(next), {}};
    if (approval.size() != approved.signature.bytes.size()) {
      return fail(Errc::bad_frame, fmt::format("a signature of {} bytes", approval.size()));
    }
    std::ranges::copy(approval, approved.signature.bytes.begin());
    word.next = std::move(approved);
  }
  return word;
}

bool same(const CommitteeFile& a, const CommitteeFile& b) noexcept {
  return a.epoch == b.epoch && std::ranges::equal(a.members, b.members, [](const Member& one, const Member& other) {
           return one.public_key == other.public_key && one.name == other.name;
         });
}

bool same(const consensus::Committee::Start& a, const consensus::Committee::Start& b) noexcept {
  return a.commit == b.commit && a.state_root == b.state_root && a.index == b.index && a.time == b.time;
}

}  // namespace myelin::validator
