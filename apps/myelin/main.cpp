// The one command-line tool. This file is its wiring: what exists is made here and handed down; nothing is global.
#include <memory>

#include "cli/command_line.hpp"
#include "cli/version.hpp"
#include "commands/agents.hpp"
#include "commands/bench_agents.hpp"
#include "commands/bench_consensus.hpp"
#include "commands/bench_kernels.hpp"
#include "commands/bench_messages.hpp"
#include "commands/bench_network.hpp"
#include "commands/certs_new.hpp"
#include "commands/certs_show.hpp"
#include "commands/cluster.hpp"
#include "commands/completion.hpp"
#include "commands/config_check.hpp"
#include "commands/config_show.hpp"
#include "commands/demo_cluster.hpp"
#include "commands/demo_digits.hpp"
#include "commands/demo_ledger.hpp"
#include "commands/doctor.hpp"
#include "commands/keys_new.hpp"
#include "commands/logs.hpp"
#include "commands/memory_backup.hpp"
#include "commands/memory_change.hpp"
#include "commands/memory_get.hpp"
#include "commands/memory_put.hpp"
#include "commands/memory_replace.hpp"
#include "commands/memory_search.hpp"
#include "commands/memory_watch.hpp"
#include "commands/new_agent.hpp"
#include "commands/node_run.hpp"
#include "commands/node_status.hpp"
#include "commands/validator_change.hpp"
#include "commands/validator_run.hpp"
#include "demos/cluster/reader.hpp"
#include "process/environment.hpp"
#include "process/interrupt.hpp"
#include "terminal/terminal.hpp"

