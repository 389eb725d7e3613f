/// What a node, or a person's tool, says to a node, for strangers to say.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "cluster/greeting.hpp"
#include "myelin/serialization/wire.hpp"
#include "wire_records.hpp"

namespace myelin::test {

template <class Message, class Fill>
std::string frame_of(Fill&& fill, std::uint64_t correlation = 0) {
  return text_of(encode(make_frame<Message>(std::forward<Fill>(fill), {.correlation = correlation}), TimePoint{}));
}

/// The greeting, and what opens the connection.
inline std::string hello_of(const std::string& name, network::Role role) {
  return record(network::RecordKind::hello,
                network::hello_record({.who = {"cluster", name, role}, .incarnation = 1})->payload) +
         record(network::RecordKind::ping, "");
}

}  // namespace myelin::test
