// A whole cluster on this machine, started, asked and ended with the tool alone.
#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "comes_true.hpp"
#include "tool_cluster.hpp"

using namespace myelin::test;
using nlohmann::json;
namespace fs = std::filesystem;

BOOST_AUTO_TEST_SUITE(operators)

BOOST_AUTO_TEST_CASE(a_cluster_is_started_asked_broken_mended_and_ended) {
  const ToolCluster cluster;
  BOOST_REQUIRE(cluster.up()["nodes"].size() == 3U);
  cluster.wait_whole(3);

  const json status = cluster.must({"status", "node2"});
  BOOST_TEST(status["node"] == "node2");
  BOOST_TEST(status["members"].size() == 3U);
  BOOST_TEST(status["command"] == "status");
  BOOST_TEST(status["incarnation"].is_string());  // above 2^53
  BOOST_TEST(status["members"][0]["incarnation"].is_string());
  const json types = status["agent_types"];
  BOOST_TEST((std::find(types.begin(), types.end(), "greeter") != types.end()));
  BOOST_TEST(cluster.must({"nodes"})["nodes"].size() == 3U);

  BOOST_TEST(cluster.must({"agents", "ls"})["agents"].empty());
  const json made = cluster.must(
      {"agents", "spawn", "greeter", "--on", "node3", "--name", "doorman", "--settings", R"({"greeting": "Ahoy"})"});
  BOOST_TEST(made["name"] == "doorman");
  const json listed = cluster.must({"agents", "ls", "--type", "greeter"})["agents"];
  BOOST_REQUIRE(listed.size() == 1U);
  BOOST_TEST(listed[0]["node"] == "node3");
  BOOST_TEST(listed[0]["waiting"] == 0);
  const json info = cluster.must({"agents", "info", "node3/doorman"});
  BOOST_TEST(info["handlers"][0]["message"] == "Hello");
  BOOST_TEST(info["handlers"][0]["answer"] == "Greeting");
  BOOST_TEST(info["handlers"][0]["fields"]["name"] == "Text");

  const json answer = cluster.must({"ask", "node3/doorman", "Hello", R"({"name": "Ada"})"});
  BOOST_TEST(answer["answer"]["text"] == "Ahoy, Ada");
  const Outcome plain = cluster.tool({"ask", "node3/doorman", R"({"name": "Ada"})"});
  BOOST_TEST(plain.out == "{\"text\":\"Ahoy, Ada\"}\n");
  BOOST_TEST(cluster.tool({"tell", "node3/doorman", "Hello", "{}"}).status == 0);
  const Outcome typo = cluster.tool({"ask", "node3/doorman", "Hello", R"({"nam": "Ada"})"});
  BOOST_TEST(typo.status == 1);
  BOOST_TEST(mentions(typo, "nam"), typo.err);
  BOOST_TEST(mentions(cluster.tool({"ask", "node3/doorman", "Helo", "{}"}), "did you mean 'Hello'?"));
  BOOST_TEST(mentions(cluster.tool({"ask", "node3/nobody", "Hello", "{}"}), "no agent that is published as 'nobody'"));
  BOOST_TEST(mentions(cluster.tool({"status", "node9"}), "node1, node2, node3"));
  BOOST_TEST(mentions(cluster.tool({"agents", "spawn", "greter"}), "did you mean 'greeter'?"));
  BOOST_TEST(cluster.tool({"logs", "node3"}).out.find("is ready on") != std::string::npos);

  BOOST_TEST(cluster.tool({"ask", "node3/doorman", R"({"name": "nobody"})"}).status == 1);  // it throws
  BOOST_TEST(cluster.must({"agents", "stop", "node3/doorman"})["stopped"] == "node3/doorman");
  for (const std::string line :
       {"an operator asks for agent 'doorman' of type 'greeter'",
        "agent 'doorman' of type 'greeter' has failed, and is started again: there is nobody to greet",
        "an operator has agent 'doorman' stopped"}) {
    BOOST_TEST(cluster.tool({"logs", "node3"}).out.find(line) != std::string::npos, line);
  }

  // One dies; it is started again, and the others take it in.
  const pid_t victim = cluster.up()["nodes"][1]["process"].get<pid_t>();
  ::kill(victim, SIGKILL);
  for (bool running = true; running;) running = cluster.must({"cluster", "status"})["nodes"][1]["running"].get<bool>();
  const json again = cluster.must({"cluster", "up", "--nodes", "3"});
  BOOST_TEST(again["nodes"][0]["process"] == cluster.up()["nodes"][0]["process"]);  // left alone
  BOOST_TEST(again["nodes"][1]["process"] != cluster.up()["nodes"][1]["process"]);
  cluster.wait_whole(3);

  const json down = cluster.must({"cluster", "down", "--delete"});
  BOOST_TEST(down["ended"] == 3);
  BOOST_TEST(down["killed"].empty());
  BOOST_TEST(!std::filesystem::exists(cluster.path()));
}

