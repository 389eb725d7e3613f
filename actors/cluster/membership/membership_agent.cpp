#include "membership/membership_agent.hpp"

#include <iterator>
#include <utility>

#include "myelin/cluster/limits.hpp"
#include "myelin/network/node.hpp"

namespace myelin::cluster {

namespace {

Record read(schema::MemberRecord::Reader reader) {
  Record record{.node = reader.getNode(),
                .address = reader.getAddress(),
                .incarnation = reader.getIncarnation(),
                .version = reader.getVersion(),
                .has_left = reader.getHasLeft()};
  for (const auto node : reader.getConnectedTo()) record.connected_to.emplace(node.cStr(), node.size());
  for (const auto tag : reader.getTags()) record.tags.emplace_back(tag.cStr(), tag.size());
  return record;
}

void write(const Record& record, schema::MemberRecord::Builder builder) {
  builder.setNode(record.node);
  builder.setAddress(record.address);
  builder.setIncarnation(record.incarnation);
  builder.setVersion(record.version);
  builder.setHasLeft(record.has_left);
  auto connected = builder.initConnectedTo(static_cast<unsigned>(record.connected_to.size()));
  unsigned next = 0;
  for (const std::string& node : record.connected_to) connected.set(next++, node);
  auto tags = builder.initTags(static_cast<unsigned>(record.tags.size()));
  for (unsigned i = 0; i < record.tags.size(); ++i) tags.set(i, record.tags[i]);
}

/// Whether a record is worth reading: its lists could be long.
bool is_bounded(schema::MemberRecord::Reader record) {
  return record.getConnectedTo().size() <= limits::kMembersMax && record.getTags().size() <= limits::kTagsMax;
}

}  // namespace

MembershipAgent::MembershipAgent(Record own, Parts parts)
    : parts_{std::move(parts)}, records_{std::move(own)}, random_{parts_.seed} {}

void MembershipAgent::on_start() {
  parts_.board->show(records_.view());
  every(parts_.gossip_period, Repeat{.jitter = 0.5}, [this] { gossip(); });
}

void MembershipAgent::take(schema::Gossip::Reader gossip) {
  if (gossip.getRecords().size() > limits::kMembersMax) return;
  for (const auto reader : gossip.getRecords()) {
    if (!is_bounded(reader)) continue;
    const Record record = read(reader);
    if (!check(record) || !records_.merge(record)) continue;
    news_.insert(record.node);
    act_on(record);
  }
}

void MembershipAgent::act_on(const Record& record) {
  if (record.node == records_.own().node) return;
  if (record.has_left) {
    parts_.node.forget_peer(record.node);
  } else if (!record.address.empty()) {
    // An address that cannot be dialled is that node's mistake; it may still dial this one.
    static_cast<void>(parts_.node.add_peer({record.node, record.address}));
  }
}

void MembershipAgent::peer_changed(schema::PeerChange::Reader change) {
  const std::string node = change.getNode();
  if (records_.set_connected(node, change.getIsConnected())) news_.insert(records_.own().node);
  if (change.getIsConnected()) send_records(node, nullptr);
}

void MembershipAgent::leave(schema::Leave::Reader, Reply<schema::Left> reply) {
  records_.leave();
  news_.insert(records_.own().node);
  on_turn_end();
  reply.send([](schema::Left::Builder) {});
}

void MembershipAgent::on_turn_end() {
  if (news_.empty()) return;
  const std::set<std::string> news = std::exchange(news_, {});
  for (const std::string& node : records_.own().connected_to) send_records(node, &news);
  if (parts_.board->show(records_.view()) && parts_.on_view) parts_.on_view(*parts_.board->view());
}

void MembershipAgent::gossip() {
  const auto& connected = records_.own().connected_to;
  if (connected.empty()) return;
  const auto chosen = std::uniform_int_distribution<std::size_t>{0, connected.size() - 1}(random_);
  send_records(*std::next(connected.begin(), static_cast<std::ptrdiff_t>(chosen)), nullptr);
}

/// `only`: those records; null for all.
void MembershipAgent::send_records(const std::string& node, const std::set<std::string>* only) {
  const auto other = parts_.node.find(node, kName);
  if (!other) return;
  std::vector<const Record*> chosen;
  for (const auto& [name, record] : records_.all()) {
    if (only == nullptr || only->contains(name)) chosen.push_back(&record);
  }
  tell(
      *other,
      [&](schema::Gossip::Builder gossip) {
        auto records = gossip.initRecords(static_cast<unsigned>(chosen.size()));
        for (unsigned i = 0; i < chosen.size(); ++i) write(*chosen[i], records[i]);
      },
      Lane::control);
}

}  // namespace myelin::cluster
