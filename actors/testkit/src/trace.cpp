#include "myelin/testkit/trace.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "myelin/actors/interceptor.hpp"

namespace myelin::testkit {

namespace {

constexpr std::uint64_t kFnvPrime = 0x100000001b3;

void mix(std::uint64_t& hash, std::uint64_t word) noexcept {
  for (int byte = 0; byte < 8; ++byte, word >>= 8) hash = (hash ^ (word & 0xff)) * kFnvPrime;
}

/// "Worker" of "shop::(anonymous namespace)::Worker", "Box<a::B>" of "a::Box<a::B>".
std::string_view without_namespaces(std::string_view name) noexcept {
  const std::size_t end = name.find('<');
  const std::size_t colons = name.rfind("::", end);
  return colons == std::string_view::npos ? name : name.substr(colons + 2);
}

const char* what_was_done(const TraceEntry& entry) noexcept {
  switch (entry.what) {
    case TraceEntry::What::sent: return "is sent";
    case TraceEntry::What::handled: return "handles";
    case TraceEntry::What::dropped: return "does not get (dropped by a fault)";
    case TraceEntry::What::delayed: return "will get later (delayed by a fault)";
    case TraceEntry::What::duplicated: return "will get twice (by a fault)";
    case TraceEntry::What::crashed: return "crashes (by a fault) at";
    case TraceEntry::What::dead_letter: return "does not take (a dead letter)";
  }
  return "";
}

}  // namespace

void Trace::add(const TraceEntry& entry) {
  ++size_;
  mix(hash_, static_cast<std::uint64_t>(entry.at.count()));
  mix(hash_, std::uint64_t{static_cast<std::uint8_t>(entry.what)} << 8 | entry.kind);
  mix(hash_, std::uint64_t{entry.agent} << 32 | entry.from);
  mix(hash_, entry.messages);
  mix(hash_, entry.type);
  if (entries_max_ == 0) return;
  if (entries_.size() == entries_max_) entries_.pop_front();
  entries_.push_back(entry);
}

std::uint32_t Trace::number_of(AgentId agent) noexcept {
  if (agent == 0) return 0;
  const auto [place, is_new] = numbers_.try_emplace(agent, static_cast<std::uint32_t>(names_.size() + 1));
  if (is_new) names_.emplace_back();
  return place->second;
}

void Trace::name_agent(AgentId agent, std::string_view name) {
  if (agent != 0) names_[number_of(agent) - 1] = without_namespaces(name);
}

void Trace::name_type(TypeId type, std::string_view name) { types_.insert_or_assign(type, std::string{name}); }

std::string Trace::type_name(TypeId type) const {
  const auto found = types_.find(type);
  return found == types_.end() ? fmt::format("of type 0x{:x}", type) : found->second;
}

std::string Trace::numbered(std::uint32_t agent) const {
  if (agent == 0) return "the test";
  const std::string& name = names_[agent - 1];
  return fmt::format("{} {}", name.empty() ? "agent" : name, agent);
}

std::string Trace::agent_name(AgentId agent) const {
  const auto found = numbers_.find(agent);
  return found == numbers_.end() ? "an agent that has not appeared yet" : numbered(found->second);
}

std::string Trace::line(const TraceEntry& entry) const {
  const auto kind = static_cast<Parcel::Kind>(entry.kind);
  std::string message = kind == Parcel::Kind::failure || entry.type == 0 ? "an error" : type_name(entry.type);
  if (entry.messages > 1) message += fmt::format(" x{}", entry.messages);
  if (kind == Parcel::Kind::question) message = "question " + message;
  if (kind == Parcel::Kind::answer || kind == Parcel::Kind::failure) message = "answer " + message;
  const std::string from = entry.from == 0 ? std::string{} : " from " + numbered(entry.from);
  return fmt::format("{:>12.6f} s  {} {} {}{}\n", std::chrono::duration<double>(entry.at).count(),
                     numbered(entry.agent), what_was_done(entry), message, from);
}

std::string Trace::text(std::size_t lines) const {
  std::string text;
  const std::size_t shown = std::min(lines, entries_.size());
  if (shown < size_) text += fmt::format("  ... {} steps before\n", size_ - shown);
  for (std::size_t index = entries_.size() - shown; index < entries_.size(); ++index) text += line(entries_[index]);
  return text;
}

}  // namespace myelin::testkit
