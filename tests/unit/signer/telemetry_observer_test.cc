#include "signer/telemetry_observer.h"

#include <ostream>

#include <gtest/gtest.h>

#include "support/example_duty.h"
#include "support/log_capture.h"
#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

using namespace std::chrono_literals;
using test::example_duty;
using test::hash_of;
using test::LogCapture;

constexpr std::string_view kValidator = "0x2222222222222222222222222222222222222222";

/** A key that only has an address. */
class IdleKey final : public KeyBackend {
 public:
  Task<std::variant<SignFailure, Signature>> sign(Address, SignableMessage) override {
    co_return SignFailure{};
  }
  Task<std::variant<SignFailure, Bytes>> sign_transaction(Address, Transaction) override {
    co_return SignFailure{};
  }
};

struct Fixture {
  explicit Fixture(LogLevel level = LogLevel::debug) : log(level) {}
  LogCapture log;
  Metrics metrics;
  TelemetryObserver observer{metrics, log.logger(), "node-a"};

  std::uint64_t duties(std::string_view outcome) {
    return metrics.counter(metric::kDuties, {"BLOCK_PROPOSAL", outcome}).value();
  }
};

Refusal refusal_for(RefusalReason reason) {
  return {.reason = reason,
          .key = example_duty().key,
          .attempted_hash = hash_of(0xaa),
          .existing_hash = hash_of(0xbb),
          .node_id = "node-b",
          .watermark = Slot(100)};
}

TEST(TelemetryObserver, times_every_step_and_counts_the_release) {
  Fixture f;
  f.observer.on_step(SignStep::received, example_duty(), 0ns);
  f.observer.on_step(SignStep::claimed, example_duty(), 1ms);
  f.observer.on_step(SignStep::signed_, example_duty(), 2ms);
  f.observer.on_step(SignStep::recorded, example_duty(), 3ms);
  EXPECT_EQ(f.duties("signed"), 0u);
  f.observer.on_step(SignStep::released, example_duty(), 6ms);
  EXPECT_EQ(f.duties("signed"), 1u);
  const auto sum = [&](std::string_view step) {
    return f.metrics.histogram(metric::kSignStepSeconds, {step}).sum();
  };
  EXPECT_EQ(sum("claim"), 1ms);
  EXPECT_EQ(sum("sign"), 2ms);
  EXPECT_EQ(sum("record"), 3ms);
  EXPECT_EQ(sum("total"), 6ms);
}

TEST(TelemetryObserver, writes_the_lines_of_aztec_for_a_signed_duty) {
  Fixture f;
  f.observer.on_step(SignStep::received, example_duty(), 0ns);
  f.observer.on_step(SignStep::claimed, example_duty(), 1ms);
  f.observer.on_step(SignStep::recorded, example_duty(), 3ms);
  const std::string fields =
      " { validatorAddress: '" + std::string(kValidator) + "', nodeId: 'node-a' }\n";
  EXPECT_EQ(f.log.text(),
            "DEBUG slashing-protection: Checking duty: BLOCK_PROPOSAL for slot 100" + fields +
                "VERBOSE slashing-protection: Acquired lock for duty BLOCK_PROPOSAL at slot 100" +
                fields +
                "VERBOSE slashing-protection: Recorded successful signing for duty BLOCK_PROPOSAL "
                "at slot 100" +
                fields);
}

TEST(TelemetryObserver, is_silent_at_info_while_everything_is_normal) {
  Fixture f(LogLevel::info);
  for (const SignStep step : {SignStep::received, SignStep::claimed, SignStep::signed_,
                              SignStep::recorded, SignStep::released}) {
    f.observer.on_step(step, example_duty(), 1ms);
  }
  f.observer.on_wait(example_duty(), "node-b");
  f.observer.on_replay(example_duty());
  f.observer.on_refusal(refusal_for(RefusalReason::duty_already_signed));
  f.observer.on_refusal(refusal_for(RefusalReason::slashing_protection));
  EXPECT_EQ(f.log.text(), "");
}

struct RefusalRow {
  RefusalReason reason;
  const char* outcome;
  const char* line;
};
std::ostream& operator<<(std::ostream& out, const RefusalRow& row) {
  return out << row.outcome;
}

class TelemetryObserverRefusals : public testing::TestWithParam<RefusalRow> {};

TEST_P(TelemetryObserverRefusals, are_counted_and_told) {
  Fixture f;
  f.observer.on_refusal(refusal_for(GetParam().reason));
  EXPECT_EQ(f.duties(GetParam().outcome), 1u);
  EXPECT_EQ(f.log.text().find(GetParam().line), 0u) << f.log.text();
}

