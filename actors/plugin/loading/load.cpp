#include "myelin/plugin/load.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "loading/library_file.hpp"
#include "loading/stamp.hpp"
#include "loading/trial.hpp"
#include "myelin/plugin/registration.hpp"

namespace myelin::plugin {

namespace {

/// What dlopen() says, with what to do where that is known.
tl::unexpected<Error> not_loaded(const std::string& file) {
  const char* const said = ::dlerror();
  const std::string problem = said == nullptr ? "for no reason that is known" : said;
  std::string hint;
  if (problem.find("undefined symbol") != std::string::npos) {
    hint = problem.find("myelin") == std::string::npos
               ? "; link what has it into the plugin"
               : "; the program must be linked with myelin_plugin_host(), and be of the Myelin that the plugin was "
                 "built with";
  }
  return fail(Errc::invalid_argument, fmt::format("'{}' cannot be loaded: {}{}", file, problem, hint));
}

}  // namespace

Result<LoadedPlugin> load_plugin(const std::filesystem::path& file, AgentTypes& types) {
  const std::string name = file.string();
  const auto section = section_of(file, MYELIN_PLUGIN_SECTION);
  if (!section) return tl::unexpected{section.error()};
  if (section->empty()) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' is a library, but no plugin: no source of it has MYELIN_REGISTER_AGENT", name));
  }
  const auto stamps = stamps_in(*section, name);
  if (!stamps) return tl::unexpected{stamps.error()};
  for (const Stamp& stamp : *stamps) {
    if (const auto fits = check_stamp(stamp, Stamp{}, name); !fits) return tl::unexpected{fits.error()};
  }

  // An absolute path, for a bare name would be looked for in the system's folders. Never closed: agents of its classes
  // run its code for as long as the process lives.
  std::error_code ignored;
  const auto absolute = std::filesystem::absolute(file, ignored);
  if (const auto tried = try_loading(absolute); !tried) return tl::unexpected{tried.error()};
  void* const library = ::dlopen(absolute.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return not_loaded(name);
  using Registrations = const void* (*)();
  const auto registrations = reinterpret_cast<Registrations>(::dlsym(library, "myelin_plugin_registrations"));
  if (registrations == nullptr) return not_loaded(name);
  const auto* const first = static_cast<const detail::Registration*>(registrations());
  if (first == nullptr) {
    return fail(Errc::invalid_argument,
                fmt::format("'{}' registers no agents: write MYELIN_REGISTER_AGENT(\"name\", Class) in it", name));
  }
  auto added = detail::add_registered(first, name, types);
  if (!added) return tl::unexpected{added.error()};
  return LoadedPlugin{name, *std::move(added)};
}

Result<std::vector<std::string>> detail::add_registered(const Registration* first, const std::string& origin,
                                                        AgentTypes& types) {
  std::vector<AgentType> made;
  for (const Registration* each = first; each != nullptr; each = each->next) {
    const std::string name = each->name == nullptr ? "" : each->name;
    try {
      made.push_back(each->make(name));
    } catch (const std::exception& error) {  // two handlers for one message
      return fail(Errc::invalid_argument, fmt::format("agents of type '{}'{} cannot be used: {}", name,
                                                      origin.empty() ? "" : " of '" + origin + "'", error.what()));
    }
    made.back().origin = origin;
  }
  std::ranges::reverse(made);  // the list begins with the last
  std::vector<std::string> names;
  for (const AgentType& type : made) names.push_back(type.name);
  if (const auto done = types.add_all(std::move(made)); !done) return tl::unexpected{done.error()};
  return names;
}

}  // namespace myelin::plugin
