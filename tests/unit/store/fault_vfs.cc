#include "unit/store/fault_vfs.h"

#include <cstring>
#include <new>

#include <sqlite3.h>

namespace holdfast::test {
namespace {

constexpr const char* kName = "holdfast-faults";

/** The file of this layer; the real one lies right behind it. */
struct FaultFile {
  sqlite3_file base;
  bool is_log;

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

sqlite3_file* real_of(sqlite3_file* file) {
  return reinterpret_cast<FaultFile*>(file)->real();
}

/** True when this call is one of those that are to fail. */
bool takes_fault(std::atomic<int>& left) {
  int seen = left.load();
  while (seen > 0) {
    if (left.compare_exchange_weak(seen, seen - 1)) return true;
  }
  return false;
}

int close_file(sqlite3_file* file) {
  return real_of(file)->pMethods->xClose(real_of(file));
}
int read_file(sqlite3_file* file, void* into, int size, sqlite3_int64 at) {
  return real_of(file)->pMethods->xRead(real_of(file), into, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
  DiskFaults& faults = disk_faults();
  if (reinterpret_cast<FaultFile*>(file)->is_log && takes_fault(faults.failing_writes)) {
    return faults.disk_full.load() ? SQLITE_FULL : SQLITE_IOERR_WRITE;
  }
  return real_of(file)->pMethods->xWrite(real_of(file), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  return real_of(file)->pMethods->xTruncate(real_of(file), size);
}
int sync_file(sqlite3_file* file, int flags) {
  const bool is_log = reinterpret_cast<FaultFile*>(file)->is_log;
  if (is_log && takes_fault(disk_faults().failing_syncs)) return SQLITE_IOERR_FSYNC;
  return real_of(file)->pMethods->xSync(real_of(file), flags);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xLock(real_of(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
int check_lock(sqlite3_file* file, int* reserved) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved);
}
int control_file(sqlite3_file* file, int operation, void* argument) {
  return real_of(file)->pMethods->xFileControl(real_of(file), operation, argument);
}
int sector_size(sqlite3_file* file) {
  return real_of(file)->pMethods->xSectorSize(real_of(file));
}
int characteristics(sqlite3_file* file) {
  return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
int map_shm(sqlite3_file* file, int region, int size, int extend, void volatile** memory) {
  return real_of(file)->pMethods->xShmMap(real_of(file), region, size, extend, memory);
}
int lock_shm(sqlite3_file* file, int offset, int count, int flags) {
  return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
void barrier_shm(sqlite3_file* file) {
  real_of(file)->pMethods->xShmBarrier(real_of(file));
}
int unmap_shm(sqlite3_file* file, int remove) {
  return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

const sqlite3_io_methods kMethods = {
    2,         close_file,  read_file,  write_file,   truncate_file, sync_file,       file_size,
    lock_file, unlock_file, check_lock, control_file, sector_size,   characteristics, map_shm,
    lock_shm,  barrier_shm, unmap_shm,  nullptr,      nullptr};

int open_file(sqlite3_vfs* vfs, sqlite3_filename name, sqlite3_file* file, int flags,
              int* out_flags) {
  auto* below = static_cast<sqlite3_vfs*>(vfs->pAppData);
  auto* ours = reinterpret_cast<FaultFile*>(file);
  std::memset(ours, 0, sizeof(FaultFile));
  ours->is_log = (flags & SQLITE_OPEN_WAL) != 0;
  const int code = below->xOpen(below, name, ours->real(), flags, out_flags);
  // Without methods SQLite does not close the file, as it must not when opening failed.
  if (code == SQLITE_OK) ours->base.pMethods = &kMethods;
  return code;
}

sqlite3_vfs make_vfs() {
  sqlite3_vfs* below = sqlite3_vfs_find(nullptr);
  sqlite3_vfs vfs = *below;
  vfs.pNext = nullptr;
  vfs.zName = kName;
  vfs.pAppData = below;
  vfs.szOsFile = static_cast<int>(sizeof(FaultFile)) + below->szOsFile;
  vfs.xOpen = open_file;
  return vfs;
}

}  // namespace

std::string fault_vfs() {
  static sqlite3_vfs vfs = make_vfs();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  return registered == SQLITE_OK ? kName : "";
}

DiskFaults& disk_faults() {
  static DiskFaults faults;
  return faults;
}

}  // namespace holdfast::test
