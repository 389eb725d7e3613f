#include "demos/cluster/demo.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "demos/cluster/reader.hpp"
#include "demos/digits/dataset.hpp"
#include "demos/digits/training.hpp"
#include "myelin/actors/mesh.hpp"
#include "myelin/actors/network_file.hpp"
#include "myelin/cluster/cluster.hpp"
#include "operation/local_cluster.hpp"
#include "process/heir.hpp"
#include "process/temporary_folder.hpp"
#include "terminal/units.hpp"

namespace myelin::reading {

namespace {

constexpr const char* kSelf = "demo";
constexpr const char* kKernel = "digits";
constexpr std::chrono::seconds kJoinLimit{30};
constexpr std::chrono::seconds kSpawnLimit{30};
constexpr std::chrono::seconds kStopLimit{15};
constexpr std::chrono::milliseconds kTick{20};
/// Readers that are started at once.
constexpr std::size_t kSpawnsAtOnce = 64;

tl::unexpected<Error> interrupted() { return fail(Errc::cancelled, "interrupted"); }

/// When nodes were last seen to change.
class Sightings {
 public:
  void look(const cluster::View& view) {
    const std::lock_guard guard{mutex_};
    for (const cluster::Member& member : view.members) {
      Seen& seen = seen_[member.node];
      if (seen.state == member.state && seen.incarnation == member.incarnation) continue;
      seen = {member.state, member.incarnation, Clock::now()};
    }
  }
  /// Since when it has been in that state; nothing if it is not.
  [[nodiscard]] std::optional<TimePoint> since(const std::string& node, cluster::MemberState state) const {
    const std::lock_guard guard{mutex_};
    const auto found = seen_.find(node);
    if (found == seen_.end() || found->second.state != state) return std::nullopt;
    return found->second.since;
  }

 private:
  struct Seen {
    cluster::MemberState state = cluster::MemberState::left;
    std::uint64_t incarnation = 0;
    TimePoint since{};
  };
  mutable std::mutex mutex_;
  std::map<std::string, Seen> seen_;
};

/// One run: its parts in the order in which they happen.
class Demo {
 public:
  Demo(const Settings& settings, tool::Progress& progress, std::stop_token stop)
      : progress_{progress}, stop_{std::move(stop)} {
    found_.settings = settings;
  }
  Demo(const Demo&) = delete;
  Demo& operator=(const Demo&) = delete;
  ~Demo() {
    cluster_.reset();
    if (nodes_) static_cast<void>(nodes_->stop(kStopLimit));
  }

  Result<Findings> run(const tool::Environment& environment) {
    Result<void> done = prepare(environment);
    for (const auto part : {&Demo::start_nodes, &Demo::hire_everywhere, &Demo::work}) {
      if (done && stop_.stop_requested()) done = interrupted();
      if (done) done = (this->*part)();
    }
    if (!done) return tl::unexpected{done.error()};
    return std::move(found_);
  }

 private:
  Result<void> prepare(const tool::Environment& environment) {
    std::optional<std::filesystem::path> given;
    if (!found_.settings.data.empty()) given = found_.settings.data;
    data_ = std::filesystem::absolute(digits::data_file(given, environment));
    const auto samples = digits::read_samples(data_);
    if (!samples) return tl::unexpected{samples.error()};
    split_ = digits::split(*samples);
    if (!found_.settings.folder.empty()) {
      folder_ = found_.settings.folder;
    } else {
      auto made = tool::TemporaryFolder::make("myelin-demo-cluster");
      if (!made) return tl::unexpected{made.error()};
      folder_ = made->path();
      temporary_.emplace(*std::move(made));
    }
    found_.folder = folder_.string();
    if (auto made = make_nodes(); !made) return made;
    auto backend = kernels::make_backend(kernels::BackendKind::automatic);
    if (!backend) return tl::unexpected{backend.error()};
    progress_.update(fmt::format("training on {} images", split_.train.size()));
    const auto trained = digits::train(split_.train, **backend, {.stop = stop_});
    if (!trained) return tl::unexpected{trained.error()};
    auto model = nodes_->add_file("digits.network");
    if (!model) return tl::unexpected{model.error()};
    model_ = *std::move(model);
    return save_network(trained->network, model_);
  }

  /// Before the long work, for the folder may be wrong.
  Result<void> make_nodes() {
    auto nodes = tool::LocalCluster::open_or_make(
        folder_, {.nodes = found_.settings.nodes, .on_ready = [this](const tool::ClusterFolder::Node& node) {
                    progress_.note(fmt::format("{} runs: process {}, {}", node.name, node.process, node.address));
                  }});
    if (!nodes) return tl::unexpected{nodes.error()};
    nodes_.emplace(*std::move(nodes));
    std::vector<std::string> words{"cluster", "down", "--when-closed", "--dir", nodes_->folder().path.string()};
    if (temporary_) words.emplace_back("--delete");
    auto heir = tool::Heir::appoint(words);
    if (!heir) return tl::unexpected{heir.error()};
    heir_.emplace(*std::move(heir));
    return {};
  }

