/// What a new agent is told by whoever has it started by the name of its type: a configuration file, or an operator.
#pragma once

#include <any>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "myelin/base/result.hpp"
#include "myelin/serialization/batch.hpp"
#include "myelin/serialization/json.hpp"

namespace myelin::plugin {

/// A JSON object, and how to read it as a Cap'n Proto struct, whose fields have types and defaults:
///
///     struct GreeterSettings { greeting @0 :Text = "Hello"; }
///
///     explicit Greeter(const AgentSettings& settings)
///         : settings_{settings.require<GreeterSettings>()} {}
///
/// Besides, whoever starts the agent lends it what it needs, by name. A node lends "directory", with which it finds
/// agents of all nodes, and "memory", the session of the shared memory that [memory] in its configuration names:
///
///     directory_{settings.lent<cluster::Directory>("directory")}, memory_{settings.lent<AgentRef>("memory")}
///
/// **Thread-safety**: thread-compatible.
class AgentSettings {
 public:
  /// Nothing was given: everything has its default.
  AgentSettings() = default;
  /// **Errors**: invalid_argument for what is no JSON object; frame_too_large beyond the bounds of JsonCaps.
  [[nodiscard]] static Result<AgentSettings> parse(std::string_view json);

  /// The object, as it was given.
  [[nodiscard]] const std::string& json() const noexcept { return json_; }
  /// Whether there is nothing in it; lent agents do not count.
  [[nodiscard]] bool empty() const noexcept { return empty_; }

  /// Read as T. **Errors**: those of frame_from_json(), which name the field at fault.
  template <class T>
  [[nodiscard]] Result<Held<T>> as() const {
    auto frame = frame_from_json(capnp::Schema::from<T>(), json_);
    if (!frame) return tl::unexpected{frame.error()};
    return Held<T>{*std::move(frame)};
  }
  /// The same for constructors: throws std::invalid_argument, which whoever has the agent started gets as an Error.
  template <class T>
  [[nodiscard]] Held<T> require() const {
    auto read = as<T>();
    if (!read) throw std::invalid_argument{read.error().message};
    return *std::move(read);
  }

  /// Lends the new agent a handle, to be copied.
  void lend(std::string name, std::any thing) { lent_.insert_or_assign(std::move(name), std::move(thing)); }
  /// What was lent by this name, for constructors: throws std::invalid_argument where there is none, or it is no T.
  template <class T>
  [[nodiscard]] T lent(std::string_view name) const {
    const std::any* const found = find_lent(name);
    if (const T* const thing = std::any_cast<T>(found)) return *thing;
    throw std::invalid_argument{not_lent(name, found != nullptr)};
  }

 private:
  [[nodiscard]] const std::any* find_lent(std::string_view name) const;
  [[nodiscard]] static std::string not_lent(std::string_view name, bool is_other);

  std::map<std::string, std::any, std::less<>> lent_;
  std::string json_ = "{}";
  bool empty_ = true;
};

}  // namespace myelin::plugin
