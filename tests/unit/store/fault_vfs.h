// A SQLite file system layer whose disk fails when told to: for what a real disk does rarely.
// Thread rule: made and told on the test's thread; SQLite uses it on any.
#pragma once

#include <atomic>
#include <string>

namespace holdfast::test {

/** How many of the next calls on the write-ahead log fail. */
struct DiskFaults {
  std::atomic<int> failing_syncs{0};
  std::atomic<int> failing_writes{0};
  /** The disk is full for the failing writes; otherwise it is an I/O error. */
  std::atomic<bool> disk_full{false};
};

/** Registers the layer once and gives its name, for SqliteSettings::vfs. */
std::string fault_vfs();

/** What goes wrong in the layer. */
DiskFaults& disk_faults();

}  // namespace holdfast::test
