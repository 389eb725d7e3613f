#include "bench/openblas.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <cstdlib>

namespace myelin::tool {

namespace {

// From cblas.h, whose values are fixed by the CBLAS standard.
constexpr int kRowMajor = 101;
constexpr int kNoTranspose = 111;

}  // namespace

Result<OpenBlas> OpenBlas::load() {
  // Read when the library starts: without it, it makes threads that spin beside the measurement.
  ::setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void* const library = ::dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(Errc::not_found, "no OpenBLAS on this machine; install libopenblas0 to compare with it");
  }
  const auto function = reinterpret_cast<Sgemm>(::dlsym(library, "cblas_sgemm"));
  const auto set_threads = reinterpret_cast<void (*)(int)>(::dlsym(library, "openblas_set_num_threads"));
  const auto core_name = reinterpret_cast<const char* (*)()>(::dlsym(library, "openblas_get_corename"));
  const auto config = reinterpret_cast<const char* (*)()>(::dlsym(library, "openblas_get_config"));
  if (function == nullptr || set_threads == nullptr || core_name == nullptr || config == nullptr) {
    return fail(Errc::not_found, "the OpenBLAS of this machine lacks cblas_sgemm; install libopenblas0");
  }
  set_threads(1);
  const std::string words = config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
  const std::size_t first = words.find(' ');
  const std::string version = words.substr(0, first == std::string::npos ? first : words.find(' ', first + 1));
  return OpenBlas{function, fmt::format("{} ({})", version, core_name())};
}

void OpenBlas::sgemm(const float* a, const float* b, float* c, std::size_t m, std::size_t n, std::size_t k) const {
  const auto rows = static_cast<int>(m);
  const auto columns = static_cast<int>(n);
  const auto depth = static_cast<int>(k);
  sgemm_(kRowMajor, kNoTranspose, kNoTranspose, rows, columns, depth, 1.0F, a, depth, b, columns, 0.0F, c, columns);
}

}  // namespace myelin::tool
