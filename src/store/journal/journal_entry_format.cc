// The entries within a block's payload.
#include <algorithm>
#include <limits>

#include <boost/endian/conversion.hpp>
#include <fmt/format.h>

#include "base/check.h"
#include "store/journal/journal_format.h"

namespace holdfast {
namespace {

namespace endian = boost::endian;

enum class EntryType : std::uint8_t {
  unknown = 0,
  release,
  drop,
  watermark,
  pin,
  beat,
  seen,
  quarantine,
};

template <class Number>
void put(Bytes& into, Number number) {
  const std::size_t at = into.size();
  into.resize(at + sizeof(Number));
  endian::endian_store<Number, sizeof(Number), endian::order::little>(into.data() + at, number);
}

template <class Tag, std::size_t N>
void put(Bytes& into, const FixedBytes<Tag, N>& fixed) {
  into.insert(into.end(), fixed.bytes.begin(), fixed.bytes.end());
}

void put(Bytes& into, const std::string& text) {
  CHECK(text.size() <= std::numeric_limits<std::uint32_t>::max());
  put(into, static_cast<std::uint32_t>(text.size()));
  into.insert(into.end(), text.begin(), text.end());
}

void put(Bytes& into, const DutyKey& key) {
  put(into, key.rollup_address);
  put(into, key.validator_address);
  put(into, key.slot.number());
  put(into, static_cast<std::uint8_t>(key.duty_type));
  put(into, key.block_index_within_checkpoint.number());
}

void put_flag(Bytes& into, bool flag) {
  put(into, static_cast<std::uint8_t>(flag ? 1 : 0));
}

/** Adds the fields of an entry and gives its type. */
struct FieldWriter {
  Bytes& into;

  EntryType operator()(const ReleaseEntry& entry) const {
    put(into, entry.key);
    put(into, entry.message_hash);
    return EntryType::release;
  }
  EntryType operator()(const DropEntry& entry) const {
    put(into, entry.key);
    put(into, entry.message_hash);
    return EntryType::drop;
  }
  EntryType operator()(const WatermarkEntry& entry) const {
    put(into, entry.rollup_address);
    put(into, entry.validator_address);
    put(into, static_cast<std::uint8_t>(entry.duty_type));
    put(into, entry.slot.number());
    return EntryType::watermark;
  }
  EntryType operator()(const PinEntry& entry) const {
    put(into, entry.identity.backend);
    put(into, entry.identity.cluster_id);
    put(into, entry.identity.system_identifier);
    put(into, entry.identity.timeline);
    put_flag(into, entry.identity.synchronous);
    return EntryType::pin;
  }
  EntryType operator()(const BeatEntry& entry) const {
    put(into, entry.beat);
    put_flag(into, entry.newest_release.has_value());
    if (entry.newest_release) {
      put(into, entry.newest_release->key);
      put(into, entry.newest_release->message_hash);
    }
    return EntryType::beat;
  }
  EntryType operator()(const SeenEntry& entry) const {
    put(into, entry.rollup_address);
    put(into, entry.slot.number());
    return EntryType::seen;
  }
  EntryType operator()(const QuarantineEntry& entry) const {
    put_flag(into, entry.quarantine.has_value());
    if (!entry.quarantine) return EntryType::quarantine;
    put(into, static_cast<std::uint8_t>(entry.quarantine->reason));
    put_flag(into, entry.quarantine->learning);
    put(into, static_cast<std::uint32_t>(entry.quarantine->floors.size()));
    for (const auto& [rollup, slot] : entry.quarantine->floors) {
      put(into, rollup);
      put(into, slot.number());
    }
    return EntryType::quarantine;
  }
};

/** Takes fields off the front. After a field that is not there, or has no such value, good() is
    false and every further field is a zero. */
class FieldReader {
 public:
  explicit FieldReader(ByteView bytes) : left_(bytes) {}

  bool good() const noexcept { return good_; }
  bool at_end() const noexcept { return good_ && left_.empty(); }
  std::size_t left() const noexcept { return left_.size(); }
  void refuse() noexcept { good_ = false; }

  ByteView bytes(std::size_t count) {
    good_ = good_ && count <= left_.size();
    if (!good_) return {};
    const ByteView taken = left_.first(count);
    left_ = left_.subspan(count);
    return taken;
  }

  template <class Number>
  Number number() {
    const ByteView taken = bytes(sizeof(Number));
    if (!good_) return 0;
    return endian::endian_load<Number, sizeof(Number), endian::order::little>(taken.data());
  }

  template <class Fixed>
  Fixed fixed() {
    Fixed value;
    const ByteView taken = bytes(Fixed::kSize);
    std::copy(taken.begin(), taken.end(), value.bytes.begin());
    return value;
  }

