// Programs that grow trees of agents or of work: UCT, NQueens, Skynet.
#include <algorithm>

#include "bench/savina/myelin.hpp"
#include "bench/savina/myelin_stage.hpp"
#include "bench/savina/references.hpp"

namespace myelin::tool::savina::in_myelin {

namespace {

using schema::Go;
using schema::Grown;
using schema::Harvest;
using schema::Urge;

// -- UCT --------------------------------------------------------------------------------------------------------------

/// Grows its children at once; works, and ends, when urged.
class TreeNode : public Agent {
 public:
  static void handlers(Handlers<TreeNode>& on) {
    on.message<&TreeNode::grown>();
    on.message<&TreeNode::urge>();
    on.message<&TreeNode::harvest>();
  }

  TreeNode(AgentRef parent, std::uint64_t seed, std::uint64_t depth, std::uint64_t depth_max)
      : parent_{std::move(parent)}, seed_{seed}, depth_{depth}, depth_max_{depth_max} {}

  void on_start() override {
    const std::uint64_t children = tree_children(seed_, depth_, depth_max_);
    for (std::uint64_t child = 0; child < children; ++child) {
      children_.push_back(spawn<TreeNode>(self(), tree_child_seed(seed_, child), depth_ + 1, depth_max_));
    }
    if (children_.empty()) report_grown();
  }

 private:
  void grown(Grown::Reader /*grown*/) {
    if (++answers_ == children_.size()) report_grown();
  }
  void urge(Urge::Reader /*urge*/) {
    answers_ = 0;
    values_ = tree_value(seed_);
    for (const AgentRef& child : children_) send(child, make_frame<Urge>([](Urge::Builder) {}));
    end_if_done();
  }
  void harvest(Harvest::Reader harvest) {
    nodes_ += harvest.getNodes();
    values_ += harvest.getValues();
    ++answers_;
    end_if_done();
  }

  void report_grown() {
    send(parent_, make_frame<Grown>([](Grown::Builder) {}));
  }
  void end_if_done() {
    if (answers_ < children_.size()) return;
    send(parent_, make_frame<Harvest>([this](Harvest::Builder harvest) {
           harvest.setNodes(nodes_);
           harvest.setValues(values_);
         }));
    stop();
  }

  AgentRef parent_;
  std::uint64_t seed_;
  std::uint64_t depth_;
  std::uint64_t depth_max_;
  std::vector<AgentRef> children_;
  std::uint64_t answers_ = 0;
  std::uint64_t nodes_ = 1;
  std::uint64_t values_ = 0;
};

class Forester : public Agent {
 public:
  static void handlers(Handlers<Forester>& on) {
    on.message<&Forester::go>();
    on.message<&Forester::grown>();
    on.message<&Forester::harvest>();
  }

  Forester(std::uint64_t depth_max, Outcome& outcome) : depth_max_{depth_max}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) { root_ = spawn<TreeNode>(self(), kTreeSeed, std::uint64_t{0}, depth_max_); }
  void grown(Grown::Reader /*grown*/) {
    tell(root_, [](Urge::Builder) {});
  }
  void harvest(Harvest::Reader harvest) { outcome_.finish(tree_result(harvest.getNodes(), harvest.getValues())); }

  std::uint64_t depth_max_;
  Outcome& outcome_;
  AgentRef root_;
};

// -- NQueens ----------------------------------------------------------------------------------------------------------

void fill_in(schema::Board::Builder message, const Board& board) {
  message.setRow(board.row);
  message.setColumns(board.columns);
  message.setLeft(board.left);
  message.setRight(board.right);
}

Board board_of(schema::Board::Reader message) {
  return {message.getRow(), message.getColumns(), message.getLeft(), message.getRight()};
}

class QueensWorker : public Agent {
 public:
  static void handlers(Handlers<QueensWorker>& on) { on.message<&QueensWorker::board>(); }

  QueensWorker(std::uint64_t size, AgentRef master) : size_{size}, master_{std::move(master)} {}

