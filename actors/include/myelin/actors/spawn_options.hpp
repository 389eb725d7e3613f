/// What can be chosen for one agent when it is started.
#pragma once

#include <optional>

#include "myelin/actors/mailbox.hpp"

namespace myelin {

struct SpawnOptions {
  /// Instead of what the class says with `static MailboxOptions mailbox()`, or of the default.
  std::optional<MailboxOptions> mailbox = {};
};

}  // namespace myelin