int main(int argc, char** argv) {
  using namespace myelin::tool;
  const Interrupt interrupt;  // First: later threads inherit its signal mask.
  const Environment environment = Environment::of_process();
  const Terminal terminal = Terminal::of_process(environment);
  Session session{environment, terminal, interrupt.token()};

  CommandLine line{&version_text,
                   "Examples:\n"
                   "  myelin new agent PriceFeed                   # a project with an agent of your own\n"
                   "  myelin node --config node.toml               # runs a node\n"
                   "  myelin demo digits                           # a thousand agents read handwritten digits\n"
                   "  myelin demo ledger                           # agents move money that validators keep\n"
                   "  myelin bench messages --quick                # how fast agents talk here\n"
                   "  myelin bench kernels --quick                 # how fast numeric kernels are here\n"
                   "  myelin bench kernels --help                  # every command explains itself\n\n"
                   "Exit status: 0 done, 1 failed, 2 the command line makes no sense, 130 interrupted."};
  line.add_group("new", "Writes projects to start from",
                 "Examples:\n"
                 "  myelin new agent PriceFeed                   # an agent, its messages, a program and a test");
  line.add(std::make_unique<NewAgent>());
  line.add(std::make_unique<NodeRun>(std::vector{myelin::reading::reader_type()}));
  line.add_group("config", "A node's configuration",
                 "Examples:\n"
                 "  myelin config show > node.toml               # a file with all keys, to start from\n"
                 "  myelin config check node.toml");
  line.add(std::make_unique<ConfigShow>());
  line.add(std::make_unique<ConfigCheck>());
  line.add_group("demo", "Shows Myelin at work, on real data",
                 "Examples:\n"
                 "  myelin demo digits                           # train, ask, compare: some ten seconds\n"
                 "  myelin demo digits --quick                   # does it work here?\n"
                 "  myelin demo ledger                           # agents move money; it adds up\n"
                 "  myelin demo cluster                          # four nodes, one of which dies");
  line.add(std::make_unique<DemoDigits>());
  line.add(std::make_unique<DemoLedger>());
  line.add(std::make_unique<DemoCluster>());
  line.add_group("memory", "A shared memory of keys and values, kept in a directory",
                 "Examples:\n"
                 "  myelin memory put colour blue                # makes ./myelin-memory where there is none\n"
                 "  myelin memory get colour\n"
                 "  myelin memory search 'project_*'");
  line.add(std::make_unique<MemoryPut>());
  line.add(std::make_unique<MemoryGet>());
  line.add(std::make_unique<MemoryCas>());
  line.add(std::make_unique<MemoryDel>());
  line.add(std::make_unique<MemoryAdd>());
  line.add(std::make_unique<MemoryTransfer>());
  line.add(std::make_unique<MemoryClaim>());
  line.add(std::make_unique<MemorySearch>());
  line.add(std::make_unique<MemoryWatch>());
  line.add(std::make_unique<MemoryBackup>());
  line.add(std::make_unique<MemoryRestore>());
  line.add(std::make_unique<MemoryReplace>());
  line.add_group("keys", "Keys of validators",
                 "Examples:\n"
                 "  myelin keys new validator.key                # makes it, and says its public part");
  line.add(std::make_unique<KeysNew>());
  line.add_group("certs", "What nodes prove themselves with",
                 "Examples:\n"
                 "  myelin certs new certs north east south west client");
  line.add(std::make_unique<CertsNew>());
  line.add(std::make_unique<CertsShow>());
  line.add_group("validator", "Validators of a shared memory, in processes of their own",
                 "Examples:\n"
                 "  myelin validator run north --committee committee.toml --certs certs/north\n"
                 "  myelin validator replace south --public-key HEX --committee committee.toml --out next.toml\n"
                 "  myelin validator approve north next.toml");
  line.add(std::make_unique<ValidatorRun>());
  line.add(std::make_unique<ValidatorReplace>());
  line.add(std::make_unique<ValidatorAdd>());
  line.add(std::make_unique<ValidatorRemove>());
  line.add(std::make_unique<ValidatorApprove>());
  line.add_group("cluster", "A whole cluster on this machine, for trying things out",
                 "Examples:\n"
                 "  myelin cluster up --nodes 4\n"
                 "  myelin cluster status\n"
                 "  myelin cluster down --delete");
  line.add(std::make_unique<ClusterUp>());
  line.add(std::make_unique<ClusterDown>());
  line.add(std::make_unique<ClusterStatus>());
  line.add(std::make_unique<StatusCommand>());
  line.add(std::make_unique<NodesCommand>());
  line.add_group("agents", "The agents of a running cluster",
                 "Examples:\n"
                 "  myelin agents ls                             # on all nodes\n"
                 "  myelin agents info north/greeter             # what it takes\n"
                 "  myelin agents spawn greeter --on north");
  line.add(std::make_unique<AgentsList>());
  line.add(std::make_unique<AgentsInfo>());
  line.add(std::make_unique<AgentsSpawn>());
  line.add(std::make_unique<AgentsStop>());
  line.add(std::make_unique<AskCommand>());
  line.add(std::make_unique<TellCommand>());
  line.add(std::make_unique<LogsCommand>());
  line.add(std::make_unique<Doctor>(std::vector{myelin::reading::reader_type()}));
  line.add(std::make_unique<Completion>());
  line.add(std::make_unique<Manual>());
  line.add_group("bench", "Measures Myelin, side by side with what it builds on",
                 "Examples:\n"
                 "  myelin bench agents                          # agents at work, against raw CAF and Erlang\n"
                 "  myelin bench messages                        # messages between agents, against raw CAF\n"
                 "  myelin bench kernels --json                  # numeric kernels, against the best libraries\n"
                 "  myelin bench network                         # two processes, against raw CAF and ZeroMQ\n"
                 "  myelin bench consensus                       # validators under load");
  line.add(std::make_unique<BenchAgents>());
  line.add(std::make_unique<BenchMessages>());
  line.add(std::make_unique<BenchNetwork>());
  line.add(std::make_unique<BenchConsensus>());
  line.add(std::make_unique<BenchKernels>());
  return line.run(argc, argv, session);
}
