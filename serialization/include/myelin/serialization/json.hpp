/// Messages as JSON, for operators and configuration files: `{"name": "Ada"}` is a Hello.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <capnp/schema.h>

#include "myelin/base/limits.hpp"
#include "myelin/base/result.hpp"
#include "myelin/serialization/frame.hpp"
#include "myelin/serialization/frame_builder.hpp"

namespace myelin {

/// Caps for a message that comes as JSON.
struct JsonCaps {
  std::size_t text_bytes_max = limits::kJsonBytesMax;
  /// Of the message that is made of it. A short text can ask for a long list of large structs.
  std::size_t message_bytes_max = limits::kForeignFrameBytesMax;
  /// Deepest nesting of objects and arrays.
  std::size_t nesting_max = limits::kJsonNestingMax;
};

/// A frame with one message of this schema, from a JSON object with its fields' names. Fields that are left out have
/// their defaults. Numbers of 64 bits may be given as texts too, Data as an array of bytes, an enum as its name, a
/// field of type Void as null.
/// **Errors**: invalid_argument, which names the field ("children[2].label: ..."), for text that is no JSON, an unknown
/// field (with the nearest known one), a field given twice, two fields of one union, a value of another type or out of
/// range, and fields that cannot be given at all (AnyPointer, interfaces); frame_too_large beyond a cap.
/// **Thread-safety**: thread-safe.
[[nodiscard]] Result<Frame> frame_from_json(capnp::StructSchema schema, std::string_view json,
                                            const FrameHeader& header = {}, const JsonCaps& caps = {});

/// The frame's message as a JSON object on one line; a batch as an array of them. Fields of 64 bits are texts, for
/// JSON's numbers cannot hold them; fields of type AnyPointer and interfaces are left out.
/// **Requires**: the frame is of this schema and, if it came from outside, passed check_schema().
/// **Errors**: bad_frame where it is of another type, or has an AnyPointer or an interface, which JSON cannot say;
/// frame_too_large for more than `bytes_max` of text.
/// **Thread-safety**: thread-safe.
[[nodiscard]] Result<std::string> json_of(const Frame& frame, capnp::StructSchema schema,
                                          std::size_t bytes_max = limits::kJsonBytesMax);

/// An object that says which fields such a message has: `{"name": "Text", "age": "UInt32"}`.
[[nodiscard]] std::string describe_fields(capnp::StructSchema schema);

/// Why a text is no JSON, and where, for people: "unexpected 'x' at character 11", in bytes from 1.
/// **Requires**: it was refused as JSON. **Thread-safety**: thread-safe.
[[nodiscard]] std::string json_problem(std::string_view text);

}  // namespace myelin
