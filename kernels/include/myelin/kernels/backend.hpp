/// Where kernels run: one interface over the plain reference, SIMD and OpenCL, chosen at run time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "myelin/base/result.hpp"
#include "myelin/kernels/activation.hpp"
#include "myelin/kernels/gemm.hpp"
#include "myelin/kernels/matrix.hpp"

namespace myelin::kernels {

/// The choice an operator makes.
enum class BackendKind : std::uint8_t {
  automatic = 0,  ///< The fastest that works, measured where a GPU is present. Spelled "auto".
  scalar = 1,     ///< Plain loops.
  simd = 2,       ///< Highway, the best instruction set of the CPU.
  opencl = 3,     ///< OpenCL with CLBlast. Only when asked for, or measured faster by `automatic`.
};

/// "auto", "scalar", "simd" or "opencl"; "unknown" for a number that is no BackendKind.
[[nodiscard]] std::string_view to_string(BackendKind kind) noexcept;

/// The inverse of to_string. **Errors**: invalid_argument, which names the text and the choices.
[[nodiscard]] Result<BackendKind> parse_backend(std::string_view text);

/// A fully connected layer: y = activation(x * weights + bias).
struct DenseLayer {
  ConstMatrixView weights;      ///< [k, n]
  std::span<const float> bias;  ///< [n]
  Activation activation = Activation::none;
  /// The same weights packed, or null. A backend that can use them does; others read `weights`.
  const PackedMatrix* packed = nullptr;
};

/// One time that work moved to a simpler backend, because the better one failed.
struct Fallback {
  std::string from;    ///< name() of the backend that failed.
  std::string to;      ///< name() of the one that took over.
  std::string reason;  ///< The failure, as to_string(Error) says it.
};

/// Runs kernels somewhere. The public functions check shapes, views and aliasing; only sound calls reach the subclass.
/// **Thread-safety**: thread-safe on distinct outputs; a backend may run calls one after another.
class Backend {
 public:
  virtual ~Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;

  /// C = alpha * op(A) * op(B) + beta * C. **Units/shape**: op(A) [m, k], op(B) [k, n], C [m, n].
  /// **Errors**: see check_gemm; backend_failed when the device or its driver refused.
  [[nodiscard]] Result<void> gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options = {});

  /// Y = activation(X * weights + bias). **Units/shape**: X [m, k], Y [m, n].
  /// **Errors**: shape_mismatch, invalid_argument, backend_failed, as for gemm.
  [[nodiscard]] Result<void> dense(ConstMatrixView x, const DenseLayer& layer, MatrixView y);

  /// Softmax of each row, in place; NaN and inf as kernels::softmax_rows says.
  /// **Errors**: invalid_argument, backend_failed.
  [[nodiscard]] Result<void> softmax_rows(MatrixView logits);

  /// What runs, for logs and `--json`: "scalar", "simd (AVX2)", "opencl (<device>)", "auto (simd (AVX2))".
  [[nodiscard]] virtual std::string name() const = 0;
  [[nodiscard]] virtual BackendKind kind() const = 0;
  /// What this backend gave up on so far, oldest first. Empty for a backend without a chain.
  [[nodiscard]] virtual std::vector<Fallback> fallbacks() const { return {}; }

 protected:
  Backend() = default;

 private:
  // Sound calls only: shapes fit, views are walkable, outputs do not overlap inputs. Shapes may be empty.
  virtual Result<void> do_gemm(ConstMatrixView a, ConstMatrixView b, MatrixView c, GemmOptions options) = 0;
  virtual Result<void> do_dense(ConstMatrixView x, const DenseLayer& layer, MatrixView y) = 0;
  virtual Result<void> do_softmax_rows(MatrixView logits) = 0;
};

/// A backend of that kind. `automatic` and `opencl` come with the chain opencl -> simd -> scalar behind them, so that a
/// failure at run time is answered by the next one and recorded in fallbacks().
/// **Errors**: backend_unavailable for `opencl` where no OpenCL device is found; the message says what to do.
/// **Cost**: `scalar`, `simd`: none. `opencl`: opens the device; kernels compile at their first use, which takes
/// seconds on a cold cache. `automatic`: asks for the list of devices; measures only if a GPU or accelerator is among
/// them.
[[nodiscard]] Result<std::unique_ptr<Backend>> make_backend(BackendKind kind);

/// How a chain of backends behaves.
struct ChainOptions {
  /// Called at each fallback, on the thread of the failing call, without locks held. May be empty.
  std::function<void(const Fallback&)> on_fallback = {};
  /// Try every backend of the chain on each new shape bucket and keep the quickest; otherwise always the first.
  bool measure = false;
  /// The clock that measures. Tests put in their own.
  std::function<std::chrono::steady_clock::time_point()> now = &std::chrono::steady_clock::now;
  /// What kind() answers.
  BackendKind kind = BackendKind::automatic;
};

/// A backend that hands each call to the first of `members` that can do it. A member that fails with backend_failed or
/// backend_unavailable is not asked again, the call goes on to the next, and fallbacks() says so. The last member's
/// failure is the caller's.
/// **Errors**: invalid_argument for an empty chain or a null member.
[[nodiscard]] Result<std::unique_ptr<Backend>> make_chain(std::vector<std::unique_ptr<Backend>> members,
                                                          ChainOptions options = {});

/// One OpenCL device, as its driver describes it.
struct OpenclDevice {
  std::string platform;
  std::string name;
  bool is_cpu = false;  ///< A CPU driver such as PoCL: good for tests, never chosen by measurement.
};

/// The OpenCL devices of this machine, GPUs and accelerators first. Empty where there is no driver.
/// **Thread-safety**: thread-safe. **Cost**: loads the drivers at the first call (tens of milliseconds).
[[nodiscard]] std::vector<OpenclDevice> opencl_devices();

}  // namespace myelin::kernels
