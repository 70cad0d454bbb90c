#include "crypto/rlp.h"

#include <algorithm>

namespace holdfast {
namespace {

constexpr std::uint8_t kBytesBase = 0x80;
constexpr std::uint8_t kListBase = 0xc0;
/** The longest content whose length fits the first byte. */
constexpr std::size_t kShortest = 55;

void append(Bytes& out, ByteView bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void append_header(Bytes& out, std::uint8_t base, std::size_t size) {
  if (size <= kShortest) {
    out.push_back(static_cast<std::uint8_t>(base + size));
    return;
  }
  const Uint256 length = uint256_from(size);
  const ByteView length_bytes = minimal_bytes(length);
  out.push_back(static_cast<std::uint8_t>(base + kShortest + length_bytes.size()));
  append(out, length_bytes);
}

Error bad_rlp(std::string_view what) {
  return Error{ErrorKind::invalid_input, "invalid RLP: " + std::string(what)};
}

}  // namespace

void append_rlp_bytes(Bytes& out, ByteView bytes) {
  const bool is_its_own_encoding = bytes.size() == 1 && bytes.front() < kBytesBase;
  if (!is_its_own_encoding) append_header(out, kBytesBase, bytes.size());
  append(out, bytes);
}

void append_rlp_number(Bytes& out, std::uint64_t number) {
  append_rlp_number(out, uint256_from(number));
}

void append_rlp_number(Bytes& out, const Uint256& number) {
  append_rlp_bytes(out, minimal_bytes(number));
}

void append_rlp_list(Bytes& out, ByteView items) {
  append_header(out, kListBase, items.size());
  append(out, items);
}

Result<ByteView> RlpReader::take(std::uint8_t base) {
  const auto short_length = static_cast<std::size_t>(rest_.front() - base);
  std::size_t header = 1;
  std::size_t size = short_length;
  if (short_length > kShortest) {
    const std::size_t length_size = short_length - kShortest;
    if (length_size > rest_.size() - 1) return bad_rlp("an item's length is cut off");
    const ByteView length = rest_.subspan(1, length_size);
    if (length.front() == 0) return bad_rlp("a length has leading zeros");
    if (length_size > sizeof(size)) return bad_rlp("an item is longer than the input");
    size = 0;
    for (const std::uint8_t byte : length) size = size << 8U | byte;
    if (size <= kShortest) return bad_rlp("a short item has a long length");
    header += length_size;
  }
  if (size > rest_.size() - header) return bad_rlp("an item is longer than the input");
  const ByteView content = rest_.subspan(header, size);
  rest_ = rest_.subspan(header + size);
  return content;
}

Result<ByteView> RlpReader::bytes() {
  if (at_end()) return bad_rlp("an item is missing");
  if (next_is_list()) return bad_rlp("a list stands where bytes belong");
  if (rest_.front() < kBytesBase) {
    const ByteView content = rest_.first(1);
    rest_ = rest_.subspan(1);
    return content;
  }
  Result<ByteView> content = take(kBytesBase);
  if (content && content->size() == 1 && content->front() < kBytesBase) {
    return bad_rlp("a small byte has a length");
  }
  return content;
}

Result<std::uint64_t> RlpReader::number64() {
  const Result<Uint256> number = number256();
  if (!number) return number.error();
  const std::optional<std::uint64_t> small = to_uint64(*number);
  if (!small) return bad_rlp("a number exceeds 64 bits");
  return *small;
}

Result<Uint256> RlpReader::number256() {
  const Result<ByteView> digits = bytes();
  if (!digits) return digits.error();
  if (digits->size() > Uint256::kSize) return bad_rlp("a number exceeds 256 bits");
  if (!digits->empty() && digits->front() == 0) return bad_rlp("a number has leading zeros");
  Uint256 number;
  std::copy_backward(digits->begin(), digits->end(), number.bytes.end());
  return number;
}

Result<RlpReader> RlpReader::list() {
  if (at_end()) return bad_rlp("a list is missing");
  if (!next_is_list()) return bad_rlp("bytes stand where a list belongs");
  const Result<ByteView> items = take(kListBase);
  if (!items) return items.error();
  return RlpReader(*items);
}

}  // namespace holdfast
