/// What a node logs of what happens to it and around it: other nodes come and go, strangers are not let in, agents
/// fail, validators are missing.
#pragma once

#include <spdlog/logger.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "myelin/actors/failures.hpp"
#include "myelin/base/time.hpp"
#include "myelin/cluster/directory.hpp"
#include "myelin/cluster/view.hpp"
#include "myelin/network/node.hpp"
#include "myelin/validator/committee_file.hpp"

namespace myelin::tool {

/// What changes from view to view. **Thread-safety**: thread-safe.
class ViewLog {
 public:
  ViewLog(std::shared_ptr<spdlog::logger> log, std::string self) : log_{std::move(log)}, self_{std::move(self)} {}

  /// Whom to ask why a node is down; he says nothing if he does not know.
  void explain_by(std::function<std::string(const std::string& node)> reason);
  void look_at(const cluster::View& view);
  /// Nothing is logged any more, nobody asked: for a node that leaves all others are gone.
  void end();

 private:
  struct Known {
    std::string state;
    std::string address;
  };
  void log_state(const cluster::Member& member);

  std::shared_ptr<spdlog::logger> log_;
  std::string self_;
  std::mutex mutex_;
  std::function<std::string(const std::string& node)> reason_;
  std::map<std::string, Known> known_;
  bool ended_ = false;
};

/// Which seeds cannot be had, with each reason once until they can be had: a wrong certificate, say, is found at no
/// other place. **Thread-safety**: thread-compatible.
class SeedLog {
 public:
  explicit SeedLog(std::shared_ptr<spdlog::logger> log) : log_{std::move(log)} {}

  void look_at(const std::vector<network::SeedStatus>& seeds);

 private:
  static constexpr std::size_t kReasonsMax = 8;

  std::shared_ptr<spdlog::logger> log_;
  std::map<std::string, std::set<std::string>> told_;
};

/// Who was not let in: each reason once a minute, and no more than some new ones, for anybody can have them come.
/// **Thread-safety**: thread-compatible.
class RefusalLog {
 public:
  explicit RefusalLog(std::shared_ptr<spdlog::logger> log) : log_{std::move(log)} {}

  void add(const std::string& address, const Error& why, TimePoint now);

 private:
  struct Told {
    TimePoint at{};
    std::uint64_t since = 0;
  };
  static constexpr std::size_t kReasonsMax = 64;
  static constexpr std::uint64_t kLinesAMinute = 16;

  std::shared_ptr<spdlog::logger> log_;
  std::map<std::string, Told> told_;
  TimePoint minute_{};
  std::uint64_t lines_ = 0;   ///< In this minute.
  std::uint64_t untold_ = 0;  ///< Of reasons for which there was no line.
};

/// Logs that an agent of this node is started again; those that are not, their end tells of.
void log_failure(spdlog::logger& log, const cluster::Directory& directory, const ChildFailure& failure);

/// Whether enough of a committee's validators are connected that its memory goes on. **Thread-safety**:
/// thread-compatible.
class QuorumLog {
 public:
  QuorumLog(std::shared_ptr<spdlog::logger> log, std::string self) : log_{std::move(log)}, self_{std::move(self)} {}

  void look_at(const validator::CommitteeFile& committee, const std::vector<network::PeerStatus>& peers);

 private:
  std::shared_ptr<spdlog::logger> log_;
  std::string self_;
  bool has_quorum_ = false;
  bool looked_ = false;
};

}  // namespace myelin::tool
