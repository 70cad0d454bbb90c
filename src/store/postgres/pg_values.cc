#include "store/postgres/pg_values.h"

#include <charconv>
#include <concepts>

#include <libpq-fe.h>

#include "base/check.h"

namespace holdfast {
namespace {

template <std::integral Number>
void append_big_endian(std::string& bytes, Number value) {
  for (int shift = static_cast<int>(sizeof(Number)) * 8 - 8; shift >= 0; shift -= 8) {
    bytes += static_cast<char>((value >> shift) & 0xff);
  }
}

/** The header of a one-dimensional array without NULLs, as array_recv reads it. */
std::string array_header(PgType element, std::size_t count) {
  std::string bytes;
  append_big_endian<std::int32_t>(bytes, 1);
  append_big_endian<std::int32_t>(bytes, 0);
  append_big_endian<std::int32_t>(bytes, static_cast<std::int32_t>(element));
  append_big_endian<std::int32_t>(bytes, static_cast<std::int32_t>(count));
  append_big_endian<std::int32_t>(bytes, 1);
  return bytes;
}

template <std::integral Number>
std::string array_of(PgType element, const std::vector<Number>& values) {
  std::string bytes = array_header(element, values.size());
  for (const Number value : values) {
    append_big_endian<std::int32_t>(bytes, sizeof(Number));
    append_big_endian<Number>(bytes, value);
  }
  return bytes;
}

}  // namespace

PgParams& PgParams::text(std::string value) {
  values_.push_back({std::move(value), false});
  return *this;
}

PgParams& PgParams::number(std::int64_t value) {
  return text(std::to_string(value));
}

PgParams& PgParams::null() {
  values_.push_back({std::nullopt, false});
  return *this;
}

PgParams& PgParams::texts(const std::vector<std::string>& values) {
  std::string bytes = array_header(PgType::text, values.size());
  for (const std::string& value : values) {
    append_big_endian<std::int32_t>(bytes, static_cast<std::int32_t>(value.size()));
    bytes += value;
  }
  values_.push_back({std::move(bytes), true});
  return *this;
}

PgParams& PgParams::int8s(const std::vector<std::int64_t>& values) {
  values_.push_back({array_of(PgType::int8, values), true});
  return *this;
}

PgParams& PgParams::int4s(const std::vector<std::int32_t>& values) {
  values_.push_back({array_of(PgType::int4, values), true});
  return *this;
}

std::vector<const char*> PgParams::pointers() const {
  std::vector<const char*> pointers;
  pointers.reserve(values_.size());
  for (const Value& value : values_) {
    pointers.push_back(value.bytes ? value.bytes->c_str() : nullptr);
  }
  return pointers;
}

std::vector<int> PgParams::lengths() const {
  std::vector<int> lengths;
  lengths.reserve(values_.size());
  for (const Value& value : values_) {
    lengths.push_back(value.bytes ? static_cast<int>(value.bytes->size()) : 0);
  }
  return lengths;
}

std::vector<int> PgParams::formats() const {
  std::vector<int> formats;
  formats.reserve(values_.size());
  for (const Value& value : values_) formats.push_back(value.binary ? 1 : 0);
  return formats;
}

PgRows::PgRows(pg_result* owned) : result_(owned, &PQclear) {}

std::size_t PgRows::size() const noexcept {
  return result_ == nullptr ? 0 : static_cast<std::size_t>(PQntuples(result_.get()));
}

bool PgRows::is_null(std::size_t row, int column) const {
  CHECK(row < size() && column >= 0 && column < PQnfields(result_.get()));
  return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
}

std::string_view PgRows::text(std::size_t row, int column) const {
  CHECK(row < size() && column >= 0 && column < PQnfields(result_.get()));
  const int at = static_cast<int>(row);
  return {PQgetvalue(result_.get(), at, column),
          static_cast<std::size_t>(PQgetlength(result_.get(), at, column))};
}

std::int64_t PgRows::number(std::size_t row, int column) const {
  const std::string_view digits = text(row, column);
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::int64_t PgRows::changed() const {
  std::int64_t value = 0;
  if (result_ == nullptr) return value;
  const std::string_view digits = PQcmdTuples(result_.get());
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

}  // namespace holdfast
