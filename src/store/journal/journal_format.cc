#include "store/journal/journal_format.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include <boost/endian/conversion.hpp>
#include <fmt/format.h>
#include <openssl/evp.h>

#include "base/check.h"

namespace holdfast {
namespace {

namespace endian = boost::endian;

constexpr std::array<std::uint8_t, 4> kFileMagic = {'H', 'F', 'J', '1'};
constexpr std::array<std::uint8_t, 4> kBlockMagic = {'H', 'F', 'J', 'B'};
/** Everything of the file's header before the node id. */
constexpr std::size_t kFixedHeader = 44;
constexpr std::size_t kCheckLength = 16;
/** Of a block's header: the bytes before its check, and all of it. */
constexpr std::size_t kBlockFields = 16;
constexpr std::size_t kBlockHeader = 24;
/** What a disk writes as a whole. */
constexpr std::size_t kSector = 512;
/** Not zero: a last sector that was written never reads as one that was not. */
constexpr std::uint8_t kBlockEnd = 'J';

using Digest = std::array<std::uint8_t, 32>;

Digest sha256(ByteView first, ByteView second = {}) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                        &EVP_MD_CTX_free);
  Digest digest{};
  CHECK(context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1);
  CHECK(EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1);
  CHECK(EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1);
  CHECK(EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  return digest;
}

void put_bytes(Bytes& into, ByteView bytes) {
  into.insert(into.end(), bytes.begin(), bytes.end());
}

void put_u32(Bytes& into, std::uint32_t number) {
  into.resize(into.size() + sizeof(number));
  endian::store_little_u32(into.data() + into.size() - sizeof(number), number);
}

void put_u64(Bytes& into, std::uint64_t number) {
  into.resize(into.size() + sizeof(number));
  endian::store_little_u64(into.data() + into.size() - sizeof(number), number);
}

bool starts_with(ByteView bytes, ByteView begin) {
  return bytes.size() >= begin.size() && std::equal(begin.begin(), begin.end(), bytes.begin());
}

Bytes encode_header(const JournalHeader& header) {
  CHECK(header.node_id.size() <= std::numeric_limits<std::uint32_t>::max());
  Bytes bytes;
  put_bytes(bytes, kFileMagic);
  put_u32(bytes, kJournalFormatVersion);
  put_bytes(bytes, header.journal_id.view());
  put_u64(bytes, header.base_sequence);
  put_u64(bytes, header.settled_length);
  put_u32(bytes, static_cast<std::uint32_t>(header.node_id.size()));
  put_bytes(bytes, as_bytes(header.node_id));
  const Digest digest = sha256(bytes);
  put_bytes(bytes, ByteView(digest).first(kCheckLength));
  return bytes;
}

/** The first 8 bytes are a block header's check. The magic is not covered: it is for people. */
Digest header_check(const JournalId& journal_id, ByteView fields) {
  return sha256(journal_id.view(), fields.subspan(kBlockMagic.size()));
}

Digest block_check(const JournalId& journal_id, ByteView header, ByteView payload) {
  Bytes begin;
  put_bytes(begin, journal_id.view());
  put_bytes(begin, header.subspan(kBlockMagic.size()));
  return sha256(begin, payload);
}

Error damage(std::size_t offset, std::string_view what) {
  return {ErrorKind::corrupt, fmt::format("damaged at byte {}: {}", offset, what)};
}

struct ReadHeader {
  JournalHeader header;
  std::size_t length = 0;
};

Result<ReadHeader> read_header(ByteView file) {
  if (!starts_with(file, kFileMagic)) return damage(0, "it does not begin as a journal does");
  if (file.size() < kFixedHeader) return damage(file.size(), "it ends within its header");
  const std::uint32_t version = endian::load_little_u32(file.data() + 4);
  if (version > kJournalFormatVersion) {
    return Error{ErrorKind::schema_mismatch,
                 fmt::format("has version {} of the format, and this program knows {}; run the "
                             "program that wrote it, or a newer one",
                             version, kJournalFormatVersion)};
  }
  const std::size_t name_length = endian::load_little_u32(file.data() + 40);
  if (file.size() - kFixedHeader < name_length + kCheckLength) {
    return damage(file.size(), "it ends within its header");
  }
  const std::size_t checked = kFixedHeader + name_length;
  const Digest digest = sha256(file.first(checked));
  if (version != kJournalFormatVersion ||
      !starts_with(file.subspan(checked), ByteView(digest).first(kCheckLength))) {
    return damage(0, "the header's check sum is wrong");
  }
  ReadHeader read;
  std::copy_n(file.begin() + 8, JournalId::kSize, read.header.journal_id.bytes.begin());
  read.header.base_sequence = endian::load_little_u64(file.data() + 24);
  read.header.settled_length = endian::load_little_u64(file.data() + 32);
  const ByteView name = file.subspan(kFixedHeader, name_length);
  read.header.node_id.assign(name.begin(), name.end());
  read.length = checked + kCheckLength;
  if (read.header.settled_length < read.length) return damage(32, "no such settled length");
  if (file.size() < read.header.settled_length) {
    return damage(file.size(), fmt::format("it ends here, and had {} bytes when it was made",
                                           read.header.settled_length));
  }
  return read;
}

/** Whether some sector that begins before `until`, as far as it lies between `from` and `to`,
    reads as zeros: it was never written. */
bool has_unwritten_sector(ByteView file, std::size_t from, std::size_t until, std::size_t to) {
  for (std::size_t at = from; at < until;) {
    const std::size_t next = std::min((at / kSector + 1) * kSector, to);
    const ByteView part = file.subspan(at, next - at);
    if (std::all_of(part.begin(), part.end(), [](std::uint8_t byte) { return byte == 0; })) {
      return true;
    }
    at = next;
  }
  return false;
}

/** Reads one block after the other. */
class BlockScanner {
 public:
  BlockScanner(ByteView file, const ReadHeader& read)
      : file_(file), header_(read.header), at_(read.length), sequence_(header_.base_sequence) {}

