#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "memory/no_memory.hpp"
#include "myelin/kernels/gemm_batch.hpp"

namespace myelin::kernels {

namespace {

// A range of memory that an item reads or writes.
struct Range {
  const float* begin;
  const float* end;
  std::size_t item;
  const char* name;
  bool written;
};

Range range_of(ConstMatrixView view, std::size_t item, const char* name, bool written) {
  return {view.data, view.data + ((view.rows - 1) * view.stride + view.cols), item, name, written};
}

Error numbered(Error error, std::size_t item) {
  error.message = "item " + std::to_string(item) + ": " + error.message;
  return error;
}

std::string named(const Range& range) {
  return std::string{"'"} + range.name + "' of item " + std::to_string(range.item);
}

// Whether anything overlaps what is written. Sorted by their beginnings, only the range that reaches furthest, and the
// written one that does, can be in the way of the next.
Result<void> check_ranges(std::vector<Range> ranges) {
  std::ranges::sort(ranges, [](const Range& a, const Range& b) {
    const std::less<const float*> before;
    return a.begin != b.begin ? before(a.begin, b.begin) : a.item < b.item;
  });
  const std::less<const float*> before;
  const Range* furthest = nullptr;
  const Range* furthest_written = nullptr;
  for (const Range& range : ranges) {
    const Range* other = range.written ? furthest : furthest_written;
    if (other != nullptr && before(range.begin, other->end)) {
      const Range& output = range.written ? range : *other;
      const Range& second = range.written ? *other : range;
      return fail(Errc::invalid_argument,
                  "output " + named(output) + " overlaps " + named(second) + ": give it memory of its own");
    }
    if (furthest == nullptr || before(furthest->end, range.end)) furthest = &range;
    if (range.written && (furthest_written == nullptr || before(furthest_written->end, range.end))) {
      furthest_written = &range;
    }
  }
  return {};
}

// Elements from the first of the batch to one past its last. Requires: a checked, non-empty first view.
Result<std::size_t> extent_of(const char* name, ConstMatrixView first, std::size_t count, std::size_t step) {
  constexpr std::size_t kElementsMax = std::numeric_limits<std::ptrdiff_t>::max() / sizeof(float);
  const std::size_t one = (first.rows - 1) * first.stride + first.cols;
  if (step != 0 && count - 1 > (kElementsMax - one) / step) {
    return fail(Errc::invalid_argument, std::string{"batch '"} + name + "' of " + std::to_string(count) +
                                            " matrices, " + std::to_string(step) +
                                            " elements apart, is larger than the address space");
  }
  return (count - 1) * step + one;
}

Result<void> check_batch(const ConstMatrixBatch& a, const ConstMatrixBatch& b, const MatrixBatch& c,
                         const GemmOptions& options) {
  for (const auto& [name, count] : {std::pair{"a", a.count}, std::pair{"b", b.count}}) {
    if (count != c.count) {
      return fail(Errc::shape_mismatch, std::string{"batch '"} + name + "' has " + std::to_string(count) +
                                            " matrices where 'c' has " + std::to_string(c.count));
    }
  }
  if (auto checked = check_gemm(a.first, b.first, c.first, options); !checked || c.first.empty()) return checked;
  const auto c_extent = extent_of("c", c.first, c.count, c.step);
  if (!c_extent) return tl::unexpected{c_extent.error()};
  const std::size_t one = (c.first.rows - 1) * c.first.stride + c.first.cols;
  const bool one_behind_the_other = c.step >= one;
  // The last one's row must end before the first one's next row begins.
  const bool side_by_side = c.step >= c.first.cols && (c.count - 1) * c.step + c.first.cols <= c.first.stride;
  if (c.count > 1 && !one_behind_the_other && !side_by_side) {
    return fail(Errc::invalid_argument, "the matrices of batch 'c' overlap: step " + std::to_string(c.step) +
                                            " with shape [" + std::to_string(c.first.rows) + ", " +
                                            std::to_string(c.first.cols) + "] and stride " +
                                            std::to_string(c.first.stride) + "; put them one behind the other");
  }
  const ConstMatrixView whole_c{c.first.data, 1, *c_extent};
  for (const auto& [name, batch] : {std::pair{"a", a}, std::pair{"b", b}}) {
    if (batch.first.empty()) continue;
    const auto extent = extent_of(name, batch.first, batch.count, batch.step);
    if (!extent) return tl::unexpected{extent.error()};
    if (auto checked = check_apart("c", whole_c, name, {batch.first.data, 1, *extent}); !checked) return checked;
  }
  return {};
}

// The epilogue's operands against all of C, which the check of one product does not see.
Result<void> check_shared(const MatrixBatch& c, const Epilogue& epilogue) {
  if (c.first.empty()) return {};
  const auto extent = extent_of("c", c.first, c.count, c.step);
  if (!extent) return tl::unexpected{extent.error()};
  const ConstMatrixView whole{c.first.data, 1, *extent};
  const ConstMatrixView bias{epilogue.bias.data(), epilogue.bias.empty() ? 0U : 1U, epilogue.bias.size()};
  if (auto checked = check_apart("c", whole, "bias", bias); !checked) return checked;
  return check_apart("c", whole, "residual", epilogue.residual);
}

// Small products side by side, a thread each; large ones one after the other, each on all threads.
template <class Product>
Result<void> run_all(std::size_t count, double operations_each, Workers* workers, const Product& product) {
  constexpr double kOperationsLarge = 2.0 * 512 * 512 * 512;
  if (workers == nullptr || count < workers->threads() || operations_each >= kOperationsLarge) {
    for (std::size_t i = 0; i < count; ++i) {
      if (auto done = product(i, workers); !done) return done;
    }
    return {};
  }
  std::vector<Result<void>> results(workers->threads());
  constexpr std::size_t kPiecesAThread = 8;
  const std::size_t pieces = std::min(count, workers->threads() * kPiecesAThread);
  workers->run(pieces, [&](std::size_t piece, std::size_t seat) {
    for (std::size_t i = piece * count / pieces; i < (piece + 1) * count / pieces; ++i) {
      if (auto done = product(i, nullptr); !done) results[seat] = std::move(done);
    }
  });
  for (Result<void>& result : results) {
    if (!result) return std::move(result);
  }
  return {};
}

// A has m x k elements, whichever way it is stored.
double operations_of(ConstMatrixView a, ConstMatrixView c) {
  return 2.0 * static_cast<double>(a.rows) * static_cast<double>(a.cols) * static_cast<double>(c.cols);
}

}  // namespace

Result<void> sgemm_batch(const ConstMatrixBatch& a, const ConstMatrixBatch& b, const MatrixBatch& c,
                         GemmOptions options, const Epilogue& epilogue) {
  if (c.count == 0 && a.count == 0 && b.count == 0) return {};
  if (auto checked = check_batch(a, b, c, options); !checked) return checked;
  if (auto checked = check_epilogue(c.first, epilogue); !checked) return checked;
  if (auto checked = check_shared(c, epilogue); !checked) return checked;
  if (c.first.empty()) return {};
  const auto product = [&](std::size_t i, Workers* workers) {
    GemmOptions one = options;
    one.workers = workers;
    ConstMatrixView left = a.first;
    ConstMatrixView right = b.first;
    MatrixView result = c.first;
    if (!left.empty()) left.data += i * a.step;
    if (!right.empty()) right.data += i * b.step;
    result.data += i * c.step;
    return sgemm(left, right, result, one, epilogue);
  };
  return run_all(c.count, operations_of(a.first, c.first), options.workers, product);
}

Result<void> sgemm_batch(std::span<const GemmItem> items, GemmOptions options, const Epilogue& epilogue) try {
  if (items.data() == nullptr && !items.empty()) {
    return fail(Errc::invalid_argument, "'items' of " + std::to_string(items.size()) + " elements points to no data");
  }
  std::vector<Range> ranges;
  ranges.reserve(3 * items.size() + 2);
  double operations = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const GemmItem& item = items[i];
    if (auto checked = check_gemm(item.a, item.b, item.c, options); !checked) {
      return tl::unexpected{numbered(checked.error(), i)};
    }
    if (auto checked = check_epilogue(item.c, epilogue); !checked) return tl::unexpected{numbered(checked.error(), i)};
    if (!item.a.empty()) ranges.push_back(range_of(item.a, i, "a", false));
    if (!item.b.empty()) ranges.push_back(range_of(item.b, i, "b", false));
    if (!item.c.empty()) ranges.push_back(range_of(item.c, i, "c", true));
    operations = std::max(operations, operations_of(item.a, item.c));
  }
  if (auto checked = check_ranges(std::move(ranges)); !checked) return checked;
  return run_all(items.size(), operations, options.workers, [&](std::size_t i, Workers* workers) {
    GemmOptions one = options;
    one.workers = workers;
    return sgemm(items[i].a, items[i].b, items[i].c, one, epilogue);
  });
} catch (const std::bad_alloc&) {
  return no_memory("the list of a batch's operands");
}

}  // namespace myelin::kernels
