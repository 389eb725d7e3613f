/// A group in this process, and a session with it.
#pragma once

#include <boost/test/unit_test.hpp>
#include <chrono>
#include <optional>
#include <string>

#include "../../support/expect_success.hpp"
#include "myelin/memory/memory.hpp"
#include "myelin/validator/group.hpp"

namespace myelin::test {

/// Generous: nothing waits for it but on failure.
inline constexpr Duration kLimit = std::chrono::seconds{60};

struct GroupFixture {
  explicit GroupFixture(const validator::GroupOptions& options = {}, const MemorySessionOptions& session = {})
      : mesh{{.workers = 2, .job_threads = 4}} {
    auto started = validator::ValidatorGroup::start(mesh, options);
    require_success(started);
    group.emplace(std::move(*started));
    memory = Memory::start_session(mesh, group->directory(), session);
  }
  /// Asks, and requires an answer.
  template <class C>
  auto get(const C& call) {
    auto answer = mesh.ask(call, kLimit);
    require_success(answer);
    if constexpr (!std::is_void_v<typename C::Value>) return *std::move(answer);
  }

  Mesh mesh;
  std::optional<validator::ValidatorGroup> group;
  Memory memory;
};

/// "blue", "7", "lease" or "nothing".
inline std::string text_of(const std::optional<MemoryValue>& value) {
  if (!value) return "nothing";
  switch (value->kind()) {
    case ValueKind::bytes: return std::string{value->text()};
    case ValueKind::number: return std::to_string(value->number());
    case ValueKind::lease: return "lease";
    default: return "?";
  }
}

}  // namespace myelin::test