INSTANTIATE_TEST_SUITE_P(
    All, TelemetryObserverRefusals,
    testing::Values(
        RefusalRow{RefusalReason::unknown, "refused", "WARN slashing-protection: "},
        RefusalRow{RefusalReason::duty_already_signed, "duty_already_signed",
                   "DEBUG slashing-protection: Duty BLOCK_PROPOSAL for slot 100 already signed by "
                   "node node-b"},
        RefusalRow{RefusalReason::slashing_protection, "slashing_protection",
                   "VERBOSE slashing-protection: Slashing protection triggered for duty "
                   "BLOCK_PROPOSAL at slot 100 { validatorAddress: "
                   "'0x2222222222222222222222222222222222222222', existingMessageHash: '0xbbbb"},
        RefusalRow{RefusalReason::signing_in_progress, "signing_in_progress",
                   "WARN slashing-protection: Timeout waiting for signing to complete for duty "
                   "BLOCK_PROPOSAL at slot 100"},
        RefusalRow{RefusalReason::signing_lock_lost, "signing_lock_lost",
                   "WARN slashing-protection: Failed to record successful signing for duty "
                   "BLOCK_PROPOSAL at slot 100: invalid token"},
        RefusalRow{RefusalReason::below_watermark, "below_watermark", "WARN slashing-protection: "},
        RefusalRow{RefusalReason::no_signing_lock, "no_signing_lock",
                   "WARN slashing-protection: "}),
    [](const auto& row) { return std::string(row.param.outcome); });

TEST(TelemetryObserver, counts_waits_take_overs_pins_replays_and_errors) {
  Fixture f;
  f.observer.on_wait(example_duty(), "node-b");
  f.observer.on_wait(example_duty(), "node-b");
  f.observer.on_take_over(example_duty(), "node-b");
  f.observer.on_pinned(example_duty());
  f.observer.on_replay(example_duty());
  f.observer.on_error(example_duty(), Error{ErrorKind::in_doubt, "answer lost"});
  EXPECT_EQ(f.metrics.counter(metric::kLockWaits, {"BLOCK_PROPOSAL"}).value(), 2u);
  EXPECT_EQ(f.metrics.counter(metric::kLockTakeOvers, {"BLOCK_PROPOSAL"}).value(), 1u);
  EXPECT_EQ(f.metrics.counter(metric::kLockPins, {"BLOCK_PROPOSAL"}).value(), 1u);
  EXPECT_EQ(f.metrics.counter(metric::kReplays, {"BLOCK_PROPOSAL"}).value(), 1u);
  EXPECT_EQ(f.metrics.counter(metric::kSignErrors, {"in_doubt"}).value(), 1u);
  EXPECT_EQ(f.duties("replayed"), 1u);
  EXPECT_EQ(f.duties("error"), 1u);
  EXPECT_NE(f.log.text().find("ERROR slashing-protection: Failed to sign for duty BLOCK_PROPOSAL "
                              "at slot 100"),
            std::string::npos);
}

TEST(TelemetryObserver, gives_the_counts_that_are_not_zero) {
  Fixture f;
  EXPECT_TRUE(f.observer.counts().empty());
  f.observer.on_replay(example_duty());
  f.observer.on_step(SignStep::released, example_duty(), 1ms);
  f.observer.on_harmless(DutyType::txs, DutyOutcome::signed_);
  const std::vector<DutyOutcomeCount> counts = f.observer.counts();
  ASSERT_EQ(counts.size(), 3u);
  EXPECT_EQ(counts[0].duty_type, DutyType::block_proposal);
  EXPECT_EQ(counts[0].outcome, DutyOutcome::signed_);
  EXPECT_EQ(counts[1].outcome, DutyOutcome::replayed);
  EXPECT_EQ(counts[2].duty_type, DutyType::txs);
  EXPECT_EQ(counts[2].count, 1u);
}

TEST(TelemetryObserver, tells_the_start_as_the_guide_shows_it) {
  LogCapture log(LogLevel::info);
  Metrics metrics;
  KeyRing keys;
  keys.add(test::filled_with<Address>(0x22), {.attester = true, .publisher = false},
           std::make_shared<IdleKey>());
  keys.add(test::filled_with<Address>(0x33), {.attester = false, .publisher = true},
           std::make_shared<IdleKey>());
  tell_key_store_initialized(log.logger(), metrics, "validator-node-1", keys);
  EXPECT_EQ(log.text(),
            "INFO ha-key-store: HAKeyStore initialized { nodeId: 'validator-node-1' }\n"
            "INFO ha-key-store: Attester addresses loaded { count: 1, addresses: "
            "'0x2222222222222222222222222222222222222222' }\n"
            "INFO ha-key-store: Publisher addresses loaded { count: 1, addresses: "
            "'0x3333333333333333333333333333333333333333' }\n");
  EXPECT_EQ(metrics.gauge(metric::kKeys, {"attester"}).value(), 1);
}

TEST(TelemetryObserver, lists_only_the_first_addresses_of_many) {
  LogCapture log(LogLevel::info);
  Metrics metrics;
  KeyRing keys;
  for (std::uint8_t byte = 1; byte <= 17; ++byte) {
    keys.add(test::filled_with<Address>(byte), {.attester = true, .publisher = false},
             std::make_shared<IdleKey>());
  }
  tell_key_store_initialized(log.logger(), metrics, "n", keys);
  EXPECT_NE(log.text().find("count: 17"), std::string::npos);
  EXPECT_NE(log.text().find("0x1010101010101010101010101010101010101010 ...'"), std::string::npos);
  EXPECT_EQ(log.text().find("0x1111111111111111111111111111111111111111"), std::string::npos);
}

}  // namespace
}  // namespace holdfast
