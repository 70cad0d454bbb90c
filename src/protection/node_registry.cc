#include "protection/node_registry.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

namespace holdfast {
namespace {

std::string in_use(const NodeRecord& other, const NodeRecord& wanted) {
  return fmt::format(
      "the node id {} is in use: {} is alive and was seen {} ms ago, and this is {}. Give every "
      "node its own --node-id; a node that died counts as alive for {} s",
      other.node_id, describe(other), other.last_seen.count(), describe(wanted),
      kNodeAlive.count() / 1000);
}

std::string shared(const NodeRecord& other, const NodeRecord& wanted, const Address& publisher) {
  return fmt::format(
      "the publisher {} is on two nodes: {} is alive and has it, and so has {}. Transactions of "
      "two "
      "nodes with one key take each other's nonces: give every node publishers of its own "
      "(a node that died counts as alive for {} s)",
      to_text(publisher), describe(other), describe(wanted), kNodeAlive.count() / 1000);
}

std::string journal_problem(const NodeRecord& own, const Registration& registration) {
  const bool other_journal = own.journal_id != registration.wanted.journal_id;
  const std::string what =
      other_journal ? std::string("the database knows this node with another journal")
                    : fmt::format(
                          "this node's journal was set back: the database has seen it at "
                          "write {}, and it ends at {}",
                          own.journal_sequence, registration.wanted.journal_sequence);
  return fmt::format(
      "{}, so it may have released what it does not remember. Bring the journal back (its data "
      "directory), or, if it is lost and no other process can have it, start once with "
      "--accept-new-journal",
      what);
}

/** Why the own row stands in the way; nullopt when it does not. */
std::optional<std::string> own_problem(const NodeRecord& own, const Registration& registration) {
  const NodeRecord& wanted = registration.wanted;
  const bool other_journal = own.journal_id != wanted.journal_id;
  if (other_journal && is_alive(own)) return in_use(own, wanted);
  if (registration.new_journal == NewJournal::accept) return std::nullopt;
  if (other_journal || own.journal_sequence > wanted.journal_sequence) {
    return journal_problem(own, registration);
  }
  return std::nullopt;
}

}  // namespace

std::string describe(const NodeRecord& node) {
  return fmt::format("{} ({})", node.node_id, node.place);
}

std::optional<Address> shared_publisher(const std::vector<Address>& own, const NodeRecord& node) {
  for (const Address& publisher : own) {
    if (std::find(node.publishers.begin(), node.publishers.end(), publisher) !=
        node.publishers.end()) {
      return publisher;
    }
  }
  return std::nullopt;
}

bool is_alive(const NodeRecord& node) noexcept {
  return node.running && node.last_seen < kNodeAlive;
}

RegistrationVerdict judge_registration(const Registration& registration,
                                       const std::vector<NodeRecord>& nodes) {
  const NodeRecord& wanted = registration.wanted;
  std::optional<std::string> replaced;
  for (const NodeRecord& node : nodes) {
    if (node.node_id != wanted.node_id) continue;
    if (std::optional<std::string> why = own_problem(node, registration)) {
      return RefuseNode{*std::move(why)};
    }
    replaced = node.instance_id;
  }
  if (!replaced && registration.has_signed && registration.journal_is_new &&
      registration.new_journal == NewJournal::refuse) {
    return RefuseNode{
        "the database has signatures of this node, and its journal is new: it was started with "
        "another data directory, or by a Holdfast that had no journal yet. Bring the journal back, "
        "or start once with --accept-new-journal"};
  }
  for (const NodeRecord& node : nodes) {
    if (node.node_id == wanted.node_id || !is_alive(node)) continue;
    const std::optional<Address> publisher = shared_publisher(wanted.publishers, node);
    if (publisher) return RefuseNode{shared(node, wanted, *publisher)};
  }
  return RegisterNode{std::move(replaced)};
}

std::optional<std::string> publisher_conflict(const NodeRecord& own,
                                              const std::vector<NodeRecord>& nodes) {
  for (const NodeRecord& node : nodes) {
    if (node.node_id == own.node_id || !is_alive(node)) continue;
    const bool was_first =
        std::tie(node.started_at_ms, node.node_id) < std::tie(own.started_at_ms, own.node_id);
    const std::optional<Address> publisher = shared_publisher(own.publishers, node);
    if (was_first && publisher) return shared(node, own, *publisher);
  }
  return std::nullopt;
}

}  // namespace holdfast
