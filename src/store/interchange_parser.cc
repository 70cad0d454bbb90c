#include <algorithm>
#include <charconv>
#include <initializer_list>
#include <limits>
#include <utility>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <fmt/format.h>

#include "base/hex.h"
#include "base/quote.h"
#include "base/strict_json.h"
#include "store/interchange.h"

namespace holdfast {
namespace {

namespace json = boost::json;

/** The width of the column. */
constexpr std::size_t kNodeIdMax = 255;
constexpr std::size_t kMetadataMax = 255;
/** The document, data, its entry, signedDuties, a duty. */
constexpr std::size_t kDepth = 5;

/** What was wrong first. All that is read after it is thrown away. */
using Trouble = std::optional<Error>;

std::size_t characters_in(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char byte) {
    return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U;
  }));
}

/** The fields of one object. A field that is wrong or missing is noted and reads as a default. */
class Fields {
 public:
  Fields(const json::value& value, std::string place, Trouble& trouble,
         std::initializer_list<std::string_view> known)
      : object_(value.if_object()), place_(std::move(place)), trouble_(trouble) {
    if (object_ == nullptr) {
      refuse("", "must be an object");
      return;
    }
    for (const auto& member : *object_) {
      const std::string_view name(member.key().data(), member.key().size());
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      refuse("", fmt::format("unknown field {}", quoted(name)));
    }
  }

  bool has(std::string_view name) const { return object_ != nullptr && object_->contains(name); }

  std::string text(std::string_view name, std::size_t characters_max) {
    const std::string_view found = raw_text(name);
    const bool harmless = std::none_of(found.begin(), found.end(), [](char letter) {
      const auto code = static_cast<unsigned char>(letter);
      return code < 0x20 || code == 0x7f;
    });
    if (!harmless) refuse(name, "must not have control characters");
    if (characters_in(found) > characters_max) {
      refuse(name, fmt::format("must not be longer than {} characters", characters_max));
    }
    return std::string(found);
  }

  /** 0 to 2^63 - 1 as a decimal string without leading zeros. */
  std::int64_t number(std::string_view name) {
    const std::string_view found = raw_text(name);
    std::int64_t number = 0;
    const char* const end = found.data() + found.size();
    const auto [stop, code] = std::from_chars(found.data(), end, number);
    const bool canonical = !found.empty() && found != "-0" &&
                           (found.size() == 1 || found.front() != '0') && number >= 0;
    if (code != std::errc() || stop != end || !canonical) {
      refuse(name, "must be a whole number from 0 to 2^63 - 1, as a string");
      return 0;
    }
    return number;
  }

  template <class Fixed>
  Fixed bytes(std::string_view name) {
    const std::string_view found = raw_text(name);
    const std::optional<Fixed> fixed = fixed_from_hex<Fixed>(found);
    if (fixed && to_hex(fixed->view()) == found) return *fixed;
    refuse(name, fmt::format("must be 0x and {} lower-case hex digits", 2 * Fixed::kSize));
    return {};
  }

  DutyType type(std::string_view name) {
    const std::optional<DutyType> type = duty_type_from_name(raw_text(name));
    if (type && is_protected(*type)) return *type;
    refuse(name, "must be one of the six protected duty types");
    return DutyType::unknown;
  }

  BlockIndex index(std::string_view name) {
    const json::value* const found = find(name);
    const std::int64_t* const number = found != nullptr ? found->if_int64() : nullptr;
    constexpr std::int64_t kMax = std::numeric_limits<std::int32_t>::max();
    if (number != nullptr && *number >= -1 && *number <= kMax) {
      return BlockIndex(static_cast<std::int32_t>(*number));
    }
    if (found != nullptr) refuse(name, "must be a whole number from -1 to 2^31 - 1");
    return kNoBlockIndex;
  }

  bool yes(std::string_view name) {
    const json::value* const found = find(name);
    const bool* const flag = found != nullptr ? found->if_bool() : nullptr;
    if (found != nullptr && flag == nullptr) refuse(name, "must be true or false");
    return flag != nullptr && *flag;
  }

  /** Calls read(value, place) for each element, until something is wrong. */
  template <class Read>
  void each(std::string_view name, Read read) {
    const json::value* const found = find(name);
    if (found == nullptr) return;
    const json::array* const array = found->if_array();
    if (array == nullptr) {
      refuse(name, "must be an array");
      return;
    }
    for (std::size_t index = 0; index < array->size() && !trouble_; ++index) {
      read((*array)[index], fmt::format("{}[{}]", path(name), index));
    }
  }

  const json::value* find(std::string_view name) {
    if (object_ == nullptr) return nullptr;
    const json::value* const found = object_->if_contains(name);
    if (found == nullptr) refuse(name, "is missing");
    return found;
  }

  std::string path(std::string_view name) const {
    if (place_.empty() || name.empty()) return place_ + std::string(name);
    return fmt::format("{}.{}", place_, name);
  }

