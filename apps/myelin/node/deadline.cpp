#include "node/deadline.hpp"

#include <unistd.h>

#include <string_view>

namespace myelin::tool {

Deadline::Deadline(std::chrono::nanoseconds limit, int status)
    : watcher_{[this, limit, status](const std::stop_token& stop) {
        std::unique_lock lock{mutex_};
        over_.wait_for(lock, stop, limit, [] { return false; });
        if (stop.stop_requested()) return;
        constexpr std::string_view kText = "myelin: the time to stop is over; ended as it is\n";
        static_cast<void>(!::write(STDERR_FILENO, kText.data(), kText.size()));
        ::_exit(status);
      }} {}

}  // namespace myelin::tool
