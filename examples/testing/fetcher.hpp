// The agent under test: fetches values from a store that may not answer.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include <myelin/actors/agent.hpp>

#include "fetching.capnp.h"

class Fetcher : public myelin::Agent {
 public:
  static constexpr int kTriesMax = 3;
  static constexpr std::chrono::milliseconds kPatience{100};

  Fetcher(myelin::AgentRef store, myelin::AgentRef monitor) : store_{std::move(store)}, monitor_{std::move(monitor)} {}
  static void handlers(myelin::Handlers<Fetcher>& on) { on.message<&Fetcher::fetch>(); }

 private:
  void fetch(Fetch::Reader fetch, myelin::Reply<Value> reply) {
    look_up(std::string{fetch.getKey()}, 1, std::move(reply));
  }

  void look_up(std::string key, int tries, myelin::Reply<Value> reply) {
    ask<Value>(
        store_, [&](Lookup::Builder lookup) { lookup.setKey(key); }, kPatience,
        [this, key, tries, reply = std::move(reply)](myelin::Result<myelin::Held<Value>> answer) mutable {
          if (answer) {
            reply.send(answer->frame());
          } else if (answer.error().code == myelin::Errc::timeout && tries < kTriesMax) {
            look_up(std::move(key), tries + 1, std::move(reply));
          } else {
            reply.fail(answer.error());
            tell(monitor_, [&](GaveUp::Builder gave_up) {
              gave_up.setKey(key);
              gave_up.setTries(static_cast<std::uint32_t>(tries));
            });
          }
        });
  }

  myelin::AgentRef store_;
  myelin::AgentRef monitor_;
};
