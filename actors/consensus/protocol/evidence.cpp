#include "myelin/consensus/evidence.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "protocol/vertex_reading.hpp"

namespace myelin::consensus {

Evidence make_evidence(const Vertex& first, const Vertex& second) {
  return {.epoch = first.epoch(),
          .round = first.round(),
          .author = first.author(),
          .first = {first.header(), first.signature()},
          .second = {second.header(), second.signature()}};
}

Result<void> check_evidence(const Evidence& evidence, const Committee& committee, const SignatureChecker& checker) {
  const auto refuse = [](std::string_view why) {
    return fail(Errc::invalid_argument, fmt::format("evidence that proves nothing: {}", why));
  };
  if (evidence.epoch != committee.epoch()) {
    return refuse(fmt::format("it is of epoch {}, the committee of epoch {}", evidence.epoch, committee.epoch()));
  }
  if (evidence.author >= committee.size()) {
    return refuse(fmt::format("validator {} is none of the {}", evidence.author, committee.size()));
  }
  if (std::ranges::equal(bytes_of(evidence.first.header), bytes_of(evidence.second.header))) {
    return refuse("both headers are the same");
  }
  std::array<SignedDigest, 2> items;
  std::size_t item = 0;
  for (const SignedHeader* one : {&evidence.first, &evidence.second}) {
    const std::string_view which = item == 0 ? "first" : "second";
    const auto header = read_header(one->header);
    if (!header) return refuse(fmt::format("the {} header is {}", which, to_string(header.error())));
    const VertexContent& content = header->content;
    if (content.epoch != evidence.epoch || content.round != evidence.round || content.author != evidence.author) {
      return refuse(fmt::format("the {} header is by validator {} for round {} of epoch {}", which, content.author,
                                content.round, content.epoch));
    }
    items[item++] = {vertex_digest(evidence.epoch, bytes_of(one->header)), one->signature,
                     committee.key(evidence.author)};
  }
  std::array<bool, 2> valid{};
  checker.check(items, valid);
  if (!valid[0] || !valid[1]) {
    return refuse(
        fmt::format("the {} header is not signed by validator {}", valid[0] ? "second" : "first", evidence.author));
  }
  return {};
}

}  // namespace myelin::consensus
