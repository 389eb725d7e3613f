/// What happened on a test mesh, step by step: to be read when a test fails, and compared when it must repeat.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "myelin/base/identity.hpp"
#include "myelin/base/time.hpp"

namespace myelin::testkit {

/// One step.
struct TraceEntry {
  enum class What : std::uint8_t {
    sent,         ///< Put into the receiver's mailbox.
    handled,      ///< The receiver's handler, or the continuation of its question, is called.
    dropped,      ///< By a fault.
    delayed,      ///< By a fault, or behind a message that was.
    duplicated,   ///< By a fault.
    crashed,      ///< By a fault: the receiver fails instead of handling it.
    dead_letter,  ///< Nobody takes it.
  };

  Duration at;  ///< Since the mesh was made.
  What what;
  std::uint8_t kind;       ///< A Parcel::Kind.
  std::uint32_t agent;     ///< The receiver: agents are numbered from 1 as they appear. 0 is none.
  std::uint32_t from;      ///< The sender; 0 is the test itself, or unknown.
  std::uint32_t messages;  ///< In the frame.
  TypeId type;             ///< 0 for a failure: a question that ends without an answer.

  friend bool operator==(const TraceEntry&, const TraceEntry&) = default;
};

/// The same program, seed and faults give the same trace, on every machine and at every run.
///
/// **Thread-safety**: thread-compatible.
class Trace {
 public:
  /// Keeps the last `entries_max` steps.
  explicit Trace(std::size_t entries_max) : entries_max_{entries_max} {}

  [[nodiscard]] const std::deque<TraceEntry>& entries() const noexcept { return entries_; }
  /// How many steps there were, kept or not.
  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }
  /// Of all steps, kept or not.
  [[nodiscard]] std::uint64_t hash() const noexcept { return hash_; }
  /// The last `lines` steps, a line each: when, who, what.
  [[nodiscard]] std::string text(std::size_t lines = SIZE_MAX) const;

  // For the kit.
  void add(const TraceEntry& entry);
  /// The number of an agent; `class_name` is asked for where it is new.
  [[nodiscard]] std::uint32_t number_of(AgentId agent) noexcept;
  void name_agent(AgentId agent, std::string_view name);
  void name_type(TypeId type, std::string_view name);
  [[nodiscard]] bool knows_type(TypeId type) const noexcept { return types_.contains(type); }
  [[nodiscard]] bool knows_agent(AgentId agent) const noexcept { return numbers_.contains(agent); }
  [[nodiscard]] std::string agent_name(AgentId agent) const;
  [[nodiscard]] std::string type_name(TypeId type) const;

 private:
  [[nodiscard]] std::string line(const TraceEntry& entry) const;
  [[nodiscard]] std::string numbered(std::uint32_t agent) const;

  std::size_t entries_max_;
  std::deque<TraceEntry> entries_;
  std::uint64_t size_ = 0;
  std::uint64_t hash_ = 0xcbf29ce484222325;  // FNV-1a's
  std::unordered_map<AgentId, std::uint32_t> numbers_;
  std::vector<std::string> names_;  // by number - 1
  std::unordered_map<TypeId, std::string> types_;
};

}  // namespace myelin::testkit
