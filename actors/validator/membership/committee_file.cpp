#include "myelin/validator/committee_file.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>

#include "myelin/consensus/limits.hpp"
#include "myelin/validator/key_file.hpp"
#include "storage/small_file.hpp"

namespace myelin::validator {

namespace {

constexpr std::size_t kNameBytesMax = 64;
constexpr std::size_t kAddressBytesMax = 255;
constexpr auto kKeysAtTop = std::to_array<std::string_view>({"epoch", "validator"});
constexpr auto kKeysOfMember = std::to_array<std::string_view>({"public_key", "name", "address"});

bool is_name(std::string_view text) noexcept {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  return text.size() <= kNameBytesMax && text.find_first_not_of(kLetters) == std::string_view::npos;
}

bool is_address(std::string_view text) noexcept {
  return text.size() <= kAddressBytesMax && std::ranges::all_of(text, [](char letter) {
           return letter > ' ' && letter <= '~' && letter != '"' && letter != '\\';
         });
}

/// Letters to be changed, added or left out, to make one word of the other.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

std::string hint_for(std::string_view unknown, std::span<const std::string_view> known) {
  constexpr std::size_t kNear = 3;
  if (unknown.size() <= 2 * kNear + 10) {
    for (const std::string_view key : known) {
      if (distance(unknown, key) <= kNear) return fmt::format("did you mean '{}'?", key);
    }
  }
  return fmt::format("known: {}", fmt::join(known, ", "));
}

class Parser {
 public:
  explicit Parser(std::string_view source) : source_{source} {}

  Result<CommitteeFile> parse(const toml::table& table) {
    if (auto known = check_keys(table, kKeysAtTop); !known) return tl::unexpected{known.error()};
    const toml::node* epoch = table.get("epoch");
    const auto number = epoch ? epoch->value_exact<std::int64_t>() : std::nullopt;
    if (!number || *number < 0) return error(epoch, "'epoch' must be a whole number, from 0");
    file_.epoch = static_cast<consensus::Epoch>(*number);
    const toml::node* validators = table.get("validator");
    const toml::array* list = validators ? validators->as_array() : nullptr;
    if (!list || list->empty())
      return error(validators, "it names no validators: write a table [[validator]] for each");
    if (list->size() > consensus::limits::kValidatorsMax) {
      return error(validators, fmt::format("it names {} validators; {} are the most", list->size(),
                                           consensus::limits::kValidatorsMax));
    }
    for (const toml::node& node : *list) {
      if (!node.is_table()) return error(&node, "'validator' must be tables: write [[validator]] above each");
      if (auto added = add(*node.as_table()); !added) return tl::unexpected{added.error()};
    }
    return std::move(file_);
  }

  [[nodiscard]] tl::unexpected<Error> error(std::size_t line, std::string_view what) const {
    return fail(Errc::invalid_argument, line == 0 ? fmt::format("'{}': {}", source_, what)
                                                  : fmt::format("'{}', line {}: {}", source_, line, what));
  }

 private:
  [[nodiscard]] tl::unexpected<Error> error(const toml::node* node, std::string_view what) const {
    return error(node ? node->source().begin.line : 0, what);
  }

  [[nodiscard]] Result<void> check_keys(const toml::table& table, std::span<const std::string_view> known) const {
    for (const auto& [key, node] : table) {
      if (std::ranges::find(known, key.str()) != known.end()) continue;
      return error(key.source().begin.line, fmt::format("unknown key '{}'; {}", key.str(), hint_for(key.str(), known)));
    }
    return {};
  }

  /// The text of that name, empty where there is none.
  [[nodiscard]] Result<std::string> text_of(const toml::table& table, std::string_view name) const {
    const toml::node* node = table.get(name);
    if (!node) return std::string{};
    auto text = node->value_exact<std::string>();
    if (!text) return error(node, fmt::format("'{}' must be a text in quotes", name));
    return std::move(*text);
  }

