#include "nodes.hpp"

namespace myelin::test {

namespace {

constexpr bool kTls[] = {false, true};

std::vector<std::byte> bytes(std::size_t count) {
  std::vector<std::byte> all(count);
  for (std::size_t i = 0; i < count; ++i) all[i] = static_cast<std::byte>(i * 7 + i / 251);
  return all;
}

capnp::Data::Reader as_data(const std::vector<std::byte>& all) {
  return {reinterpret_cast<const capnp::byte*>(all.data()), all.size()};
}

}  // namespace

BOOST_AUTO_TEST_SUITE(node)

BOOST_AUTO_TEST_CASE(an_agent_of_another_node_answers) {
  for (const bool tls : kTls) {
    BOOST_TEST_CONTEXT("tls " << tls) {
      PairFixture nodes{tls};
      require_success(nodes.right.node->publish("echo", nodes.right.mesh.spawn<Echo>()));
      const AgentRef echo = nodes.left.find("right", "echo");
      BOOST_TEST(!echo.is_local());
      BOOST_TEST((echo == nodes.left.find("right", "echo")));
      const auto answer = nodes.left.ask<samples::Tick>(echo, [](samples::Tick::Builder tick) { tick.setValue(21); });
      require_success(answer);
      BOOST_TEST((*answer)->getValue() == 42);
    }
  }
}

BOOST_AUTO_TEST_CASE(frames_of_all_sizes_come_as_they_were_sent) {
  for (const bool tls : kTls) {
    PairFixture nodes{tls};
    require_success(nodes.right.node->publish("echo", nodes.right.mesh.spawn<Echo>()));
    const AgentRef echo = nodes.left.find("right", "echo");
    for (const std::size_t count : {0, 1, 2000, 2100, 65'000, 65'536, 70'000, 1 << 20, (5 << 20) + 3}) {
      BOOST_TEST_CONTEXT("tls " << tls << ", " << count << " bytes") {
        const std::vector<std::byte> sent = bytes(count);
        const auto answer = nodes.left.ask<samples::Note>(echo, [&](samples::Note::Builder note) {
          note.setId(count);
          note.setText("of this size");
          note.setPayload(as_data(sent));
        });
        require_success(answer);
        BOOST_TEST((*answer)->getId() == count + 1);
        BOOST_TEST((*answer)->getText().cStr() == std::string{"of this size"});
        BOOST_TEST(((*answer)->getPayload() == as_data(sent)));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_published_to_one_node_is_found_by_it_alone) {
  for (const bool tls : kTls) {
    PairFixture nodes{tls};
    const AgentRef echo = nodes.right.mesh.spawn<Echo>();
    require_success(nodes.right.node->publish_to("middle", "echo", echo));
    const AgentRef found = nodes.left.find("right", "echo");
    const auto ask = [&] { return nodes.left.ask<samples::Note>(found, [](samples::Note::Builder) {}); };
    const auto nobody = ask();
    BOOST_REQUIRE(!nobody);
    BOOST_TEST((nobody.error().code == Errc::not_found));
    // It has its own from then on, and not what all have.
    const AgentRef other = nodes.right.mesh.spawn<Echo>();
    require_success(nodes.right.node->publish("echo", other));
    require_success(ask());
    require_success(nodes.right.node->publish_to("left", "echo", echo));
    nodes.right.mesh.stop_agent(other);
    require_success(ask());
    BOOST_TEST((nodes.right.node->publish_to("left", "echo", echo).error().code == Errc::invalid_argument));
    BOOST_TEST((nodes.right.node->publish_to("", "echo", echo).error().code == Errc::invalid_argument));
    nodes.right.node->withdraw("echo");
    const auto gone = ask();
    BOOST_REQUIRE(!gone);
    BOOST_TEST((gone.error().code == Errc::not_found));
  }
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace myelin::test