  Result<JournalScan> run() {
    std::vector<JournalEntry> entries;
    while (at_ < file_.size()) {
      Result<std::optional<ByteView>> payload = next();
      if (!payload) return std::move(payload).error();
      if (!*payload) break;
      Result<std::vector<JournalEntry>> decoded = decode_entries(**payload);
      if (!decoded) return damage(at_, decoded.error().message);
      std::move(decoded->begin(), decoded->end(), std::back_inserter(entries));
      at_ += kBlockHeader + (*payload)->size() + kCheckLength + 1;
      ++sequence_;
    }
    if (at_ < file_.size() && at_ < header_.settled_length) {
      return damage(at_, "a block that was complete when the file was made is not any more");
    }
    return JournalScan{header_, std::move(entries), at_, file_.size() - at_, sequence_};
  }

 private:
  bool good_header(std::size_t at) const {
    const Digest check = header_check(header_.journal_id, file_.subspan(at, kBlockFields));
    return starts_with(file_.subspan(at + kBlockFields), ByteView(check).first(8));
  }

  std::uint64_t sequence_at(std::size_t at) const {
    return endian::load_little_u64(file_.data() + at + 8);
  }

  /** The payload of the block at at_; none when it is an interrupted write. */
  Result<std::optional<ByteView>> next() const {
    const std::size_t left = file_.size() - at_;
    if (left < kBlockHeader) return after_broken_header(header_begins(left));
    if (!good_header(at_)) return after_broken_header(false);
    if (sequence_at(at_) != sequence_ + 1) {
      return damage(at_, fmt::format("block {} follows block {}", sequence_at(at_), sequence_));
    }
    const std::size_t length = endian::load_little_u32(file_.data() + at_ + 4);
    const std::size_t whole = kBlockHeader + length + kCheckLength + 1;
    if (left < whole) return std::optional<ByteView>();
    const ByteView payload = file_.subspan(at_ + kBlockHeader, length);
    const Digest check = block_check(header_.journal_id, file_.subspan(at_, kBlockHeader), payload);
    if (starts_with(file_.subspan(at_ + kBlockHeader + length),
                    ByteView(check).first(kCheckLength))) {
      return std::optional<ByteView>(payload);
    }
    const std::size_t end = at_ + whole;
    if (left == whole && has_unwritten_sector(file_, at_, end, end)) {
      return std::optional<ByteView>();
    }
    return damage(at_, "the block's check sum is wrong");
  }