  void refuse(std::string_view name, std::string_view what) {
    if (trouble_) return;
    const std::string where = path(name);
    trouble_ = Error{ErrorKind::invalid_input,
                     fmt::format("{}: {}", where.empty() ? "the document" : where, what)};
  }

 private:
  std::string_view raw_text(std::string_view name) {
    const json::value* const found = find(name);
    if (found == nullptr) return {};
    const json::string* const text = found->if_string();
    if (text == nullptr) refuse(name, "must be a string");
    return text != nullptr ? std::string_view(text->data(), text->size()) : std::string_view();
  }

  const json::object* object_;
  std::string place_;
  Trouble& trouble_;
};

InterchangeMetadata read_metadata(const json::value& value, Trouble& trouble) {
  Fields fields(value, "metadata", trouble,
                {"interchangeFormat", "interchangeFormatVersion", "exportedAt", "holdfastVersion",
                 "clusterId"});
  if (const std::string format = fields.text("interchangeFormat", kMetadataMax);
      format != kInterchangeFormat) {
    fields.refuse("interchangeFormat", fmt::format("must be \"{}\"", kInterchangeFormat));
  }
  if (const std::string version = fields.text("interchangeFormatVersion", kMetadataMax);
      version != kInterchangeVersion) {
    fields.refuse("interchangeFormatVersion",
                  fmt::format("is {}, and this program knows version {} only; use the program that "
                              "made the file",
                              holdfast::quoted(version), holdfast::quoted(kInterchangeVersion)));
  }
  InterchangeMetadata metadata;
  metadata.exported_at = fields.text("exportedAt", kMetadataMax);
  metadata.holdfast_version = fields.text("holdfastVersion", kMetadataMax);
  if (fields.has("clusterId")) metadata.cluster_id = fields.text("clusterId", kMetadataMax);
  return metadata;
}

HistoryDuty read_duty(const json::value& value, std::string place, const DutyKey& of,
                      Trouble& trouble) {
  Fields fields(value, std::move(place), trouble,
                {"slot", "dutyType", "blockIndexWithinCheckpoint", "blockNumber",
                 "checkpointNumber", "messageHash", "signature", "nodeId", "pinned"});
  HistoryDuty duty;
  duty.duty.key = of;
  duty.duty.key.slot = Slot(fields.number("slot"));
  duty.duty.key.duty_type = fields.type("dutyType");
  duty.duty.key.block_index_within_checkpoint = fields.index("blockIndexWithinCheckpoint");
  duty.duty.block_number = BlockNumber(fields.number("blockNumber"));
  duty.duty.checkpoint_number = CheckpointNumber(fields.number("checkpointNumber"));
  duty.duty.message_hash = fields.bytes<MessageHash>("messageHash");
  if (fields.has("signature")) duty.signature = fields.bytes<Signature>("signature");
  duty.node_id = fields.text("nodeId", kNodeIdMax);
  if (fields.has("pinned")) duty.pinned = fields.yes("pinned");
  if (duty.pinned && duty.signature) {
    fields.refuse("pinned", "a duty that has its signature is signed, not pinned");
  }
  return duty;
}

HistoryMark read_mark(const json::value& value, std::string place, const DutyKey& of,
                      Trouble& trouble) {
  Fields fields(value, std::move(place), trouble, {"dutyType", "slot"});
  return {.rollup_address = of.rollup_address,
          .validator_address = of.validator_address,
          .duty_type = fields.type("dutyType"),
          .slot = Slot(fields.number("slot"))};
}

void read_validator(const json::value& value, std::string place, HistoryBatch& into,
                    Trouble& trouble) {
  Fields fields(value, std::move(place), trouble,
                {"rollupAddress", "validatorAddress", "watermarks", "signedDuties"});
  DutyKey of;
  of.rollup_address = fields.bytes<RollupAddress>("rollupAddress");
  of.validator_address = fields.bytes<Address>("validatorAddress");
  fields.each("watermarks", [&](const json::value& mark, std::string where) {
    into.marks.push_back(read_mark(mark, std::move(where), of, trouble));
  });
  fields.each("signedDuties", [&](const json::value& duty, std::string where) {
    into.duties.push_back(read_duty(duty, std::move(where), of, trouble));
  });
}

}  // namespace

Result<Interchange> parse_interchange(std::string_view text, std::size_t bytes_max) {
  const StrictJsonLimits limits{.max_depth = kDepth, .max_bytes = bytes_max};
  const Result<json::value> document = parse_strict_json(text, limits);
  if (!document) return Error(document.error());
  Trouble trouble;
  Interchange found;
  Fields fields(*document, "", trouble, {"metadata", "data"});
  if (const json::value* const metadata = fields.find("metadata")) {
    found.metadata = read_metadata(*metadata, trouble);
  }
  fields.each("data", [&](const json::value& entry, std::string where) {
    read_validator(entry, std::move(where), found.history, trouble);
  });
  if (trouble) return std::move(*trouble);
  return found;
}

}  // namespace holdfast
