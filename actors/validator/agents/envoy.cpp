#include "agents/envoy.hpp"

namespace myelin::validator {

Envoy::Envoy(std::shared_ptr<EpochWords> words, std::shared_ptr<Directory> members)
    : words_{std::move(words)}, members_{std::move(members)}, is_asked_(members_->size()) {}

void Envoy::on_start() {
  ask_all();
  every(Duration{limits::kAskEpochPeriod}, [this] { ask_all(); });
}

void Envoy::tell_word(schema::AskEpoch::Reader asked, Reply<schema::EpochWord> reply) {
  if (!reply.wanted()) return;
  const EpochWord own = words_->own();
  const consensus::Epoch from = asked.getFrom();
  Result<void> written{};
  Frame answer = make_frame<schema::EpochWord>(
      [&](schema::EpochWord::Builder word) { written = write_word(own, from, word); }, reply.answer_header());
  if (!written) return reply.fail(written.error());
  reply.send(std::move(answer));
}

void Envoy::ask_all() {
  const consensus::Epoch from = words_->from();
  for (std::size_t i = 0; i < members_->size(); ++i) {
    const AgentRef member = members_->address(i);
    if (!member || is_asked_[i]) continue;
    is_asked_[i] = true;
    ask<schema::EpochWord>(
        member, [from](schema::AskEpoch::Builder asked) { asked.setFrom(from); }, Duration{limits::kAskEpochLimit},
        [this, i](Result<Held<schema::EpochWord>> said) {
          is_asked_[i] = false;
          if (!said) return;
          // One that lies is one that says nothing.
          if (auto word = read_word(**said)) words_->set(i, *std::move(word), now());
        });
  }
}

}  // namespace myelin::validator
