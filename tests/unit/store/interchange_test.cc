// The exchange format (docs/INTERCHANGE.md): what is written, and what of a file is refused.
#include "store/interchange.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/hex.h"
#include "support/example_duty.h"

namespace holdfast {
namespace {

using namespace holdfast::test;
namespace json = boost::json;

constexpr std::size_t kMax = 1 << 20;

HistoryDuty example_history_duty() {
  return {.duty = example_duty(),
          .signature = filled_with<Signature>(0x5a),
          .node_id = "node-1",
          .pinned = false};
}

HistoryMark example_mark(std::uint8_t validator = 0x22, std::int64_t slot = 7) {
  return {filled_with<RollupAddress>(0x11), filled_with<Address>(validator), DutyType::attestation,
          Slot(slot)};
}

std::string written(std::vector<HistoryMark> marks, const std::vector<HistoryDuty>& duties,
                    std::optional<std::string> cluster = std::nullopt) {
  InterchangeWriter writer({"2026-01-02T03:04:05.006Z", "1.2.3", std::move(cluster)},
                           std::move(marks));
  for (const HistoryDuty& duty : duties) writer.add(duty);
  writer.finish();
  return writer.take();
}

Interchange must_parse(const std::string& text) {
  Result<Interchange> parsed = parse_interchange(text, kMax);
  if (!parsed) ADD_FAILURE() << parsed.error().message << "\n" << text;
  CHECK(parsed.has_value());
  return *std::move(parsed);
}

std::string refusal_of(const std::string& text) {
  const Result<Interchange> parsed = parse_interchange(text, kMax);
  if (parsed) return "accepted";
  EXPECT_EQ(parsed.error().kind, ErrorKind::invalid_input);
  return parsed.error().message;
}

TEST(Interchange, of_one_duty_is_written_like_this) {
  EXPECT_EQ(written({example_mark()}, {example_history_duty()}, "c-1"),
            fmt::format(R"({{
"metadata": {{"interchangeFormat": "holdfast-duties", "interchangeFormatVersion": "1", )"
                        R"("exportedAt": "2026-01-02T03:04:05.006Z", "holdfastVersion": "1.2.3", )"
                        R"("clusterId": "c-1"}},
"data": [
{{"rollupAddress": "0x{0}", "validatorAddress": "0x{1}",
"watermarks": [{{"dutyType": "ATTESTATION", "slot": "7"}}],
"signedDuties": [
{{"slot": "100", "dutyType": "BLOCK_PROPOSAL", "blockIndexWithinCheckpoint": 0, )"
                        R"("blockNumber": "50", "checkpointNumber": "0", "messageHash": "0x{2}", )"
                        R"("signature": "0x{3}", "nodeId": "node-1"}}
]}}
]
}}
)",
                        std::string(40, '1'), std::string(40, '2'), std::string(64, 'a'), [] {
                          std::string text;
                          for (int i = 0; i < 65; ++i) text += "5a";
                          return text;
                        }()));
}

TEST(Interchange, of_nothing_is_read_back_as_nothing) {
  const Interchange read = must_parse(written({}, {}));
  EXPECT_TRUE(read.history.marks.empty());
  EXPECT_TRUE(read.history.duties.empty());
  EXPECT_EQ(read.metadata.cluster_id, std::nullopt);
  EXPECT_EQ(read.metadata.exported_at, "2026-01-02T03:04:05.006Z");
  EXPECT_EQ(read.metadata.holdfast_version, "1.2.3");
}

TEST(Interchange, is_read_back_as_it_was_written) {
  HistoryDuty signed_without = example_history_duty();
  signed_without.duty.key.validator_address = filled_with<Address>(0x23);
  signed_without.signature.reset();
  HistoryDuty pinned = signed_without;
  pinned.duty.key.slot = Slot(std::numeric_limits<std::int64_t>::max());
  pinned.duty.key.duty_type = DutyType::slashing_vote;
  pinned.duty.key.block_index_within_checkpoint = kNoBlockIndex;
  pinned.pinned = true;
  pinned.node_id = "a \"name\", \\ and \xe2\x82\xac";
  const std::vector<HistoryDuty> duties = {example_history_duty(), signed_without, pinned};
  // Validators before, between, with and after those that have duties.
  const std::vector<HistoryMark> marks = {example_mark(0x01), example_mark(0x22),
                                          example_mark(0x22, 0), example_mark(0x24),
                                          example_mark(0x25)};
  const Interchange read = must_parse(written(marks, duties, "c"));
  EXPECT_EQ(read.history.duties, duties);
  EXPECT_EQ(read.history.marks, marks);
  EXPECT_EQ(read.metadata.cluster_id, "c");
}

TEST(Interchange, has_no_control_characters_or_broken_utf8_in_names) {
  HistoryDuty duty = example_history_duty();
  duty.node_id = "a\nb\x01\x7f\xff";
  EXPECT_EQ(must_parse(written({}, {duty})).history.duties[0].node_id, "a?b???");
}

TEST(Interchange, is_written_in_pieces_as_in_one) {
  InterchangeWriter writer({"2026-01-02T03:04:05.006Z", "1.2.3", std::nullopt}, {example_mark()});
  std::string text = writer.take();
  writer.add(example_history_duty());
  text += writer.take();
  writer.finish();
  text += writer.take();
  EXPECT_EQ(text, written({example_mark()}, {example_history_duty()}));
}

void set_at(json::value& document, const std::string& pointer, json::value value) {
  if (pointer.empty()) {
    document = std::move(value);
    return;
  }
  const auto slash = pointer.rfind('/');
  json::value& parent = document.at_pointer(pointer.substr(0, slash));
  const std::string last = pointer.substr(slash + 1);
  if (parent.is_array()) {
    parent.as_array().at(std::stoul(last)) = std::move(value);
  } else {
    parent.as_object().insert_or_assign(last, std::move(value));
  }
}

struct Hostile {
  std::string name;
  /** JSON pointer of what is replaced; with an empty value it is removed. */
  std::string pointer;
  std::string value;
  std::string message;
};
void PrintTo(const Hostile& row, std::ostream* out) {
  *out << row.name;
}

class HostileInterchange : public testing::TestWithParam<Hostile> {};

TEST_P(HostileInterchange, is_refused_with_the_place_named) {
  const Hostile& row = GetParam();
  json::value document = json::parse(written({example_mark()}, {example_history_duty()}, "c"));
  if (row.value.empty()) {
    const auto slash = row.pointer.rfind('/');
    document.at_pointer(row.pointer.substr(0, slash))
        .as_object()
        .erase(row.pointer.substr(slash + 1));
  } else {
    set_at(document, row.pointer, json::parse(row.value));
  }
  const std::string refusal = refusal_of(json::serialize(document));
  EXPECT_TRUE(refusal.starts_with(row.message)) << refusal;
  EXPECT_LT(refusal.size(), 300U);
}

std::vector<Hostile> hostile_rows() {
  const std::string duty = "/data/0/signedDuties/0/";
  const std::string at = "data[0].signedDuties[0].";
  std::vector<Hostile> rows = {
      {"document_array", "", "[]", "the document: must be an object"},
      {"no_metadata", "/metadata", "", "metadata: is missing"},
      {"no_data", "/data", "", "data: is missing"},
      {"data_object", "/data", "{}", "data: must be an array"},
      {"unknown_top", "/more", "1", "the document: unknown field \"more\""},
      {"unknown_meta", "/metadata/more", "1", "metadata: unknown field \"more\""},
      {"unknown_entry", "/data/0/more", "1", "data[0]: unknown field \"more\""},
      {"unknown_duty", duty + "more", "1", "data[0].signedDuties[0]: unknown field"},
      {"unknown_mark", "/data/0/watermarks/0/more", "1", "data[0].watermarks[0]: unknown field"},
      {"other_format", "/metadata/interchangeFormat", "\"eip-3076\"",
       "metadata.interchangeFormat: must be \"holdfast-duties\""},
      {"newer_version", "/metadata/interchangeFormatVersion", "\"2\"",
       "metadata.interchangeFormatVersion: is \"2\", and this program knows version \"1\" only"},
      {"version_number", "/metadata/interchangeFormatVersion", "1",
       "metadata.interchangeFormatVersion: must be a string"},
      {"long_cluster", "/metadata/clusterId", json::serialize(json::value(std::string(256, 'c'))),
       "metadata.clusterId: must not be longer than 255"},
      {"entry_null", "/data/0", "null", "data[0]: must be an object"},
      {"duty_string", "/data/0/signedDuties/0", "\"x\"",
       "data[0].signedDuties[0]: must be an object"},
      {"marks_missing", "/data/0/watermarks", "", "data[0].watermarks: is missing"},
      {"duties_null", "/data/0/signedDuties", "null", "data[0].signedDuties: must be an array"},
      {"mark_slot", "/data/0/watermarks/0/slot", "7", "data[0].watermarks[0].slot: must be a st"},
      {"index_string", duty + "blockIndexWithinCheckpoint", "\"0\"",
       at + "blockIndexWithinCheckpoint: must be a whole number"},
      {"index_low", duty + "blockIndexWithinCheckpoint", "-2",
       at + "blockIndexWithinCheckpoint: must be a whole number"},
      {"index_high", duty + "blockIndexWithinCheckpoint", "2147483648",
       at + "blockIndexWithinCheckpoint: must be a whole number"},
      {"index_double", duty + "blockIndexWithinCheckpoint", "0.5",
       at + "blockIndexWithinCheckpoint: must be a whole number"},
      {"pinned_string", duty + "pinned", "\"true\"", at + "pinned: must be true or false"},
      {"pinned_signed", duty + "pinned", "true", at + "pinned: a duty that has its signature"},
      {"signature_null", duty + "signature", "null", at + "signature: must be a string"},
      {"node_control", duty + "nodeId", R"("a\u0000b")", at + "nodeId: must not have control"},
      {"node_long", duty + "nodeId", json::serialize(json::value(std::string(256, 'n'))),
       at + "nodeId: must not be longer than 255 characters"},
      {"type_harmless", duty + "dutyType", "\"TXS\"", at + "dutyType: must be one of"},
      {"type_case", duty + "dutyType", "\"block_proposal\"", at + "dutyType: must be one of"},
  };
  return rows;
}

/** Wrong numbers, wrong hexadecimal text, and each field missing or null. */
std::vector<Hostile> hostile_values() {
  const std::string duty = "/data/0/signedDuties/0/";
  const std::string at = "data[0].signedDuties[0].";
  const std::string number = ": must be a whole number from 0 to 2^63 - 1, as a string";
  std::vector<Hostile> rows;
  for (const char* const wrong : {"\"\"", "\"-1\"", "\"-0\"", "\"+1\"", "\"01\"", "\" 1\"",
                                  "\"1.0\"", "\"0x1\"", "\"9223372036854775808\"", "\"1e3\""}) {
    rows.push_back(
        {"slot_" + std::to_string(rows.size()), duty + "slot", wrong, at + "slot" + number});
  }
  const std::pair<std::string, std::size_t> hexes[] = {{"messageHash", 64}, {"signature", 130}};
  for (const auto& [name, digits] : hexes) {
    const std::string message = fmt::format("{}{}: must be 0x and {} lower-case", at, name, digits);
    for (const std::string& wrong :
         {"0x" + std::string(digits, 'A'), "0X" + std::string(digits, 'a'),
          std::string(digits + 2, 'a'), "0x" + std::string(digits - 2, 'a'),
          "0x" + std::string(digits + 2, 'a'), "0x" + std::string(digits, 'g'), std::string()}) {
      rows.push_back({name + "_" + std::to_string(rows.size()), duty + name,
                      json::serialize(json::value(wrong)), message});
    }
  }
  for (const std::string& name : {std::string("rollupAddress"), std::string("validatorAddress")}) {
    rows.push_back({name + "_case", "/data/0/" + name, "\"0x" + std::string(40, 'A') + "\"",
                    "data[0]." + name + ": must be 0x and 40 lower-case hex digits"});
    rows.push_back({name + "_missing", "/data/0/" + name, "", "data[0]." + name + ": is missing"});
  }
  for (const char* const field : {"slot", "dutyType", "blockIndexWithinCheckpoint", "blockNumber",
                                  "checkpointNumber", "messageHash", "nodeId"}) {
    const std::string name = field;
    rows.push_back({name + "_missing_in_duty", duty + name, "", at + name + ": is missing"});
    rows.push_back({name + "_null", duty + name, "null", at + name + ": must be"});
  }
  return rows;
}

INSTANTIATE_TEST_SUITE_P(Rows, HostileInterchange, testing::ValuesIn(hostile_rows()),
                         [](const auto& row) { return row.param.name; });
INSTANTIATE_TEST_SUITE_P(Values, HostileInterchange, testing::ValuesIn(hostile_values()),
                         [](const auto& row) { return row.param.name; });

TEST(Interchange, accepts_the_highest_and_lowest_values) {
  json::value document = json::parse(written({}, {example_history_duty()}));
  const std::string duty = "/data/0/signedDuties/0/";
  set_at(document, duty + "blockIndexWithinCheckpoint", 2147483647);
  set_at(document, duty + "slot", "9223372036854775807");
  set_at(document, duty + "blockNumber", "0");
  std::string name;
  for (int i = 0; i < 255; ++i) name += "\xc3\xbc";
  set_at(document, duty + "nodeId", json::value(json::string_view(name)));
  set_at(document, duty + "pinned", false);
  const HistoryDuty read = must_parse(json::serialize(document)).history.duties.at(0);
  EXPECT_EQ(read.duty.key.block_index_within_checkpoint.number(), 2147483647);
  EXPECT_EQ(read.duty.key.slot.number(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(read.node_id, name);
}

TEST(Interchange, that_is_no_single_meaning_document_is_refused) {
  const std::string whole = written({example_mark()}, {example_history_duty()});
  EXPECT_TRUE(refusal_of("").starts_with("invalid JSON"));
  EXPECT_TRUE(refusal_of(whole + "{}").starts_with("invalid JSON"));
  EXPECT_TRUE(refusal_of("{\"data\": [], \"data\": []}").find("duplicate key") !=
              std::string::npos);
  EXPECT_TRUE(refusal_of("{\"data\": [[[[[[]]]]]]}").find("nested deeper than 5") !=
              std::string::npos);
  for (std::size_t size = 1; size + 2 < whole.size(); size += 7) {
    EXPECT_TRUE(refusal_of(whole.substr(0, size)).starts_with("invalid JSON")) << size;
  }
}

TEST(Interchange, is_read_up_to_the_stated_length) {
  const std::string text = written({}, {});
  EXPECT_TRUE(parse_interchange(text, text.size()));
  EXPECT_FALSE(parse_interchange(text, text.size() - 1));
}

}  // namespace
}  // namespace holdfast
