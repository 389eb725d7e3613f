/// Below the border: no checks, run-time choice of the SIMD target.
#pragma once

#include <cstddef>

namespace own {

/// One row of unit_rows(). **Requires**: count > 0; y is x, or apart from it.
void unit_row(const float* x, float* y, std::size_t count);

}  // namespace own
