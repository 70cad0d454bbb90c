#include "crypto/typed_data_schema.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <utility>

#include <boost/json/value.hpp>
#include <fmt/format.h>

#include "base/check.h"
#include "base/quote.h"

namespace holdfast::typed_data {
namespace {

namespace json = boost::json;

Error bad_types(std::string_view what) {
  return Error{ErrorKind::invalid_input, fmt::format("typed data: types: {}", what)};
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/** Names enter the type's text unescaped, so a name that holds a comma or a parenthesis could
    make two different types hash alike. */
bool is_identifier(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameSize && is_letter(name.front()) &&
         std::all_of(name.begin(), name.end(), [](char c) { return is_letter(c) || is_digit(c); });
}

/** True for names that Solidity, or a reader of it, could take for one of its own types. */
bool looks_like_solidity_type(std::string_view name) {
  return name == "address" || name == "bool" || name == "string" || name.starts_with("bytes") ||
         name.starts_with("uint") || name.starts_with("int");
}

/** Decimal, without sign or leading zeros, 1 or more. */
std::optional<std::uint32_t> parse_count(std::string_view digits) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  if (digits.front() == '0' || !is_digit(digits.front())) return std::nullopt;
  return number;
}

/** Kind and width of a type without brackets; kind unknown when there is no such type. */
FieldType parse_base(std::string_view text) {
  if (text == "bool") return {Kind::boolean, 0, {}, {}};
  if (text == "address") return {Kind::address, 0, {}, {}};
  if (text == "string") return {Kind::string, 0, {}, {}};
  if (text == "bytes") return {Kind::bytes, 0, {}, {}};
  if (!looks_like_solidity_type(text)) return {Kind::structure, 0, std::string(text), {}};
  for (const auto& [prefix, kind] : {std::pair{std::string_view("uint"), Kind::unsigned_integer},
                                     std::pair{std::string_view("int"), Kind::signed_integer},
                                     std::pair{std::string_view("bytes"), Kind::fixed_bytes}}) {
    if (!text.starts_with(prefix)) continue;
    const std::optional<std::uint32_t> width = parse_count(text.substr(prefix.size()));
    const bool fits =
        width && (kind == Kind::fixed_bytes ? *width <= 32 : *width <= 256 && *width % 8 == 0);
    if (fits) return {kind, static_cast<std::uint16_t>(*width), {}, {}};
  }
  return {};
}

Result<FieldType> parse_type(std::string_view text) {
  FieldType type = parse_base(text.substr(0, text.find('[')));
  if (type.kind == Kind::unknown) {
    return bad_types(fmt::format("{} is no type (integers need a width: uint256)", quoted(text)));
  }
  if (type.kind == Kind::structure && !is_identifier(type.structure)) {
    return bad_types(fmt::format("{} is no type name", quoted(text)));
  }
  std::string_view rest = text.substr(std::min(text.find('['), text.size()));
  while (!rest.empty()) {
    const std::size_t end = rest.find(']');
    const std::string_view inside =
        rest.front() == '[' && end != std::string_view::npos ? rest.substr(1, end - 1) : "?";
    const std::optional<std::uint32_t> length =
        inside.empty() ? std::optional<std::uint32_t>(0) : parse_count(inside);
    if (!length || type.dimensions.size() == kMaxDimensions) {
      return bad_types(fmt::format("{} is no array type", quoted(text)));
    }
    type.dimensions.push_back({*length});
    rest.remove_prefix(end + 1);
  }
  return type;
}

std::optional<std::string_view> text_member(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr || !member->is_string()) return std::nullopt;
  return std::string_view(member->get_string());
}

Result<Field> parse_field(const json::value& declared) {
  const json::object* object = declared.if_object();
  if (object == nullptr) return bad_types("a field is no object {name, type}");
  const std::optional<std::string_view> name = text_member(*object, "name");
  const std::optional<std::string_view> text = text_member(*object, "type");
  if (!name || !text || object->size() != 2) {
    return bad_types("a field is not exactly {name, type}, both strings");
  }
  if (!is_identifier(*name)) {
    return bad_types(fmt::format("{} is no field name", quoted(*name)));
  }
  Result<FieldType> type = parse_type(*text);
  if (!type) return std::move(type).error();
  return Field{std::string(*name), std::string(*text), *std::move(type)};
}

Result<Structure> parse_structure(std::string_view name, const json::value& declared) {
  const json::array* fields = declared.if_array();
  if (fields == nullptr) return bad_types(fmt::format("{} is no array of fields", name));
  if (fields->size() > kMaxFields) {
    return bad_types(fmt::format("{} has more than {} fields", name, kMaxFields));
  }
  Structure structure;
  std::set<std::string> names;
  for (const json::value& declared_field : *fields) {
    Result<Field> field = parse_field(declared_field);
    if (!field) {
      return Error{ErrorKind::invalid_input,
                   fmt::format("{} (in type {})", field.error().message, name)};
    }
    if (!names.insert(field->name).second) {
      return bad_types(fmt::format("{} declares {} twice", name, field->name));
    }
    structure.fields.push_back(*std::move(field));
  }
  return structure;
}

}  // namespace

