/// What a run of the digits demo can be told, by flags or by a TOML file with keys of the same names.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "myelin/base/result.hpp"

namespace myelin::digits {

struct Settings {
  std::string data;        ///< Empty: where data_file() looks.
  std::string model;       ///< Empty: train.
  std::string save_model;  ///< Empty: do not.
  std::string memory;      ///< A shared memory's directory. Empty: one of this process, without files.
  std::string backend = "auto";
  std::uint64_t epochs = 30;
  std::uint64_t seed = 1;
  std::uint64_t agents = 1000;
  std::uint64_t requests = 200'000;
  std::uint64_t in_flight = 1;
  std::uint64_t max_batch = 64;
  std::uint64_t workers = 0;  ///< 0: one a processor.
};

/// One of them.
struct Setting {
  using Text = std::string Settings::*;
  using Number = std::uint64_t Settings::*;

  std::string_view section;  ///< Of the TOML file: "demo.digits" or "mesh".
  std::string_view name;     ///< The TOML key, and after "--" the flag.
  std::variant<Text, Number> member;
  std::uint64_t min = 0;  ///< Numbers only.
  std::uint64_t max = 0;
  std::string_view value_name;  ///< "FILE"
  std::string_view help;
};

/// All of them, in the order of the help.
[[nodiscard]] std::span<const Setting> all_settings();

/// `settings` with what the file says. **Errors**: not_found, io_error; invalid_argument for bad TOML (with its line),
/// an unknown section or key (with the nearest known one), a value of the wrong type or out of range.
[[nodiscard]] Result<Settings> read_settings(const std::filesystem::path& file, Settings settings);

/// Whether a backend is known by this name. **Errors**: invalid_argument, naming the choices.
[[nodiscard]] Result<void> check_backend_name(std::string_view name);

}  // namespace myelin::digits
