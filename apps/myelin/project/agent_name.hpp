/// The name of a new agent, in the two spellings that its files need.
#pragma once

#include <string>
#include <string_view>

#include "myelin/base/result.hpp"

namespace myelin::tool {

struct AgentName {
  std::string snake;  ///< price_feed: files and programs; the namespace is price_feed_agent, for `clock` is a function.
  std::string camel;  ///< PriceFeed: the class.
};

/// Most letters of a name: with what the templates add to it, file names stay below what file systems take.
inline constexpr std::size_t kAgentNameMax = 64;

/// `text` may be in either spelling: "PriceFeed" and "price_feed" are one name, "HTTPServer" is http_server.
/// **Errors**: invalid_argument, with what is wrong and a name that is right.
[[nodiscard]] Result<AgentName> parse_agent_name(std::string_view text);

}  // namespace myelin::tool
