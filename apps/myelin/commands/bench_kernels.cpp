#include "commands/bench_kernels.hpp"

#include <fmt/format.h>

#include <CLI/App.hpp>
#include <CLI/Validators.hpp>
#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/kernels/family.hpp"
#include "bench/kernels/figures_table.hpp"
#include "bench/kernels/roofline.hpp"
#include "myelin/kernels/target.hpp"
#include "process/atomic_file.hpp"

namespace myelin::tool {

namespace {

using kernel_bench::FamilyReport;
using kernel_bench::Limits;
using kernel_bench::Measured;

// What holds the libraries beside our kernels to the instructions of a SIMD target.
struct Held {
  const char* target;
  const char* onednn;
  const char* openblas;
};

// Neither can be held to less.
constexpr Held kHeld[] = {{"AVX2", "AVX2", "Haswell"}, {"SSE4", "SSE41", "Nehalem"}};

const Held* held_for(std::string_view target) {
  const auto* held = std::ranges::find(kHeld, target, &Held::target);
  return held == std::end(kHeld) ? nullptr : held;
}

nlohmann::json to_document(const Measured& measured) {
  nlohmann::json document = measured.comparison;
  document["family"] = measured.family;
  document["operations"] = measured.operations;
  document["bytes"] = measured.bytes;
  document["threads"] = measured.threads;
  document["ours"] = measured.ours;
  return document;
}

}  // namespace

void BenchKernels::declare(CLI::App& app) {
  options_.declare(app);
  std::vector<std::string> names;
  std::string list;
  for (const kernel_bench::Family& family : kernel_bench::families()) {
    names.emplace_back(family.name);
    list += fmt::format("  {:<12} {}\n", family.name, family.summary);
  }
  app.add_option("--family", families_, "Only these kernels (see below); may be given more than once")
      ->check(CLI::IsMember(names).description(""))
      ->type_name("NAME");
  app.add_option("--svg", svg_, "Writes a picture to this file: our figures under the machine's limits")
      ->check(names_a_file())
      ->type_name("FILE");
  app.add_option("--target", target_, "As on a CPU that has nothing better, AVX2 for example (see below)")
      ->transform(CLI::IsMember(kernels::supported_simd_targets(), CLI::ignore_case).description(""))
      ->type_name("NAME");
  app.final_callback([this] {
    if (!svg_.empty() && !options_.save.empty() && are_same_file(svg_, options_.save)) {
      throw CLI::ValidationError{"--svg", fmt::format("'{}' is the file of --save too", svg_)};
    }
  });
  app.footer(
      "Families:\n" + list +
      "\n"
      "Examples:\n"
      "  myelin bench kernels                         # all of them, some minutes\n"
      "  myelin bench kernels --quick                 # do they work here?\n"
      "  myelin bench kernels --family gemm --svg roofline.svg\n"
      "  myelin bench kernels --family convolution --target AVX2\n\n"
      "A product is named m x n x k: rows x outputs x inputs. G/s: thousand million numbers a second. 'of peak' is\n"
      "of f32 multiply-adds in registers, on as many threads; 'to the first' is how many times the first side.\n"
      "--target holds OpenBLAS and oneDNN to the same instructions, or leaves them out where they cannot be held\n"
      "(SCALAR); libm and libsodium stay as they are.\n"
      "Bars are promises of AVX2 and better; one that is missed does not change the exit status.\n\n"
      "Figures of one thread count its own processor time, so other programs weigh little. Libraries that the\n"
      "machine lacks are left out: libopenblas0 is for matrix products, libdnnl2 for layers.");
}

Result<void> BenchKernels::run(Session& session) {
  if (auto can = options_.check(); !can) return can;
  if (!svg_.empty()) {
    if (auto can = check_can_write("--svg", svg_); !can) return can;
  }
  const bool holds = !target_.empty() && target_ != kernels::simd_target();
  if (holds) {
    if (auto held = kernels::hold_to_simd_target(target_); !held) return held;
  }
  const Held* const held = holds ? held_for(target_) : nullptr;
  const bool leaves_out = holds && held == nullptr;
  // Read when the library is loaded.
  if (held != nullptr) ::setenv("ONEDNN_MAX_CPU_ISA", held->onednn, 1);
  const Machine machine = introduce(session, path());
  const std::string coretype{held == nullptr ? session.environment.get("OPENBLAS_CORETYPE").value_or("") : ""};
  std::vector<OpenBlas> openblas;
  std::optional<OneDnn> onednn;
  if (leaves_out) {
    session.warn(fmt::format("OpenBLAS and oneDNN cannot be held to {}: they are left out", target_));
  } else {
    Result<std::vector<OpenBlas>> cores = OpenBlas::load(held != nullptr ? held->openblas : "");
    if (!cores) session.warn(cores.error().message);
    if (cores) openblas = std::move(*cores);
    Result<OneDnn> layers = OneDnn::load();
    if (!layers) session.warn(layers.error().message);
    if (layers) onednn = std::move(*layers);
  }

  std::unique_ptr<kernels::Workers> two;
  if (machine.cores > 1) {
    // At the caller's own priority: it is the kernels that are measured here.
    Result<std::unique_ptr<kernels::Workers>> made = kernels::Workers::make({.threads = 2, .niceness = 0});
    if (!made) return tl::unexpected<Error>{made.error()};
    two = std::move(*made);
  }
  std::vector<Limits> limits{kernel_bench::measure_limits(nullptr)};
  if (two != nullptr) limits.push_back(kernel_bench::measure_limits(two.get()));

  Progress progress{session.terminal, session.quiet};
  const kernel_bench::Stage stage{options_.quick, options_.rounds(), std::move(openblas), std::move(onednn),
                                  two.get(),      progress,          session.stop};
  std::vector<Measured> cases;
  std::vector<Bar> bars;
  for (const kernel_bench::Family& family : kernel_bench::families()) {
    if (session.stop.stop_requested()) break;
    if (!families_.empty() && std::ranges::find(families_, family.name) == families_.end()) continue;
    Result<FamilyReport> report = family.measure(stage);
    if (!report) return tl::unexpected<Error>{report.error()};
    for (Measured& measured : report->cases) {
      measured.family = family.name;
      cases.push_back(std::move(measured));
    }
    std::ranges::move(report->bars, std::back_inserter(bars));
  }
  progress.clear();

  nlohmann::json document = envelope(path(), machine, options_, !session.stop.stop_requested());
  document["options"]["family"] = families_;
  document["options"]["target"] = target_.empty() ? nlohmann::json() : nlohmann::json(target_);
  document["limits"] = limits;
  document["openblas"] = nlohmann::json::array();
  for (const OpenBlas& one : stage.openblas) document["openblas"].push_back(one.name());
  document["onednn"] = stage.onednn ? nlohmann::json(stage.onednn->name()) : nlohmann::json();
  for (const Measured& measured : cases) document["results"].push_back(to_document(measured));
  document["bars"] = bars;
  if (!svg_.empty()) {
    const std::string picture = kernel_bench::draw_roofline(cases, limits, to_string(machine));
    if (auto written = write_file_atomically(svg_, picture); !written) return written;
    if (std::ranges::none_of(cases, &kernel_bench::has_place_under_roofs)) {
      session.warn(
          "--svg: the picture has no points, for nothing measured here counts operations; gemm, bf16, int8, "
          "convolution and attention do");
    }
  }
  std::string text;
  for (const Limits& limit : limits) text += to_string(limit) + '\n';
  if (!coretype.empty() && !stage.openblas.empty()) {
    text += fmt::format("OpenBLAS takes its {} kernels first, for OPENBLAS_CORETYPE={} is set\n",
                        stage.openblas.front().core(), coretype);
  }
  return publish(session, options_, document,
                 text + '\n' + kernel_bench::figures_table(cases, limits) + '\n' + bar_table(bars));
}

}  // namespace myelin::tool
