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

}  // namespace myelin::plugin