  Result<void> add(const toml::table& table) {
    if (auto known = check_keys(table, kKeysOfMember); !known) return known;
    Member member;
    for (const auto& [name, text] : {std::pair{"name", &member.name}, std::pair{"address", &member.address}}) {
      auto found = text_of(table, name);
      if (!found) return tl::unexpected{found.error()};
      *text = std::move(*found);
    }
    if (!is_name(member.name)) {
      return error(table.get("name"),
                   fmt::format("a name is up to {} letters, digits, '.', '-' or '_'", kNameBytesMax));
    }
    if (!is_address(member.address)) {
      return error(table.get("address"), fmt::format("an address is up to {} visible characters, without quotes and "
                                                     "backslashes",
                                                     kAddressBytesMax));
    }
    const auto text = text_of(table, "public_key");
    if (!text) return tl::unexpected{text.error()};
    if (!table.get("public_key")) return error(&table, "this validator has no 'public_key'");
    const auto key = parse_public_key(*text);
    if (!key) return error(table.get("public_key"), key.error().message);
    member.public_key = *key;
    for (std::size_t i = 0; i < file_.members.size(); ++i) {
      const Member& other = file_.members[i];
      const auto twice = [&](std::string_view what) {
        return error(table.get(what), fmt::format("this validator has the {} of the one at line {}", what, lines_[i]));
      };
      if (other.public_key == member.public_key) return twice("public_key");
      if (!member.name.empty() && other.name == member.name) return twice("name");
    }
    file_.members.push_back(std::move(member));
    lines_.push_back(table.source().begin.line);
    return {};
  }

  std::string_view source_;
  CommitteeFile file_;
  std::vector<std::size_t> lines_;  // of the members
};

}  // namespace

Result<CommitteeFile> parse_committee(std::string_view text, std::string_view source) {
  Parser parser{source};
  if (text.size() > kCommitteeFileBytesMax) {
    return parser.error(std::size_t{0}, fmt::format("it has more than {} bytes", kCommitteeFileBytesMax));
  }
  try {
    return parser.parse(toml::parse(text));
  } catch (const toml::parse_error& error) {
    return parser.error(std::size_t{error.source().begin.line}, error.description());
  }
}

Result<std::string> format_committee(const CommitteeFile& committee) {
  if (committee.epoch > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    return fail(Errc::invalid_argument, fmt::format("epoch {} is beyond what TOML can say", committee.epoch));
  }
  std::string text = fmt::format(
      "# The validators of a Myelin group, in their order. All of them have the same file.\n"
      "epoch = {}\n",
      committee.epoch);
  for (const Member& member : committee.members) {
    text += fmt::format("\n[[validator]]\npublic_key = \"{}\"\n", to_hex(member.public_key));
    // Whatever is wrong with them, parse_committee() says below. A quote or line break could pass for more of the file.
    if (!is_name(member.name) || !is_address(member.address)) {
      return fail(Errc::invalid_argument,
                  fmt::format("the name or address of the validator {} has letters that it must "
                              "not have, or too many",
                              to_hex(member.public_key)));
    }
    if (!member.name.empty()) text += fmt::format("name = \"{}\"\n", member.name);
    if (!member.address.empty()) text += fmt::format("address = \"{}\"\n", member.address);
  }
  if (const auto parsed = parse_committee(text, "committee"); !parsed) return tl::unexpected{parsed.error()};
  return text;
}

Result<CommitteeFile> load_committee_file(const std::filesystem::path& path) {
  auto text = read_file(path, kCommitteeFileBytesMax + 1);
  if (!text) return tl::unexpected{text.error()};
  return parse_committee(*text, path.string());
}

Result<void> save_committee_file(const std::filesystem::path& path, const CommitteeFile& committee) {
  const auto text = format_committee(committee);
  if (!text) return tl::unexpected{text.error()};
  return replace_file(path, *text);
}

Result<consensus::Committee> committee_of(const CommitteeFile& file, const consensus::Committee::Start& start) {
  std::vector<consensus::PublicKey> keys;
  for (const Member& member : file.members) keys.push_back(member.public_key);
  return consensus::Committee::create(file.epoch, std::move(keys), start);
}

}  // namespace myelin::validator
