// Nodes with certificates that are good for nothing here: they are told, and nobody else is troubled.
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <string>

#include "onlooker.hpp"
#include "whole_nodes.hpp"

using namespace myelin;
using namespace myelin::test;

namespace {

bool says(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// A cluster of one, "north", that somebody wants to join who should not.
class Gate {
 public:
  Gate() {
    nodes.start({.name = "north", .address = loopback_address(0)});
    eye.look_at("north", loopback_address(0));
    eye.require_whole({"north"});
  }
  /// A node "south" with these credentials is not let in, and says why.
  void require_refused(const network::Credentials& credentials, const std::string& why,
                       const std::string& cluster = "cluster") {
    nodes.save("south", credentials);
    const NodeChild& south = nodes.start(
        {.name = "south", .address = loopback_address(1), .seeds = {loopback_address(0)}, .cluster = cluster});
    BOOST_REQUIRE_MESSAGE(eventually([&] { return says(south.err(), why); }), south.err());
    eye.require_whole({"north"});
    BOOST_TEST(!eye.sight("north", "south").is_connected);
    nodes.terminate("south");
  }

  WholeNodes nodes;
  Onlooker eye{nodes};
};

network::Credentials signed_by(const network::CertificateAndKey& authority, const std::string& cluster,
                               std::chrono::hours from, std::chrono::hours until) {
  const auto now = std::chrono::system_clock::now();
  auto made = network::make_credentials(authority, cluster, "south", {now + from, now + until});
  require_success(made);
  return *std::move(made);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(certificates_of_nodes)

BOOST_AUTO_TEST_CASE(of_another_authority_for_another_time_or_another_cluster) {
  using std::chrono::hours;
  Gate gate;
  const network::CertificateAndKey& authority = gate.nodes.authority();
  // Neither believes the other; then the stranger would.
  network::Credentials other = signed_by(WholeNodes::new_authority(), "cluster", hours{-1}, hours{24});
  gate.require_refused(other, "of another authority than ca.pem here");
  other.authority = authority.certificate;
  gate.require_refused(other, "does not believe the certificate of this one");
  // He may have set his clock right by the time he is believed.
  gate.require_refused(signed_by(authority, "cluster", hours{1}, hours{24}),
                       "does not believe the certificate of this one");
  gate.require_refused(signed_by(authority, "others", hours{-1}, hours{24}), "a node of cluster 'others'", "others");
  // At last the right one, in the same place.
  gate.nodes.save("south", gate.nodes.credentials("south"));
  gate.nodes.start({.name = "south", .address = loopback_address(1), .seeds = {loopback_address(0)}});
  gate.eye.look_at("south", loopback_address(1));
  gate.eye.require_whole({"north", "south"});
  gate.nodes.terminate_all({"north", "south"});
}

BOOST_AUTO_TEST_CASE(that_are_over_or_not_its_own_keep_a_node_from_starting) {
  using std::chrono::hours;
  WholeNodes nodes;
  nodes.save("south", signed_by(nodes.authority(), "cluster", hours{-48}, hours{-24}));
  NodeChild& expired = nodes.launch({.name = "south", .address = loopback_address(0)});
  BOOST_TEST(!expired.wait_ready());
  BOOST_TEST(expired.wait() == 3);
  BOOST_TEST(says(expired.err(), "was good until"), expired.err());
  nodes.save("south", nodes.credentials("north"));
  NodeChild& others = nodes.launch({.name = "south", .address = loopback_address(0)});
  BOOST_TEST(!others.wait_ready());
  BOOST_TEST(others.wait() == 3);
  BOOST_TEST(says(others.err(), "'north'"), others.err());
}

BOOST_AUTO_TEST_SUITE_END()
