// Lists, filters, counts, and what a store says about itself.
#include "store_conformance/conformance.h"

namespace holdfast {
namespace {

using namespace holdfast::test;

class Lists : public StoreTest {
 protected:
  /** Started `age` ago. */
  void add_signed(const Duty& duty, const std::string& node, seconds age) {
    sign(duty, node);
    database().age_row(duty.key, age);
  }
  static std::vector<Slot> slots_of(const std::vector<DutyRow>& rows) {
    std::vector<Slot> slots;
    for (const DutyRow& row : rows) slots.push_back(row.duty.key.slot);
    return slots;
  }
};
INSTANTIATE_TEST_SUITE_P(Stores, Lists,
                         testing::Values(StoreKind::memory, StoreKind::sqlite, StoreKind::postgres),
                         kind_name);

TEST_P(Lists, are_newest_first_and_as_long_as_asked) {
  add_signed(duty_at(1), "node-1", seconds(10));
  add_signed(duty_at(2), "node-1", seconds(30));
  add_signed(duty_at(3), "node-1", seconds(20));
  DutyFilter filter;
  EXPECT_EQ(slots_of(list(filter)), (std::vector<Slot>{Slot(1), Slot(3), Slot(2)}));
  filter.limit = 2;
  EXPECT_EQ(slots_of(list(filter)), (std::vector<Slot>{Slot(1), Slot(3)}));
  filter.limit = 0;
  EXPECT_TRUE(list(filter).empty());
}

TEST_P(Lists, of_an_empty_store_are_empty) {
  EXPECT_TRUE(list({}).empty());
  EXPECT_EQ(row(example_duty().key), std::nullopt);
}

TEST_P(Lists, give_each_row_whole) {
  sign(example_duty(), "node-1");
  const std::vector<DutyRow> rows = list({});
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].duty, example_duty());
  EXPECT_EQ(rows[0].status, DutyStatus::signed_);
  EXPECT_EQ(rows[0].node_id, "node-1");
  EXPECT_EQ(rows[0].signature, signature_for(example_duty()));
  EXPECT_EQ(rows[0].holder, LockHolder::holdfast);
  EXPECT_GT(rows[0].started_at_ms, 0);
}

TEST_P(Lists, are_filtered_by_each_field) {
  const Duty plain = example_duty();
  add_signed(plain, "node-1", seconds(7200));
  const HeldLock signing = lock(duty_at(200), "node-1");
  sign(with_rollup(duty_at(300), 0x12), "node-1");
  Duty other_validator = duty_at(400);
  other_validator.key.validator_address = filled_with<Address>(0x23);
  sign(other_validator, "node-1");
  Duty vote = duty_of(DutyType::governance_vote);
  vote.key.slot = Slot(500);
  sign(vote, "node-2");

  DutyFilter rollup;
  rollup.rollup_address = filled_with<RollupAddress>(0x12);
  EXPECT_EQ(slots_of(list(rollup)), std::vector<Slot>{Slot(300)});
  DutyFilter validator;
  validator.validator_address = filled_with<Address>(0x23);
  EXPECT_EQ(slots_of(list(validator)), std::vector<Slot>{Slot(400)});
  DutyFilter slot;
  slot.slot = Slot(100);
  EXPECT_EQ(slots_of(list(slot)), std::vector<Slot>{Slot(100)});
  DutyFilter type;
  type.duty_type = DutyType::governance_vote;
  EXPECT_EQ(slots_of(list(type)), std::vector<Slot>{Slot(500)});
  DutyFilter node;
  node.node_id = "node-2";
  EXPECT_EQ(slots_of(list(node)), std::vector<Slot>{Slot(500)});
  DutyFilter status;
  status.status = DutyStatus::signing;
  EXPECT_EQ(slots_of(list(status)), std::vector<Slot>{Slot(200)});
  DutyFilter recent;
  recent.newer_than = seconds(3600);
  EXPECT_EQ(list(recent).size(), 4U);
  DutyFilter all = rollup;
  all.node_id = "node-2";
  EXPECT_TRUE(list(all).empty()) << "filters are joined by and";
}

TEST_P(Lists, a_hostile_node_id_is_only_text) {
  const std::string hostile = "x' OR '1'='1";
  sign(example_duty(), hostile);
  sign(duty_at(200), "node-1");
  DutyFilter filter;
  filter.node_id = hostile;
  ASSERT_EQ(list(filter).size(), 1U);
  EXPECT_EQ(list(filter)[0].node_id, hostile);
}

TEST_P(Lists, counts_are_by_duty_type_and_node_in_that_order) {
  sign(duty_at(1), "node-2");
  sign(duty_at(2), "node-1");
  sign(duty_at(3), "node-1");
  const HeldLock signing = lock(duty_at(4), "node-1");
  sign(duty_of(DutyType::attestation), "node-1");
  add_signed(duty_at(5), "node-1", seconds(7200));
  Result<std::vector<DutyCount>> counts = loop.run(store.count_by_node(seconds(3600)));
  ASSERT_TRUE(counts.has_value()) << counts.error().message;
  ASSERT_EQ(counts->size(), 3U);
  const auto expect_count = [&](std::size_t at, DutyType type, const char* node,
                                std::int64_t duties, std::int64_t signed_duties) {
    EXPECT_EQ((*counts)[at].duty_type, type) << at;
    EXPECT_EQ((*counts)[at].node_id, node) << at;
    EXPECT_EQ((*counts)[at].duty_count, duties) << at;
    EXPECT_EQ((*counts)[at].signed_count, signed_duties) << at;
  };
  expect_count(0, DutyType::attestation, "node-1", 1, 1);
  expect_count(1, DutyType::block_proposal, "node-1", 3, 2);
  expect_count(2, DutyType::block_proposal, "node-2", 1, 1);
}

TEST_P(Lists, item_15_a_store_that_can_be_signed_with_says_what_it_is) {
  Result<StoreState> state = loop.run(store.check());
  ASSERT_TRUE(state.has_value()) << state.error().message;
  EXPECT_EQ(state->backend, name_of(GetParam()));
  EXPECT_FALSE(state->place.empty());
  EXPECT_EQ(state->schema_version, 2);
  EXPECT_EQ(state->holdfast_schema_version, 3);
}

TEST_P(Lists, item_20_a_closed_store_answers_unavailable) {
  DutyStore& closing = database().open();
  sign(example_duty());
  loop.run(closing.close());
  loop.run(closing.close());
  Result<ClaimAnswer> claimed = ask(closing, duty_at(200), "node-1");
  ASSERT_FALSE(claimed.has_value());
  EXPECT_EQ(claimed.error().kind, ErrorKind::unavailable);
  Result<std::optional<DutyRow>> read = loop.run(closing.read(example_duty().key));
  ASSERT_FALSE(read.has_value());
  EXPECT_EQ(read.error().kind, ErrorKind::unavailable);
}

}  // namespace
}  // namespace holdfast
