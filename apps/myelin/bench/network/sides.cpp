#include "bench/network/sides.hpp"

#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <utility>

#include "bench/network/myelin.hpp"
#include "bench/network/raw_caf.hpp"
#include "bench/network/zeromq.hpp"
#include "process/temporary_folder.hpp"

namespace myelin::tool {

namespace {

/// Certificates for the two nodes, and the folder where the other process finds its own.
struct Certified {
  TemporaryFolder folder;
  network_bench::Proofs proofs;
};

Result<std::shared_ptr<const Certified>> certify() {
  auto folder = TemporaryFolder::make("myelin-bench-");
  if (!folder) return tl::unexpected{folder.error()};
  const auto now = std::chrono::system_clock::now();
  const network::Validity validity{now - std::chrono::hours{1}, now + std::chrono::hours{24}};
  const auto authority = network::make_authority(network_bench::kCluster, validity);
  if (!authority) return tl::unexpected{authority.error()};
  const auto make = [&](const char* node) {
    return network::make_credentials(*authority, network_bench::kCluster, node, validity);
  };
  auto near = make(network_bench::kNear);
  if (!near) return tl::unexpected{near.error()};
  const auto far = make(network_bench::kFar);
  if (!far) return tl::unexpected{far.error()};
  if (auto saved = network::save_credentials(*far, folder->path()); !saved) return tl::unexpected{saved.error()};
  std::string path = folder->path().string();
  return std::make_shared<const Certified>(*std::move(folder),
                                           network_bench::Proofs{*std::move(near), std::move(path)});
}

NetworkSide myelin_side(std::string_view name, std::shared_ptr<const Certified> certified) {
  const auto proofs = [certified = std::move(certified)] {
    return certified == nullptr ? network_bench::Proofs{} : certified->proofs;
  };
  return {.name = std::string{name},
          .one_way_ns = [=](const Stream& stream) { return network_bench::one_way_ns(name, proofs(), stream); }};
}

}  // namespace

Result<std::vector<NetworkSide>> network_sides(std::vector<std::string>& absent) {
  std::vector<NetworkSide> sides;
  sides.push_back({.name = std::string{kRawCafNetworkSide}, .one_way_ns = [](const Stream& stream) {
                     return network_bench::raw_caf::one_way_ns(kRawCafNetworkSide, stream);
                   }});
  auto certified = certify();
  if (!certified) return tl::unexpected{certified.error()};
  sides.push_back(myelin_side(kMyelinNetworkSide, nullptr));
  sides.push_back(myelin_side(kMyelinTlsNetworkSide, *std::move(certified)));
  if (const auto there = network_bench::zeromq::load(); !there) {
    absent.push_back(there.error().message);
  } else {
    sides.push_back({.name = std::string{kZeroMqNetworkSide}, .one_way_ns = [](const Stream& stream) {
                       return network_bench::zeromq::one_way_ns(kZeroMqNetworkSide, stream);
                     }});
  }
  return sides;
}

Result<void> serve_network_side(std::string_view side, const std::string& credentials) {
  if (side == kRawCafNetworkSide) return network_bench::raw_caf::serve();
  if (side == kMyelinNetworkSide || side == kMyelinTlsNetworkSide) return network_bench::serve(credentials);
  if (side == kZeroMqNetworkSide) return network_bench::zeromq::serve();
  return fail(Errc::invalid_argument, fmt::format("--serve: no side '{}'", side));
}

}  // namespace myelin::tool
