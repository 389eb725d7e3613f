#include "myelin/kernels/embedding.hpp"

#include <cstring>
#include <string>

#include "tensor/rows.hpp"

namespace myelin::kernels {

namespace {

Result<void> check_shapes(const ConstTensorView& table, const ConstTensorView& ids, const TensorView& y) {
  if (table.shape.rank() != 2) {
    return fail(Errc::shape_mismatch,
                "tensor 'table' has shape " + to_string(table.shape) + " where [rows, dim] is needed");
  }
  if (ids.shape.rank() >= kTensorRankMax) {
    return fail(Errc::shape_mismatch, "tensor 'ids' has rank " + std::to_string(ids.shape.rank()) + " where at most " +
                                          std::to_string(kTensorRankMax - 1) + " is allowed");
  }
  if (auto checked = check_tensor("table", table); !checked) return checked;
  if (auto checked = check_rows("table", table); !checked) return checked;
  if (auto checked = check_tensor("ids", ids, ElementType::i32); !checked) return checked;
  std::array<std::size_t, kTensorRankMax> lengths{};
  for (std::size_t i = 0; i < ids.shape.rank(); ++i) lengths[i] = ids.shape[i];
  lengths[ids.shape.rank()] = table.shape[1];
  const TensorShape shape{std::span<const std::size_t>{lengths.data(), ids.shape.rank() + 1}};
  if (auto checked = check_output("y", y, shape); !checked) return checked;
  if (auto checked = check_rows("y", y); !checked) return checked;
  if (auto checked = check_disjoint("y", y, "table", table); !checked) return checked;
  return check_disjoint("y", y, "ids", ids);
}

}  // namespace

Result<void> embed(ConstTensorView table, ConstTensorView ids, TensorView y) {
  if (auto checked = check_shapes(table, ids, y); !checked) return checked;
  if (ids.empty()) return {};
  const std::size_t rows = table.shape[0];
  Result<void> outcome;
  for_each_index<1>(ids.shape, {ids.strides}, [&](const std::array<std::size_t, 1>& at) {
    const std::int32_t id = ids.ints()[at[0]];
    if (!outcome || (id >= 0 && static_cast<std::size_t>(id) < rows)) return;
    outcome = fail(Errc::invalid_argument,
                   "tensor 'ids' holds " + std::to_string(id) + " where 'table' has " + std::to_string(rows) + " rows");
  });
  if (!outcome || y.empty()) return outcome;
  const std::size_t bytes = table.shape[1] * sizeof(float);
  for_each_index<2>(ids.shape, {ids.strides, y.strides}, [&](const std::array<std::size_t, 2>& at) {
    const auto row = static_cast<std::size_t>(ids.ints()[at[0]]);
    std::memcpy(y.floats() + at[1], table.floats() + row * table.strides[0], bytes);
  });
  return {};
}

}  // namespace myelin::kernels
