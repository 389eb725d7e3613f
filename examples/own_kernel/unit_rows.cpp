#include "unit_rows.hpp"

#include "unit_rows_kernels.hpp"

namespace own {

namespace mk = myelin::kernels;

myelin::Result<void> unit_rows(myelin::ConstTensorView x, myelin::TensorView y) {
  if (auto checked = mk::check_tensor("x", x); !checked) return checked;
  if (auto checked = mk::check_rows("x", x); !checked) return checked;
  if (auto checked = mk::check_output("y", y, x.shape); !checked) return checked;
  if (auto checked = mk::check_rows("y", y); !checked) return checked;
  if (auto checked = mk::check_disjoint_or_same("y", y, "x", x); !checked) return checked;
  const auto from = mk::as_matrix("x", x);  // refuses other ranks than 1 and 2
  if (!from) return tl::unexpected{from.error()};
  const auto to = mk::as_matrix("y", y);
  if (!to) return tl::unexpected{to.error()};
  if (from->empty()) return {};
  for (std::size_t i = 0; i < from->rows; ++i) unit_row(from->row(i).data(), to->row(i).data(), from->cols);
  return {};
}

}  // namespace own