// What docs/operations.md shows first is what people type first.
BOOST_AUTO_TEST_CASE(the_first_commands_of_the_manual_work_word_for_word) {
  std::ifstream manual{MYELIN_SOURCE_DIR "/docs/operations.md"};
  std::string commands;
  bool is_there = false;
  for (std::string line; std::getline(manual, line);) {
    if (line.starts_with("## ")) is_there = line == "## A cluster to play with";
    if (is_there && line.starts_with("    ")) commands += line + '\n';
  }
  BOOST_REQUIRE(commands.find("myelin ask ") != std::string::npos);

  const TemporaryDirectory folder;
  const fs::path tool{MYELIN_BINARY};
  const std::string script = "set -e\ncd '" + folder.path().string() + "'\nPATH='" + tool.parent_path().string() +
                             "':$PATH\ntrap 'myelin cluster down --delete >/dev/null 2>&1 || true' EXIT\n" + commands;
  const Outcome outcome = run({"-c", script}, {}, "/bin/sh");
  BOOST_TEST(outcome.status == 0, outcome.err);
  BOOST_TEST(outcome.err == "");
  BOOST_TEST(outcome.out.find("\n{\"text\":\"Hello\"}\n") != std::string::npos, outcome.out);
  BOOST_TEST(fs::is_empty(folder.path()));
}

BOOST_AUTO_TEST_CASE(mistakes_are_named_with_the_remedy) {
  const TemporaryDirectory folder;
  const std::string nowhere = (folder.path() / "nowhere").string();
  const Outcome none = run({"status", "--dir", nowhere});
  BOOST_TEST(none.status == 1);
  BOOST_TEST(mentions(none, "'myelin cluster up' starts one there"), none.err);
  BOOST_TEST(run({"cluster", "down", "--dir", nowhere}).status == 1);
  BOOST_TEST(mentions(run({"status", "--connect", "127.0.0.1:1", "--dir", nowhere}), "no cluster in"));
  BOOST_TEST(mentions(run({"status", "--connect", "127.0.0.1:1"}), "--role operator"));
  const Outcome refused = run({"status", "--connect", "127.0.0.1:1", "--insecure", "--timeout", "0.2"});
  BOOST_TEST(refused.status == 1);
  BOOST_TEST(mentions(refused, "127.0.0.1:1"), refused.err);
  BOOST_TEST(mentions(run({"agents", "info", "greeter", "--connect", "127.0.0.1:1", "--insecure"}), "NODE/NAME"));
  // A node's certificate is no operator's.
  const std::string certs = (folder.path() / "certs").string();
  BOOST_REQUIRE(run({"certs", "new", certs, "north"}).status == 0);
  BOOST_TEST(mentions(run({"status", "--connect", "127.0.0.1:1", "--certs", certs + "/north"}), "for a person"));
}

