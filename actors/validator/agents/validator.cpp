#include "myelin/validator/validator.hpp"

#include <utility>

#include "agents/lone_validator.hpp"
#include "agents/members.hpp"

namespace myelin::validator {

Result<std::shared_ptr<Directory>> find_validators(network::Node& node, const CommitteeFile& committee) {
  return find_members(node, committee, kValidatorName);
}

class Validator::Impl : public LoneValidator {
 public:
  using LoneValidator::LoneValidator;
};

Result<Validator> Validator::start(Mesh& mesh, network::Node& node, const ValidatorSettings& settings) {
  auto impl = std::make_unique<Impl>(mesh, node, settings);
  if (auto started = impl->start(); !started) return tl::unexpected{started.error()};
  return Validator{std::move(impl)};
}

Validator::Validator(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Validator::Validator(Validator&&) noexcept = default;
Validator::~Validator() = default;
std::size_t Validator::index() const { return impl_->index(); }
CommitteeFile Validator::committee() const { return impl_->committee(); }
ValidatorStatus Validator::status() const { return impl_->status(); }

}  // namespace myelin::validator
