#include "demos/digits/report.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "bench/machine.hpp"
#include "cli/version.hpp"
#include "demos/digits/claims.hpp"
#include "terminal/drawing.hpp"
#include "terminal/table.hpp"
#include "terminal/units.hpp"

namespace myelin::digits {

namespace {

using nlohmann::json;

std::string count(std::uint64_t number) { return tool::format_count(static_cast<long long>(number)); }

double mean_batch(const BatchStatistics::Snapshot& batches) {
  return batches.batches == 0 ? 0 : static_cast<double>(batches.requests) / static_cast<double>(batches.batches);
}

/// The upper bound of the bucket, 1, 2, 4, ...
std::uint64_t bucket_bound(std::size_t bucket) { return std::uint64_t{1} << bucket; }

std::string bucket_name(std::size_t bucket) {
  if (bucket <= 1) return fmt::format("{}", bucket_bound(bucket));
  return fmt::format("{}-{}", bucket_bound(bucket - 1) + 1, bucket_bound(bucket));
}

std::string introduction(const Findings& found) {
  std::string text = fmt::format(
      "Data      {} handwritten digits: {} to train on, {} held out (rows 5, 10, 15, ...), which never train\n",
      count(found.train_images + found.held_out->size()), count(found.train_images), count(found.held_out->size()));
  text += fmt::format("Network   {}, {} parameters, ", fmt::join(found.widths, "-"), count(found.parameters));
  if (found.training) {
    text += fmt::format("trained in {:.2f} s: {} epochs, seed {}\n", found.training->seconds, found.training->epochs,
                        found.settings.seed);
  } else {
    text += fmt::format("from '{}'\n", found.settings.model);
  }
  text += fmt::format(
      "Mesh      {} agents on {} worker{}, {} question{} in flight each; ready {} after the mesh's making\n",
      count(found.settings.agents), found.workers, found.workers == 1 ? "" : "s", found.settings.in_flight,
      found.settings.in_flight == 1 ? "" : "s",
      tool::format_duration_ns(static_cast<double>(found.mesh_start_up.count())));
  text += fmt::format("Memory    {} resident after the work, the whole process\n",
                      tool::format_bytes(static_cast<double>(found.resident_bytes)));
  text += fmt::format("Backend   {}", found.backend);
  text += found.fallbacks.empty() ? "\n" : ", after failures:\n";
  for (const auto& fallback : found.fallbacks) {
    text += fmt::format("          {} -> {}: {}\n", fallback.from, fallback.to, fallback.reason);
  }
  return text;
}

/// The wrong ones first, for they are the interesting ones, then those that the network was least sure of.
std::vector<Verdict> worth_drawing(const Findings& found, std::size_t at_most) {
  std::vector<Verdict> verdicts = found.columns[0].tally.verdicts;
  const auto wrong = [&](const Verdict& verdict) { return verdict.digit != found.held_out->labels[verdict.image]; };
  std::ranges::sort(verdicts, {}, [](const Verdict& verdict) { return verdict.image; });
  std::vector<Verdict> chosen;
  for (const bool is_wrong : {false, true}) {
    const std::size_t limit = is_wrong ? at_most : at_most / 2;
    for (const Verdict& verdict : verdicts) {
      if (chosen.size() >= limit) break;
      if (wrong(verdict) == is_wrong) chosen.push_back(verdict);
    }
  }
  return chosen;
}

/// The images side by side, a line under each: what the mesh thought, and what it is.
std::string pictures(const Findings& found, tool::Style style) {
  constexpr std::size_t kPictures = 6;
  constexpr std::size_t kCell = 20;
  std::vector<std::string> rows;
  const auto append = [&rows](std::size_t row, const std::string& cell) {
    if (row >= rows.size()) rows.resize(row + 1, "  ");
    rows[row] += cell;
  };
  for (const Verdict& verdict : worth_drawing(found, kPictures)) {
    const auto image = tool::draw_image(found.held_out->image(verdict.image), kSide, style);
    std::size_t row = 0;
    for (const std::string& line : image) {
      append(row++, line + std::string(kCell - (style.utf8 ? kSide : 2 * kSide), ' '));
    }
    const int truth = found.held_out->labels[verdict.image];
    append(row++, fmt::format("{:<{}}", fmt::format("{} ({})", verdict.digit, tool::format_percent(verdict.confidence)),
                              kCell));
    append(row,
           fmt::format("{:<{}}", static_cast<int>(verdict.digit) == truth ? "right" : fmt::format("wrong: a {}", truth),
                       kCell));
  }
  std::string text;
  for (std::string& row : rows) {
    row.erase(row.find_last_not_of(' ') + 1);
    text += row + '\n';
  }
  return text;
}

std::string accuracy(const Findings& found) {
  const std::size_t total = found.held_out->size();
  const auto correct = [&found](const Column& column) {
    return count_correct(column.tally.verdicts, found.held_out->labels);
  };
  const std::size_t answered = found.columns[0].tally.verdicts.size();
  return fmt::format("Accuracy  {:.2f} %: {} of {} held-out images, each counted once{} (batching off: {})\n",
                     100.0 * static_cast<double>(correct(found.columns[0])) / static_cast<double>(total),
                     correct(found.columns[0]), total,
                     answered < total ? fmt::format(", {} of them unanswered", total - answered) : std::string{},
                     correct(found.columns[1]));
}

std::string side_by_side(Findings& found) {
  using enum tool::Table::Align;
  Column& on = found.columns[0];
  Column& off = found.columns[1];
  tool::Table table{{{"the same work, the same agents", left}, {on.name}, {off.name}, {"on : off"}}};
  const auto row = [&](const std::string& name, const auto& format, const auto& value, bool with_ratio = true) {
    const auto a = static_cast<double>(value(on));
    const auto b = static_cast<double>(value(off));
    table.add_row({name, format(a), format(b), with_ratio && b > 0 ? fmt::format("{:.2f}", a / b) : ""});
  };
  const auto whole = [](double value) { return tool::format_count(static_cast<long long>(value)); };
  const auto ns = [](double value) { return tool::format_duration_ns(value); };
  const auto percentile = [](double part) {
    return [part](Column& column) {
      return column.tally.latencies.empty() ? 0.0 : column.tally.latencies.percentile(part);
    };
  };
  row(
      "requests", whole, [](Column& column) { return column.tally.requests; }, false);
  row(
      "answered", whole, [](Column& column) { return column.tally.answered(); }, false);
  row(
      "failed", whole, [](Column& column) { return column.tally.failures(); }, false);
  row("requests a second", whole, [](Column& column) { return column.tally.requests_a_second(); });
  row("latency p50", ns, percentile(0.50));
  row("latency p95", ns, percentile(0.95));
  row("latency p99", ns, percentile(0.99));
  row("kernel calls", whole, [](Column& column) { return column.batches.batches; });
  row("time in kernel calls, answers built", ns, [](Column& column) { return column.batches.running.count(); });
  row(
      "requests a call, mean", [](double value) { return fmt::format("{:.1f}", value); },
      [](Column& column) { return mean_batch(column.batches); });
  row("requests a call, most", whole, [](Column& column) { return column.batches.largest; });
  for (std::size_t i = 0; i < kDispatchReasons; ++i) {
    row(
        fmt::format("calls made because: {}", to_string(static_cast<DispatchReason>(i))), whole,
        [i](Column& column) { return column.batches.by_reason[i]; }, false);
  }
  for (std::size_t i = 0; i < BatchStatistics::kSizeBuckets; ++i) {
    if (on.batches.by_size[i] + off.batches.by_size[i] == 0) continue;
    row(
        fmt::format("calls with requests: {}", bucket_name(i)), whole,
        [i](Column& column) { return column.batches.by_size[i]; }, false);
  }
  std::string text = table.to_string();
  for (const Column& column : found.columns) {
    for (const auto& [code, failures] : column.tally.failed) {
      text += fmt::format("{}: {} failed with {}\n", column.name, count(failures), to_string(code));
    }
  }
  return text;
}

std::string recorded(const Recorded& recorded) {
  std::string text = fmt::format(
      "Recorded  {} results as digits/{}/* in the shared memory: {} validator{} put them in one order in {}, and they "
      "were read\n          back as they are in {}\n",
      recorded.keys, recorded.run, recorded.validators, recorded.validators == 1 ? "" : "s agreed and",
      tool::format_duration_ns(static_cast<double>(recorded.put.count())),
      tool::format_duration_ns(static_cast<double>(recorded.read.count())));
  if (recorded.directory.empty()) return text + "          (--memory DIR keeps them)\n";
  return text +
         fmt::format("          myelin memory search 'digits/{}/*' --dir {}\n", recorded.run, recorded.directory);
}

std::string claims_table(Findings& found) {
  using enum tool::Table::Align;
  tool::Table table{
      {{"beside the figures claimed at this project's origin", left}, {"claimed"}, {"measured"}, {"times better"}}};
  for (const Claim& claim : compare_with_claims(found)) {
    const double ratio = claim.ratio();
    table.add_row({claim.what, claim.claimed, claim.measured,
                   ratio >= 1000 ? tool::format_number(ratio)
                                 : fmt::format("{:.{}f}", ratio,
                                               ratio < 10    ? 2
                                               : ratio < 100 ? 1
                                                             : 0)});
  }
  return table.to_string();
}

json column_json(Column& column, const Findings& found) {
  json failed = json::object();
  for (const auto& [code, failures] : column.tally.failed) failed[std::string{to_string(code)}] = failures;
  json reasons;
  for (std::size_t i = 0; i < kDispatchReasons; ++i) {
    reasons[std::string{to_string(static_cast<DispatchReason>(i))}] = column.batches.by_reason[i];
  }
  json sizes = json::object();
  for (std::size_t i = 0; i < BatchStatistics::kSizeBuckets; ++i) {
    if (column.batches.by_size[i] > 0) sizes[bucket_name(i)] = column.batches.by_size[i];
  }
  return {{"name", column.name},
          {"max_batch", column.max_batch},
          {"requests", column.tally.requests},
          {"answered", column.tally.answered()},
          {"failed", column.tally.failures()},
          {"failed_by_cause", failed},
          {"success_rate", column.tally.success_rate()},
          {"correct", count_correct(column.tally.verdicts, found.held_out->labels)},
          {"elapsed_ns", column.tally.elapsed.count()},
          {"requests_a_second", column.tally.requests_a_second()},
          {"latency", tool::to_json(column.tally.latencies)},
          {"kernel",
           {{"calls", column.batches.batches},
            {"requests", column.batches.requests},
            {"expired", column.batches.expired},
            {"refused", column.batches.refused},
            {"offloaded_calls", column.batches.offloaded},
            {"running_ns", column.batches.running.count()},
            {"mean_batch", mean_batch(column.batches)},
            {"largest_batch", column.batches.largest},
            {"calls_by_reason", reasons},
            {"calls_by_size", sizes}}}};
}

}  // namespace

std::string to_text(Findings& found, tool::Style style) {
  return introduction(found) + accuracy(found) + "\nWhat the mesh thought of some:\n\n" + pictures(found, style) +
         '\n' + side_by_side(found) + '\n' + recorded(found.recorded) + '\n' + claims_table(found);
}

nlohmann::json to_json(Findings& found) {
  const std::size_t correct = count_correct(found.columns[0].tally.verdicts, found.held_out->labels);
  json document{{"command", "demo digits"},
                {"version", tool::version_number()},
                {"machine", tool::this_machine()},
                {"quick", found.quick},
                {"complete", true}};
  document["data"] = {{"train_images", found.train_images}, {"held_out_images", found.held_out->size()}};
  document["network"] = {{"widths", found.widths}, {"parameters", found.parameters}};
  if (found.training) {
    document["training"] = {{"seed", found.settings.seed},
                            {"epochs", found.training->epochs},
                            {"loss", found.training->loss},
                            {"accuracy", found.training->accuracy},
                            {"seconds", found.training->seconds}};
  } else {
    document["network"]["file"] = found.settings.model;
  }
  json fallbacks = json::array();
  for (const auto& fallback : found.fallbacks) {
    fallbacks.push_back({{"from", fallback.from}, {"to", fallback.to}, {"reason", fallback.reason}});
  }
  document["backend"] = {{"asked_for", found.settings.backend}, {"name", found.backend}, {"fallbacks", fallbacks}};
  document["mesh"] = {{"agents", found.settings.agents},
                      {"workers", found.workers},
                      {"in_flight", found.settings.in_flight},
                      {"start_up_ns", found.mesh_start_up.count()},
                      {"total_start_up_ns", found.total_start_up.count()},
                      {"agent_start", tool::to_json(found.readiness.starts)},
                      {"process_resident_bytes", found.resident_bytes}};
  document["accuracy"] = {{"correct", correct},
                          {"classified", found.columns[0].tally.verdicts.size()},
                          {"total", found.held_out->size()},
                          {"share", static_cast<double>(correct) / static_cast<double>(found.held_out->size())}};
  document["success_rate"] = found.success_rate();
  for (Column& column : found.columns) document["columns"].push_back(column_json(column, found));
  document["round_trip"] = tool::to_json(found.round_trips);
  document["stream"] = {{"message_bytes", found.stream.message_bytes},
                        {"payload_bytes", found.stream.payload_bytes},
                        {"elapsed_ns", found.stream.elapsed.count()},
                        {"megabytes_a_second", found.stream.megabytes_a_second()}};
  document["product_1000"] = {{"backend", found.product_backend}, {"median_ns", found.product_ns}};
  document["crowd"] = {{"agents", found.crowd.agents},
                       {"elapsed_ns", found.crowd.elapsed.count()},
                       {"bytes_per_agent", found.crowd.bytes_per_agent}};
  document["memory"] = {{"directory", found.recorded.directory},
                        {"validators", found.recorded.validators},
                        {"run", found.recorded.run},
                        {"keys", found.recorded.keys},
                        {"put_ns", found.recorded.put.count()},
                        {"read_ns", found.recorded.read.count()}};
  document["claims"] = compare_with_claims(found);
  return document;
}

}  // namespace myelin::digits
