// TelemetryObserver: the sign path as metrics, and as the log lines that operators of Aztec know
// (module names, wording, levels and field names are Aztec's).
//
// Thread rule: the I/O thread. Nothing on the way to a signature waits for it: debug and verbose
// lines are made only when the level wants them.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "keys/key_ring.h"
#include "signer/sign_observer.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace holdfast {

/** How a request to sign a duty ended; name_of gives the metric label. */
enum class DutyOutcome : std::uint8_t {
  /** Failed: a store, a key or a time-out, not a decision. */
  error = 0,
  signed_,
  replayed,
  duty_already_signed,
  slashing_protection,
  signing_in_progress,
  signing_lock_lost,
  below_watermark,
  no_signing_lock,
  quarantined,
  /** A refusal without a known reason. */
  refused,
};
inline constexpr std::size_t kDutyOutcomes = 11;

/** "error", "signed", "replayed", then the reasons of protection/refusal.h; "refused". */
std::string_view name_of(DutyOutcome outcome) noexcept;

/** For /status. */
struct DutyOutcomeCount {
  DutyType duty_type = DutyType::unknown;
  DutyOutcome outcome = DutyOutcome::error;
  std::uint64_t count = 0;
};

class TelemetryObserver : public SignObserver {
 public:
  /** Both references outlive the observer. */
  TelemetryObserver(Metrics& metrics, const Logger& logger, std::string node_id);

  void on_step(SignStep step, const Duty& duty, std::chrono::nanoseconds elapsed) override;
  void on_wait(const Duty& duty, std::string_view node_id) override;
  void on_take_over(const Duty& duty, std::string_view from_node_id) override;
  void on_replay(const Duty& duty) override;
  void on_refusal(const Refusal& refusal) override;
  void on_pinned(const Duty& duty) override;
  void on_not_given_back(const Duty& duty, const Error& error) override;
  void on_error(const Duty& duty, const Error& error) override;

  /** A message that takes no lock (AUTH_REQUEST, TXS) was signed, or could not be. */
  void on_harmless(DutyType type, DutyOutcome outcome);

  /** Since the start of the process, without zeros; by duty type, then outcome. */
  std::vector<DutyOutcomeCount> counts() const;

 private:
  static constexpr std::size_t kDutyTypes = 9;

  void count(DutyType type, DutyOutcome outcome);
  /** A line about the duty, with Aztec's fields. */
  void tell(LogLevel level, std::string_view what, const Duty& duty) const;

  const Logger& logger_;
  std::string node_id_;
  std::array<std::array<Counter*, kDutyOutcomes>, kDutyTypes> duties_{};
  std::array<Counter*, kDutyTypes> waits_{};
  std::array<Counter*, kDutyTypes> take_overs_{};
  std::array<Counter*, kDutyTypes> pins_{};
  std::array<Counter*, kDutyTypes> replays_{};
  std::array<Counter*, 11> errors_{};
  Histogram* claim_ = nullptr;
  Histogram* sign_ = nullptr;
  Histogram* record_ = nullptr;
  Histogram* journal_ = nullptr;
  Histogram* total_ = nullptr;
};

/** The lines that the guide tells an operator to look for when a signer has started:
    `HAKeyStore initialized { nodeId: '...' }`, and this node's attesters and publishers. Also sets
    the metric of loaded keys. */
void tell_key_store_initialized(const Logger& logger, Metrics& metrics, std::string_view node_id,
                                const KeyRing& keys);

}  // namespace holdfast