Result<Schema> Schema::parse(const json::object& types, const json::object& domain,
                             std::string_view primary_type) {
  Schema schema;
  Result<void> done = schema.add_declared(types);
  if (!done) return std::move(done).error();
  done = schema.add_domain(domain);
  if (!done) return std::move(done).error();
  done = schema.check_references();
  if (!done) return std::move(done).error();
  if (primary_type == kDomainType || !schema.structures_.contains(primary_type)) {
    return Error{ErrorKind::invalid_input,
                 fmt::format("typed data: primaryType: {} is not declared as a message's type",
                             quoted(primary_type))};
  }
  schema.hash_types_of(kDomainType);
  schema.hash_types_of(primary_type);
  return schema;
}

Result<void> Schema::add_declared(const json::object& types) {
  if (types.size() > kMaxTypes) {
    return bad_types(fmt::format("{} types; at most {} are accepted", types.size(), kMaxTypes));
  }
  for (const json::key_value_pair& type : types) {
    const std::string_view name = type.key();
    if (!is_identifier(name) || looks_like_solidity_type(name)) {
      return bad_types(fmt::format("{} cannot name a type", quoted(name)));
    }
    Result<Structure> structure = parse_structure(name, type.value());
    if (!structure) return std::move(structure).error();
    structures_.emplace(name, *std::move(structure));
  }
  return {};
}

Result<void> Schema::add_domain(const json::object& domain) {
  if (structures_.contains(kDomainType)) return {};
  // viem leaves an empty version out of a derived type, others do not.
  if (const json::value* version = domain.if_contains("version");
      version != nullptr && version->is_string() && version->get_string().empty()) {
    return Error{ErrorKind::invalid_input,
                 "typed data: domain.version: empty; declare EIP712Domain in types"};
  }
  Structure structure;
  for (const auto& [name, type] : std::array<std::pair<std::string_view, std::string_view>, 5>{
           {{"name", "string"},
            {"version", "string"},
            {"chainId", "uint256"},
            {"verifyingContract", "address"},
            {"salt", "bytes32"}}}) {
    if (!domain.contains(name)) continue;
    structure.fields.push_back({std::string(name), std::string(type), parse_base(type)});
  }
  structures_.emplace(kDomainType, std::move(structure));
  return {};
}

Result<void> Schema::check_references() const {
  for (const auto& [name, structure] : structures_) {
    for (const Field& field : structure.fields) {
      if (field.type.kind != Kind::structure) continue;
      if (field.type.structure == kDomainType || !structures_.contains(field.type.structure)) {
        return bad_types(fmt::format("{}.{} has the type {}, which is not declared", name,
                                     field.name, field.type.structure));
      }
    }
  }
  return {};
}

const Structure& Schema::structure(std::string_view name) const {
  const auto found = structures_.find(name);
  CHECK(found != structures_.end());
  return found->second;
}

void Schema::collect(std::string_view name,
                     std::map<std::string_view, const Structure*>& reached) const {
  const Structure& start = structure(name);
  if (!reached.emplace(name, &start).second) return;
  for (const Field& field : start.fields) {
    if (field.type.kind == Kind::structure) collect(field.type.structure, reached);
  }
}

std::string Schema::encode_type(std::string_view name) const {
  std::map<std::string_view, const Structure*> reached;
  collect(name, reached);
  std::string text;
  const auto append = [&text](std::string_view type, const Structure& structure) {
    text += type;
    text += '(';
    for (const Field& field : structure.fields) {
      if (&field != &structure.fields.front()) text += ',';
      text += field.type_text;
      text += ' ';
      text += field.name;
    }
    text += ')';
  };
  append(name, structure(name));
  for (const auto& [type, structure] : reached) {
    if (type != name) append(type, *structure);
  }
  return text;
}

void Schema::hash_types_of(std::string_view name) {
  std::map<std::string_view, const Structure*> reached;
  collect(name, reached);
  for (const auto& [type, unused] : reached) {
    const auto found = structures_.find(type);
    found->second.type_hash = keccak256(as_bytes(encode_type(type)));
  }
}

}  // namespace holdfast::typed_data
