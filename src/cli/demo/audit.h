// The demo's judge: it sees every answer that any node gave, never the database, and says what was
// due, signed, missed and double-signed. Pure.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cli/demo/duty_plan.h"
#include "crypto/address.h"
#include "crypto/keccak.h"
#include "crypto/secp256k1.h"

namespace holdfast::cli::demo {

/** What one node answered to one request. */
struct Answer {
  DueDuty duty;
  std::size_t node = 0;
  MessageHash message_hash;
  Hash256 digest;
  Address validator;
  /** Since the demo began. */
  std::chrono::milliseconds asked_at{0};
  std::chrono::milliseconds answered_at{0};
  std::optional<Signature> signature;
  /** The error's name, or why there was no answer; empty with a signature. */
  std::string error_name;
};

struct TypeReport {
  std::size_t due = 0;
  std::size_t signed_ = 0;
  std::size_t missed = 0;
  std::size_t double_signed = 0;
  /** First signatures, by the node that gave them. */
  std::map<std::size_t, std::size_t> signed_by_node;
};

struct AuditReport {
  std::map<DutyType, TypeReport> by_type;
  TypeReport total;
  /** Signatures that were not made by the validator's key over the message that was asked for. */
  std::size_t invalid_signatures = 0;
  /** Answers without a signature, by error name. */
  std::map<std::string, std::size_t> refusals;
  /** The longest time in which no duty was signed, and when it began. */
  std::chrono::milliseconds longest_gap{0};
  std::chrono::milliseconds longest_gap_at{0};
  /** The longest time from a duty falling due to its first signature. */
  std::chrono::milliseconds slowest_duty{0};
  std::vector<DueDuty> missed;

  bool safe() const noexcept { return total.double_signed == 0 && invalid_signatures == 0; }
};

class Audit {
 public:
  void due(const DueDuty& duty) { duties_[duty]; }
  /** The duty must be due (CHECK). Verifies a signature by recovering its address. */
  void answered(const Answer& answer);
  AuditReport report() const;

 private:
  struct Seen {
    /** The first valid signature. */
    std::optional<std::size_t> node;
    std::chrono::milliseconds signed_at{0};
    std::chrono::milliseconds waited{0};
    std::set<MessageHash> signed_hashes;
  };
  std::map<DueDuty, Seen> duties_;
  std::map<std::string, std::size_t> refusals_;
  std::size_t invalid_signatures_ = 0;
};

}  // namespace holdfast::cli::demo
