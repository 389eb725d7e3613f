#include "fault_rules.hpp"

#include <utility>

namespace myelin::testkit {

Faults::Faults(std::uint64_t seed) : rules_{std::make_unique<Rules>(seed)} {}
Faults::~Faults() = default;

FaultId Faults::add(Kind kind, TypeId type, const Target& target, Duration least, Duration most) {
  rules_->strikes.push_back({++rules_->last_id, kind, type, target, least, most});
  return rules_->last_id;
}

FaultId Faults::crash(const AgentRef& agent, const Crash& when) {
  rules_->falls.push_back({++rules_->last_id, agent, when});
  return rules_->last_id;
}

void Faults::cut(const AgentRef& a, const AgentRef& b) {
  drop({.from = a, .to = b});
  drop({.from = b, .to = a});
}

void Faults::remove(FaultId fault) noexcept {
  std::erase_if(rules_->strikes, [&](const Rules::Strike& rule) { return rule.id == fault; });
  std::erase_if(rules_->falls, [&](const Rules::Fall& rule) { return rule.id == fault; });
}

void Faults::reset() noexcept {
  rules_->strikes.clear();
  rules_->falls.clear();
}

const Faults::Counts& Faults::counts() const noexcept { return rules_->counts; }

Faults::Rules::Verdict Faults::Rules::judge(const Parcel& parcel) {
  Verdict verdict;
  const TypeId type = parcel.frame() ? parcel.frame().type() : 0;
  for (Strike& rule : strikes) {
    const Target& target = rule.target;
    if (rule.type != 0 && rule.type != type) continue;
    if (target.from && target.from.id() != parcel.from()) continue;
    if (target.to && !(target.to == parcel.to())) continue;
    if (rule.times >= target.times_max || !random.chance(target.probability)) continue;
    ++rule.times;
    switch (rule.kind) {
      case Kind::drop: verdict.drop = true; return verdict;
      case Kind::duplicate: verdict.duplicate = true; break;
      case Kind::delay:
        verdict.delay += random.between(rule.least, rule.most);
        verdict.keep_order = verdict.keep_order && target.keep_order;
        break;
    }
  }
  return verdict;
}

bool Faults::Rules::crashes(const AgentRef& agent, std::size_t messages) {
  for (Fall& rule : falls) {
    if (!(rule.agent == agent) || rule.times >= rule.when.times_max) continue;
    if (rule.handled >= rule.when.after && random.chance(rule.when.probability)) {
      ++rule.times;
      rule.handled = 0;
      return true;
    }
    rule.handled += messages;
  }
  return false;
}

}  // namespace myelin::testkit
