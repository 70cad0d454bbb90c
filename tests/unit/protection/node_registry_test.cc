// Who may sign as which node: every row of the registry's rules, with rows below, at and above the
// age at which a node counts as dead. Invariants: S4, S8.
#include "protection/node_registry.h"

#include <gtest/gtest.h>

namespace holdfast {
namespace {

using std::chrono::milliseconds;

Address publisher(std::uint8_t byte) {
  Address address;
  address.bytes.fill(byte);
  return address;
}

NodeRecord node(std::string node_id, std::string instance, std::string journal) {
  NodeRecord record;
  record.node_id = std::move(node_id);
  record.instance_id = std::move(instance);
  record.place = "host of " + record.instance_id;
  record.journal_id = std::move(journal);
  record.journal_sequence = 10;
  record.running = true;
  record.started_at_ms = 1000;
  return record;
}

Registration of_node_one() {
  Registration registration;
  registration.wanted = node("node-1", "new", "journal-1");
  return registration;
}

std::string refusal_of(const Registration& registration, const std::vector<NodeRecord>& nodes) {
  const RegistrationVerdict verdict = judge_registration(registration, nodes);
  const auto* refused = std::get_if<RefuseNode>(&verdict);
  return refused == nullptr ? std::string() : refused->why;
}

/** The instance that is replaced; "none", or "refused". */
std::string replaced_by(const Registration& registration, const std::vector<NodeRecord>& nodes) {
  const RegistrationVerdict verdict = judge_registration(registration, nodes);
  const auto* wanted = std::get_if<RegisterNode>(&verdict);
  if (wanted == nullptr) return "refused";
  return wanted->replaces_instance.value_or("none");
}

TEST(NodeRegistry, a_new_node_registers) {
  EXPECT_EQ(replaced_by(of_node_one(), {}), "none");
  EXPECT_EQ(replaced_by(of_node_one(), {node("node-2", "other", "journal-2")}), "none");
}

TEST(NodeRegistry, a_restarted_node_takes_its_row_at_once_by_its_journal) {
  EXPECT_EQ(replaced_by(of_node_one(), {node("node-1", "old", "journal-1")}), "old");
}

TEST(NodeRegistry, refuses_a_live_node_id_with_another_journal_and_names_both) {
  struct Row {
    const char* name;
    milliseconds last_seen;
    bool running;
    const char* refusal;
  };
  const Row rows[] = {
      {"just seen", milliseconds(0), true, "is in use"},
      {"just below", kNodeAlive - milliseconds(1), true, "is in use"},
      {"at", kNodeAlive, true, "another journal"},
      {"just above", kNodeAlive + milliseconds(1), true, "another journal"},
      {"stopped", milliseconds(0), false, "another journal"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    NodeRecord old = node("node-1", "old", "journal-x");
    old.last_seen = row.last_seen;
    old.running = row.running;
    EXPECT_NE(refusal_of(of_node_one(), {old}).find(row.refusal), std::string::npos)
        << refusal_of(of_node_one(), {old});
  }
  const std::string both = refusal_of(of_node_one(), {node("node-1", "old", "journal-x")});
  EXPECT_NE(both.find("host of old"), std::string::npos) << both;
  EXPECT_NE(both.find("host of new"), std::string::npos) << both;
}

TEST(NodeRegistry, the_operators_word_replaces_a_journal_but_not_a_live_node) {
  Registration registration = of_node_one();
  registration.new_journal = NewJournal::accept;
  NodeRecord old = node("node-1", "old", "journal-x");
  EXPECT_NE(refusal_of(registration, {old}).find("is in use"), std::string::npos);
  old.running = false;
  EXPECT_EQ(replaced_by(registration, {old}), "old");
}

TEST(NodeRegistry, refuses_a_journal_that_was_set_back) {
  for (const auto& [sequence, refused] :
       {std::pair<std::int64_t, bool>{9, true}, {10, false}, {11, false}}) {
    SCOPED_TRACE(sequence);
    Registration registration = of_node_one();
    registration.wanted.journal_sequence = sequence;
    const std::string why = refusal_of(registration, {node("node-1", "old", "journal-1")});
    EXPECT_EQ(why.find("set back") != std::string::npos, refused) << why;
    registration.new_journal = NewJournal::accept;
    EXPECT_EQ(replaced_by(registration, {node("node-1", "old", "journal-1")}), "old");
  }
}

TEST(NodeRegistry, refuses_a_new_journal_where_the_node_has_signed_before) {
  Registration registration = of_node_one();
  registration.journal_is_new = true;
  EXPECT_EQ(replaced_by(registration, {}), "none");
  registration.has_signed = true;
  EXPECT_NE(refusal_of(registration, {}).find("--accept-new-journal"), std::string::npos);
  registration.new_journal = NewJournal::accept;
  EXPECT_EQ(replaced_by(registration, {}), "none");
  registration.new_journal = NewJournal::refuse;
  registration.journal_is_new = false;
  EXPECT_EQ(replaced_by(registration, {}), "none");
}

TEST(NodeRegistry, refuses_a_publisher_that_a_live_node_has_and_names_both) {
  Registration registration = of_node_one();
  registration.wanted.publishers = {publisher(1), publisher(2)};
  NodeRecord other = node("node-2", "other", "journal-2");
  other.publishers = {publisher(3)};
  EXPECT_EQ(replaced_by(registration, {other}), "none");
  other.publishers.push_back(publisher(2));
  const std::string why = refusal_of(registration, {other});
  EXPECT_NE(why.find(to_text(publisher(2))), std::string::npos) << why;
  EXPECT_NE(why.find("node-1"), std::string::npos) << why;
  EXPECT_NE(why.find("node-2"), std::string::npos) << why;
  other.last_seen = kNodeAlive;
  EXPECT_EQ(replaced_by(registration, {other}), "none");
}

TEST(NodeRegistry, of_two_that_came_at_once_the_later_gives_way) {
  NodeRecord own = node("node-1", "own", "journal-1");
  NodeRecord other = node("node-2", "other", "journal-2");
  own.publishers = {publisher(1)};
  other.publishers = {publisher(1)};
  for (const auto& [started, conflict] :
       {std::pair<std::int64_t, bool>{999, true}, {1000, false}, {1001, false}}) {
    SCOPED_TRACE(started);
    other.started_at_ms = started;
    EXPECT_EQ(publisher_conflict(own, {own, other}).has_value(), conflict);
    EXPECT_NE(publisher_conflict(other, {own, other}).has_value(), conflict) << "both or neither";
  }
  other.started_at_ms = 999;
  other.running = false;
  EXPECT_FALSE(publisher_conflict(own, {own, other}).has_value());
}

}  // namespace
}  // namespace holdfast