  std::string text() {
    const ByteView taken = bytes(number<std::uint32_t>());
    return {taken.begin(), taken.end()};
  }

  bool flag() {
    const auto value = number<std::uint8_t>();
    good_ = good_ && value <= 1;
    return value == 1;
  }

  /** A value of an enum whose last value is `last`. */
  template <class Enum>
  Enum choice(Enum last) {
    const auto value = number<std::uint8_t>();
    good_ = good_ && value <= static_cast<std::uint8_t>(last);
    return good_ ? static_cast<Enum>(value) : Enum::unknown;
  }

  Slot slot() { return Slot(number<std::int64_t>()); }

  DutyKey key() {
    DutyKey key;
    key.rollup_address = fixed<RollupAddress>();
    key.validator_address = fixed<Address>();
    key.slot = slot();
    key.duty_type = choice(DutyType::txs);
    key.block_index_within_checkpoint = BlockIndex(number<std::int32_t>());
    return key;
  }

 private:
  ByteView left_;
  bool good_ = true;
};

WatermarkEntry read_watermark(FieldReader& fields) {
  WatermarkEntry entry;
  entry.rollup_address = fields.fixed<RollupAddress>();
  entry.validator_address = fields.fixed<Address>();
  entry.duty_type = fields.choice(DutyType::txs);
  entry.slot = fields.slot();
  return entry;
}

PinEntry read_pin(FieldReader& fields) {
  PinEntry entry;
  entry.identity.backend = fields.text();
  entry.identity.cluster_id = fields.text();
  entry.identity.system_identifier = fields.text();
  entry.identity.timeline = fields.number<std::int64_t>();
  entry.identity.synchronous = fields.flag();
  return entry;
}

BeatEntry read_beat(FieldReader& fields) {
  BeatEntry entry;
  entry.beat = fields.number<std::int64_t>();
  if (fields.flag()) {
    ReleaseEntry newest;
    newest.key = fields.key();
    newest.message_hash = fields.fixed<MessageHash>();
    entry.newest_release = newest;
  }
  return entry;
}

QuarantineEntry read_quarantine(FieldReader& fields) {
  QuarantineEntry entry;
  if (!fields.flag()) return entry;
  Quarantine quarantine;
  quarantine.reason = fields.choice(QuarantineReason::accepted_database);
  quarantine.learning = fields.flag();
  const auto count = fields.number<std::uint32_t>();
  for (std::uint32_t at = 0; at < count && fields.good(); ++at) {
    const auto rollup = fields.fixed<RollupAddress>();
    const Slot slot = fields.slot();
    if (!quarantine.floors.try_emplace(rollup, slot).second) fields.refuse();
  }
  entry.quarantine = std::move(quarantine);
  return entry;
}

JournalEntry read_fields(EntryType type, FieldReader& fields) {
  switch (type) {
    case EntryType::release: {
      const DutyKey key = fields.key();
      return ReleaseEntry{key, fields.fixed<MessageHash>()};
    }
    case EntryType::drop: {
      const DutyKey key = fields.key();
      return DropEntry{key, fields.fixed<MessageHash>()};
    }
    case EntryType::watermark:
      return read_watermark(fields);
    case EntryType::pin:
      return read_pin(fields);
    case EntryType::beat:
      return read_beat(fields);
    case EntryType::seen: {
      const auto rollup = fields.fixed<RollupAddress>();
      return SeenEntry{rollup, fields.slot()};
    }
    case EntryType::quarantine:
      return read_quarantine(fields);
    case EntryType::unknown:
      break;
  }
  fields.refuse();
  return {};
}

}  // namespace

void append_entry(Bytes& payload, const JournalEntry& entry) {
  const std::size_t start = payload.size();
  payload.resize(start + 1 + sizeof(std::uint32_t));
  const EntryType type = std::visit(FieldWriter{payload}, entry);
  const std::size_t length = payload.size() - start - 1 - sizeof(std::uint32_t);
  CHECK(length <= std::numeric_limits<std::uint32_t>::max());
  payload[start] = static_cast<std::uint8_t>(type);
  endian::store_little_u32(payload.data() + start + 1, static_cast<std::uint32_t>(length));
}

Result<std::vector<JournalEntry>> decode_entries(ByteView payload) {
  std::vector<JournalEntry> entries;
  FieldReader all(payload);
  while (!all.at_end()) {
    const std::size_t at = payload.size() - all.left();
    const auto type = all.choice(EntryType::quarantine);
    const auto length = all.number<std::uint32_t>();
    FieldReader fields(all.bytes(length));
    JournalEntry entry = read_fields(type, fields);
    if (!all.good() || !fields.at_end()) {
      return Error{ErrorKind::corrupt, fmt::format("byte {} of the block begins no entry", at)};
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace holdfast