 private:
  void board(schema::Board::Reader message) {
    const Board board = board_of(message);
    if (board.row >= std::min(kQueenRowsByMessage, size_)) return report(queens_solutions(board, size_));
    for_each_queen(board, size_, [this](const Board& next) {
      tell(master_, [&next](schema::Board::Builder child) { fill_in(child, next); });
    });
    report(0);
  }

  void report(std::uint64_t solutions) {
    tell(master_, [solutions](schema::Result::Builder result) { result.setValue(solutions); });
  }

  std::uint64_t size_;
  AgentRef master_;
};

class QueensMaster : public Agent {
 public:
  static void handlers(Handlers<QueensMaster>& on) {
    on.message<&QueensMaster::go>();
    on.message<&QueensMaster::board>();
    on.message<&QueensMaster::result>();
  }

  QueensMaster(const Peers& workers, Outcome& outcome) : workers_{workers}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) { give({}); }
  void board(schema::Board::Reader board) { give(board_of(board)); }
  /// A board is done; the boards that came of it were sent before.
  void result(schema::Result::Reader result) {
    solutions_ += result.getValue();
    if (--open_ == 0) outcome_.finish(solutions_);
  }

  void give(const Board& board) {
    ++open_;
    send(workers_[next_], make_frame<schema::Board>([&](schema::Board::Builder message) { fill_in(message, board); }));
    next_ = next_ + 1 == workers_.size() ? 0 : next_ + 1;
  }

  const Peers& workers_;
  Outcome& outcome_;
  std::size_t next_ = 0;
  std::uint64_t open_ = 0;
  std::uint64_t solutions_ = 0;
};

// -- Skynet -----------------------------------------------------------------------------------------------------------

class SkynetNode : public Agent {
 public:
  static void handlers(Handlers<SkynetNode>& on) { on.message<&SkynetNode::part>(); }

  SkynetNode(AgentRef parent, std::uint64_t first, std::uint64_t leaves)
      : parent_{std::move(parent)}, first_{first}, leaves_{leaves} {}

  void on_start() override {
    if (leaves_ == 1) return report(first_);
    const std::uint64_t part = leaves_ / kSkynetChildren;
    for (std::uint64_t child = 0; child < kSkynetChildren; ++child) {
      spawn<SkynetNode>(self(), first_ + child * part, part);
    }
  }

 private:
  void part(schema::Result::Reader part) {
    sum_ += part.getValue();
    if (++answers_ == kSkynetChildren) report(sum_);
  }

  void report(std::uint64_t sum) {
    send(parent_, make_frame<schema::Result>([sum](schema::Result::Builder result) { result.setValue(sum); }));
    stop();
  }

  AgentRef parent_;
  std::uint64_t first_;
  std::uint64_t leaves_;
  std::uint64_t answers_ = 0;
  std::uint64_t sum_ = 0;
};

class SkynetRoot : public Agent {
 public:
  static void handlers(Handlers<SkynetRoot>& on) {
    on.message<&SkynetRoot::go>();
    on.message<&SkynetRoot::sum>();
  }

  SkynetRoot(std::uint64_t leaves, Outcome& outcome) : leaves_{leaves}, outcome_{outcome} {}

 private:
  void go(Go::Reader /*go*/) { spawn<SkynetNode>(self(), std::uint64_t{0}, leaves_); }
  void sum(schema::Result::Reader sum) { outcome_.finish(sum.getValue()); }

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
  const AgentRef master = stage.add<QueensMaster>(workers, stage.outcome());
  for (std::uint64_t i = 0; i < work.agents; ++i) workers.push_back(stage.add<QueensWorker>(work.messages, master));
  return stage.play(master);
}

Finish skynet(const Work& work) {
  Stage stage{work};
  return stage.play(stage.add<SkynetRoot>(work.agents, stage.outcome()));
}

}  // namespace myelin::tool::savina::in_myelin
