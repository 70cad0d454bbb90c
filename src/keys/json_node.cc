#include "keys/json_node.h"

#include <algorithm>
#include <cctype>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace holdfast {
namespace {

// A key or a mnemonic may have been pasted where a field's name belongs: only what looks like a
// name is repeated.
std::string shown_name(std::string_view name) {
  const bool plain = !name.empty() && name.size() <= 24 && std::ranges::all_of(name, [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_';
  });
  return plain ? fmt::format("unknown field '{}'", name)
               : fmt::format("an unknown field whose name of {} characters is not shown",
                             name.size());
}

}  // namespace

std::string_view JsonNode::kind() const noexcept {
  switch (value_->kind()) {
    case boost::json::kind::null:
      return "null";
    case boost::json::kind::bool_:
      return "a boolean";
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return "a number";
    case boost::json::kind::string:
      return "a string";
    case boost::json::kind::array:
      return "a list";
    case boost::json::kind::object:
      return "an object";
  }
  return "unknown";
}

Error JsonNode::error(std::string_view reason) const {
  return Error{ErrorKind::invalid_input,
               path_.empty() ? std::string(reason) : fmt::format("{}: {}", path_, reason)};
}

Result<void> JsonNode::expect_fields(std::initializer_list<std::string_view> known) const {
  const boost::json::object* object = value_->if_object();
  if (object == nullptr) return error(fmt::format("expected an object, found {}", kind()));
  for (const auto& member : *object) {
    const std::string_view name(member.key());
    if (std::ranges::find(known, name) != known.end()) continue;
    return error(
        fmt::format("{}; the fields here are {}", shown_name(name), fmt::join(known, ", ")));
  }
  return {};
}

bool JsonNode::has(std::string_view field) const {
  const boost::json::object* object = value_->if_object();
  return object != nullptr && object->if_contains(field) != nullptr;
}

std::optional<JsonNode> JsonNode::optional(std::string_view field) const {
  const boost::json::object* object = value_->if_object();
  if (object == nullptr) return std::nullopt;
  const boost::json::value* value = object->if_contains(field);
  if (value == nullptr || value->is_null()) return std::nullopt;
  return JsonNode(*value, path_.empty() ? std::string(field) : fmt::format("{}.{}", path_, field));
}

Result<JsonNode> JsonNode::required(std::string_view field) const {
  std::optional<JsonNode> node = optional(field);
  if (!node) return error(fmt::format("'{}' is missing", field));
  return *std::move(node);
}

Result<std::vector<JsonNode>> JsonNode::elements() const {
  const boost::json::array* array = value_->if_array();
  if (array == nullptr) return error(fmt::format("expected a list, found {}", kind()));
  std::vector<JsonNode> nodes;
  nodes.reserve(array->size());
  for (std::size_t i = 0; i < array->size(); ++i) {
    nodes.emplace_back((*array)[i], fmt::format("{}[{}]", path_, i));
  }
  return nodes;
}

Result<std::string_view> JsonNode::text() const {
  const boost::json::string* text = value_->if_string();
  if (text == nullptr) return error(fmt::format("expected a string, found {}", kind()));
  return std::string_view(*text);
}

Result<std::int64_t> JsonNode::integer(std::int64_t least) const {
  const std::int64_t* number = value_->if_int64();
  if (number == nullptr || *number < least) {
    return error(fmt::format("expected an integer of {} or more", least));
  }
  return *number;
}

}  // namespace holdfast
