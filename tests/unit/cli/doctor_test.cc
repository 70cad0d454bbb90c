// What the doctor makes of what it finds: each check below, at and above its bounds.
#include "cli/doctor/checks.h"
#include "cli_test_support.h"
#include "support/example_duty.h"

namespace holdfast::cli {
namespace {

/** The worst state of the checks of that name; ok when there is none. */
CheckState worst(const Checks& checks, std::string_view name) {
  CheckState state = CheckState::ok;
  for (const Check& check : checks) {
    if (check.name == name) state = std::min(state, check.state);
  }
  return state;
}

Address address(std::uint8_t number) {
  return test::filled_with<Address>(number);
}

RollupAddress rollup() {
  return test::filled_with<RollupAddress>(0x11);
}

PostgresHealth healthy() {
  return {.version = 150020,
          .version_text = "15.20",
          .time_zone = "UTC",
          .fsync = true,
          .full_page_writes = true,
          .synchronous_commit = "on",
          .standbys = 1,
          .synchronous = true,
          .connections_max = 97,
          .connections = 20,
          .role = "signer",
          .role_can_undo = false};
}

NodeRecord node(const std::string& id, std::vector<Address> publishers = {}) {
  NodeRecord record;
  record.node_id = id;
  record.place = "host pid 1";
  record.version = "1.0.0";
  record.publishers = std::move(publishers);
  record.running = true;
  return record;
}

TEST(DoctorServer, has_nothing_against_a_healthy_one) {
  for (const Check& check : check_server(healthy(), 20)) {
    EXPECT_EQ(check.state, CheckState::ok) << check.name << ": " << check.found;
    EXPECT_EQ(check.what_to_do, "") << check.name;
  }
}

struct ServerRow {
  const char* what;
  void (*change)(PostgresHealth&);
  const char* check;
  CheckState state;
};

constexpr std::array kServerRows = {
    ServerRow{"the last version that is too old", [](PostgresHealth& h) { h.version = 119999; },
              "server_version", CheckState::failed},
    ServerRow{"the first that is not", [](PostgresHealth& h) { h.version = 120000; },
              "server_version", CheckState::ok},
    ServerRow{"no fsync", [](PostgresHealth& h) { h.fsync = false; }, "durability",
              CheckState::failed},
    ServerRow{"no full pages", [](PostgresHealth& h) { h.full_page_writes = false; }, "durability",
              CheckState::warning},
    ServerRow{"stock nodes do not wait", [](PostgresHealth& h) { h.synchronous_commit = "off"; },
              "durability", CheckState::warning},
    ServerRow{"nor here", [](PostgresHealth& h) { h.synchronous_commit = "local"; }, "durability",
              CheckState::warning},
    ServerRow{"no standby", [](PostgresHealth& h) { h.standbys = 0, h.synchronous = false; },
              "replication", CheckState::ok},
    ServerRow{"asynchronous", [](PostgresHealth& h) { h.synchronous = false; }, "replication",
              CheckState::warning},
    ServerRow{"commits wait for nobody", [](PostgresHealth& h) { h.standbys = 0; }, "replication",
              CheckState::failed},
    ServerRow{"the standby may lose it",
              [](PostgresHealth& h) { h.synchronous_commit = "remote_write"; }, "replication",
              CheckState::warning},
    ServerRow{"clocks change", [](PostgresHealth& h) { h.time_zone = "Europe/Berlin"; },
              "time_zone", CheckState::warning},
    ServerRow{"another name of UTC", [](PostgresHealth& h) { h.time_zone = "Etc/UTC"; },
              "time_zone", CheckState::ok},
    ServerRow{"pools fit", [](PostgresHealth& h) { h.connections_max = 20, h.connections = 17; },
              "connections", CheckState::ok},
    ServerRow{"pools do not fit", [](PostgresHealth& h) { h.connections_max = 19; }, "connections",
              CheckState::warning},
    ServerRow{"nearly all are taken",
              [](PostgresHealth& h) { h.connections_max = 20, h.connections = 18; }, "connections",
              CheckState::warning},
    ServerRow{"the owner", [](PostgresHealth& h) { h.role_can_undo = true; }, "role",
              CheckState::warning},
};

TEST(DoctorServer, says_what_is_wrong) {
  for (const ServerRow& row : kServerRows) {
    PostgresHealth health = healthy();
    row.change(health);
    const Checks checks = check_server(health, 20);
    EXPECT_EQ(worst(checks, row.check), row.state) << row.what;
    for (const Check& check : checks) {
      if (check.name != row.check) {
        EXPECT_EQ(check.state, CheckState::ok) << row.what << ": " << check.name;
      }
      EXPECT_EQ(check.what_to_do.empty(), check.state == CheckState::ok) << row.what;
    }
  }
}

TEST(DoctorSchema, an_unhardened_database_stops_only_gated_signers) {
  StoreState state;
  EXPECT_EQ(worst(check_schema(state, true), "hardened"), CheckState::ok);
  state.hardened = false;
  EXPECT_EQ(worst(check_schema(state, false), "hardened"), CheckState::warning);
  EXPECT_EQ(worst(check_schema(state, true), "hardened"), CheckState::failed);
}

TEST(DoctorNodes, one_alone_has_nobody_to_take_over) {
  EXPECT_EQ(worst(check_nodes("a", {}, {}), "nodes"), CheckState::warning);
  EXPECT_EQ(worst(check_nodes("a", {}, {node("a")}), "nodes"), CheckState::warning);
  EXPECT_EQ(worst(check_nodes("a", {}, {node("a"), node("b")}), "nodes"), CheckState::ok);
}

TEST(DoctorNodes, tells_one_that_is_lost_from_one_that_was_stopped) {
  NodeRecord other = node("c");
  const auto with_other = [&other] {
    return worst(check_nodes("a", {}, {node("a"), node("b"), other}), "nodes");
  };
  other.last_seen = kNodeAlive - std::chrono::milliseconds(1);
  EXPECT_EQ(with_other(), CheckState::ok);
  other.last_seen = kNodeAlive;
  EXPECT_EQ(with_other(), CheckState::warning);
  other.running = false;
  EXPECT_EQ(with_other(), CheckState::ok);
}

TEST(DoctorNodes, a_publisher_on_two_nodes_fails_and_names_the_other) {
  const std::vector<NodeRecord> nodes = {node("a", {address(1)}), node("b", {address(2)})};
  EXPECT_EQ(worst(check_nodes("a", {address(1)}, nodes), "nodes"), CheckState::ok);
  const Checks checks = check_nodes("a", {address(1), address(2)}, nodes);
  EXPECT_EQ(worst(checks, "nodes"), CheckState::failed);
  EXPECT_TRUE(has(checks.front().found, "b (host pid 1)")) << checks.front().found;
  EXPECT_TRUE(has(checks.front().found, to_text(address(2)))) << checks.front().found;
}

TEST(DoctorNodes, without_a_node_id_none_is_taken_for_another) {
  const std::vector<NodeRecord> nodes = {node("a", {address(1)}), node("b", {address(2)})};
  EXPECT_EQ(worst(check_nodes("", {address(1)}, nodes), "nodes"), CheckState::ok);
}

TEST(DoctorNodes, different_versions_are_told) {
  std::vector<NodeRecord> nodes = {node("a"), node("b")};
  nodes[1].version = "1.0.1";
  EXPECT_EQ(worst(check_nodes("a", {}, nodes), "nodes"), CheckState::warning);
}

TEST(DoctorLocks, tells_pinned_and_stuck_ones) {
  constexpr std::chrono::milliseconds kAge{1000};
  DutyRow row;
  row.started_at_ms = 5000;
  EXPECT_EQ(worst(check_locks({}, 9000, kAge), "locks"), CheckState::ok);
  EXPECT_EQ(worst(check_locks({row}, 6000, kAge), "locks"), CheckState::ok);
  EXPECT_EQ(worst(check_locks({row}, 6001, kAge), "locks"), CheckState::warning);
  row.error_message = "no answer";
  EXPECT_EQ(worst(check_locks({row}, 5000, kAge), "locks"), CheckState::warning);
}

TEST(DoctorDuties, name_the_living_node_that_signs_nothing) {
  const std::vector<NodeRecord> nodes = {node("a"), node("b")};
  EXPECT_EQ(check_distribution({}, nodes).state, CheckState::ok);
  const DutyCount by_a{DutyType::attestation, "a", 3, 3};
  const Check check = check_distribution({by_a}, nodes);
  EXPECT_EQ(check.state, CheckState::warning);
  EXPECT_TRUE(has(check.found, "none of them by b")) << check.found;
  const DutyCount tried_by_b{DutyType::attestation, "b", 1, 0};
  EXPECT_EQ(check_distribution({by_a, tried_by_b}, nodes).state, CheckState::warning);
  const DutyCount by_b{DutyType::attestation, "b", 1, 1};
  EXPECT_EQ(check_distribution({by_a, by_b}, nodes).state, CheckState::ok);
}

TEST(DoctorJournal, a_missing_one_is_wrong_only_where_the_node_has_been) {
  const Error missing{ErrorKind::not_found, "there is no journal"};
  EXPECT_EQ(check_journal(NodeMemory(), true).state, CheckState::ok);
  EXPECT_EQ(check_journal(missing, false).state, CheckState::ok);
  EXPECT_EQ(check_journal(missing, true).state, CheckState::failed);
  EXPECT_EQ(check_journal(missing, std::nullopt).state, CheckState::warning);
  EXPECT_EQ(check_journal(Error{ErrorKind::unknown, "damaged"}, false).state, CheckState::failed);
}

TEST(DoctorPin, says_what_the_signer_would_do_with_the_database) {
  DatabaseFacts facts;
  facts.identity = {.backend = "postgres",
                    .cluster_id = "c1",
                    .system_identifier = "7",
                    .timeline = 2,
                    .synchronous = false};
  NodeMemory memory;
  EXPECT_EQ(check_pin(memory, facts).state, CheckState::ok);
  memory.apply(PinEntry{facts.identity});
  EXPECT_EQ(check_pin(memory, facts).state, CheckState::ok);
  facts.identity.timeline = 3;
  EXPECT_TRUE(has(check_pin(memory, facts).found, "new_timeline"));
  EXPECT_EQ(check_pin(memory, facts).state, CheckState::failed);
  facts.identity.cluster_id = "c2";
  EXPECT_TRUE(has(check_pin(memory, facts).found, "refused"));
  EXPECT_EQ(check_pin(memory, facts).state, CheckState::failed);
}

TEST(DoctorQuarantine, fails_while_it_refuses_what_is_asked_for) {
  NodeMemory memory;
  EXPECT_EQ(check_quarantine(memory, rollup()).state, CheckState::ok);
  Quarantine quarantine;
  quarantine.reason = QuarantineReason::lost_commits;
  memory.apply(QuarantineEntry{quarantine});
  EXPECT_EQ(check_quarantine(memory, rollup()).state, CheckState::failed);
  quarantine.learning = false;
  quarantine.floors[rollup()] = Slot(100);
  memory.apply(QuarantineEntry{quarantine});
  memory.apply(SeenEntry{rollup(), Slot(100)});
  const Check active = check_quarantine(memory, rollup());
  EXPECT_EQ(active.state, CheckState::failed);
  EXPECT_TRUE(has(active.found, "lost_commits")) << active.found;
  EXPECT_TRUE(has(active.found, "100")) << active.found;
  memory.apply(SeenEntry{rollup(), Slot(101)});
  EXPECT_EQ(check_quarantine(memory, rollup()).state, CheckState::ok);
}

TEST(DoctorDataDirectory, must_keep_the_journal) {
  const auto state = [](FileSystemFacts facts) {
    return worst(check_data_directory(facts), "data_directory");
  };
  constexpr std::uint64_t kEnough = std::uint64_t{256} << 20U;
  EXPECT_EQ(state({FileSystemKind::disk, kEnough, false}), CheckState::ok);
  EXPECT_EQ(state({FileSystemKind::unknown, kEnough, false}), CheckState::warning);
  EXPECT_EQ(state({FileSystemKind::disk, kEnough - 1, false}), CheckState::warning);
  EXPECT_EQ(state({FileSystemKind::disk, kEnough, true}), CheckState::warning);
  EXPECT_EQ(state({FileSystemKind::network, kEnough, false}), CheckState::warning);
  EXPECT_EQ(state({FileSystemKind::container_layer, kEnough, false}), CheckState::warning);
  EXPECT_EQ(state({FileSystemKind::memory, kEnough, false}), CheckState::failed);
  const auto of_error = [](ErrorKind kind) {
    return worst(check_data_directory(Error{kind, "no"}), "data_directory");
  };
  EXPECT_EQ(of_error(ErrorKind::not_found), CheckState::ok);
  EXPECT_EQ(of_error(ErrorKind::permission_denied), CheckState::failed);
}

TEST(DoctorKeys, attesters_are_needed_and_publishers_are_of_one_node) {
  KeyFacts keys;
  EXPECT_EQ(worst(check_keys(keys), "attesters"), CheckState::failed);
  EXPECT_EQ(worst(check_keys(keys), "publishers"), CheckState::warning);
  keys.attesters = {address(1), address(2), address(3), address(4), address(5)};
  keys.publishers = {address(9)};
  const Checks checks = check_keys(keys);
  EXPECT_EQ(worst(checks, "attesters"), CheckState::ok);
  EXPECT_EQ(worst(checks, "publishers"), CheckState::ok);
  EXPECT_TRUE(has(checks.front().found, to_text(address(4)) + " ...")) << checks.front().found;
  keys.warnings = {"an account twice"};
  EXPECT_EQ(worst(check_keys(keys), "keystore"), CheckState::warning);
}

TEST(DoctorConfiguration, problems_fail_and_warnings_warn) {
  EXPECT_EQ(worst(check_configuration({}, {}), "configuration"), CheckState::ok);
  EXPECT_EQ(worst(check_configuration({}, {"w"}), "configuration"), CheckState::warning);
  EXPECT_EQ(worst(check_configuration({"p"}, {"w"}), "configuration"), CheckState::failed);
}

TEST(DoctorSigner, must_be_this_node_and_ready) {
  const std::string at = "127.0.0.1:8080";
  const auto check = [&at](const Result<SignerAnswer>& answer) {
    return check_signer("a", at, answer).state;
  };
  EXPECT_EQ(check(SignerAnswer{"a", "1", {}}), CheckState::ok);
  EXPECT_EQ(check(SignerAnswer{"a", "1", {"database: down"}}), CheckState::failed);
  EXPECT_EQ(check(SignerAnswer{"b", "1", {}}), CheckState::failed);
  EXPECT_EQ(check(Error{ErrorKind::unavailable, "refused"}), CheckState::warning);
}

TEST(DoctorSigner, reads_what_a_signer_says_and_nothing_else) {
  const std::string status = R"({"nodeId":"a","version":"1.0.0"})";
  const Result<SignerAnswer> ready = read_signer_answer(status, R"({"ready":true})");
  ASSERT_TRUE(ready.has_value());
  EXPECT_EQ(ready->node_id, "a");
  EXPECT_EQ(ready->version, "1.0.0");
  EXPECT_TRUE(ready->reasons.empty());
  const Result<SignerAnswer> not_ready =
      read_signer_answer(status, R"({"ready":false,"reasons":["x","y"]})");
  ASSERT_TRUE(not_ready.has_value());
  EXPECT_EQ(not_ready->reasons, (std::vector<std::string>{"x", "y"}));
  for (const auto& [one, other] : std::vector<std::pair<std::string, std::string>>{
           {"<html>", R"({"ready":true})"},
           {"[]", R"({"ready":true})"},
           {R"({"nodeId":5,"version":"1"})", R"({"ready":true})"},
           {status, "{}"},
           {status, R"({"ready":false,"reasons":"x"})"},
           {status, R"({"ready":false,"reasons":[1]})"}}) {
    EXPECT_FALSE(read_signer_answer(one, other).has_value()) << one << other;
  }
}

}  // namespace
}  // namespace holdfast::cli
