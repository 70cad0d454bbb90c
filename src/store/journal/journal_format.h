// The bytes of a journal file: docs/JOURNAL.md describes them. A header, then blocks; a block is
// what one fsync made durable. Pure: no file, no clock.
//
// Invariant: S8. A block that was acknowledged is never taken for the torn end of a crash: what
// cannot be an interrupted write is damage, and damage is refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "protection/node_memory.h"

namespace holdfast {

inline constexpr std::uint32_t kJournalFormatVersion = 1;

using JournalId = FixedBytes<struct JournalIdTag, 16>;

struct JournalHeader {
  JournalId journal_id;
  std::string node_id;
  /** The sequence number before that of the file's first block. */
  std::uint64_t base_sequence = 0;
  /** So many bytes, the header's own included, were durable before the file got its name: nothing
      there can be an interrupted write. */
  std::uint64_t settled_length = 0;

  friend bool operator==(const JournalHeader&, const JournalHeader&) = default;
};

/** Adds the entry's bytes to a payload. */
void append_entry(Bytes& payload, const JournalEntry& entry);

/** The entries of a payload; corrupt when it is not exactly a row of entries. */
Result<std::vector<JournalEntry>> decode_entries(ByteView payload);

/** One block. The payload is shorter than 4 GiB (CHECK). */
Bytes encode_block(const JournalId& journal_id, std::uint64_t sequence, ByteView payload);

/** A whole file that gets its name only when it is durable: the header, whose settled length is
    set here, and one block for each payload. */
Bytes encode_file(JournalHeader header, const std::vector<Bytes>& payloads);

struct JournalScan {
  JournalHeader header;
  std::vector<JournalEntry> entries;
  /** The header and all good blocks. */
  std::size_t good_length = 0;
  /** What follows: the remains of one interrupted write. */
  std::size_t torn_bytes = 0;
  /** Of the last good block; the header's base where there is none. */
  std::uint64_t sequence = 0;
};

/** Reads a whole file.
    - corrupt: damage, with the offset and what is wrong there;
    - schema_mismatch: a newer version of the format;
    - otherwise what is in it, and how much of its end was never acknowledged. */
Result<JournalScan> scan_journal(ByteView file);

}  // namespace holdfast
