#include "myelin/serialization/json.hpp"

#include <fmt/format.h>
#include <kj/exception.h>

#include <capnp/message.h>

#include "json_decoder.hpp"
#include "myelin/serialization/arena.hpp"

namespace myelin {

namespace {

/// Encodes messages, up to so many bytes in all.
class Writer {
 public:
  explicit Writer(std::size_t bytes_max) : bytes_left_{bytes_max} {}

  Result<std::string> text(capnp::DynamicStruct::Reader message) {
    capnp::MallocMessageBuilder memory;
    // Large messages become larger texts: what would be thrown away is not made.
    if (message.totalSize().wordCount * sizeof(capnp::word) > bytes_left_) return too_large();
    const auto value = memory.getRoot<capnp::JsonValue>();
    codec_.encode(message, message.getSchema(), value);
    const kj::String made = codec_.encodeRaw(value);
    if (made.size() > bytes_left_) return too_large();
    bytes_left_ -= made.size();
    return std::string{made.cStr(), made.size()};
  }

 private:
  static tl::unexpected<Error> too_large() {
    return fail(Errc::frame_too_large, "the message is too large to be shown as JSON");
  }

  capnp::JsonCodec codec_;
  std::size_t bytes_left_;
};

}  // namespace

Result<Frame> frame_from_json(capnp::StructSchema schema, std::string_view json, const FrameHeader& header,
                              const JsonCaps& caps) {
  if (json.size() > caps.text_bytes_max) {
    return fail(Errc::frame_too_large, fmt::format("{} bytes of JSON are more than the {} that are allowed",
                                                   json.size(), caps.text_bytes_max));
  }
  capnp::JsonCodec codec;
  codec.setMaxNestingDepth(caps.nesting_max);
  capnp::MallocMessageBuilder memory;
  const auto value = memory.getRoot<capnp::JsonValue>();
  try {
    codec.decodeRaw({json.data(), json.size()}, value);
  } catch (const kj::Exception&) {
    return fail(Errc::invalid_argument, fmt::format("this is no JSON: {}", json_problem(json)));
  }
  try {
    ArenaBuilder message{schema.getProto().getId(), header, kFirstSegmentWords};
    const auto root = message.initRoot<capnp::DynamicStruct>(schema);
    JsonDecoder decoder{codec, caps.message_bytes_max / sizeof(capnp::word)};
    if (const auto done = decoder.object(value, root); !done) return tl::unexpected{done.error()};
    return message.finish(1, false);
  } catch (const kj::Exception& error) {
    return fail(Errc::invalid_argument,
                fmt::format("{} cannot be made of it: {}", short_name(schema), error.getDescription().cStr()));
  }
}

Result<std::string> json_of(const Frame& frame, capnp::StructSchema schema, std::size_t bytes_max) {
  if (frame.type() != schema.getProto().getId()) {
    return fail(Errc::bad_frame,
                fmt::format("the message is no {}: it is of type {:#x}", short_name(schema), frame.type()));
  }
  Writer writer{bytes_max};
  try {
    ArenaReader reader{frame};
    if (!frame.is_batch()) return writer.text(reader.root().getAs<capnp::DynamicStruct>(schema));
    std::string all = "[";
    for (const auto item : reader.root().getAs<capnp::DynamicList>(capnp::ListSchema::of(schema))) {
      auto text = writer.text(item.as<capnp::DynamicStruct>());
      if (!text) return text;
      all += fmt::format("{}{}", all.size() == 1 ? "" : ",", *text);
    }
    return all + "]";
  } catch (const kj::Exception& error) {
    return fail(Errc::bad_frame, fmt::format("a {} that cannot be shown as JSON: {}", short_name(schema),
                                             error.getDescription().cStr()));
  }
}

std::string describe_fields(capnp::StructSchema schema) {
  std::string text;
  for (const auto field : schema.getFields()) {
    text += fmt::format("{}\"{}\": \"{}\"", text.empty() ? "" : ", ", field.getProto().getName().cStr(),
                        field.getProto().isGroup() ? "group" : type_name(field.getType()));
  }
  return '{' + text + '}';
}

}  // namespace myelin
