// Programs that grow trees of actors or of work: UCT, NQueens, Skynet.
#include <algorithm>

#include "bench/savina/raw_caf.hpp"
#include "bench/savina/raw_caf_stage.hpp"
#include "bench/savina/references.hpp"

namespace myelin::tool::savina::in_caf {

namespace {

using Grown = caf::atom_constant<caf::atom("grown")>;
using Urge = caf::atom_constant<caf::atom("urge")>;
using Harvest = caf::atom_constant<caf::atom("harvest")>;
using Solutions = caf::atom_constant<caf::atom("solutions")>;

// -- UCT --------------------------------------------------------------------------------------------------------------

/// Grows its children at once; works, and ends, when urged.
class TreeNode : public caf::event_based_actor {
 public:
  TreeNode(caf::actor_config& config, caf::actor parent, std::uint64_t seed, std::uint64_t depth,
           std::uint64_t depth_max)
      : caf::event_based_actor{config}, parent_{std::move(parent)}, seed_{seed}, depth_{depth}, depth_max_{depth_max} {}

  caf::behavior make_behavior() override {
    const std::uint64_t children = tree_children(seed_, depth_, depth_max_);
    for (std::uint64_t child = 0; child < children; ++child) {
      children_.push_back(spawn<TreeNode>(this, tree_child_seed(seed_, child), depth_ + 1, depth_max_));
    }
    if (children_.empty()) send(parent_, Grown::value);
    return {[this](Grown) {
              if (++answers_ == children_.size()) send(parent_, Grown::value);
            },
            [this](Urge) {
              answers_ = 0;
              values_ = tree_value(seed_);
              for (const caf::actor& child : children_) send(child, Urge::value);
              end_if_done();
            },
            [this](Harvest, std::uint64_t nodes, std::uint64_t values) {
              nodes_ += nodes;
              values_ += values;
              ++answers_;
              end_if_done();
            }};
  }

  /// Parent and children hold one another.
  void on_exit() override { children_.clear(); }

 private:
  void end_if_done() {
    if (answers_ < children_.size()) return;
    send(parent_, Harvest::value, nodes_, values_);
    quit();
  }

  caf::actor parent_;
  std::uint64_t seed_;
  std::uint64_t depth_;
  std::uint64_t depth_max_;
  std::vector<caf::actor> children_;
  std::uint64_t answers_ = 0;
  std::uint64_t nodes_ = 1;
  std::uint64_t values_ = 0;
};

class Forester : public caf::event_based_actor {
 public:
  Forester(caf::actor_config& config, std::uint64_t depth_max, Outcome& outcome)
      : caf::event_based_actor{config}, depth_max_{depth_max}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {
        [this](Go) { root_ = spawn<TreeNode>(this, kTreeSeed, std::uint64_t{0}, depth_max_); },
        [this](Grown) { send(root_, Urge::value); },
        [this](Harvest, std::uint64_t nodes, std::uint64_t values) { outcome_.finish(tree_result(nodes, values)); }};
  }

  void on_exit() override { destroy(root_); }

 private:
  std::uint64_t depth_max_;
  Outcome& outcome_;
  caf::actor root_;
};

// -- NQueens ----------------------------------------------------------------------------------------------------------

class QueensWorker : public caf::event_based_actor {
 public:
  QueensWorker(caf::actor_config& config, std::uint64_t size, caf::actor master)
      : caf::event_based_actor{config}, size_{size}, master_{std::move(master)} {}

  caf::behavior make_behavior() override {
    return {[this](std::uint64_t row, std::uint64_t columns, std::uint64_t left, std::uint64_t right) {
      const Board board{row, columns, left, right};
      if (row >= std::min(kQueenRowsByMessage, size_)) {
        return send(master_, Solutions::value, queens_solutions(board, size_));
      }
      for_each_queen(board, size_,
                     [&](const Board& next) { send(master_, next.row, next.columns, next.left, next.right); });
      send(master_, Solutions::value, std::uint64_t{0});
    }};
  }

 private:
  std::uint64_t size_;
  caf::actor master_;
};

class QueensMaster : public caf::event_based_actor {
 public:
  QueensMaster(caf::actor_config& config, const Peers& workers, Outcome& outcome)
      : caf::event_based_actor{config}, workers_{workers}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { give({}); },
            [this](std::uint64_t row, std::uint64_t columns, std::uint64_t left, std::uint64_t right) {
              give({row, columns, left, right});
            },
            // A board is done; the boards that came of it were sent before.
            [this](Solutions, std::uint64_t solutions) {
              solutions_ += solutions;
              if (--open_ == 0) outcome_.finish(solutions_);
            }};
  }

 private:
  void give(const Board& board) {
    ++open_;
    send(workers_[next_], board.row, board.columns, board.left, board.right);
    next_ = next_ + 1 == workers_.size() ? 0 : next_ + 1;
  }

  const Peers& workers_;
  Outcome& outcome_;
  std::size_t next_ = 0;
  std::uint64_t open_ = 0;
  std::uint64_t solutions_ = 0;
};

// -- Skynet -----------------------------------------------------------------------------------------------------------

class SkynetNode : public caf::event_based_actor {
 public:
  SkynetNode(caf::actor_config& config, caf::actor parent, std::uint64_t first, std::uint64_t leaves)
      : caf::event_based_actor{config}, parent_{std::move(parent)}, first_{first}, leaves_{leaves} {}

  caf::behavior make_behavior() override {
    if (leaves_ == 1) {
      send(parent_, first_);
      return {};  // Ends: there is nothing to wait for.
    }
    const std::uint64_t part = leaves_ / kSkynetChildren;
    for (std::uint64_t child = 0; child < kSkynetChildren; ++child) {
      spawn<SkynetNode>(this, first_ + child * part, part);
    }
    return {[this](std::uint64_t sum) {
      sum_ += sum;
      if (++answers_ < kSkynetChildren) return;
      send(parent_, sum_);
      quit();
    }};
  }

 private:
  caf::actor parent_;
  std::uint64_t first_;
  std::uint64_t leaves_;
  std::uint64_t answers_ = 0;
  std::uint64_t sum_ = 0;
};

class SkynetRoot : public caf::event_based_actor {
 public:
  SkynetRoot(caf::actor_config& config, std::uint64_t leaves, Outcome& outcome)
      : caf::event_based_actor{config}, leaves_{leaves}, outcome_{outcome} {}

  caf::behavior make_behavior() override {
    return {[this](Go) { spawn<SkynetNode>(this, std::uint64_t{0}, leaves_); },
            [this](std::uint64_t sum) { outcome_.finish(sum); }};
  }

 private:
  std::uint64_t leaves_;
  Outcome& outcome_;
};

}  // namespace

Finish uct(const Work& work) {
  Stage stage{work};
  return stage.play(stage.add<Forester>(work.agents, stage.outcome()));
}

Finish nqueens(const Work& work) {
  Stage stage{work};
  Peers workers;
  const caf::actor master = stage.add<QueensMaster>(workers, stage.outcome());
  for (std::uint64_t i = 0; i < work.agents; ++i) workers.push_back(stage.add<QueensWorker>(work.messages, master));
  return stage.play(master);
}

Finish skynet(const Work& work) {
  Stage stage{work};
  return stage.play(stage.add<SkynetRoot>(work.agents, stage.outcome()));
}

}  // namespace myelin::tool::savina::in_caf
