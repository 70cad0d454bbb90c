// Every row of what a node makes of the database that it finds, with rows below, at and above each
// bound. Invariant: S4.
#include "protection/database_pin.h"

#include <ostream>

#include <gtest/gtest.h>

namespace holdfast {
namespace {

DatabaseIdentity postgres(std::int64_t timeline = 5, bool synchronous = false) {
  return {.backend = "postgres",
          .cluster_id = "c1",
          .system_identifier = "7001",
          .timeline = timeline,
          .synchronous = synchronous};
}

DatabaseIdentity with_cluster(std::string cluster_id) {
  DatabaseIdentity identity = postgres();
  identity.cluster_id = std::move(cluster_id);
  return identity;
}

DatabaseIdentity with_system(std::string system_identifier) {
  DatabaseIdentity identity = postgres();
  identity.system_identifier = std::move(system_identifier);
  return identity;
}

DatabaseIdentity with_backend(std::string backend) {
  DatabaseIdentity identity = postgres();
  identity.backend = std::move(backend);
  return identity;
}

enum class Expected { accepted, quarantined, refused };

struct Row {
  const char* name;
  std::optional<DatabaseIdentity> pinned;
  DatabaseIdentity found;
  std::int64_t found_beat = 7;
  bool knows = true;
  Expected expected = Expected::refused;
  /** The reason of the quarantine, or a part of why it is refused. */
  QuarantineReason reason = QuarantineReason::unknown;
  const char* why = "";
};

void PrintTo(const Row& row, std::ostream* out) {
  *out << row.name;
}

constexpr QuarantineReason kLost = QuarantineReason::lost_commits;
constexpr QuarantineReason kTimeline = QuarantineReason::new_timeline;

const Row kRows[] = {
    {"first_contact", std::nullopt, postgres(), 0, true, Expected::accepted},
    {"the_same", postgres(), postgres(), 7, true, Expected::accepted},
    {"another_cluster", postgres(), with_cluster("c2"), 7, true, Expected::refused, {}, "another"},
    {"another_backend",
     postgres(),
     with_backend("sqlite"),
     7,
     true,
     Expected::refused,
     {},
     "another database"},
    {"a_copy", postgres(), with_system("7002"), 7, true, Expected::refused, {}, "a copy"},
    {"an_older_timeline", postgres(), postgres(4), 7, true, Expected::refused, {}, "timeline 4"},
    {"an_older_timeline_that_was_synchronous",
     postgres(5, true),
     postgres(4, true),
     7,
     true,
     Expected::refused,
     {},
     "timeline 4"},
    {"a_newer_timeline", postgres(), postgres(6), 7, true, Expected::quarantined, kTimeline},
    {"a_newer_timeline_that_is_synchronous_only_now", postgres(), postgres(6, true), 7, true,
     Expected::quarantined, kTimeline},
    {"a_newer_timeline_of_a_synchronous_one", postgres(5, true), postgres(6, true), 7, true,
     Expected::accepted},
    {"a_newer_timeline_of_a_synchronous_one_that_is_not_any_more", postgres(5, true), postgres(6),
     7, true, Expected::accepted},
    {"synchronous_and_yet_it_lost_a_release", postgres(5, true), postgres(6, true), 7, false,
     Expected::quarantined, kLost},
    {"the_newest_release_is_missing", postgres(), postgres(), 7, false, Expected::quarantined,
     kLost},
    {"the_last_beat_is_missing", postgres(), postgres(), 6, true, Expected::quarantined, kLost},
    {"a_beat_whose_answer_was_lost", postgres(), postgres(), 8, true, Expected::accepted},
    {"no_beat_at_all", postgres(), postgres(), 0, true, Expected::quarantined, kLost},
    {"lost_commits_weigh_more_than_a_newer_timeline", postgres(), postgres(6), 6, true,
     Expected::quarantined, kLost},
    {"another_cluster_that_lacks_everything",
     postgres(),
     with_cluster("c2"),
     0,
     false,
     Expected::refused,
     {},
     "another"},
};

class DatabasePin : public testing::TestWithParam<Row> {};

TEST_P(DatabasePin, decides) {
  const Row& row = GetParam();
  const DatabaseFacts found{
      .identity = row.found, .knows_newest_release = row.knows, .beat = row.found_beat};
  const DatabaseVerdict verdict = judge_database(row.pinned, 7, found);
  switch (row.expected) {
    case Expected::accepted:
      EXPECT_TRUE(std::holds_alternative<AcceptDatabase>(verdict));
      return;
    case Expected::quarantined:
      ASSERT_TRUE(std::holds_alternative<QuarantineDatabase>(verdict));
      EXPECT_EQ(std::get<QuarantineDatabase>(verdict).reason, row.reason);
      return;
    case Expected::refused:
      ASSERT_TRUE(std::holds_alternative<RefuseDatabase>(verdict));
      EXPECT_NE(std::get<RefuseDatabase>(verdict).why.find(row.why), std::string::npos);
      return;
  }
}

INSTANTIATE_TEST_SUITE_P(Rows, DatabasePin, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace holdfast