BOOST_AUTO_TEST_CASE(what_names_no_node_is_about_the_first_that_runs) {
  const ToolCluster cluster{"2"};
  cluster.wait_whole(2);
  for (int i = 0; i < 5; ++i) BOOST_TEST(cluster.must({"status"})["node"] == "node1");
  BOOST_TEST(cluster.must({"agents", "spawn", "greeter", "--name", "doorman"})["node"] == "node1");
  BOOST_TEST(mentions(cluster.tool({"agents", "spawn", "greeter", "--name", "doorman"}), "doorman"));
  BOOST_TEST(cluster.must({"agents", "spawn", "greeter", "--name", "doorman", "--on", "node2"})["node"] == "node2");
  BOOST_TEST(cluster.must({"agents", "spawn", "greeter", "--name", "baker", "--on", "node2"})["node"] == "node2");
  const json agents = cluster.must({"agents", "ls"})["agents"];
  BOOST_REQUIRE(agents.size() == 3U);
  BOOST_TEST(agents[0]["node"] == "node1");
  BOOST_TEST(agents[1]["name"] == "baker");
  BOOST_TEST(agents[2]["name"] == "doorman");
  // Of several addresses any may answer: what changes something is not left to that.
  const std::string one = cluster.up()["nodes"][0]["address"];
  const std::string other = cluster.up()["nodes"][1]["address"];
  const Outcome open = cluster.tool({"agents", "spawn", "greeter", "--connect", one, "--connect", other});
  BOOST_TEST(mentions(open, "--on NODE"), open.err);
  ::kill(cluster.process(0), SIGKILL);
  BOOST_REQUIRE(comes_true([&] { return !runs(cluster.process(0)); }));
  BOOST_TEST(cluster.must({"status"})["node"] == "node2");
}

BOOST_AUTO_TEST_CASE(a_refusal_is_not_waited_out) {
  const auto quickly = [](const std::vector<std::string>& words) {
    const auto began = std::chrono::steady_clock::now();
    Outcome outcome = run(words);
    BOOST_TEST((std::chrono::steady_clock::now() - began < std::chrono::seconds{60}));
    return outcome;
  };
  const Outcome nobody = quickly({"status", "--connect", "127.0.0.1:1", "--insecure", "--timeout", "90", "--json"});
  BOOST_TEST(nobody.status == 1);
  BOOST_TEST(json::parse(nobody.out)["error"]["name"] == "unreachable", nobody.out);
  BOOST_TEST(json::parse(nobody.out)["command"] == "status");
  // One side does not believe the other.
  const ToolCluster cluster{"1"};
  const TemporaryDirectory folder;
  const std::string certs = (folder.path() / "certs").string();
  BOOST_REQUIRE(run({"certs", "new", certs, "ada", "--role", "operator"}).status == 0);
  const std::string address = cluster.up()["nodes"][0]["address"];
  const Outcome strange = quickly({"status", "--connect", address, "--certs", certs + "/ada", "--timeout", "90"});
  BOOST_TEST(strange.status == 1);
  BOOST_TEST(mentions(strange, address), strange.err);
}

BOOST_AUTO_TEST_CASE(who_did_not_answer_in_time_is_named) {
  const ToolCluster cluster{"2"};
  cluster.wait_whole(2);
  BOOST_TEST(cluster.must({"agents", "spawn", "greeter", "--name", "doorman", "--on", "node1"})["node"] == "node1");
  const std::string address = cluster.up()["nodes"][1]["address"];
  // Again where the machine was too busy: after two seconds the other node has given the stopped one up, and says so.
  const auto says_while_stopped = [&](const std::vector<std::string>& words, const std::string& part) {
    Outcome last;
    const bool said = comes_true([&] {
      cluster.wait_whole(2);
      ::kill(cluster.process(0), SIGSTOP);
      last = cluster.tool(words);
      ::kill(cluster.process(0), SIGCONT);
      return mentions(last, part);
    });
    BOOST_TEST(said, last.err);
  };
  says_while_stopped({"status", "node1", "--connect", address, "--timeout", "0.5"},
                     "node 'node1' did not answer within 0.5 s; --timeout");
  says_while_stopped({"ask", "node1/doorman", "{}", "--connect", address, "--timeout", "0.5"},
                     "agent 'node1/doorman' did not answer within 0.5 s");
}

