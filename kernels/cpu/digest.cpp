#include "myelin/kernels/digest.hpp"

#include <cstdint>
#include <functional>
#include <limits>
#include <string>

#include "cpu/blake2b_kernels.hpp"

namespace myelin::kernels {

namespace {

constexpr std::size_t kBytesMax = std::numeric_limits<std::ptrdiff_t>::max();

Result<void> check_message(std::size_t i, std::span<const std::uint8_t> message, std::span<Digest256> digests) {
  if (message.empty()) return {};
  if (message.data() == nullptr) {
    return fail(Errc::invalid_argument,
                "message " + std::to_string(i) + " of " + std::to_string(message.size()) + " bytes points to no data");
  }
  if (message.size() > kBytesMax - reinterpret_cast<std::uintptr_t>(message.data()) % kBytesMax) {
    return fail(Errc::invalid_argument, "message " + std::to_string(i) + " of " + std::to_string(message.size()) +
                                            " bytes is larger than the address space");
  }
  const auto* first = reinterpret_cast<const std::uint8_t*>(digests.data());
  const std::less_equal<const std::uint8_t*> at_or_before;  // a total order, also between unrelated arrays
  if (at_or_before(message.data() + message.size(), first) ||
      at_or_before(first + digests.size_bytes(), message.data())) {
    return {};
  }
  return fail(Errc::invalid_argument,
              "message " + std::to_string(i) + " overlaps 'digests': give them memory of their own");
}

Result<void> check_digests(std::span<Digest256> digests) {
  if (digests.size() > kBytesMax / sizeof(Digest256)) {
    return fail(Errc::invalid_argument,
                "'digests' of " + std::to_string(digests.size()) + " elements is larger than the address space");
  }
  if (digests.empty() || digests.data() != nullptr) return {};
  return fail(Errc::invalid_argument,
              "'digests' points to no memory for its " + std::to_string(digests.size()) + " elements");
}

// The list itself is read while digests are written.
Result<void> check_list(std::span<const std::span<const std::uint8_t>> messages, std::span<Digest256> digests) {
  if (messages.empty()) return {};
  if (messages.data() == nullptr) {
    return fail(Errc::invalid_argument,
                "'messages' of " + std::to_string(messages.size()) + " elements points to no data");
  }
  const auto* list = reinterpret_cast<const std::uint8_t*>(messages.data());
  const auto* first = reinterpret_cast<const std::uint8_t*>(digests.data());
  const std::less_equal<const std::uint8_t*> at_or_before;
  if (at_or_before(list + messages.size_bytes(), first) || at_or_before(first + digests.size_bytes(), list)) return {};
  return fail(Errc::invalid_argument, "'messages' overlaps 'digests': give them memory of their own");
}

}  // namespace

Result<void> blake2b_256(std::span<const std::span<const std::uint8_t>> messages, std::span<Digest256> digests) {
  if (messages.size() != digests.size()) {
    return fail(Errc::shape_mismatch, "there are " + std::to_string(digests.size()) + " digests for " +
                                          std::to_string(messages.size()) + " messages");
  }
  if (auto checked = check_digests(digests); !checked) return checked;
  if (auto checked = check_list(messages, digests); !checked) return checked;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    if (auto checked = check_message(i, messages[i], digests); !checked) return checked;
  }
  const auto at = [](const void* context, std::size_t i, std::size_t& length) -> const std::uint8_t* {
    const auto& message = static_cast<const std::span<const std::uint8_t>*>(context)[i];
    length = message.size();
    return message.data();
  };
  if (!digests.empty()) cpu::blake2b_256(at, messages.data(), messages.size(), digests.data()->data());
  return {};
}

Result<void> blake2b_256(std::span<const std::uint8_t> messages, std::size_t length, std::span<Digest256> digests) {
  const bool fits =
      length == 0 ? messages.empty() : messages.size() % length == 0 && messages.size() / length == digests.size();
  if (!fits) {
    return fail(Errc::shape_mismatch, "'messages' has " + std::to_string(messages.size()) + " bytes, which is not " +
                                          std::to_string(digests.size()) + " times " + std::to_string(length));
  }
  if (auto checked = check_digests(digests); !checked) return checked;
  if (auto checked = check_message(0, messages, digests); !checked) return checked;
  struct Run {
    const std::uint8_t* first;
    std::size_t length;
  };
  const Run run{messages.data(), length};
  const auto at = [](const void* context, std::size_t i, std::size_t& bytes) -> const std::uint8_t* {
    const Run& all = *static_cast<const Run*>(context);
    bytes = all.length;
    return all.length == 0 ? all.first : all.first + i * all.length;
  };
  if (!digests.empty()) cpu::blake2b_256(at, &run, digests.size(), digests.data()->data());
  return {};
}

}  // namespace myelin::kernels
