#include "bench/openblas.hpp"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

namespace myelin::tool {

namespace {

// From cblas.h, whose values are fixed by the CBLAS standard.
constexpr int kRowMajor = 101;
constexpr int kNoTranspose = 111;

// A copy of the file in memory; negative where that fails. The loader takes a library twice only from two files.
int copy_in_memory(const char* path) {
  const int from = ::open(path, O_RDONLY | O_CLOEXEC);
  if (from < 0) return -1;
  struct stat about = {};
  const int to = ::memfd_create("openblas", MFD_CLOEXEC);
  bool copied = to >= 0 && ::fstat(from, &about) == 0;
  for (off_t left = about.st_size; copied && left > 0;) {
    const ssize_t sent = ::sendfile(to, from, nullptr, static_cast<std::size_t>(left));
    copied = sent > 0;
    left -= sent;
  }
  ::close(from);
  if (copied) return to;
  if (to >= 0) ::close(to);
  return -1;
}

}  // namespace

Result<OpenBlas> OpenBlas::open(const char* path) {
  void* const library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return fail(Errc::not_found, "no OpenBLAS on this machine; install libopenblas0 to compare with it");
  }
  OpenBlas opened;
  opened.sgemm_ = reinterpret_cast<Sgemm>(::dlsym(library, "cblas_sgemm"));
  opened.set_threads_ = reinterpret_cast<SetThreads>(::dlsym(library, "openblas_set_num_threads"));
  const auto core_name = reinterpret_cast<const char* (*)()>(::dlsym(library, "openblas_get_corename"));
  const auto config = reinterpret_cast<const char* (*)()>(::dlsym(library, "openblas_get_config"));
  if (opened.sgemm_ == nullptr || opened.set_threads_ == nullptr || core_name == nullptr || config == nullptr) {
    return fail(Errc::not_found, "the OpenBLAS of this machine lacks cblas_sgemm; install libopenblas0");
  }
  opened.set_threads(1);
  const std::string words = config();  // "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ..."
  const std::size_t first = words.find(' ');
  opened.version_ = words.substr(0, first == std::string::npos ? first : words.find(' ', first + 1));
  opened.core_ = core_name();
  return opened;
}

Result<OpenBlas> OpenBlas::open_again(const OpenBlas& first, const char* core) {
  Dl_info where = {};
  if (::dladdr(reinterpret_cast<const void*>(first.sgemm_), &where) == 0) return fail(Errc::not_found, "no path");
  const int copy = copy_in_memory(where.dli_fname);
  if (copy < 0) return fail(Errc::io_error, "no copy of " + std::string{where.dli_fname});
  ::setenv("OPENBLAS_CORETYPE", core, 1);
  Result<OpenBlas> opened = open(fmt::format("/proc/self/fd/{}", copy).c_str());
  ::unsetenv("OPENBLAS_CORETYPE");
  // Stays open: the loader tells libraries apart by their names, and the next copy must not have this one's.
  return opened;
}

Result<std::vector<OpenBlas>> OpenBlas::load(const std::string& only_core) {
  // Read when the library starts: without it, it makes threads that spin beside the measurement.
  ::setenv("OPENBLAS_NUM_THREADS", "1", 1);
  if (!only_core.empty()) ::setenv("OPENBLAS_CORETYPE", only_core.c_str(), 1);
  Result<OpenBlas> chosen = open("libopenblas.so.0");
  if (!chosen) return tl::unexpected<Error>{chosen.error()};
  std::vector<OpenBlas> cores{*chosen};
  if (!only_core.empty()) return cores;
  // What it chooses is not always its best: a processor that it does not know is given old kernels.
  std::vector<const char*> others{"Haswell"};
  if (__builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
      __builtin_cpu_supports("avx512vl") != 0) {
    others.push_back("SkylakeX");
  }
  for (const char* other : others) {
    if (chosen->core() == other) continue;
    Result<OpenBlas> opened = open_again(*chosen, other);
    if (opened && std::ranges::find(cores, opened->core(), &OpenBlas::core) == cores.end()) {
      cores.push_back(std::move(*opened));
    }
  }
  return cores;
}

void OpenBlas::sgemm(const float* a, const float* b, float* c, std::size_t m, std::size_t n, std::size_t k) const {
  const auto rows = static_cast<int>(m);
  const auto columns = static_cast<int>(n);
  const auto depth = static_cast<int>(k);
  sgemm_(kRowMajor, kNoTranspose, kNoTranspose, rows, columns, depth, 1.0F, a, depth, b, columns, 0.0F, c, columns);
}

}  // namespace myelin::tool
