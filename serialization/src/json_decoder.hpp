/// From a JSON value that has been parsed to a message, field by field, so that an error knows where it is.
#pragma once

#include <string>

#include <capnp/compat/json.h>
#include <capnp/dynamic.h>

#include "myelin/base/result.hpp"

namespace myelin {

/// **Thread-safety**: thread-compatible.
class JsonDecoder {
 public:
  /// `words_max`: of lists and structs, together.
  JsonDecoder(const capnp::JsonCodec& codec, std::size_t words_max) : codec_{codec}, words_left_{words_max} {}

  /// **Errors**: as frame_from_json(). May throw kj exceptions, for what this code has not thought of.
  [[nodiscard]] Result<void> object(capnp::JsonValue::Reader value, capnp::DynamicStruct::Builder into);

 private:
  using Orphan = capnp::Orphan<capnp::DynamicValue>;

  Result<void> field(capnp::StructSchema::Field field, capnp::JsonValue::Reader value,
                     capnp::DynamicStruct::Builder into);
  Result<void> list(capnp::JsonValue::Reader value, capnp::DynamicList::Builder into);
  /// A value that has no others in it: `put(Orphan&&)`.
  template <class Put>
  Result<void> leaf(capnp::JsonValue::Reader value, capnp::Type type, capnp::Orphanage orphanage, const Put& put);
  Result<void> take_words(std::uint64_t count, std::uint64_t words_each);
  [[nodiscard]] tl::unexpected<Error> wrong(const std::string& problem) const;

  const capnp::JsonCodec& codec_;
  std::uint64_t words_left_;
  std::string path_;  // "children[2].label"
};

/// What a schema calls a type: "Text", "UInt32", "List(Note)".
[[nodiscard]] std::string type_name(capnp::Type type);
/// Without its file: "Note".
[[nodiscard]] std::string short_name(capnp::Schema schema);

}  // namespace myelin
