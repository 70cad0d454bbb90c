// The protection history as a JSON document: docs/INTERCHANGE.md is its definition.
//
// Pure. The writer gives the text in pieces, so that a history of any length needs little memory;
// the parser takes a whole document within a stated bound and refuses whatever is not exactly the
// format, so that nothing is imported of a file that was damaged or meant for something else.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/history.h"

namespace holdfast {

inline constexpr std::string_view kInterchangeFormat = "holdfast-duties";
inline constexpr std::string_view kInterchangeVersion = "1";

struct InterchangeMetadata {
  /** ISO 8601 in UTC. */
  std::string exported_at;
  std::string holdfast_version;
  /** Of the database that the history is from. */
  std::optional<std::string> cluster_id;
};

/** Two exports of the same history differ in their metadata only. */
class InterchangeWriter {
 public:
  /** `marks` are sorted as HistoryMarks has them. */
  InterchangeWriter(const InterchangeMetadata& metadata, std::vector<HistoryMark> marks);

  /** Adds a duty; duties come in the order of HistoryPage. */
  void add(const HistoryDuty& duty);
  /** Ends the document. */
  void finish();
  /** What was written since the last call. */
  std::string take();

 private:
  struct Validator {
    RollupAddress rollup_address;
    Address validator_address;
    friend auto operator<=>(const Validator&, const Validator&) = default;
  };
  /** Closes the open entry and writes those that have watermarks only, up to this one. */
  void move_to(const Validator& validator);
  void open(const Validator& validator);
  void close();

  std::vector<HistoryMark> marks_;
  std::size_t next_mark_ = 0;
  std::optional<Validator> open_;
  bool first_entry_ = true;
  bool first_duty_ = true;
  std::string text_;
};

struct Interchange {
  InterchangeMetadata metadata;
  HistoryBatch history;
};

/** invalid_input names the field: "data[0].signedDuties[3].slot: ...". */
Result<Interchange> parse_interchange(std::string_view text, std::size_t bytes_max);

}  // namespace holdfast
