// The journal: whatever a file holds, what is accepted means the same when it is written again, and
// no tail takes away what was durable before it.
#include <limits>
#include <string>
#include <vector>

#include "fuzz_check.h"
#include "store/journal/journal_format.h"

namespace {

using holdfast::Bytes;
using holdfast::ByteView;
using holdfast::ErrorKind;
using holdfast::JournalEntry;
using holdfast::JournalScan;
using holdfast::Result;

std::vector<JournalEntry> content_of(const std::vector<JournalEntry>& entries) {
  holdfast::NodeMemory memory;
  for (const JournalEntry& entry : entries) memory.apply(entry);
  return memory.compacted(std::numeric_limits<std::size_t>::max());
}

void check_refusal(const holdfast::Error& error) {
  CHECK(error.kind == ErrorKind::corrupt || error.kind == ErrorKind::schema_mismatch);
  holdfast::fuzz::check_message(error.message);
}

Bytes payload_of(const std::vector<JournalEntry>& entries) {
  Bytes payload;
  for (const JournalEntry& entry : entries) append_entry(payload, entry);
  return payload;
}

void check_file(ByteView file) {
  const Result<JournalScan> scan = holdfast::scan_journal(file);
  if (!scan) return check_refusal(scan.error());
  CHECK(scan->good_length + scan->torn_bytes == file.size());
  CHECK(scan->good_length >= scan->header.settled_length);
  const Bytes again = encode_file(scan->header, {payload_of(scan->entries)});
  const Result<JournalScan> second = holdfast::scan_journal(again);
  CHECK(second.has_value());
  CHECK(content_of(second->entries) == content_of(scan->entries));
  CHECK(second->torn_bytes == 0);
}

/** The input as a payload whose check sum is right. */
void check_payload(ByteView payload) {
  const Result<std::vector<JournalEntry>> entries = holdfast::decode_entries(payload);
  if (!entries) return check_refusal(entries.error());
  const Result<std::vector<JournalEntry>> again = holdfast::decode_entries(payload_of(*entries));
  CHECK(again.has_value() && *again == *entries);
}

/** The input behind a good block. */
void check_tail(ByteView tail) {
  const holdfast::SeenEntry seen{{}, holdfast::Slot(7)};
  Bytes file = holdfast::encode_file({.journal_id = {}, .node_id = "n1"}, {});
  const Bytes block = holdfast::encode_block({}, 1, payload_of({seen}));
  file.insert(file.end(), block.begin(), block.end());
  const std::size_t good = file.size();
  file.insert(file.end(), tail.begin(), tail.end());
  const Result<JournalScan> scan = holdfast::scan_journal(file);
  if (!scan) return check_refusal(scan.error());
  CHECK(scan->good_length >= good && scan->sequence >= 1);
  CHECK(!scan->entries.empty() && scan->entries.front() == JournalEntry(seen));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView input(data, size);
  check_file(input);
  check_payload(input);
  check_tail(input);
  return 0;
}
