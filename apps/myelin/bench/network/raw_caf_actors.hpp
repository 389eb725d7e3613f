/// What the two processes of raw CAF's side say to each other.
#pragma once

#include <caf/all.hpp>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "bench/network/far_process.hpp"

namespace myelin::tool::network_bench::raw_caf {

using Go = caf::atom_constant<caf::atom("go")>;
using Marker = caf::atom_constant<caf::atom("marker")>;
using Answer = caf::atom_constant<caf::atom("answer")>;
/// To the sink: how many items came since the last question.
using Report = caf::atom_constant<caf::atom("report")>;
/// To the front, which is published: the sink; the echo; as many echoes as there are in a fan-out.
using GetSink = caf::atom_constant<caf::atom("sink")>;
using GetEcho = caf::atom_constant<caf::atom("echo")>;
using GetMembers = caf::atom_constant<caf::atom("members")>;
inline constexpr std::size_t kMembers = 1000;

/// A message: the one type for bytes that CAF copies in one piece.
using Bytes = std::vector<char>;

/// CAF's defaults, with its network layer; under TLS where there are credentials.
struct Config : caf::actor_system_config {
  explicit Config(const std::string& credentials);
};

[[nodiscard]] inline Error error_of(const caf::actor_system& system, const char* what, const caf::error& error) {
  return {Errc::io_error, std::string{what} + ": " + system.render(error)};
}

/// An actor system of this process that is connected to one of another.
class Pair {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Pair>> open(const PairSetup& setup);

  [[nodiscard]] caf::actor_system& system() noexcept { return system_; }
  [[nodiscard]] FarProcess& far() noexcept { return far_; }
  [[nodiscard]] const PairSetup& setup() const noexcept { return setup_; }
  /// The actor that the other process publishes, asked for anew.
  [[nodiscard]] Result<caf::actor> connect(std::uint16_t port);
  /// What the front answers to `Get`.
  template <class What, class Get>
  [[nodiscard]] Result<What> ask_front(Get question) {
    constexpr std::chrono::seconds kLimit{30};
    caf::scoped_actor self{system_};
    Result<What> found = fail(Errc::timeout, "CAF's front does not answer");
    self->request(front_, kLimit, question)
        .receive([&](const What& what) { found = what; },
                 [&](const caf::error& error) {
                   found = tl::unexpected{error_of(system_, "CAF's front does not answer", error)};
                 });
    return found;
  }
  [[nodiscard]] const caf::actor& front() const noexcept { return front_; }

 private:
  Pair(const PairSetup& setup, FarProcess far)
      : setup_{setup}, far_{std::move(far)}, config_{setup.near_credentials}, system_{config_} {}

  const PairSetup setup_;
  FarProcess far_;
  Config config_;
  caf::actor_system system_;
  caf::actor front_;
};

}  // namespace myelin::tool::network_bench::raw_caf
