/// The trace of a mesh that a failing test has just left, for the report of its seed.
#pragma once

#include <string>

#include "myelin/testkit/trace.hpp"

namespace myelin::testkit {

/// Steps shown in reports.
inline constexpr std::size_t kReportedSteps = 24;

/// **Thread-safety**: each thread has its own.
inline thread_local std::string failed_trace;

inline void remember_failed_trace(const Trace& trace) { failed_trace = trace.text(kReportedSteps); }

}  // namespace myelin::testkit
