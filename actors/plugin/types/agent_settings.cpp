#include "myelin/plugin/agent_settings.hpp"

#include <capnp/compat/json.h>
#include <capnp/message.h>
#include <fmt/format.h>
#include <kj/exception.h>

#include "myelin/base/limits.hpp"

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
  } catch (const kj::Exception& error) {
    return fail(Errc::invalid_argument, fmt::format("settings are no JSON: {}", error.getDescription().cStr()));
  }
  if (!value.isObject()) return fail(Errc::invalid_argument, "settings must be a JSON object: {\"name\": value, ...}");
  AgentSettings settings;
  settings.json_ = json;
  settings.empty_ = value.getObject().size() == 0;
  return settings;
}

Result<AgentRef> AgentSettings::agent(std::string_view name) const {
  if (const auto found = lent_.find(name); found != lent_.end()) return found->second;
  return fail(Errc::not_found, fmt::format("it needs '{}', which whoever starts it has not got: a node has a 'memory' "
                                           "where [memory] in its configuration says so",
                                           name));
}

AgentRef AgentSettings::require_agent(std::string_view name) const {
  auto found = agent(name);
  if (!found) throw std::invalid_argument{found.error().message};
  return *std::move(found);
}

}  // namespace myelin::plugin
