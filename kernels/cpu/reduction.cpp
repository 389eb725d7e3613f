#include "myelin/kernels/reduction.hpp"

#include <limits>
#include <string>

#include "cpu/ranking.hpp"
#include "cpu/reduction_kernels.hpp"
#include "tensor/rows.hpp"

namespace myelin::kernels {

namespace {

Result<void> check_reduction(const ConstTensorView& x, const TensorView& y, ElementType type) {
  if (auto checked = check_tensor("x", x); !checked) return checked;
  if (x.shape.rank() == 0) return fail(Errc::invalid_argument, "tensor 'x' has rank 0: a row needs a dimension");
  if (auto checked = check_rows("x", x); !checked) return checked;
  if (auto checked = check_output("y", y, x.shape.without_last(), type); !checked) return checked;
  return check_disjoint("y", y, "x", x);
}

// Also for rows without elements: each has a result.
template <class Visit>
void for_each_row(const ConstTensorView& x, const TensorView& y, Visit visit) {
  for_each_index<2>(outer_shape(x.shape), {x.strides, y.strides}, [&](const std::array<std::size_t, 2>& at) {
    visit(x.empty() ? nullptr : x.floats() + at[0], x.shape.last(), at[1]);
  });
}

float mean(const float* row, std::size_t count) {
  if (count == 0) return std::numeric_limits<float>::quiet_NaN();
  return static_cast<float>(cpu::sum(row, count) / static_cast<double>(count));
}

}  // namespace

std::string_view to_string(Reduction reduction) noexcept {
  switch (reduction) {
    case Reduction::sum: return "sum";
    case Reduction::mean: return "mean";
    case Reduction::max: return "max";
    case Reduction::min: return "min";
  }
  return "unknown";
}

Result<void> reduce(ConstTensorView x, Reduction reduction, TensorView y) {
  if (to_string(reduction) == "unknown") {
    return fail(Errc::invalid_argument,
                "reduction " + std::to_string(static_cast<int>(reduction)) + " is not one of Reduction");
  }
  if (auto checked = check_reduction(x, y, ElementType::f32); !checked) return checked;
  for_each_row(x, y, [&](const float* row, std::size_t count, std::size_t at) {
    float& result = y.floats()[at];
    switch (reduction) {
      case Reduction::sum: result = static_cast<float>(cpu::sum(row, count)); break;
      case Reduction::mean: result = mean(row, count); break;
      case Reduction::max: result = cpu::largest(row, count); break;
      case Reduction::min: result = cpu::smallest(row, count); break;
    }
  });
  return {};
}

Result<void> argmax(ConstTensorView x, TensorView y) {
  if (auto checked = check_reduction(x, y, ElementType::i32); !checked) return checked;
  if (x.shape.last() > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    return fail(Errc::invalid_argument,
                "tensor 'x' has rows of " + std::to_string(x.shape.last()) + " elements: their indices do not fit i32");
  }
  for_each_row(x, y, [&](const float* row, std::size_t count, std::size_t at) {
    const std::size_t index = cpu::index_of_largest(row, count);
    y.ints()[at] = index == count ? -1 : static_cast<std::int32_t>(index);
  });
  return {};
}

Result<std::size_t> top_k(std::span<const float> values, std::span<Ranked> best) {
  if (auto checked = check_tensor("values", values); !checked) return tl::unexpected{checked.error()};
  if (auto checked = check_best(best, "values", values); !checked) return tl::unexpected{checked.error()};
  Ranking ranking{best};
  ranking.offer(values.data(), values.size(), 0);
  return ranking.finish();
}

}  // namespace myelin::kernels
