#include "bench/network/sides.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

#include "bench/network/myelin.hpp"
#include "bench/network/raw_caf.hpp"
#include "bench/network/raw_epoll.hpp"
#include "bench/network/zeromq.hpp"
#include "myelin/network/certificates.hpp"
#include "process/temporary_folder.hpp"

namespace myelin::tool {

namespace {

namespace nb = network_bench;

/// Where both nodes find what they prove themselves with.
Result<std::shared_ptr<const TemporaryFolder>> certify() {
  auto folder = TemporaryFolder::make("myelin-bench-");
  if (!folder) return tl::unexpected{folder.error()};
  const network::Validity validity = network::valid_for(std::chrono::hours{24});
  const auto authority = network::make_authority(nb::kCluster, validity);
  if (!authority) return tl::unexpected{authority.error()};
  for (const char* node : {nb::kNear, nb::kFar}) {
    const auto credentials = network::make_credentials(*authority, nb::kCluster, node, validity);
    if (!credentials) return tl::unexpected{credentials.error()};
    if (auto saved = network::save_credentials(*credentials, folder->path() / node); !saved) {
      return tl::unexpected{saved.error()};
    }
  }
  return std::make_shared<const TemporaryFolder>(*std::move(folder));
}

/// `certificates`: null for no TLS. The functions keep them.
PairSetup setup_of(std::string_view side, const std::shared_ptr<const TemporaryFolder>& certificates) {
  if (certificates == nullptr) return {side};
  return {side, (certificates->path() / nb::kNear).string(), (certificates->path() / nb::kFar).string()};
}

NetworkSide myelin_side(std::string_view name, const std::shared_ptr<const TemporaryFolder>& certificates) {
  const PairSetup setup = setup_of(name, certificates);
  return {.name = std::string{name},
          .has_lanes = true,
          .one_way_ns = [setup, certificates](const Stream& stream) { return nb::one_way_ns(setup, stream); },
          .round_trips = [setup](const Questions& questions) { return nb::round_trips(setup, questions); },
          .fan_out = [setup](const FanOut& question) { return nb::fan_out(setup, question); },
          .recover = [setup](const std::stop_token& stop) { return nb::recover(setup, stop); },
          .notice_silence_ns = [setup](const std::stop_token& stop) { return nb::notice_silence_ns(setup, stop); }};
}

NetworkSide raw_caf_side(std::string_view name, const std::shared_ptr<const TemporaryFolder>& certificates) {
  namespace caf = nb::raw_caf;
  const PairSetup setup = setup_of(name, certificates);
  return {.name = std::string{name},
          .one_way_ns = [setup, certificates](const Stream& stream) { return caf::one_way_ns(setup, stream); },
          .round_trips = [setup](const Questions& questions) { return caf::round_trips(setup, questions); },
          .fan_out = [setup](const FanOut& question) { return caf::fan_out(setup, question); },
          .recover = [setup](const std::stop_token& stop) { return caf::recover(setup, stop); }};
}

NetworkSide zeromq_side() {
  const PairSetup setup{kZeroMqNetworkSide};
  return {.name = std::string{kZeroMqNetworkSide},
          .one_way_ns = [setup](const Stream& stream) { return nb::zeromq::one_way_ns(setup, stream); },
          .round_trips = [setup](const Questions& questions) { return nb::zeromq::round_trips(setup, questions); }};
}

NetworkSide raw_epoll_side() {
  const PairSetup setup{kRawEpollNetworkSide};
  return {.name = std::string{kRawEpollNetworkSide},
          .round_trips = [setup](const Questions& questions) { return nb::raw_epoll::round_trips(setup, questions); }};
}

}  // namespace

Result<std::vector<NetworkSide>> network_sides(std::vector<std::string>& absent) {
  const auto certificates = certify();
  if (!certificates) return tl::unexpected{certificates.error()};
  std::vector<NetworkSide> sides{
      raw_caf_side(kRawCafNetworkSide, nullptr), raw_caf_side(kRawCafTlsNetworkSide, *certificates),
      myelin_side(kMyelinNetworkSide, nullptr), myelin_side(kMyelinTlsNetworkSide, *certificates)};
  if (const auto there = nb::zeromq::load(); there) {
    sides.push_back(zeromq_side());
  } else {
    absent.push_back(there.error().message);
  }
  sides.push_back(raw_epoll_side());
  return sides;
}

Result<void> serve_network_side(std::string_view side, const std::string& credentials, std::uint16_t port) {
  if (side == kRawCafNetworkSide || side == kRawCafTlsNetworkSide) return nb::raw_caf::serve(credentials, port);
  if (side == kMyelinNetworkSide || side == kMyelinTlsNetworkSide) return nb::serve(credentials, port);
  if (side == kZeroMqNetworkSide) return nb::zeromq::serve();
  if (side == kRawEpollNetworkSide) return nb::raw_epoll::serve(port);
  return fail(Errc::invalid_argument, fmt::format("--serve: no side '{}'", side));
}

}  // namespace myelin::tool
