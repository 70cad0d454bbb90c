#include "cli/demo/audit.h"

#include <algorithm>

#include "base/check.h"

namespace holdfast::cli::demo {

void Audit::answered(const Answer& answer) {
  const auto found = duties_.find(answer.duty);
  CHECK(found != duties_.end());
  if (!answer.signature) {
    ++refusals_[answer.error_name];
    return;
  }
  if (recover_address(answer.digest, *answer.signature) != answer.validator) {
    ++invalid_signatures_;
    return;
  }
  Seen& seen = found->second;
  seen.signed_hashes.insert(answer.message_hash);
  if (!seen.node || answer.answered_at < seen.signed_at) {
    seen.node = answer.node;
    seen.signed_at = answer.answered_at;
    seen.waited = answer.answered_at - answer.asked_at;
  }
}

AuditReport Audit::report() const {
  AuditReport report;
  report.refusals = refusals_;
  report.invalid_signatures = invalid_signatures_;
  std::vector<std::chrono::milliseconds> moments;
  for (const auto& [duty, seen] : duties_) {
    for (TypeReport* counts : {&report.by_type[duty.type], &report.total}) {
      ++counts->due;
      if (seen.node) {
        ++counts->signed_;
        ++counts->signed_by_node[*seen.node];
      } else {
        ++counts->missed;
      }
      // Signing another message twice is harmless for the types that are not protected.
      if (is_protected(duty.type) && seen.signed_hashes.size() > 1) ++counts->double_signed;
    }
    if (!seen.node) {
      report.missed.push_back(duty);
      continue;
    }
    moments.push_back(seen.signed_at);
    report.slowest_duty = std::max(report.slowest_duty, seen.waited);
  }
  std::sort(moments.begin(), moments.end());
  for (std::size_t at = 1; at < moments.size(); ++at) {
    if (moments[at] - moments[at - 1] > report.longest_gap) {
      report.longest_gap = moments[at] - moments[at - 1];
      report.longest_gap_at = moments[at - 1];
    }
  }
  return report;
}

}  // namespace holdfast::cli::demo