  Result<void> start_nodes() {
    const TimePoint began = Clock::now();
    if (auto started = nodes_->start(stop_); !started) return tl::unexpected{started.error()};
    auto credentials = nodes_->credentials_for(kSelf);
    if (!credentials) return tl::unexpected{credentials.error()};
    network::NodeOptions options{.cluster = nodes_->folder().cluster, .name = kSelf};
    options.credentials = *std::move(credentials);
    for (const auto& node : nodes_->folder().nodes) options.seeds.push_back(node.address);
    auto joined = cluster::Cluster::join(mesh_, std::move(options),
                                         {.on_view = [this](const cluster::View& view) { sightings_.look(view); }});
    if (!joined) return tl::unexpected{joined.error()};
    cluster_.emplace(*std::move(joined));
    const std::size_t all = found_.settings.nodes + 1;
    const auto whole = cluster_->wait(
        [all](const cluster::View& view) {
          return view.count(cluster::MemberState::up) == all &&
                 std::ranges::all_of(view.members, &cluster::Member::connected);
        },
        kJoinLimit);
    found_.start_up = Clock::now() - began;
    return whole;
  }

  /// How many readers a node has.
  [[nodiscard]] std::size_t readers_on(std::size_t node) const {
    const std::size_t nodes = found_.settings.nodes;
    return found_.settings.agents / nodes + (node < found_.settings.agents % nodes ? 1 : 0);
  }

  Result<void> hire_everywhere() {
    const TimePoint began = Clock::now();
    for (std::size_t i = 0; i < nodes_->folder().nodes.size(); ++i) {
      if (stop_.stop_requested()) return interrupted();
      if (auto hired = hire_on(i); !hired) return hired;
    }
    found_.hiring = Clock::now() - began;
    return {};
  }

  /// Starts a kernel actor and readers on a node.
  Result<void> hire_on(std::size_t index) {
    const std::string& node = nodes_->folder().nodes[index].name;
    progress_.update(fmt::format("starting {} agents on {}", readers_on(index), node));
    const auto kernel = mesh_.ask(
        cluster_->spawn(node, "inference", kKernel, nlohmann::json{{"network", model_.string()}}.dump()), kSpawnLimit);
    if (!kernel) return tl::unexpected{kernel.error()};
    const std::string settings = nlohmann::json{{"images", data_.string()}, {"kernel", kKernel}}.dump();
    std::vector<Foreman::Worker> hired;
    const AgentRef recruiter = mesh_.spawn<Recruiter>(cluster_->directory());
    for (std::size_t begin = 0; begin < readers_on(index); begin += kSpawnsAtOnce) {
      const std::size_t end = std::min(begin + kSpawnsAtOnce, readers_on(index));
      const auto answer = mesh_.ask<schema::Recruited>(
          recruiter,
          [&](schema::Recruit::Builder recruit) {
            recruit.setNode(node);
            recruit.setSettings(settings);
            recruit.setBegin(begin);
            recruit.setEnd(end);
          },
          kSpawnLimit, stop_);
      if (!answer) return tl::unexpected{answer.error()};
    }
    mesh_.stop_agent(recruiter);
    for (std::size_t i = 0; i < readers_on(index); ++i) {
      auto reader = cluster_->resolve({node, fmt::format("reader.{}", i)});
      if (!reader) return tl::unexpected{reader.error()};
      hired.push_back({*std::move(reader), node});
    }
    {
      const std::lock_guard guard{orders_->mutex};
      for (Foreman::Worker& worker : hired) orders_->hired.push_back(std::move(worker));
    }
    if (foreman_) mesh_.tell(foreman_, [](schema::WakeUp::Builder) {});
    return {};
  }

  Result<void> work() {
    foreman_ = mesh_.spawn<Foreman>(books_, orders_, answers_, static_cast<std::uint32_t>(split_.held_out.size()));
    const TimePoint began = Clock::now();
    mesh_.tell(foreman_, [](schema::WakeUp::Builder) {});
    const Duration whole = found_.settings.duration;
    if (found_.settings.kill) {
      watch_until(began + whole / 3);
      if (!stop_.stop_requested()) {
        if (auto done = crash(); !done) return done;
      }
      watch_until(began + whole / 2);
      if (found_.crash) {
        if (auto done = bring_back(); !done) return done;
      }
    }
    watch_until(began + whole);
    found_.is_complete = !stop_.stop_requested();
    {
      const std::lock_guard guard{orders_->mutex};
      orders_->stop = true;
    }
    mesh_.tell(foreman_, [](schema::WakeUp::Builder) {});
    for (const TimePoint end = Clock::now() + kStopLimit; Clock::now() < end;) {
      found_.books = books_->state();
      if (found_.books.answered == found_.books.asked) break;
      show();
      std::this_thread::sleep_for(kTick);
    }
    found_.elapsed = Clock::now() - began;
    finish_crash();
    // It writes the answers: read once it has ended.
    if (auto drained = mesh_.drain_agent(foreman_, kStopLimit); !drained) return drained;
    for (std::size_t i = 0; i < answers_->size(); ++i) {
      found_.right += (*answers_)[i] == split_.held_out.labels[i % split_.held_out.size()] ? 1 : 0;
    }
    return {};
  }

