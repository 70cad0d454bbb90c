// What every store with a registry and an identity must do, checked on each of them.
#pragma once

#include <gtest/gtest.h>

#include "store/database_watch.h"
#include "store/node_table.h"
#include "support/example_duty.h"
#include "support/test_loop.h"

namespace holdfast::test {

/** Keeps what it was told, and refuses when it is told to. */
class RecordingWatch final : public DatabaseWatch {
 public:
  DatabaseQuestion question() const override { return asked; }
  Result<void> on_database(const DatabaseQuestion&, const DatabaseFacts& found) override {
    ++meetings;
    facts = found;
    if (refusal) return *refusal;
    return {};
  }

  DatabaseQuestion asked{
      .node_id = "node-1", .newest_release = std::nullopt, .beat = 0, .quarantines_begun = 0};
  std::optional<Error> refusal;
  DatabaseFacts facts;
  int meetings = 0;
};

inline NodeRecord example_node(const std::string& node_id, const std::string& instance) {
  NodeRecord node;
  node.node_id = node_id;
  node.instance_id = instance;
  node.place = "host pid 1";
  node.version = "0.0";
  node.publishers = {filled_with<Address>(0x31), filled_with<Address>(0x32)};
  node.journal_id = "journal of " + node_id;
  node.journal_sequence = 7;
  node.beat = 4;
  return node;
}

/** The table is empty. */
inline void check_node_table(TestLoop& loop, NodeTable& nodes) {
  EXPECT_TRUE(*loop.run(nodes.put_node(example_node("node-1", "a"), std::nullopt)));
  EXPECT_FALSE(*loop.run(nodes.put_node(example_node("node-1", "b"), std::nullopt)))
      << "the row is there";
  EXPECT_FALSE(*loop.run(nodes.put_node(example_node("node-1", "b"), std::string("x"))))
      << "another instance has it";

  Result<std::vector<NodeRecord>> listed = loop.run(nodes.list_nodes());
  ASSERT_TRUE(listed.has_value()) << listed.error().message;
  ASSERT_EQ(listed->size(), 1U);
  NodeRecord expected = example_node("node-1", "a");
  expected.beat = 5;
  expected.running = true;
  expected.started_at_ms = listed->front().started_at_ms;
  expected.last_seen = listed->front().last_seen;
  EXPECT_EQ(listed->front(), expected);
  EXPECT_GT(expected.started_at_ms, 0);
  EXPECT_GE(expected.last_seen.count(), 0);

  const NodeBeat beat{
      .node_id = "node-1", .instance_id = "a", .journal_sequence = 9, .running = false};
  EXPECT_EQ(**loop.run(nodes.beat_node(beat)), 6);
  NodeBeat of_another = beat;
  of_another.instance_id = "b";
  EXPECT_FALSE(loop.run(nodes.beat_node(of_another))->has_value());
  listed = loop.run(nodes.list_nodes());
  EXPECT_EQ(listed->front().journal_sequence, 9);
  EXPECT_FALSE(listed->front().running);

  // A successor goes on from the higher of both beats.
  EXPECT_TRUE(*loop.run(nodes.put_node(example_node("node-1", "b"), std::string("a"))));
  EXPECT_EQ(loop.run(nodes.list_nodes())->front().beat, 7);
  NodeRecord ahead = example_node("node-1", "c");
  ahead.beat = 100;
  EXPECT_TRUE(*loop.run(nodes.put_node(ahead, std::string("b"))));
  EXPECT_EQ(loop.run(nodes.list_nodes())->front().beat, 101);

  NodeRecord without = example_node("a-node", "d");
  without.publishers.clear();
  EXPECT_TRUE(*loop.run(nodes.put_node(without, std::nullopt)));
  listed = loop.run(nodes.list_nodes());
  ASSERT_EQ(listed->size(), 2U);
  EXPECT_EQ(listed->front().node_id, "a-node");
  EXPECT_TRUE(listed->front().publishers.empty());
}

}  // namespace holdfast::test
