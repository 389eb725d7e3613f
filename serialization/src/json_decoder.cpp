#include "json_decoder.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <kj/exception.h>

#include <cmath>
#include <optional>
#include <set>
#include <vector>

#include "myelin/base/suggestion.hpp"

namespace myelin {

namespace {

using capnp::JsonValue;
using Which = capnp::schema::Type::Which;

const char* kind_of(JsonValue::Reader value) {
  switch (value.which()) {
    case JsonValue::NULL_: return "null";
    case JsonValue::BOOLEAN: return "a boolean";
    case JsonValue::NUMBER: return "a number";
    case JsonValue::STRING: return "a text";
    case JsonValue::ARRAY: return "an array";
    case JsonValue::OBJECT: return "an object";
    default: return "something else";
  }
}

/// Whole numbers from `least` to `most`; a text holds those that JSON's numbers cannot.
struct Range {
  double least;
  double most;
};

std::optional<Range> range_of(Which type) {
  switch (type) {
    case Which::INT8: return Range{-0x1p7, 0x1p7 - 1};
    case Which::INT16: return Range{-0x1p15, 0x1p15 - 1};
    case Which::INT32: return Range{-0x1p31, 0x1p31 - 1};
    case Which::INT64: return Range{-0x1p63, 0x1p63};
    case Which::UINT8: return Range{0, 0x1p8 - 1};
    case Which::UINT16: return Range{0, 0x1p16 - 1};
    case Which::UINT32: return Range{0, 0x1p32 - 1};
    case Which::UINT64: return Range{0, 0x1p64};
    default: return std::nullopt;
  }
}

/// What a JSON value must be to become a value of this type.
std::string wanted(capnp::Type type) {
  if (const auto range = range_of(type.which())) {
    if (range->most > 0x1p53) return fmt::format("a whole number ({}), as a text where it is large", type_name(type));
    return fmt::format("a whole number from {:.0f} to {:.0f}", range->least, range->most);
  }
  switch (type.which()) {
    case Which::VOID: return "null";
    case Which::BOOL: return "true or false";
    case Which::FLOAT32:
    case Which::FLOAT64: return "a number";
    case Which::TEXT: return "a text";
    case Which::DATA: return "an array of bytes, each a number from 0 to 255";
    case Which::LIST: return "an array";
    case Which::STRUCT: return "an object";
    case Which::ENUM: {
      std::string names;
      for (const auto enumerant : type.asEnum().getEnumerants()) {
        names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", enumerant.getProto().getName().cStr());
      }
      return "one of " + names;
    }
    default: return "nothing: this cannot be said in JSON";
  }
}

bool is_bytes(JsonValue::Reader value) {
  if (!value.isArray()) return false;
  for (const auto byte : value.getArray()) {
    if (!byte.isNumber() || byte.getNumber() < 0 || byte.getNumber() > 255) return false;
    if (byte.getNumber() != std::floor(byte.getNumber())) return false;
  }
  return true;
}

/// The codec converts whatever can be converted somehow; here only what is meant.
bool fits(JsonValue::Reader value, capnp::Type type) {
  if (const auto range = range_of(type.which())) {
    if (value.isString()) return value.getString().size() != 0;  // the codec reads it, and refuses what is no number
    if (!value.isNumber()) return false;
    const double number = value.getNumber();
    // 2^63 and 2^64 are what the largest numbers of 64 bits are rounded to: one too many.
    const bool too_large = range->most > 0x1p53 ? number >= range->most : number > range->most;
    return number >= range->least && !too_large && number == std::floor(number);
  }
  switch (type.which()) {
    case Which::VOID: return value.isNull();
    case Which::BOOL: return value.isBoolean();
    case Which::FLOAT32:
    case Which::FLOAT64: return value.isNumber() || value.isString();
    case Which::TEXT: return value.isString();
    case Which::DATA: return is_bytes(value);
    case Which::ENUM: return value.isString();
    default: return false;
  }
}

std::uint64_t words_of(capnp::StructSchema schema) {
  const auto layout = schema.getProto().getStruct();
  return std::uint64_t{layout.getDataWordCount()} + layout.getPointerCount();
}

std::uint64_t words_each_of(capnp::Type element) { return element.isStruct() ? words_of(element.asStruct()) : 1; }

std::vector<std::string> field_names(capnp::StructSchema schema) {
  std::vector<std::string> names;
  for (const auto field : schema.getFields()) names.emplace_back(field.getProto().getName().cStr());
  return names;
}

bool in_union(capnp::StructSchema::Field field) {
  return field.getProto().getDiscriminantValue() != capnp::schema::Field::NO_DISCRIMINANT;
}

}  // namespace

std::string short_name(capnp::Schema schema) {
  const std::string name = schema.getProto().getDisplayName().cStr();
  return name.substr(name.rfind(':') + 1);
}

std::string type_name(capnp::Type type) {
  switch (type.which()) {
    case Which::VOID: return "Void";
    case Which::BOOL: return "Bool";
    case Which::INT8: return "Int8";
    case Which::INT16: return "Int16";
    case Which::INT32: return "Int32";
    case Which::INT64: return "Int64";
    case Which::UINT8: return "UInt8";
    case Which::UINT16: return "UInt16";
    case Which::UINT32: return "UInt32";
    case Which::UINT64: return "UInt64";
    case Which::FLOAT32: return "Float32";
    case Which::FLOAT64: return "Float64";
    case Which::TEXT: return "Text";
    case Which::DATA: return "Data";
    case Which::LIST: return fmt::format("List({})", type_name(type.asList().getElementType()));
    case Which::ENUM: return short_name(type.asEnum());
    case Which::STRUCT: return short_name(type.asStruct());
    case Which::INTERFACE: return short_name(type.asInterface());
    case Which::ANY_POINTER: return "AnyPointer";
  }
  return "unknown";
}

tl::unexpected<Error> JsonDecoder::wrong(const std::string& problem) const {
  return fail(Errc::invalid_argument, path_.empty() ? problem : fmt::format("{}: {}", path_, problem));
}

Result<void> JsonDecoder::take_words(std::uint64_t count, std::uint64_t words_each) {
  const std::uint64_t words = count * words_each;  // no overflow: a text has fewer than 2^32 values
  if (words > words_left_) {
    return fail(Errc::frame_too_large,
                fmt::format("{}: the message would be larger than allowed", path_.empty() ? "it" : path_));
  }
  words_left_ -= words;
  return {};
}

template <class Put>
Result<void> JsonDecoder::leaf(JsonValue::Reader value, capnp::Type type, capnp::Orphanage orphanage, const Put& put) {
  if (!fits(value, type)) {
    std::string given = kind_of(value);
    if (value.isNumber()) given = fmt::format("{}", value.getNumber());
    return wrong(fmt::format("expected {}, not {}", wanted(type), given));
  }
  try {
    put(codec_.decode(value, type, orphanage));
    return {};
  } catch (const kj::Exception&) {  // a text that is no number, or too large a one; an unknown name
    return wrong(fmt::format("expected {}, not \"{}\"", wanted(type),
                             value.isString() ? value.getString().cStr() : kind_of(value)));
  }
}

Result<void> JsonDecoder::object(JsonValue::Reader value, capnp::DynamicStruct::Builder into) {
  const capnp::StructSchema schema = into.getSchema();
  if (!value.isObject()) {
    return wrong(fmt::format("expected an object ({}), not {}", short_name(schema), kind_of(value)));
  }
  std::set<std::string> seen;
  std::string chosen;  // the field of the union
  for (const auto entry : value.getObject()) {
    const std::string name = entry.getName().cStr();
    const std::size_t length = path_.size();
    path_ += fmt::format("{}{}", path_.empty() ? "" : ".", name);
    KJ_IF_MAYBE (found, schema.findFieldByName(entry.getName())) {
      if (!seen.insert(name).second) return wrong("given twice");
      if (in_union(*found)) {
        if (!chosen.empty()) return wrong(fmt::format("only one of '{}' and '{}' can be given", chosen, name));
        chosen = name;
      }
      if (const auto done = field(*found, entry.getValue(), into); !done) return done;
    } else {
      const auto known = field_names(schema);
      const auto near = nearest(name, known);
      if (near) return wrong(fmt::format("unknown field of {}; did you mean '{}'?", short_name(schema), *near));
      return wrong(fmt::format("unknown field of {}; it has {}", short_name(schema),
                               known.empty() ? "none" : fmt::format("'{}'", fmt::join(known, "', '"))));
    }
    path_.resize(length);
  }
  return {};
}

Result<void> JsonDecoder::field(capnp::StructSchema::Field field, JsonValue::Reader value,
                                capnp::DynamicStruct::Builder into) {
  const capnp::Type type = field.getType();
  if (field.getProto().isGroup()) {
    if (!value.isObject()) return wrong(fmt::format("expected an object, not {}", kind_of(value)));
    return object(value, into.init(field).as<capnp::DynamicStruct>());
  }
  if (type.isStruct()) {
    if (!value.isObject()) {
      return wrong(fmt::format("expected an object ({}), not {}", type_name(type), kind_of(value)));
    }
    if (const auto room = take_words(1, words_of(type.asStruct())); !room) return room;
    return object(value, into.init(field).as<capnp::DynamicStruct>());
  }
  if (type.isList()) {
    if (!value.isArray()) {
      return wrong(fmt::format("expected an array ({}), not {}", type_name(type), kind_of(value)));
    }
    const auto size = value.getArray().size();
    if (const auto room = take_words(size, words_each_of(type.asList().getElementType())); !room) return room;
    return list(value, into.init(field, size).as<capnp::DynamicList>());
  }
  return leaf(value, type, capnp::Orphanage::getForMessageContaining(into),
              [&](Orphan&& made) { into.adopt(field, std::move(made)); });
}

Result<void> JsonDecoder::list(JsonValue::Reader value, capnp::DynamicList::Builder into) {
  const capnp::Type type = into.getSchema().getElementType();
  const auto items = value.getArray();
  for (unsigned int index = 0; index < items.size(); ++index) {
    const std::size_t length = path_.size();
    path_ += fmt::format("[{}]", index);
    Result<void> done;
    if (type.isStruct()) {
      done = object(items[index], into[index].as<capnp::DynamicStruct>());
    } else if (type.isList()) {
      if (!items[index].isArray()) {
        return wrong(fmt::format("expected an array ({}), not {}", type_name(type), kind_of(items[index])));
      }
      const auto size = items[index].getArray().size();
      if (done = take_words(size, words_each_of(type.asList().getElementType())); !done) return done;
      done = list(items[index], into.init(index, size).as<capnp::DynamicList>());
    } else {
      done = leaf(items[index], type, capnp::Orphanage::getForMessageContaining(into),
                  [&](Orphan&& made) { into.adopt(index, std::move(made)); });
    }
    if (!done) return done;
    path_.resize(length);
  }
  return {};
}

}  // namespace myelin