  Result<void> crash() {
    const std::string node = nodes_->folder().nodes[found_.settings.nodes / 2].name;
    found_.crash = Crash{.node = node};
    books_->mark(node);
    found_.crash->open = books_->state().nodes[node].open;
    killed_at_ = Clock::now();
    if (!nodes_->kill(node)) return fail(Errc::not_found, fmt::format("{} ended before it was killed", node));
    progress_.note(fmt::format("{} was killed (kill -9), with {} questions open", node, found_.crash->open));
    return {};
  }

  Result<void> bring_back() {
    Crash& crash = *found_.crash;
    const Books::Node then = books_->state().nodes[crash.node];
    if (then.first_failure != TimePoint{}) crash.first_error = then.first_failure - killed_at_;
    if (const auto down = sightings_.since(crash.node, cluster::MemberState::down))
      crash.seen_down = *down - killed_at_;
    progress_.note(fmt::format("{} is started again", crash.node));
    books_->mark(crash.node);
    started_at_ = Clock::now();
    if (auto started = nodes_->start(stop_); !started) return tl::unexpected{started.error()};
    const auto back = cluster_->wait(
        [&](const cluster::View& view) {
          const cluster::Member* const member = view.find(crash.node);
          return member != nullptr && member->state == cluster::MemberState::up && member->connected;
        },
        kJoinLimit);
    if (!back) return back;
    return hire_on(found_.settings.nodes / 2);
  }

  void finish_crash() {
    if (!found_.crash) return;
    Crash& crash = *found_.crash;
    if (const auto up = sightings_.since(crash.node, cluster::MemberState::up)) crash.seen_up = *up - started_at_;
    const TimePoint answered = found_.books.nodes[crash.node].first_answer;
    if (answered != TimePoint{}) crash.first_answer = answered - started_at_;
  }

  void watch_until(TimePoint end) {
    while (Clock::now() < end && !stop_.stop_requested()) {
      show();
      std::this_thread::sleep_for(kTick);
    }
  }

  void show() {
    const Books::State state = books_->state();
    std::string text = fmt::format("{} answered", tool::format_count(static_cast<long long>(state.answered)));
    for (const auto& [name, node] : state.nodes) {
      text += fmt::format(" | {} {}{}", name, tool::format_count(static_cast<long long>(node.answered)),
                          node.readers == 0 ? " (gone)" : "");
    }
    progress_.update(text);
  }

  /// Asks a node to start many readers, and answers when all are there.
  class Recruiter;

  tool::Progress& progress_;
  const std::stop_token stop_;
  Findings found_;
  std::filesystem::path data_;
  std::filesystem::path folder_;
  std::filesystem::path model_;
  digits::Split split_;
  std::optional<tool::Heir> heir_;  // before what it would clear away: it goes when that is gone
  std::optional<tool::TemporaryFolder> temporary_;
  std::optional<tool::LocalCluster> nodes_;
  Sightings sightings_;
  const std::shared_ptr<Books> books_ = std::make_shared<Books>();
  const std::shared_ptr<Foreman::Orders> orders_ = std::make_shared<Foreman::Orders>();
  const std::shared_ptr<std::vector<std::uint8_t>> answers_ = std::make_shared<std::vector<std::uint8_t>>();
  Mesh mesh_;
  std::optional<cluster::Cluster> cluster_;
  AgentRef foreman_;
  TimePoint killed_at_{};
  TimePoint started_at_{};
};

class Demo::Recruiter final : public Agent {
 public:
  explicit Recruiter(cluster::Directory directory) : directory_{std::move(directory)} {}
  static void handlers(Handlers<Recruiter>& on) { on.message<&Recruiter::recruit>(); }

 private:
  Task<schema::Recruited> recruit(Held<schema::Recruit> order) {
    const std::string node = order->getNode();
    const std::string settings = order->getSettings();
    std::vector<PendingCall<cluster::SpawnCall>> pending;
    for (std::uint64_t i = order->getBegin(); i < order->getEnd(); ++i) {
      pending.push_back(
          ask(directory_.spawn(node, "digit-reader", fmt::format("reader.{}", i), settings), kSpawnLimit));
    }
    for (auto& one : pending) {
      const auto made = co_await std::move(one);
      if (!made) co_return tl::unexpected{made.error()};
    }
    co_return [](schema::Recruited::Builder) {};
  }

  const cluster::Directory directory_;
};

}  // namespace

Result<void> Findings::proof() const {
  if (books.answered == books.asked && books.twice == 0) return {};
  return fail(Errc::outcome_unknown, fmt::format("of {} requests {} were answered, and {} more than once", books.asked,
                                                 books.answered, books.twice));
}

Result<Findings> run_demo(const Settings& settings, const tool::Environment& environment, tool::Progress& progress,
                          const std::stop_token& stop) {
  return Demo{settings, progress, stop}.run(environment);
}

}  // namespace myelin::reading
