#include "myelin/plugin/agent_settings.hpp"

#include <capnp/compat/json.h>
#include <capnp/message.h>
#include <fmt/format.h>
#include <kj/exception.h>

#include "myelin/base/limits.hpp"
#include "myelin/serialization/json.hpp"

namespace myelin::plugin {

Result<AgentSettings> AgentSettings::parse(std::string_view json) {
  if (json.size() > limits::kJsonBytesMax) {
    return fail(Errc::frame_too_large, fmt::format("{} bytes of settings are more than the {} that are allowed",
                                                   json.size(), limits::kJsonBytesMax));
  }
  capnp::JsonCodec codec;
  codec.setMaxNestingDepth(limits::kJsonNestingMax);
  capnp::MallocMessageBuilder memory;
  auto value = memory.getRoot<capnp::JsonValue>();
  try {
    codec.decodeRaw({json.data(), json.size()}, value);
  } catch (const kj::Exception&) {
    return fail(Errc::invalid_argument, fmt::format("settings are no JSON: {}", json_problem(json)));
  }
  if (!value.isObject()) return fail(Errc::invalid_argument, "settings must be a JSON object: {\"name\": value, ...}");
  AgentSettings settings;
  settings.json_ = json;
  settings.empty_ = value.getObject().size() == 0;
  return settings;
}

const std::any* AgentSettings::find_lent(std::string_view name) const {
  const auto found = lent_.find(name);
  return found == lent_.end() ? nullptr : &found->second;
}

std::string AgentSettings::not_lent(std::string_view name, bool is_other) {
  if (is_other) return fmt::format("it needs '{}' as something else than is lent by that name", name);
  return fmt::format(
      "it needs '{}', which whoever starts it has not got: a node has a 'directory', and a 'memory' where [memory] in "
      "its configuration says so",
      name);
}

}  // namespace myelin::plugin
