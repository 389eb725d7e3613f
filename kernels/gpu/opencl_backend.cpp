#include "gpu/opencl_backend.hpp"

#include <CL/cl.h>
#include <clblast.h>

#include <algorithm>
#include <mutex>
#include <type_traits>
#include <utility>
#include <vector>

namespace myelin::kernels {

namespace {

// Owners of OpenCL handles.
template <auto kRelease>
struct Releaser {
  template <class Handle>
  void operator()(Handle* handle) const {
    kRelease(handle);
  }
};
using Context = std::unique_ptr<std::remove_pointer_t<cl_context>, Releaser<clReleaseContext>>;
using Queue = std::unique_ptr<std::remove_pointer_t<cl_command_queue>, Releaser<clReleaseCommandQueue>>;
using Memory = std::unique_ptr<std::remove_pointer_t<cl_mem>, Releaser<clReleaseMemObject>>;

constexpr cl_uint kPlatformsMax = 16;
constexpr cl_uint kDevicesMax = 64;

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\0' || text.back() == ' ' || text.back() == '\n')) text.pop_back();
  const std::size_t first = text.find_first_not_of(' ');
  return first == std::string::npos ? std::string{} : text.substr(first);
}

std::string device_name(cl_device_id device) {
  char text[256] = {};
  if (clGetDeviceInfo(device, CL_DEVICE_NAME, sizeof text - 1, text, nullptr) != CL_SUCCESS) return "unnamed device";
  return trimmed(text);
}

struct FoundDevice {
  cl_device_id id = nullptr;
  OpenclDevice description;
};

// All devices of all platforms, those that are not CPUs first.
std::vector<FoundDevice> find_devices() {
  std::vector<FoundDevice> found;
  cl_platform_id platforms[kPlatformsMax];
  cl_uint platform_count = 0;
  if (clGetPlatformIDs(kPlatformsMax, platforms, &platform_count) != CL_SUCCESS) return found;
  for (cl_uint p = 0; p < std::min(platform_count, kPlatformsMax); ++p) {
    char platform_name[256] = {};
    (void)clGetPlatformInfo(platforms[p], CL_PLATFORM_NAME, sizeof platform_name - 1, platform_name, nullptr);
    cl_device_id devices[kDevicesMax];
    cl_uint device_count = 0;
    if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, kDevicesMax, devices, &device_count) != CL_SUCCESS) continue;
    for (cl_uint d = 0; d < std::min(device_count, kDevicesMax); ++d) {
      cl_device_type type = CL_DEVICE_TYPE_CPU;
      (void)clGetDeviceInfo(devices[d], CL_DEVICE_TYPE, sizeof type, &type, nullptr);
      found.push_back(
          {devices[d], {trimmed(platform_name), device_name(devices[d]), (type & CL_DEVICE_TYPE_CPU) != 0}});
    }
  }
  // Not the one of std::ranges: clang 14 cannot compile what it returns from the library of GCC 12.
  (void)std::stable_partition(found.begin(), found.end(),
                              [](const FoundDevice& device) { return !device.description.is_cpu; });
  return found;
}

class OpenclBackend final : public Backend {
 public:
  OpenclBackend(std::string device, Context context, Queue queue)
      : device_(std::move(device)), context_(std::move(context)), queue_(std::move(queue)) {}

  std::string name() const override { return "opencl (" + device_ + ")"; }
  BackendKind kind() const override { return BackendKind::opencl; }

 private:
  // Device memory that grows on demand and is kept between calls.
  struct Buffer {
    Memory memory;
    std::size_t bytes = 0;
  };

