#include "bench/savina/erlang.hpp"

#include <fmt/format.h>

#include <charconv>
#include <chrono>

#include "process/atomic_file.hpp"
#include "process/child.hpp"

namespace myelin::tool::savina {

namespace {

/// Takes the number at the front of `text` away. False if there is none.
bool take_number(std::string_view& text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

Result<Finish> parse_erlang_answer(const std::string& line) {
  constexpr std::string_view kOk = "ok ";
  std::string_view rest = line;
  std::uint64_t nanoseconds = 0;
  std::uint64_t result = 0;
  if (rest.starts_with(kOk)) {
    rest.remove_prefix(kOk.size());
    if (take_number(rest, nanoseconds) && rest.starts_with(' ')) {
      rest.remove_prefix(1);
      if (take_number(rest, result) && rest.empty()) return Finish{static_cast<double>(nanoseconds), result};
    }
  }
  return fail(Errc::io_error, fmt::format("Erlang answered '{}', not 'ok NANOSECONDS RESULT'", line));
}

Result<std::unique_ptr<Erlang>> Erlang::start(std::size_t workers_max) {
  Result<TemporaryFolder> folder = TemporaryFolder::make("myelin-erlang-");
  if (!folder) return tl::unexpected(folder.error());
  const std::string source = (folder->path() / "savina.erl").string();
  if (const Result<void> written = write_file_atomically(source, kErlangSource); !written) {
    return tl::unexpected(written.error());
  }
  const Result<std::string> compiled = run_program({"erlc", "-o", folder->path().string(), source});
  if (!compiled) return tl::unexpected(compiled.error());
  // Room for all processes of Skynet: the default is 262,144.
  Result<LineChild> machine = LineChild::start({"erl", "+S", fmt::format("{0}:{0}", workers_max), "+P", "2000000",
                                                "-noshell", "-pa", folder->path().string(), "-s", "savina", "main"});
  if (!machine) return tl::unexpected(machine.error());
  return std::make_unique<Erlang>(std::move(*folder), std::move(*machine));
}

Result<Finish> Erlang::run(const std::string& program, const Work& work) {
  constexpr std::chrono::minutes kLimit{5};  // A thousand times what the largest program takes.
  const Result<std::string> line =
      machine_.ask(fmt::format("{} {} {} {}", program, work.agents, work.messages, work.workers), kLimit);
  if (!line) return tl::unexpected(line.error());
  return parse_erlang_answer(*line);
}

}  // namespace myelin::tool::savina
