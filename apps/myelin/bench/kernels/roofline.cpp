#include "bench/kernels/roofline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "myelin/kernels/roofline.hpp"

namespace myelin::tool::kernel_bench {

namespace {

constexpr std::size_t kMemoryFloats = std::size_t{32} << 20;  // 128 MiB: more than any L3 of a few cores
constexpr std::size_t kL2Floats = std::size_t{32} << 10;      // 128 KiB: more than L1, less than any L2
constexpr int kTries = 5;

/// The best of some tries: a limit is not a median.
double best_rate(double amount, const std::function<void()>& work, std::size_t threads) {
  const Variant variant = threads == 1 ? timed("limit", amount, work) : timed_on_threads("limit", amount, work);
  double best = 0;
  for (int i = 0; i < kTries; ++i) best = std::max(best, variant.measure());
  return best;
}

// The picture's plot area, in pixels, and what it spans.
constexpr double kLeft = 70;
constexpr double kTop = 50;
constexpr double kWidth = 820;
constexpr double kHeight = 480;
constexpr double kIntensityMin = 0.0625;
constexpr double kIntensityMax = 1024;
constexpr double kLegend = 210;  ///< What stands right of the plot.
constexpr std::array kColours{"#1b6ca8", "#d1495b", "#2e8b57", "#8e5ea2", "#e08e0b",
                              "#3c3c3c", "#00838f", "#ad1457", "#6d4c41", "#9e9d24"};

struct Scale {
  double gflops_min;
  double gflops_max;

  [[nodiscard]] double x(double intensity) const {
    const double clamped = std::clamp(intensity, kIntensityMin, kIntensityMax);
    return kLeft + kWidth * std::log2(clamped / kIntensityMin) / std::log2(kIntensityMax / kIntensityMin);
  }
  [[nodiscard]] double y(double gflops) const {
    const double clamped = std::clamp(gflops, gflops_min, gflops_max);
    return kTop + kHeight * (1.0 - std::log2(clamped / gflops_min) / std::log2(gflops_max / gflops_min));
  }
};

std::string escaped(const std::string& text) {
  std::string result;
  for (const char c : text) {
    switch (c) {
      case '&': result += "&amp;"; break;
      case '<': result += "&lt;"; break;
      case '>': result += "&gt;"; break;
      default: result += c;
    }
  }
  return result;
}

std::string grid(const Scale& scale) {
  std::string svg;
  for (double at = kIntensityMin; at <= kIntensityMax; at *= 4) {
    svg += fmt::format("<line x1='{0:.1f}' y1='{1}' x2='{0:.1f}' y2='{2}' stroke='#e4e4e4'/>\n", scale.x(at), kTop,
                       kTop + kHeight);
    svg +=
        fmt::format("<text x='{:.1f}' y='{}' text-anchor='middle'>{}</text>\n", scale.x(at), kTop + kHeight + 18, at);
  }
  for (double at = scale.gflops_min; at <= scale.gflops_max; at *= 2) {
    svg += fmt::format("<line x1='{0}' y1='{1:.1f}' x2='{2}' y2='{1:.1f}' stroke='#e4e4e4'/>\n", kLeft, scale.y(at),
                       kLeft + kWidth);
    svg += fmt::format("<text x='{}' y='{:.1f}' text-anchor='end'>{}</text>\n", kLeft - 6, scale.y(at) + 4, at);
  }
  svg += fmt::format("<text x='{}' y='{}' text-anchor='middle'>operations a byte of operands</text>\n",
                     kLeft + kWidth / 2, kTop + kHeight + 40);
  svg += fmt::format("<text transform='translate(20 {}) rotate(-90)' text-anchor='middle'>GFLOP/s</text>\n",
                     kTop + kHeight / 2);
  return svg;
}

/// One dash a roof, so that the legend can tell them apart.
const char* dashes_of(const Limits& limits, bool l2) {
  if (l2) return limits.threads == 1 ? "2 3" : "9 3 2 3";
  return limits.threads == 1 ? "none" : "9 4";
}

/// Our side of a case that has a place in the picture; null of others.
const Series* drawn(const Measured& measured) {
  if (measured.comparison.unit != "GFLOP/s" || measured.bytes == 0 || measured.operations == 0) return nullptr;
  const auto& series = measured.comparison.series;
  const auto ours = std::ranges::find(series, measured.ours, &Series::name);
  return ours == series.end() || ours->values.empty() ? nullptr : &*ours;
}

/// From seven doublings below the highest roof to it, or as far as the points lie.
Scale scale_for(const std::vector<Measured>& cases, const std::vector<Limits>& limits) {
  double top = 1;
  for (const Limits& limit : limits) top = std::max(top, limit.gflops);
  double bottom = std::exp2(std::floor(std::log2(top)) - 7);
  for (const Measured& measured : cases) {
    const Series* const ours = drawn(measured);
    if (ours == nullptr || ours->summary.median <= 0) continue;
    top = std::max(top, ours->summary.median);
    bottom = std::min(bottom, ours->summary.median);
  }
  return {std::exp2(std::floor(std::log2(bottom))), std::exp2(std::ceil(std::log2(top * 1.05)))};
}

/// Lines that say what is what, from `y` downwards.
class Legend {
 public:
  void add_line(const std::string& text, const char* dashes) {
    add(fmt::format("<line x1='{}' y1='{}' x2='{}' y2='{}' stroke='#555' stroke-width='1.5' stroke-dasharray='{}'/>",
                    kLeft + kWidth + 8, y_, kLeft + kWidth + 32, y_, dashes),
        text);
  }
  void add_point(const std::string& text, const char* fill, const char* stroke) {
    add(fmt::format("<circle cx='{}' cy='{}' r='4' fill='{}' stroke='{}'/>", kLeft + kWidth + 20, y_, fill, stroke),
        text);
  }
  void skip() { y_ += kLine / 2; }
  [[nodiscard]] const std::string& svg() const { return svg_; }

