/// Records of another node, once it has said who it is: frames to agents, answers to those who asked.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "inbound_route.hpp"
#include "myelin/serialization/guard.hpp"
#include "wire/record_reader.hpp"

namespace myelin::network {

/// **Thread-safety**: thread-compatible: called by the connection's thread.
class Inbound final : public RecordReader::Sink {
 public:
  explicit Inbound(InboundRoute::Session session)
      : session_{std::make_shared<const InboundRoute::Session>(std::move(session))} {}

  /// What comes now came then: deadlines count from it.
  void set_time(TimePoint now) noexcept { now_ = now; }

  /// **Errors**: bad_frame for what no node sends that keeps to the format. A frame that cannot be read is an error to
  /// its sender only.
  Result<void> on_record(const RecordHeader& header, std::span<const std::byte> payload) override;
  Result<std::span<std::byte>> on_part(const RecordHeader& header) override;
  Result<void> on_part_complete(const RecordHeader& header) override;

 private:
  /// A frame that comes in parts.
  struct InParts {
    RecordHeader record{};
    std::optional<ForeignFrame> frame;  ///< None where it cannot be read: then its parts are thrown away.
    std::optional<Error> refused;
    std::size_t total = 0;
    std::size_t offset = 0;  ///< In the body.
    std::size_t left = 0;
  };

  [[nodiscard]] Result<void> begin_frame(const RecordHeader& header, std::span<const std::byte> payload);
  [[nodiscard]] Result<void> take_frame(const RecordHeader& header, Result<Frame> frame, std::size_t bytes);
  void send_credit() noexcept;
  [[nodiscard]] Result<InboundRoute*> route(std::uint32_t number);

  const std::shared_ptr<const InboundRoute::Session> session_;
  std::vector<std::shared_ptr<InboundRoute>> routes_;
  std::array<InParts, kLanes> in_parts_;
  std::vector<std::byte> thrown_away_;
  TimePoint now_{};
};

}  // namespace myelin::network
