#include "signer/telemetry_observer.h"

#include <algorithm>

#include <fmt/format.h>

#include "telemetry/metric_catalogue.h"

namespace holdfast {
namespace {

constexpr std::string_view kModule = "slashing-protection";
constexpr std::string_view kKeyStoreModule = "ha-key-store";
/** More addresses than these are counted, not listed. */
constexpr std::size_t kListedAddresses = 16;

constexpr DutyType kAllTypes[] = {DutyType::unknown,
                                  DutyType::block_proposal,
                                  DutyType::checkpoint_proposal,
                                  DutyType::attestation,
                                  DutyType::attestations_and_signers,
                                  DutyType::governance_vote,
                                  DutyType::slashing_vote,
                                  DutyType::auth_request,
                                  DutyType::txs};

constexpr DutyOutcome kAllOutcomes[] = {
    DutyOutcome::error,
    DutyOutcome::signed_,
    DutyOutcome::replayed,
    DutyOutcome::duty_already_signed,
    DutyOutcome::slashing_protection,
    DutyOutcome::signing_in_progress,
    DutyOutcome::signing_lock_lost,
    DutyOutcome::below_watermark,
    DutyOutcome::no_signing_lock,
    DutyOutcome::quarantined,
    DutyOutcome::refused,
};
static_assert(std::size(kAllOutcomes) == kDutyOutcomes);

constexpr ErrorKind kAllKinds[] = {
    ErrorKind::unknown,           ErrorKind::invalid_input, ErrorKind::unavailable,
    ErrorKind::timeout,           ErrorKind::in_doubt,      ErrorKind::overloaded,
    ErrorKind::schema_mismatch,   ErrorKind::corrupt,       ErrorKind::not_found,
    ErrorKind::permission_denied, ErrorKind::wrong_database};

template <class Enum>
constexpr std::size_t index_of(Enum value) noexcept {
  return static_cast<std::size_t>(value);
}

DutyOutcome outcome_of(RefusalReason reason) noexcept {
  switch (reason) {
    case RefusalReason::unknown:
      return DutyOutcome::refused;
    case RefusalReason::duty_already_signed:
      return DutyOutcome::duty_already_signed;
    case RefusalReason::slashing_protection:
      return DutyOutcome::slashing_protection;
    case RefusalReason::signing_in_progress:
      return DutyOutcome::signing_in_progress;
    case RefusalReason::signing_lock_lost:
      return DutyOutcome::signing_lock_lost;
    case RefusalReason::below_watermark:
      return DutyOutcome::below_watermark;
    case RefusalReason::no_signing_lock:
      return DutyOutcome::no_signing_lock;
    case RefusalReason::quarantined:
      return DutyOutcome::quarantined;
  }
  return DutyOutcome::refused;
}

std::string about(std::string_view what, const DutyKey& key) {
  return fmt::format("{} for duty {} at slot {}", what, name_of(key.duty_type), key.slot.number());
}

/** Addresses as the guide's reader compares them: lower case, separated by blanks. */
std::string list_of(const std::vector<Address>& addresses) {
  std::string list;
  for (std::size_t at = 0; at < std::min(addresses.size(), kListedAddresses); ++at) {
    if (at > 0) list += ' ';
    list += to_text(addresses[at]);
  }
  if (addresses.size() > kListedAddresses) list += " ...";
  return list;
}

}  // namespace

std::string_view name_of(DutyOutcome outcome) noexcept {
  switch (outcome) {
    case DutyOutcome::error:
      return "error";
    case DutyOutcome::signed_:
      return "signed";
    case DutyOutcome::replayed:
      return "replayed";
    case DutyOutcome::duty_already_signed:
      return name_of(RefusalReason::duty_already_signed);
    case DutyOutcome::slashing_protection:
      return name_of(RefusalReason::slashing_protection);
    case DutyOutcome::signing_in_progress:
      return name_of(RefusalReason::signing_in_progress);
    case DutyOutcome::signing_lock_lost:
      return name_of(RefusalReason::signing_lock_lost);
    case DutyOutcome::below_watermark:
      return name_of(RefusalReason::below_watermark);
    case DutyOutcome::no_signing_lock:
      return name_of(RefusalReason::no_signing_lock);
    case DutyOutcome::quarantined:
      return name_of(RefusalReason::quarantined);
    case DutyOutcome::refused:
      return "refused";
  }
  return "refused";
}

TelemetryObserver::TelemetryObserver(Metrics& metrics, const Logger& logger, std::string node_id)
    : logger_(logger), node_id_(std::move(node_id)) {
  for (const DutyType type : kAllTypes) {
    const std::string_view name = name_of(type);
    for (const DutyOutcome outcome : kAllOutcomes) {
      duties_[index_of(type)][index_of(outcome)] =
          &metrics.counter(metric::kDuties, {name, name_of(outcome)});
    }
    waits_[index_of(type)] = &metrics.counter(metric::kLockWaits, {name});
    take_overs_[index_of(type)] = &metrics.counter(metric::kLockTakeOvers, {name});
    pins_[index_of(type)] = &metrics.counter(metric::kLockPins, {name});
    replays_[index_of(type)] = &metrics.counter(metric::kReplays, {name});
  }
  for (const ErrorKind kind : kAllKinds) {
    errors_[index_of(kind)] = &metrics.counter(metric::kSignErrors, {name_of(kind)});
  }
  claim_ = &metrics.histogram(metric::kSignStepSeconds, {"claim"});
  sign_ = &metrics.histogram(metric::kSignStepSeconds, {"sign"});
  record_ = &metrics.histogram(metric::kSignStepSeconds, {"record"});
  journal_ = &metrics.histogram(metric::kSignStepSeconds, {"journal"});
  total_ = &metrics.histogram(metric::kSignStepSeconds, {"total"});
}

void TelemetryObserver::on_step(SignStep step, const Duty& duty, std::chrono::nanoseconds elapsed) {
  switch (step) {
    case SignStep::received:
      if (logger_.wants(LogLevel::debug)) {
        logger_.log(
            LogLevel::debug, kModule,
            fmt::format("Checking duty: {} for slot {}", name_of(duty.key.duty_type),
                        duty.key.slot.number()),
            {{"validatorAddress", to_text(duty.key.validator_address)}, {"nodeId", node_id_}});
      }
      return;
    case SignStep::claimed:
      claim_->observe(elapsed);
      return tell(LogLevel::verbose, "Acquired lock", duty);
    case SignStep::signed_:
      return sign_->observe(elapsed);
    case SignStep::recorded:
      record_->observe(elapsed);
      return tell(LogLevel::verbose, "Recorded successful signing", duty);
    case SignStep::journaled:
      return journal_->observe(elapsed);
    case SignStep::released:
      total_->observe(elapsed);
      return count(duty.key.duty_type, DutyOutcome::signed_);
  }
}

void TelemetryObserver::on_wait(const Duty& duty, std::string_view node_id) {
  waits_[index_of(duty.key.duty_type)]->add();
  if (!logger_.wants(LogLevel::debug)) return;
  logger_.log(
      LogLevel::debug, kModule, about("Waiting for signing to complete", duty.key),
      {{"validatorAddress", to_text(duty.key.validator_address)}, {"signingNodeId", node_id}});
}

void TelemetryObserver::on_take_over(const Duty& duty, std::string_view from_node_id) {
  take_overs_[index_of(duty.key.duty_type)]->add();
  logger_.log(LogLevel::info, kModule, about("Taking over an abandoned lock", duty.key),
              {{"validatorAddress", to_text(duty.key.validator_address)},
               {"fromNodeId", from_node_id},
               {"nodeId", node_id_}});
}

void TelemetryObserver::on_replay(const Duty& duty) {
  replays_[index_of(duty.key.duty_type)]->add();
  count(duty.key.duty_type, DutyOutcome::replayed);
  tell(LogLevel::verbose, "Answered with the stored signature", duty);
}

void TelemetryObserver::on_refusal(const Refusal& refusal) {
  count(refusal.key.duty_type, outcome_of(refusal.reason));
  const std::string validator = to_text(refusal.key.validator_address);
  switch (refusal.reason) {
    case RefusalReason::duty_already_signed:
      logger_.log(LogLevel::debug, kModule, message_of(refusal),
                  {{"validatorAddress", validator}, {"nodeId", node_id_}});
      return;
    case RefusalReason::slashing_protection: {
      const std::string existing =
          refusal.existing_hash ? to_text(*refusal.existing_hash) : std::string();
      logger_.log(LogLevel::verbose, kModule, about("Slashing protection triggered", refusal.key),
                  {{"validatorAddress", validator},
                   {"existingMessageHash", existing},
                   {"attemptedMessageHash", to_text(refusal.attempted_hash)},
                   {"existingNodeId", refusal.node_id},
                   {"attemptingNodeId", node_id_}});
      return;
    }
    case RefusalReason::signing_in_progress:
      logger_.log(LogLevel::warn, kModule,
                  about("Timeout waiting for signing to complete", refusal.key),
                  {{"validatorAddress", validator},
                   {"signingNodeId", refusal.node_id},
                   {"nodeId", node_id_}});
      return;
    case RefusalReason::signing_lock_lost:
      logger_.log(LogLevel::warn, kModule,
                  about("Failed to record successful signing", refusal.key) + ": invalid token",
                  {{"validatorAddress", validator}, {"nodeId", node_id_}});
      return;
    case RefusalReason::unknown:
    case RefusalReason::below_watermark:
    case RefusalReason::no_signing_lock:
    case RefusalReason::quarantined:
      logger_.log(LogLevel::warn, kModule, message_of(refusal),
                  {{"validatorAddress", validator}, {"nodeId", node_id_}});
      return;
  }
}

void TelemetryObserver::on_pinned(const Duty& duty) {
  pins_[index_of(duty.key.duty_type)]->add();
  logger_.log(
      LogLevel::warn, kModule,
      about("Pinned the lock to its message, which a remote signer may have signed,", duty.key),
      {{"validatorAddress", to_text(duty.key.validator_address)},
       {"messageHash", to_text(duty.message_hash)},
       {"nodeId", node_id_}});
}

void TelemetryObserver::on_not_given_back(const Duty& duty, const Error& error) {
  // The request itself is counted by its own error, so only the log hears of this one.
  logger_.log(LogLevel::warn, kModule, about("Failed to delete duty", duty.key),
              {{"validatorAddress", to_text(duty.key.validator_address)},
               {"nodeId", node_id_},
               {"error", error.message}});
}

void TelemetryObserver::on_error(const Duty& duty, const Error& error) {
  count(duty.key.duty_type, DutyOutcome::error);
  errors_[index_of(error.kind)]->add();
  logger_.log(LogLevel::error, kModule, about("Failed to sign", duty.key),
              {{"validatorAddress", to_text(duty.key.validator_address)},
               {"nodeId", node_id_},
               {"kind", name_of(error.kind)},
               {"error", error.message}});
}

void TelemetryObserver::on_harmless(DutyType type, DutyOutcome outcome) {
  count(type, outcome);
}

std::vector<DutyOutcomeCount> TelemetryObserver::counts() const {
  std::vector<DutyOutcomeCount> counts;
  for (const DutyType type : kAllTypes) {
    for (const DutyOutcome outcome : kAllOutcomes) {
      const std::uint64_t count = duties_[index_of(type)][index_of(outcome)]->value();
      if (count > 0) counts.push_back({type, outcome, count});
    }
  }
  return counts;
}

void TelemetryObserver::count(DutyType type, DutyOutcome outcome) {
  duties_[index_of(type)][index_of(outcome)]->add();
}

void TelemetryObserver::tell(LogLevel level, std::string_view what, const Duty& duty) const {
  if (!logger_.wants(level)) return;
  logger_.log(level, kModule, about(what, duty.key),
              {{"validatorAddress", to_text(duty.key.validator_address)}, {"nodeId", node_id_}});
}

void tell_key_store_initialized(const Logger& logger, Metrics& metrics, std::string_view node_id,
                                const KeyRing& keys) {
  const std::vector<Address> attesters = keys.attesters();
  const std::vector<Address> publishers = keys.publishers();
  metrics.gauge(metric::kKeys, {"attester"}).set(static_cast<double>(attesters.size()));
  metrics.gauge(metric::kKeys, {"publisher"}).set(static_cast<double>(publishers.size()));
  logger.log(LogLevel::info, kKeyStoreModule, "HAKeyStore initialized", {{"nodeId", node_id}});
  logger.log(LogLevel::info, kKeyStoreModule, "Attester addresses loaded",
             {{"count", std::uint64_t{attesters.size()}}, {"addresses", list_of(attesters)}});
  logger.log(LogLevel::info, kKeyStoreModule, "Publisher addresses loaded",
             {{"count", std::uint64_t{publishers.size()}}, {"addresses", list_of(publishers)}});
}

}  // namespace holdfast
