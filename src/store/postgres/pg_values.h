// Parameters that go to PostgreSQL and rows that come back, without libpq's header.
// Pure but for the PGresult that PgRows owns.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_result;

namespace holdfast {

/** Type numbers of pg_type that never change. */
enum class PgType : unsigned {
  int8 = 20,
  int4 = 23,
  text = 25,
  int4s = 1007,
  texts = 1009,
  int8s = 1016
};

/** The parameters $1, $2, ... of one statement. Scalars travel as text, arrays in PostgreSQL's
    binary form, which needs no escaping. */
class PgParams {
 public:
  PgParams& text(std::string value);
  PgParams& number(std::int64_t value);
  PgParams& null();
  PgParams& texts(const std::vector<std::string>& values);
  PgParams& int8s(const std::vector<std::int64_t>& values);
  PgParams& int4s(const std::vector<std::int32_t>& values);

  int size() const noexcept { return static_cast<int>(values_.size()); }
  /** As PQsendQueryPrepared takes them; valid until the next change of this object. */
  std::vector<const char*> pointers() const;
  std::vector<int> lengths() const;
  std::vector<int> formats() const;

 private:
  struct Value {
    std::optional<std::string> bytes;
    bool binary = false;
  };
  std::vector<Value> values_;
};

/** Owns the rows of one statement; all cells are text. Reading a row or column that is not there
    aborts. */
class PgRows {
 public:
  PgRows() = default;
  explicit PgRows(pg_result* owned);

  std::size_t size() const noexcept;
  bool is_null(std::size_t row, int column) const;
  /** Empty for NULL. Valid as long as this object. */
  std::string_view text(std::size_t row, int column) const;
  /** Zero for NULL. */
  std::int64_t number(std::size_t row, int column) const;
  /** PostgreSQL's "t". */
  bool yes(std::size_t row, int column) const { return text(row, column) == "t"; }
  /** How many rows an INSERT, UPDATE or DELETE changed. */
  std::int64_t changed() const;

 private:
  std::shared_ptr<pg_result> result_;
};

}  // namespace holdfast
