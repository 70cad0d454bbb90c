#include "store/interchange.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/hex.h"
#include "base/quote.h"

namespace holdfast {
namespace {

/** A JSON string. What a reader of JSON or a terminal would choke on becomes "?": it is for people
    and takes no part in any decision. */
std::string text_of(std::string_view text) {
  std::string shown(text);
  std::replace_if(
      shown.begin(), shown.end(),
      [](char letter) {
        const auto code = static_cast<unsigned char>(letter);
        return code < 0x20 || code == 0x7f;
      },
      '?');
  return quoted(shown, shown.size());
}

}  // namespace

InterchangeWriter::InterchangeWriter(const InterchangeMetadata& metadata,
                                     std::vector<HistoryMark> marks)
    : marks_(std::move(marks)) {
  text_ = fmt::format(
      "{{\n\"metadata\": {{\"interchangeFormat\": \"{}\", \"interchangeFormatVersion\": \"{}\", "
      "\"exportedAt\": {}, \"holdfastVersion\": {}",
      kInterchangeFormat, kInterchangeVersion, text_of(metadata.exported_at),
      text_of(metadata.holdfast_version));
  if (metadata.cluster_id) {
    text_ += fmt::format(", \"clusterId\": {}", text_of(*metadata.cluster_id));
  }
  text_ += "},\n\"data\": [";
}

void InterchangeWriter::open(const Validator& validator) {
  text_ += fmt::format("{}\n{{\"rollupAddress\": \"{}\", \"validatorAddress\": \"{}\",\n",
                       first_entry_ ? "" : ",", to_text(validator.rollup_address),
                       to_text(validator.validator_address));
  text_ += "\"watermarks\": [";
  bool first = true;
  for (; next_mark_ < marks_.size(); ++next_mark_) {
    const HistoryMark& mark = marks_[next_mark_];
    if (Validator{mark.rollup_address, mark.validator_address} != validator) break;
    text_ += fmt::format("{}{{\"dutyType\": \"{}\", \"slot\": \"{}\"}}", first ? "" : ", ",
                         name_of(mark.duty_type), mark.slot.number());
    first = false;
  }
  text_ += "],\n\"signedDuties\": [";
  open_ = validator;
  first_entry_ = false;
  first_duty_ = true;
}

void InterchangeWriter::close() {
  if (!open_) return;
  text_ += first_duty_ ? "]}" : "\n]}";
  open_.reset();
}

void InterchangeWriter::move_to(const Validator& validator) {
  if (open_ == validator) return;
  close();
  while (next_mark_ < marks_.size()) {
    const HistoryMark& mark = marks_[next_mark_];
    const Validator marked{mark.rollup_address, mark.validator_address};
    if (marked >= validator) break;
    open(marked);
    close();
  }
  open(validator);
}

void InterchangeWriter::add(const HistoryDuty& duty) {
  const DutyKey& key = duty.duty.key;
  move_to({key.rollup_address, key.validator_address});
  text_ += fmt::format(
      "{}\n{{\"slot\": \"{}\", \"dutyType\": \"{}\", \"blockIndexWithinCheckpoint\": {}, "
      "\"blockNumber\": \"{}\", \"checkpointNumber\": \"{}\", \"messageHash\": \"{}\", ",
      first_duty_ ? "" : ",", key.slot.number(), name_of(key.duty_type),
      key.block_index_within_checkpoint.number(), duty.duty.block_number.number(),
      duty.duty.checkpoint_number.number(), to_text(duty.duty.message_hash));
  if (duty.signature) {
    text_ += fmt::format("\"signature\": \"{}\", ", to_hex(duty.signature->view()));
  }
  text_ += fmt::format("\"nodeId\": {}{}}}", text_of(duty.node_id),
                       duty.pinned ? ", \"pinned\": true" : "");
  first_duty_ = false;
}

void InterchangeWriter::finish() {
  close();
  while (next_mark_ < marks_.size()) {
    const HistoryMark& mark = marks_[next_mark_];
    open({mark.rollup_address, mark.validator_address});
    close();
  }
  text_ += "\n]\n}\n";
}

std::string InterchangeWriter::take() {
  return std::exchange(text_, {});
}

}  // namespace holdfast