  /** Whether these few bytes are the begin of the next block. */
  bool header_begins(std::size_t left) const {
    Bytes expected;
    put_bytes(expected, kBlockMagic);
    put_u32(expected, 0);
    put_u64(expected, sequence_ + 1);
    for (std::size_t at = 0; at < std::min(left, kBlockFields); ++at) {
      const bool of_length = at >= 4 && at < 8;
      if (!of_length && file_[at_ + at] != expected[at]) return false;
    }
    return true;
  }

  Result<std::optional<ByteView>> after_broken_header(bool begins) const {
    const std::size_t until = std::min(at_ + kBlockHeader, file_.size());
    if (!begins && !has_unwritten_sector(file_, at_, until, file_.size())) {
      return damage(at_, "the check sum of a block's header is wrong");
    }
    if (const std::optional<std::size_t> later = find_later_block()) {
      return damage(at_, fmt::format("no block, but block {} follows at byte {}",
                                     sequence_at(*later), *later));
    }
    return std::optional<ByteView>();
  }

  /** A write is begun only after the one before it is durable, so a later block proves that what
      is missing here was once complete. */
  std::optional<std::size_t> find_later_block() const {
    for (std::size_t at = at_ + 1; at + kBlockHeader <= file_.size(); ++at) {
      const std::uint64_t sequence = sequence_at(at);
      const bool plausible = sequence > sequence_ && sequence - sequence_ <= file_.size();
      if (plausible && good_header(at)) return at;
    }
    return std::nullopt;
  }

  const ByteView file_;
  const JournalHeader& header_;
  std::size_t at_;
  std::uint64_t sequence_;
};

}  // namespace

Bytes encode_block(const JournalId& journal_id, std::uint64_t sequence, ByteView payload) {
  CHECK(payload.size() <= std::numeric_limits<std::uint32_t>::max());
  Bytes block;
  block.reserve(kBlockHeader + payload.size() + kCheckLength + 1);
  put_bytes(block, kBlockMagic);
  put_u32(block, static_cast<std::uint32_t>(payload.size()));
  put_u64(block, sequence);
  const Digest of_header = header_check(journal_id, block);
  put_bytes(block, ByteView(of_header).first(8));
  const Digest of_all = block_check(journal_id, block, payload);
  put_bytes(block, payload);
  put_bytes(block, ByteView(of_all).first(kCheckLength));
  block.push_back(kBlockEnd);
  return block;
}

Bytes encode_file(JournalHeader header, const std::vector<Bytes>& payloads) {
  Bytes blocks;
  std::uint64_t sequence = header.base_sequence;
  for (const Bytes& payload : payloads) {
    put_bytes(blocks, encode_block(header.journal_id, ++sequence, payload));
  }
  header.settled_length = kFixedHeader + header.node_id.size() + kCheckLength + blocks.size();
  Bytes file = encode_header(header);
  put_bytes(file, blocks);
  return file;
}

Result<JournalScan> scan_journal(ByteView file) {
  const Result<ReadHeader> read = read_header(file);
  if (!read) return Error(read.error());
  return BlockScanner(file, *read).run();
}

}  // namespace holdfast