BOOST_AUTO_TEST_CASE(the_doctor_says_what_to_mend) {
  const TemporaryDirectory folder;
  const json machine = json::parse(run({"doctor", "--json"}).out);
  BOOST_TEST(machine["findings"].size() >= 5U);
  const std::string good =
      folder.write("good.toml", "[node]\nname = 'north'\nlisten = '127.0.0.1:0'\ndata = 'north'\n").string();
  const Outcome well = run({"doctor", "--config", good});
  BOOST_TEST(well.status == 0, well.err);
  BOOST_TEST(well.out.find("will be made in") != std::string::npos, well.out);
  const std::string open =
      folder.write("open.toml", "[node]\nlisten = '0.0.0.0:0'\nadvertise = '192.0.2.1:7400'\n").string();
  const Outcome bare = run({"doctor", "--config", open});
  BOOST_TEST(bare.status == 1);
  BOOST_TEST(bare.out.find("where others reach it") != std::string::npos, bare.out);
  BOOST_TEST(bare.out.find("'myelin certs new DIR") != std::string::npos, bare.out);
  const std::string typo = folder.write("typo.toml", "[node]\nlisen = '127.0.0.1:0'\n").string();
  const Outcome wrong = run({"doctor", "--config", typo});
  BOOST_TEST(wrong.status == 1);
  BOOST_TEST(wrong.out.find("did you mean 'listen'?") != std::string::npos, wrong.out);
  const std::string plugin =
      folder.write("plugin.toml", "[node]\nname = 'north'\ndata = 'n'\n[plugins]\nfiles = ['/dev/null']\n").string();
  BOOST_TEST(run({"doctor", "--config", plugin}).status == 1);
  const std::string type = folder
                               .write("type.toml",
                                      "[node]\nname = 'north'\nlisten = '127.0.0.1:0'\ndata = 't'\n[plugins]\nfiles = "
                                      "['" MYELIN_PLUGIN "']\n[[agent]]\ntype = 'greter'\n")
                               .string();
  const Outcome typed = run({"doctor", "--config", type});
  BOOST_TEST(typed.status == 1);
  BOOST_TEST(typed.out.find("did you mean 'greeter'?") != std::string::npos, typed.out);
  // Somebody else's certificate.
  BOOST_REQUIRE(run({"certs", "new", (folder.path() / "certs").string(), "south"}).status == 0);
  const std::string mixed = folder
                                .write("mixed.toml",
                                       "[node]\nname = 'north'\nlisten = '127.0.0.1:0'\ndata = 'm'\n[tls]\ncerts = "
                                       "'certs/south'\n")
                                .string();
  const Outcome other = run({"doctor", "--config", mixed});
  BOOST_TEST(other.status == 1);
  BOOST_TEST(other.out.find("is for node 'south', and the node is 'north'") != std::string::npos, other.out);
}

BOOST_AUTO_TEST_CASE(shells_and_man_are_told_every_command) {
  const std::string bash = run({"completion", "bash"}).out;
  const std::string fish = run({"completion", "fish"}).out;
  const std::string page = run({"manual"}).out;
  for (const char* command : {"agents spawn", "bench network", "demo cluster", "config check"}) {
    const std::string words = command;
    BOOST_TEST(bash.find("'" + words + "')") != std::string::npos, words);
    BOOST_TEST(fish.find("-a " + words.substr(words.find(' ') + 1)) != std::string::npos, words);
    BOOST_TEST(page.find(".SS myelin " + words) != std::string::npos, words);
  }
  for (const char* section : {"EXIT STATUS", "ENVIRONMENT", "FILES"}) {
    BOOST_TEST(page.find(std::string{".SH "} + section + "\n") != std::string::npos, section);
  }
  BOOST_TEST(run({"completion", "tcsh"}).status == 2);
}

