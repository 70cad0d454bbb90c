#include "base/strict_json.h"

#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>

#include "base/quote.h"

namespace holdfast {
namespace {

namespace json = boost::json;
using ErrorCode = json::error_code;

/** Builds the value in place as the parser reports its parts. Boost.JSON's own handler keeps the
    last of two equal keys and turns large integers into doubles; this one refuses both. */
class Builder {
 public:
  static constexpr std::size_t max_object_size = json::object::max_size();
  static constexpr std::size_t max_array_size = json::array::max_size();
  static constexpr std::size_t max_key_size = json::string::max_size();
  static constexpr std::size_t max_string_size = json::string::max_size();

  explicit Builder(const json::storage_ptr& storage) : root_(storage), text_(storage) {}

  json::value take() { return std::move(root_); }
  /** Why this handler, rather than the parser, stopped; empty when it did not. */
  const std::string& refusal() const noexcept { return refusal_; }

  bool on_document_begin(ErrorCode&) { return true; }
  bool on_document_end(ErrorCode&) { return true; }

  bool on_object_begin(ErrorCode&) {
    json::value& value = place();
    value.emplace_object();
    open_.push_back(&value);
    return true;
  }
  bool on_array_begin(ErrorCode&) {
    json::value& value = place();
    value.emplace_array();
    open_.push_back(&value);
    return true;
  }
  bool on_object_end(std::size_t, ErrorCode&) { return close(); }
  bool on_array_end(std::size_t, ErrorCode&) { return close(); }

  bool on_key_part(json::string_view part, std::size_t, ErrorCode&) { return keep(part); }
  bool on_key(json::string_view last_part, std::size_t, ErrorCode& error) {
    const json::string_view key = joined(last_part);
    const auto [member, inserted] = open_.back()->get_object().emplace(key, nullptr);
    if (!inserted) return refuse(fmt::format("duplicate key {}", quoted(key)), error);
    member_ = &member->value();
    text_.clear();
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, ErrorCode&) { return keep(part); }
  bool on_string(json::string_view last_part, std::size_t, ErrorCode&) {
    place().emplace_string() = joined(last_part);
    text_.clear();
    return true;
  }

  bool on_number_part(json::string_view part, ErrorCode&) { return keep(part); }
  bool on_int64(std::int64_t number, json::string_view, ErrorCode&) { return put(number); }
  bool on_uint64(std::uint64_t number, json::string_view, ErrorCode&) { return put(number); }
  bool on_double(double number, json::string_view last_part, ErrorCode& error) {
    if (joined(last_part).find_first_of(".eE") == json::string_view::npos) {
      return refuse("an integer that does not fit 64 bits (write it as a string)", error);
    }
    if (!std::isfinite(number)) return refuse("a number too large for a double", error);
    return put(number);
  }
  bool on_bool(bool flag, ErrorCode&) { return put(flag); }
  bool on_null(ErrorCode&) { return put(nullptr); }
  bool on_comment_part(json::string_view, ErrorCode&) { return false; }
  bool on_comment(json::string_view, ErrorCode&) { return false; }

 private:
  /** Where the next value belongs. A container does not grow while a child of it is open, so the
      pointers in open_ stay valid. */
  json::value& place() {
    if (open_.empty()) return root_;
    if (json::array* array = open_.back()->if_array()) return array->emplace_back(nullptr);
    return *member_;
  }
  bool close() {
    open_.pop_back();
    return true;
  }
  template <class Scalar>
  bool put(Scalar scalar) {
    place() = scalar;
    text_.clear();
    return true;
  }
  bool keep(json::string_view part) {
    text_.append(part);
    return true;
  }
  /** The whole of a text whose last part this is; valid until text_ changes. */
  json::string_view joined(json::string_view last_part) {
    if (text_.empty()) return last_part;
    text_.append(last_part);
    return text_;
  }
  bool refuse(std::string why, ErrorCode& error) {
    refusal_ = std::move(why);
    error = json::make_error_code(json::error::syntax);
    return false;
  }
  json::value root_;
  std::vector<json::value*> open_;
  json::value* member_ = nullptr;
  json::string text_;
  std::string refusal_;
};

Error bad_json(std::string_view what, std::size_t offset) {
  return Error{ErrorKind::invalid_input, fmt::format("invalid JSON at byte {}: {}", offset, what)};
}

}  // namespace

Result<json::value> parse_strict_json(std::string_view text, const StrictJsonLimits& limits,
                                      json::storage_ptr storage) {
  if (text.size() > limits.max_bytes) {
    return Error{ErrorKind::invalid_input, fmt::format("JSON of {} bytes; at most {} are accepted",
                                                       text.size(), limits.max_bytes)};
  }
  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::basic_parser<Builder> parser(options, storage);
  ErrorCode error;
  const std::size_t read = parser.write_some(false, text.data(), text.size(), error);
  if (error) {
    const std::string& refusal = parser.handler().refusal();
    if (!refusal.empty()) return bad_json(refusal, read);
    if (error == json::error::too_deep) {
      return bad_json(fmt::format("nested deeper than {}", limits.max_depth), read);
    }
    if (read < text.size() && (static_cast<unsigned char>(text[read]) & 0x80U) != 0) {
      return bad_json("not UTF-8, or a character that JSON does not allow here", read);
    }
    return bad_json(error.message(), read);
  }
  if (read < text.size()) return bad_json("text after the end of the document", read);
  return parser.handler().take();
}

}  // namespace holdfast
