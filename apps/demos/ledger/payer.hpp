/// An agent that moves money from account to account, one transfer at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "demos/ledger/record.hpp"
#include "myelin/actors/agent.hpp"
#include "myelin/memory/memory.hpp"

namespace myelin::ledger {

/// What all agents share.
struct Surroundings {
  Memory accounts;                 ///< The space that they lie in.
  std::vector<std::string> names;  ///< At least two.
  Record record;
  Duration limit = std::chrono::seconds{10};      ///< For one transfer.
  Duration rest = std::chrono::milliseconds{10};  ///< After one that was refused: who has too much to do is let be.
};

/// **Thread-safety**: actor-confined.
class Payer : public Agent {
 public:
  Payer(std::shared_ptr<Surroundings> surroundings, std::uint64_t seed)
      : surroundings_{std::move(surroundings)}, random_{seed} {}

  void on_start() override { start(pay()); }

 private:
  /// Until the record is closed.
  Task<> pay();

  std::shared_ptr<Surroundings> surroundings_;
  std::mt19937_64 random_;
};

}  // namespace myelin::ledger
