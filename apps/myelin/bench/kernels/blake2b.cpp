// BLAKE2b-256 of many messages, against libsodium's one after another.
#include <fmt/format.h>
#include <sodium.h>

#include <memory>

#include "bench/kernels/layer_bars.hpp"
#include "myelin/kernels/digest.hpp"
#include "myelin/kernels/target.hpp"

namespace myelin::tool::kernel_bench {

namespace {

struct Operands {
  Operands(std::size_t count, std::size_t length_in) : length{length_in}, messages(count * length), digests(count) {
    for (std::size_t i = 0; i < messages.size(); ++i) messages[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  }

  std::size_t length;
  std::vector<std::uint8_t> messages;
  std::vector<kernels::Digest256> digests;
};

void run_sodium(Operands& o) {
  for (std::size_t i = 0; i < o.digests.size(); ++i) {
    ::crypto_generichash(o.digests[i].data(), o.digests[i].size(), o.messages.data() + i * o.length, o.length, nullptr,
                         0);
  }
}

void run_ours(Operands& o) { (void)kernels::blake2b_256(o.messages, o.length, o.digests); }

Result<Measured> measure(std::size_t count, std::size_t length, const Stage& stage) {
  const auto theirs = std::make_shared<Operands>(count, length);
  const auto ours = std::make_shared<Operands>(count, length);
  run_sodium(*theirs);
  run_ours(*ours);
  if (theirs->digests != ours->digests) return fail(Errc::backend_failed, "digests differ from libsodium's");
  const auto amount = static_cast<double>(count * length);
  const std::vector<Variant> variants{timed("libsodium", amount, [theirs] { run_sodium(*theirs); }),
                                      timed(kMyelin, amount, [ours] { run_ours(*ours); })};
  return Measured{compare(fmt::format("{} messages of {} bytes", count, length), "GB/s", variants, stage.rounds,
                          stage.progress, stage.stop),
                  {},
                  0,
                  0,
                  1,
                  kMyelin};
}

}  // namespace

Result<FamilyReport> measure_blake2b(const Stage& stage) {
  if (::sodium_init() < 0) return fail(Errc::backend_failed, "libsodium does not start: no random numbers");
  const std::vector<std::size_t> lengths =
      stage.quick ? std::vector<std::size_t>{4096} : std::vector<std::size_t>{64, 256, 1024, 4096};
  FamilyReport report;
  for (const std::size_t length : lengths) {
    if (stage.stop.stop_requested()) break;
    Result<Measured> measured = measure(64, length, stage);
    if (!measured) return tl::unexpected<Error>{measured.error()};
    report.cases.push_back(std::move(*measured));
  }
  // What 8 lanes and 4 lanes were seen to reach; fewer promise nothing.
  const std::string target = kernels::simd_target();
  const double limit = target.starts_with("AVX3") ? 3.3 : target == "AVX2" ? 2.3 : 1.0;
  report.bars.push_back(
      least_bar("BLAKE2b a byte, the least, to libsodium", limit, report.cases, "libsodium", stage.stop));
  return report;
}

}  // namespace myelin::tool::kernel_bench
