// What can be seen from outside of agents at work: counts and times by class and message, the spans of one request,
// and the messages that nobody took.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>

#include <myelin/actors/mesh.hpp>

#include "observing.capnp.h"

using namespace std::chrono_literals;

namespace {

class Store : public myelin::Agent {
 public:
  static void handlers(myelin::Handlers<Store>& on) { on.message<&Store::take>(); }

 private:
  void take(Take::Reader wish, myelin::Reply<Taken> reply) {
    if (wish.getPieces() > left_) return reply.fail({myelin::Errc::not_found, "sold out"});
    left_ -= wish.getPieces();
    reply.send([&](Taken::Builder taken) { taken.setLeft(left_); });
  }

  std::uint32_t left_ = 1000;
};

class Front : public myelin::Agent {
 public:
  explicit Front(myelin::AgentRef store) : store_{std::move(store)} {}
  static void handlers(myelin::Handlers<Front>& on) { on.message<&Front::order>(); }

 private:
  myelin::Task<Parcel> order(myelin::Held<Order> order) {
    const auto taken = co_await ask<Taken>(
        store_, [&](Take::Builder take) { take.setPieces(order->getPieces()); }, 5s);
    if (!taken) co_return tl::unexpected{taken.error()};
    co_return [&](Parcel::Builder parcel) { parcel.setPieces(order->getPieces()); };
  }

  myelin::AgentRef store_;
};

void print_metrics(const myelin::MeshMetrics& metrics) {
  for (const myelin::AgentClassMetrics& agents : metrics.classes) {
    std::printf("%s: %llu started, %llu running\n", agents.name.c_str(),
                static_cast<unsigned long long>(agents.started),
                static_cast<unsigned long long>(agents.started - agents.ended));
    for (const myelin::HandlerMetrics& handler : agents.handlers) {
      std::printf("  %s: %llu handled; of %llu timed, half took less than %lld ns\n", handler.message.c_str(),
                  static_cast<unsigned long long>(handler.messages),
                  static_cast<unsigned long long>(handler.time.count()),
                  static_cast<long long>(handler.time.percentile(0.5).count()));
    }
  }
}

void print_spans(const std::vector<myelin::Span>& spans) {
  for (const myelin::Span& span : spans) {
    std::printf("span %016llx below %016llx: %s handled %s in %lld ns\n",
                static_cast<unsigned long long>(span.context.span_id),
                static_cast<unsigned long long>(span.parent_span), span.agent_class.c_str(), span.message_name.c_str(),
                static_cast<long long>(span.took.count()));
  }
}

}  // namespace

int main() {
  myelin::Mesh mesh{{.trace_one_in = 1}};
  const myelin::AgentRef front = mesh.spawn<Front>(mesh.spawn<Store>());
  mesh.tell(front, [](Complaint::Builder) {});  // the front has no handler for these
  int served = 0;
  for (int customer = 0; customer < 100; ++customer) {
    const auto parcel = mesh.ask<Parcel>(
        front, [](Order::Builder order) { order.setPieces(30); }, 5s);
    if (parcel) ++served;
  }
  mesh.stop();

  print_metrics(mesh.metrics());
  std::vector<myelin::Span> spans = mesh.tracer().recent();
  const std::size_t all = spans.size();
  spans.resize(std::min<std::size_t>(2, all));
  print_spans(spans);
  std::printf("%llu dead letter(s): unhandled_type\n",
              static_cast<unsigned long long>(mesh.dead_letters().count(myelin::Errc::unhandled_type)));

  const myelin::MeshMetrics metrics = mesh.metrics();
  const bool counted = metrics.classes.size() == 2 && metrics.classes[1].handlers[0].messages == 100;
  return served == 33 && counted ? 0 : 1;
}