BOOST_AUTO_TEST_CASE(values_are_completed) {
  const TemporaryDirectory folder;
  const std::string script = folder.write("myelin", run({"completion", "bash"}).out).string();
  const auto completed = [&](const std::string& words) {
    return run({"-c", "source " + script + "; COMP_WORDS=(" + words + "); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); " +
                          "_myelin; echo \" ${COMPREPLY[*]} \""},
               {}, "/bin/bash")
        .out;
  };
  BOOST_TEST(completed("myelin certs new --role ''") == " node operator read-only \n");
  BOOST_TEST(completed("myelin certs new --role op") == " operator \n");
  BOOST_TEST(completed("myelin node --log-level ''") == " debug info warn error \n");
  BOOST_TEST(completed("myelin completion ''").find(" bash fish ") != std::string::npos);
  BOOST_TEST(completed("myelin certs ''").find(" new ") != std::string::npos);
  const std::string fish = run({"completion", "fish"}).out;
  BOOST_TEST(fish.find("-l role -x -a 'node operator read-only'") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(certificates_are_shown_with_what_is_wrong) {
  const TemporaryDirectory folder;
  const std::string certs = (folder.path() / "certs").string();
  BOOST_REQUIRE(run({"certs", "new", certs, "north", "--cluster", "sea", "--days", "30"}).status == 0);
  BOOST_REQUIRE(run({"certs", "new", certs, "ada", "--role", "operator", "--cluster", "sea"}).status == 0);
  const json shown = json::parse(run({"certs", "show", certs, "--json"}).out);
  BOOST_REQUIRE(shown["certificates"].size() == 2U);
  const json& ada = shown["certificates"][0];
  const json& north = shown["certificates"][1];
  BOOST_TEST(ada["name"] == "ada");
  BOOST_TEST(ada["role"] == "operator");
  BOOST_TEST(north["role"] == "node");
  BOOST_TEST(north["cluster"] == "sea");
  BOOST_TEST(north["authority"] == shown["authority"]["fingerprint"]);
  BOOST_TEST(north["authority"].get<std::string>().size() == 64U);
  BOOST_TEST(north["from"].get<std::string>() < north["until"].get<std::string>());
  BOOST_TEST(north["problem"] == "");
  // One node's own folder.
  const Outcome one = run({"certs", "show", certs + "/north"});
  BOOST_TEST(one.out.find("north") != std::string::npos, one.out);
  BOOST_TEST(one.out.find("sea") != std::string::npos, one.out);
  // Somebody else's among them, and one that its ca.pem has not signed.
  const std::string others = (folder.path() / "others").string();
  BOOST_REQUIRE(run({"certs", "new", others, "south", "east", "--cluster", "sea"}).status == 0);
  std::filesystem::rename(others + "/south", certs + "/south");
  std::filesystem::copy_file(others + "/east/ca.pem", certs + "/north/ca.pem",
                             std::filesystem::copy_options::overwrite_existing);
  const json mixed = json::parse(run({"certs", "show", certs, "--json"}).out)["certificates"];
  BOOST_REQUIRE(mixed.size() == 3U);
  BOOST_TEST(mixed[1]["problem"].get<std::string>().starts_with("not signed by"), mixed[1].dump());
  BOOST_TEST(mixed[2]["problem"].get<std::string>().starts_with("of another authority"), mixed[2].dump());
  const Outcome none = run({"certs", "show", folder.path().string() + "/nowhere"});
  BOOST_TEST(none.status == 1);
  BOOST_TEST(mentions(none, "'myelin certs new"), none.err);
}

BOOST_AUTO_TEST_SUITE_END()
