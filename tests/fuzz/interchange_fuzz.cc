// Exported histories: any text is read or refused; what was read is written and read back the same.
#include <algorithm>
#include <string>
#include <string_view>

#include "fuzz_check.h"
#include "store/history_merge.h"
#include "store/interchange.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using holdfast::HistoryDuty;
  const std::string_view text = holdfast::fuzz::text_of(data, size);
  holdfast::Result<holdfast::Interchange> read = holdfast::parse_interchange(text, size);
  if (!read) {
    CHECK(read.error().kind == holdfast::ErrorKind::invalid_input);
    holdfast::fuzz::check_message(read.error().message);
    return 0;
  }
  holdfast::HistoryBatch& history = read->history;
  history.marks = holdfast::highest_marks(history.marks);
  std::stable_sort(history.duties.begin(), history.duties.end(),
                   [](const HistoryDuty& left, const HistoryDuty& right) {
                     return holdfast::history_order(left.duty.key, right.duty.key) < 0;
                   });
  holdfast::InterchangeWriter writer(read->metadata, history.marks);
  for (const HistoryDuty& duty : history.duties) {
    CHECK(!duty.pinned || !duty.signature);
    CHECK(duty.duty.key.slot.number() >= 0);
    writer.add(duty);
  }
  writer.finish();
  const std::string written = writer.take();
  const holdfast::Result<holdfast::Interchange> again =
      holdfast::parse_interchange(written, written.size());
  CHECK(again.has_value());
  CHECK(again->history.duties == history.duties);
  CHECK(again->history.marks == history.marks);
  CHECK(again->metadata.cluster_id == read->metadata.cluster_id);
  return 0;
}
