/// Errors as CAF knows them, there and back.
#pragma once

#include <caf/error.hpp>

#include "myelin/base/result.hpp"

namespace myelin {

/// An Error inside a caf::error, category 'myelin'.
[[nodiscard]] caf::error to_caf_error(const Error& error);

/// The Error that to_caf_error() put in, or the closest cause to one of CAF's own.
[[nodiscard]] Error from_caf_error(const caf::error& error);

}  // namespace myelin
