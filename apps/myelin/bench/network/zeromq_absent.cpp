// In place of zeromq_near.cpp and zeromq_far.cpp where zmq.h was not there when the tool was built.
#include "bench/network/zeromq.hpp"

namespace myelin::tool::network_bench::zeromq {

namespace {

tl::unexpected<Error> refusal() {
  return fail(Errc::not_found, "built without ZeroMQ; install libzmq3-dev and build again to compare with it");
}

}  // namespace

Result<void> load() { return refusal(); }
Result<double> one_way_ns(const PairSetup& /*setup*/, const Stream& /*stream*/) { return refusal(); }
Result<RoundTrips> round_trips(const PairSetup& /*setup*/, const Questions& /*questions*/) { return refusal(); }
Result<void> serve() { return refusal(); }

}  // namespace myelin::tool::network_bench::zeromq
