#include "myelin/validator/group.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <chrono>
#include <utility>

#include "agents/executor.hpp"
#include "agents/gate.hpp"
#include "agents/orderer.hpp"
#include "agents/parts.hpp"
#include "myelin/consensus/limits.hpp"

namespace myelin::validator {

namespace {

class SteadyClock final : public consensus::CostClock {
 public:
  TimePoint now() override { return std::chrono::steady_clock::now(); }
};

consensus::WallTime system_time() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

std::unique_ptr<consensus::KeyPair> new_key() {
  std::array<std::uint8_t, 32> seed;
  randombytes_buf(seed.data(), seed.size());
  auto key = std::make_unique<consensus::KeyPair>(seed);
  sodium_memzero(seed.data(), seed.size());
  return key;
}

/// What the agents of all validators use, and keep until the last of them has ended.
struct Environment {
  SteadyClock clock;
  consensus::Ed25519Checker checker;
  std::vector<std::unique_ptr<consensus::KeyPair>> keys;
};

}  // namespace

class ValidatorGroup::Impl {
 public:
  Impl(Mesh& mesh, const GroupOptions& options)
      : mesh_{mesh}, options_{options}, directory_{std::make_shared<Directory>(options.validators)} {
    if (!options_.wall_clock) options_.wall_clock = system_time;
  }

  ~Impl() {
    for (const auto& parts : parts_) {
      for (const AgentRef& agent : {parts->gate, parts->orderer, parts->executor}) mesh_.stop_agent(agent);
    }
  }

  Result<void> start() {
    std::vector<consensus::PublicKey> public_keys;
    for (std::size_t i = 0; i < options_.validators; ++i) {
      environment_->keys.push_back(new_key());
      public_keys.push_back(environment_->keys.back()->public_key());
    }
    auto committee = consensus::Committee::create(0, std::move(public_keys), {});
    if (!committee) return tl::unexpected{committee.error()};
    for (std::size_t i = 0; i < options_.validators; ++i) {
      parts_.push_back(start_validator(static_cast<consensus::ValidatorIndex>(i), *committee));
    }
    for (const auto& parts : parts_) mesh_.tell(parts->orderer, [](schema::Begin::Builder) {});
    return {};
  }

  [[nodiscard]] const std::shared_ptr<Directory>& directory() const noexcept { return directory_; }
  [[nodiscard]] ValidatorStatus status(std::size_t validator) const { return parts_[validator]->status(); }

 private:
  std::shared_ptr<Parts> start_validator(consensus::ValidatorIndex self, const consensus::Committee& committee) {
    auto parts = std::make_shared<Parts>();
    parts->directory = directory_;
    parts->keep_alive = environment_;
    consensus::ExecutionOptions execution{.executor = options_.executor, .clock = &environment_->clock};
    randombytes_buf(&execution.hash_seed, sizeof execution.hash_seed);
    const OrdererOptions orderer{self, environment_->keys[self].get(), options_.core, options_.wall_clock};
    parts->executor = mesh_.spawn<Executor>(parts, execution);
    parts->gate = mesh_.spawn<Gate>(parts, committee, environment_->checker);
    parts->orderer = mesh_.spawn<Orderer>(parts, committee, orderer);
    directory_->set(self, parts->gate);
    return parts;
  }

  Mesh& mesh_;
  GroupOptions options_;
  std::shared_ptr<Directory> directory_;
  std::shared_ptr<Environment> environment_ = std::make_shared<Environment>();
  std::vector<std::shared_ptr<Parts>> parts_;
};

Result<ValidatorGroup> ValidatorGroup::start(Mesh& mesh, const GroupOptions& options) {
  if (options.validators < 1 || options.validators > consensus::limits::kValidatorsMax) {
    return fail(Errc::invalid_argument, fmt::format("a group of {} validators; it takes 1 to {}", options.validators,
                                                    consensus::limits::kValidatorsMax));
  }
  auto impl = std::make_unique<Impl>(mesh, options);
  if (auto started = impl->start(); !started) return tl::unexpected{started.error()};
  return ValidatorGroup{std::move(impl)};
}

ValidatorGroup::ValidatorGroup(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
ValidatorGroup::~ValidatorGroup() = default;
ValidatorGroup::ValidatorGroup(ValidatorGroup&&) noexcept = default;
ValidatorGroup& ValidatorGroup::operator=(ValidatorGroup&&) noexcept = default;

std::size_t ValidatorGroup::size() const noexcept { return impl_->directory()->size(); }
const std::shared_ptr<Directory>& ValidatorGroup::directory() const noexcept { return impl_->directory(); }
ValidatorStatus ValidatorGroup::status(std::size_t validator) const { return impl_->status(validator); }

}  // namespace myelin::validator