 private:
  static constexpr double kLine = 20;

  void add(const std::string& mark, const std::string& text) {
    svg_ += fmt::format("{}<text x='{}' y='{}'>{}</text>\n", mark, kLeft + kWidth + 40, y_ + 4, escaped(text));
    y_ += kLine;
  }

  std::string svg_;
  double y_ = kTop + kLine;
};

Legend legend_of(const std::vector<std::string>& families, const std::vector<Limits>& limits, bool on_threads) {
  Legend legend;
  for (std::size_t i = 0; i < families.size(); ++i) {
    const char* const colour = kColours[i % kColours.size()];
    legend.add_point(families[i], colour, colour);
  }
  legend.skip();
  if (!families.empty()) legend.add_point("filled: one thread", "#555", "#555");
  if (on_threads) legend.add_point("hollow: two threads", "none", "#555");
  legend.skip();
  for (const Limits& limit : limits) {
    const std::string threads = limit.threads == 1 ? "1 thread" : fmt::format("{} threads", limit.threads);
    legend.add_line("f32, memory, " + threads, dashes_of(limit, false));
    legend.add_line("f32, L2, " + threads, dashes_of(limit, true));
  }
  return legend;
}

// The slanted part is the bandwidth's, the level one the arithmetic's.
std::string roof(const Scale& scale, const Limits& limits, double gbs, const std::string& label, const char* dashes) {
  const double corner = limits.gflops / gbs;
  const double start = std::max(kIntensityMin, scale.gflops_min / gbs);
  return fmt::format(
      "<polyline fill='none' stroke='#555' stroke-width='1.5' stroke-dasharray='{}' points='{:.1f},{:.1f} "
      "{:.1f},{:.1f} {:.1f},{:.1f}'><title>{}</title></polyline>\n",
      dashes, scale.x(start), scale.y(start * gbs), scale.x(corner), scale.y(limits.gflops), scale.x(kIntensityMax),
      scale.y(limits.gflops), escaped(label));
}

}  // namespace

Limits measure_limits(kernels::Workers* workers) {
  const std::size_t threads = workers == nullptr ? 1 : workers->threads();
  const auto everywhere = [&](const std::function<void(std::size_t)>& work) {
    if (workers == nullptr) return work(0);
    workers->run(threads, [&](std::size_t piece, std::size_t) { work(piece); });
  };
  constexpr std::size_t kRounds = 4096;
  constexpr std::size_t kL2Passes = 64;
  const std::vector<float> large(kMemoryFloats, 1.0F);
  const std::size_t share = kMemoryFloats / threads;
  // Somebody must use the sums, or the reading could be left out.
  std::vector<float> sums(threads);
  const double operations = kernels::multiply_in_registers(1) * kRounds * static_cast<double>(threads);
  Limits limits{.threads = threads};
  limits.gflops = best_rate(
      operations, [&] { everywhere([](std::size_t) { (void)kernels::multiply_in_registers(kRounds); }); }, threads);
  limits.memory_gbs = best_rate(
      static_cast<double>(share * threads) * sizeof(float),
      [&] { everywhere([&](std::size_t i) {
              sums[i] += kernels::read_through({large.data() + i * share, share});
            }); },
      threads);
  limits.l2_gbs = best_rate(
      static_cast<double>(kL2Floats * kL2Passes * threads) * sizeof(float),
      [&] {
        everywhere([&](std::size_t i) {
          for (std::size_t pass = 0; pass < kL2Passes; ++pass) {
            sums[i] += kernels::read_through({large.data() + i * share, kL2Floats});
          }
        });
      },
      threads);
  return limits;
}

std::string to_string(const Limits& limits) {
  return fmt::format("peak {:.1f} GFLOP/s, memory {:.1f} GB/s, L2 {:.1f} GB/s on {} {}", limits.gflops,
                     limits.memory_gbs, limits.l2_gbs, limits.threads, limits.threads == 1 ? "thread" : "threads");
}

void to_json(nlohmann::json& json, const Limits& limits) {
  json = {{"threads", limits.threads},
          {"gflops", limits.gflops},
          {"memory_gbs", limits.memory_gbs},
          {"l2_gbs", limits.l2_gbs}};
}

bool has_place_under_roofs(const Measured& measured) { return drawn(measured) != nullptr; }

std::string draw_roofline(const std::vector<Measured>& cases, const std::vector<Limits>& limits,
                          const std::string& machine) {
  const Scale scale = scale_for(cases, limits);
  std::string svg = fmt::format(
      "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {} {}' font-family='sans-serif' font-size='12'>\n"
      "<rect width='100%' height='100%' fill='white'/>\n"
      "<text x='{}' y='28' font-size='15'>Myelin's kernels under the roofline: {}</text>\n",
      kLeft + kWidth + kLegend, kTop + kHeight + 60, kLeft, escaped(machine));
  svg += grid(scale);
  for (const Limits& limit : limits) {
    svg += roof(scale, limit, limit.memory_gbs, to_string(limit), dashes_of(limit, false));
    svg += roof(scale, limit, limit.l2_gbs, to_string(limit), dashes_of(limit, true));
  }
  std::vector<std::string> families;
  bool on_threads = false;
  for (const Measured& measured : cases) {
    const Series* const ours = drawn(measured);
    if (ours == nullptr) continue;
    on_threads = on_threads || measured.threads > 1;
    auto family = std::ranges::find(families, measured.family);
    if (family == families.end()) family = families.insert(families.end(), measured.family);
    const char* colour = kColours[static_cast<std::size_t>(family - families.begin()) % kColours.size()];
    const double intensity = measured.operations / measured.bytes;
    svg += fmt::format(
        "<circle cx='{:.1f}' cy='{:.1f}' r='4' fill='{}' stroke='{}' fill-opacity='0.75'><title>{}: {} {:.1f} {}, "
        "{:.2f} a byte</title></circle>\n",
        scale.x(intensity), scale.y(ours->summary.median), measured.threads == 1 ? colour : "none", colour,
        escaped(measured.comparison.name), escaped(measured.ours), ours->summary.median,
        escaped(measured.comparison.unit), intensity);
  }
  return svg + legend_of(families, limits, on_threads).svg() + "</svg>\n";
}

}  // namespace myelin::tool::kernel_bench