  Result<void> do_gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options) override {
    const std::lock_guard lock{mutex_};
    const std::size_t k = options.transpose_a ? a.rows : a.cols;
    if (options.beta != 0.0F) {
      // C changes only once nothing can fail any more: the next backend may have to begin anew.
      std::vector<float> product(c.rows * c.cols);
      const MatrixView result{product.data(), c.rows, c.cols};
      if (auto done = multiply(a, b, result, k, options); !done) return done;
      for (std::size_t i = 0; i < c.rows; ++i) {
        for (std::size_t j = 0; j < c.cols; ++j) c(i, j) = options.beta * c(i, j) + result(i, j);
      }
      return {};
    }
    return multiply(a, b, c, k, options);
  }

  // C = alpha * op(A) * op(B).
  Result<void> multiply(ConstMatrixView a, ConstMatrixView b, MatrixView c, std::size_t k, GemmOptions options) {
    if (auto sent = send(a_, a); !sent) return sent;
    if (auto sent = send(b_, b); !sent) return sent;
    if (auto grown = grow(c_, c.rows * c.cols * sizeof(float)); !grown) return grown;
    const auto transpose = [](bool yes) { return yes ? clblast::Transpose::kYes : clblast::Transpose::kNo; };
    cl_command_queue queue = queue_.get();
    const clblast::StatusCode status =
        clblast::Gemm<float>(clblast::Layout::kRowMajor, transpose(options.transpose_a), transpose(options.transpose_b),
                             c.rows, c.cols, k, options.alpha, a_.memory.get(), 0, a.cols, b_.memory.get(), 0, b.cols,
                             0.0F, c_.memory.get(), 0, c.cols, &queue);
    if (status != clblast::StatusCode::kSuccess) return failure("CLBlast GEMM", static_cast<int>(status));
    return receive(c);
  }

  Result<void> do_dense(ConstMatrixView x, const DenseLayer& layer, MatrixView y) override {
    if (auto done = do_gemm(x, layer.weights, y, {}); !done) return done;
    if (auto done = add_bias(y, layer.bias); !done) return done;
    return activate(y, layer.activation, y);
  }

  Result<void> do_softmax_rows(MatrixView logits) override { return kernels::softmax_rows(logits); }

  Result<void> failure(std::string_view what, int code) const {
    return fail(Errc::backend_failed,
                std::string{what} + " on " + device_ + " failed with status " + std::to_string(code));
  }

  Result<void> grow(Buffer& buffer, std::size_t bytes) {
    if (buffer.bytes >= bytes) return {};
    buffer = {};  // first give back, then take
    cl_int status = CL_SUCCESS;
    buffer.memory.reset(clCreateBuffer(context_.get(), CL_MEM_READ_WRITE, bytes, nullptr, &status));
    if (status != CL_SUCCESS) return failure("allocating " + std::to_string(bytes) + " bytes", status);
    buffer.bytes = bytes;
    return {};
  }

  // Closes the gaps between the host's rows on the way. Blocking, so the view may die afterwards.
  Result<void> send(Buffer& buffer, ConstMatrixView view) {
    const std::size_t bytes = view.rows * view.cols * sizeof(float);
    if (auto grown = grow(buffer, bytes); !grown) return grown;
    const std::size_t origin[3] = {0, 0, 0};
    const std::size_t region[3] = {view.cols * sizeof(float), view.rows, 1};
    const cl_int status = clEnqueueWriteBufferRect(queue_.get(), buffer.memory.get(), CL_TRUE, origin, origin, region,
                                                   view.cols * sizeof(float), 0, view.stride * sizeof(float), 0,
                                                   view.data, 0, nullptr, nullptr);
    return status == CL_SUCCESS ? Result<void>{} : failure("sending " + std::to_string(bytes) + " bytes", status);
  }

  // Row by row where the host has gaps: what lies between the rows is not ours to write.
  Result<void> receive(MatrixView view) {
    const std::size_t origin[3] = {0, 0, 0};
    const std::size_t region[3] = {view.cols * sizeof(float), view.rows, 1};
    const cl_int status = clEnqueueReadBufferRect(queue_.get(), c_.memory.get(), CL_TRUE, origin, origin, region,
                                                  view.cols * sizeof(float), 0, view.stride * sizeof(float), 0,
                                                  view.data, 0, nullptr, nullptr);
    return status == CL_SUCCESS ? Result<void>{} : failure("receiving the result", status);
  }

  const std::string device_;
  std::mutex mutex_;  // guards all below
  Context context_;
  Queue queue_;
  Buffer a_;
  Buffer b_;
  Buffer c_;
};

constexpr std::string_view kRemedy = ": install an OpenCL driver such as pocl-opencl-icd, or use --backend simd";

}  // namespace

std::vector<OpenclDevice> opencl_devices() {
  std::vector<OpenclDevice> descriptions;
  for (FoundDevice& device : find_devices()) descriptions.push_back(std::move(device.description));
  return descriptions;
}

Result<std::unique_ptr<Backend>> make_opencl_backend() {
  const std::vector<FoundDevice> devices = find_devices();
  if (devices.empty()) return fail(Errc::backend_unavailable, "no OpenCL device found" + std::string{kRemedy});
  const FoundDevice& device = devices.front();
  const auto unavailable = [&](std::string_view what, cl_int status) {
    return fail(Errc::backend_unavailable, std::string{what} + " on OpenCL device " + device.description.name +
                                               " failed with status " + std::to_string(status) + std::string{kRemedy});
  };
  cl_int status = CL_SUCCESS;
  Context context{clCreateContext(nullptr, 1, &device.id, nullptr, nullptr, &status)};
  if (status != CL_SUCCESS) return unavailable("opening a context", status);
  Queue queue{clCreateCommandQueue(context.get(), device.id, 0, &status)};
  if (status != CL_SUCCESS) return unavailable("opening a command queue", status);
  return std::make_unique<OpenclBackend>(device.description.name, std::move(context), std::move(queue));
}

}  // namespace myelin::kernels
