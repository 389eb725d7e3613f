#include "memory/connected_memory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

#include "myelin/validator/validator.hpp"

namespace myelin::tool {

namespace {

constexpr std::chrono::milliseconds kLook{2};

std::string who_is_missing(const std::vector<network::PeerStatus>& peers) {
  std::string text;
  for (const network::PeerStatus& peer : peers) {
    if (peer.connected) continue;
    text += fmt::format("{}{}{}", text.empty() ? "" : "; ", peer.node,
                        peer.last_error.empty() ? "" : fmt::format(" ({})", peer.last_error));
  }
  return text;
}

}  // namespace

Result<std::unique_ptr<ConnectedMemory>> ConnectedMemory::connect(const std::filesystem::path& committee,
                                                                  const NodeFlags& flags, Duration limit,
                                                                  const std::stop_token& stop) {
  const auto file = validator::load_committee_file(committee);
  if (!file) return tl::unexpected{file.error()};
  const auto options = flags.options({});
  if (!options) return tl::unexpected{options.error()};
  std::unique_ptr<ConnectedMemory> connected{new ConnectedMemory};
  connected->committee_ = *file;
  auto node = network::Node::start(connected->mesh_, *options);
  if (!node) return tl::unexpected{node.error()};
  connected->node_.emplace(std::move(*node));
  auto directory = validator::find_validators(*connected->node_, *file);
  if (!directory) return tl::unexpected{directory.error()};
  // A quorum: fewer order nothing.
  const std::size_t enough = file->members.size() - (file->members.size() - 1) / 3;
  const TimePoint deadline = Clock::now() + limit;
  while (true) {
    const std::vector<network::PeerStatus> peers = connected->node_->peers();
    if (static_cast<std::size_t>(std::ranges::count_if(peers, &network::PeerStatus::connected)) >= enough) break;
    if (stop.stop_requested()) return fail(Errc::cancelled, "interrupted before enough validators were there");
    if (Clock::now() >= deadline) {
      return fail(Errc::timeout, fmt::format("of {} validators {} are needed, and too few answer: {}",
                                             file->members.size(), enough, who_is_missing(peers)));
    }
    std::this_thread::sleep_for(kLook);
  }
  connected->memory_ = Memory::start_session(connected->mesh_, *directory);
  return connected;
}

}  // namespace myelin::tool
