// MemoryTelemetry: what happens in a node's own memory, as log lines and metrics.
// Thread rule: the I/O thread.
#pragma once

#include <string>

#include "signer/release_memory.h"
#include "telemetry/log.h"
#include "telemetry/metrics.h"

namespace holdfast {

class MemoryTelemetry final : public ReleaseMemoryObserver {
 public:
  /** Both references outlive it. */
  MemoryTelemetry(Metrics& metrics, const Logger& logger, std::string node_id);

  void on_database_accepted(const DatabaseIdentity& identity) override;
  void on_database_refused(const DatabaseIdentity& identity, const std::string& why) override;
  void on_quarantine_begun(const Quarantine& quarantine) override;
  void on_quarantine_learned(const Quarantine& quarantine) override;
  void on_quarantine_ended(const Quarantine& quarantine) override;

  /** A quarantine that began in an earlier process is still active. */
  void on_quarantine_goes_on(const Quarantine& quarantine);

 private:
  Metrics& metrics_;
  const Logger& logger_;
  std::string node_id_;
};

/** "0x1111... up to slot 102, ..."; "every slot" while it is learning. */
std::string floors_text(const Quarantine& quarantine);

}  // namespace holdfast
