/// A client: asks one thing after another, and believes what f + 1 validators say alike.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "checkers/client_history.hpp"
#include "cluster/world.hpp"

namespace myelin::sim {

/// **Thread-safety**: thread-compatible.
class Client {
 public:
  /// Carries a batch to a validator.
  using Submit = std::function<void(std::size_t validator, std::vector<std::byte> batch)>;

  /// `patient`: it never asks twice, and only honest validators; whatever gets lost then is somebody's fault.
  Client(World& world, ClientHistory& history, Submit submit, consensus::ClientId id, bool patient, Random random);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Begins with these requests, and goes on with as many of its own choice.
  void start(std::vector<Request> requests, unsigned more);
  /// A validator says what became of a batch.
  void told(std::size_t validator, const consensus::BatchOutcome& outcome);

  [[nodiscard]] bool is_done() const noexcept { return requests_.empty() && more_ == 0 && !is_waiting_; }
  [[nodiscard]] consensus::ClientId id() const noexcept { return id_; }

 private:
  void think();
  void ask();
  void send();
  [[nodiscard]] Request choose();
  void learn(const consensus::Reply& reply);

  World& world_;
  ClientHistory& history_;
  Submit submit_;
  consensus::ClientId id_;
  std::string name_;
  bool patient_;
  Random random_;
  std::vector<Request> requests_;  // Next one last.
  unsigned more_ = 0;
  consensus::Sequence sequence_ = 0;
  bool is_waiting_ = false;
  unsigned tries_ = 0;
  Request request_;
  std::size_t operation_ = 0;
  std::map<std::size_t, consensus::Reply> answers_;          // By validator.
  std::map<std::string, std::string> last_seen_;             // Registers.
  std::vector<std::pair<std::string, std::uint64_t>> held_;  // Tasks and their tokens.
  unsigned values_ = 0;
};

}  // namespace myelin::sim
