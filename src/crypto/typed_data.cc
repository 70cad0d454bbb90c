#include "crypto/typed_data.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/quote.h"
#include "base/strict_json.h"
#include "crypto/typed_data_schema.h"
#include "crypto/typed_data_value.h"

namespace holdfast {
namespace {

namespace json = boost::json;
using typed_data::FieldType;
using typed_data::Kind;
using typed_data::Schema;
using typed_data::Structure;

Error bad_document(std::string_view what) {
  return Error{ErrorKind::invalid_input, fmt::format("typed data: {}", what)};
}

/** Hashes the values of one document and knows where in it it stands. */
class Hasher {
 public:
  explicit Hasher(const Schema& schema) : schema_(schema) {}

  /** hashStruct of the value; `root` names it in errors. */
  Result<Hash256> hash_root(std::string_view type, const json::value& value,
                            std::string_view root) {
    path_ = root;
    depth_ = 0;
    return hash_structure(schema_.structure(type), value);
  }

 private:
  Result<Hash256> hash_structure(const Structure& structure, const json::value& value);
  Result<Hash256> hash_array(const FieldType& type, std::size_t dimensions,
                             const json::value& value);
  /** The 32 bytes of a value whose type has that many dimensions left. */
  Result<Hash256> encode(const FieldType& type, std::size_t dimensions, const json::value& value);
  Result<Hash256> encode_below(const FieldType& type, std::size_t dimensions,
                               const json::value& value);

  Error fail(std::string_view what) const {
    return bad_document(fmt::format("{}: {}", path_, what));
  }

  const Schema& schema_;
  std::string path_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
};

Result<Hash256> Hasher::hash_structure(const Structure& structure, const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return fail("an object belongs here");
  const std::size_t path_size = path_.size();
  Bytes encoded(structure.type_hash.bytes.begin(), structure.type_hash.bytes.end());
  encoded.reserve(32 * (1 + structure.fields.size()));
  for (const typed_data::Field& field : structure.fields) {
    path_ += '.';
    path_ += field.name;
    const json::value* member = object->if_contains(field.name);
    if (member == nullptr) return fail("missing");
    const Result<Hash256> word = encode_below(field.type, field.type.dimensions.size(), *member);
    if (!word) return word;
    encoded.insert(encoded.end(), word->bytes.begin(), word->bytes.end());
    path_.resize(path_size);
  }
  if (object->size() != structure.fields.size()) {
    for (const json::key_value_pair& member : *object) {
      const bool declared =
          std::any_of(structure.fields.begin(), structure.fields.end(),
                      [&member](const auto& field) { return field.name == member.key(); });
      if (!declared) return fail(fmt::format("{} is not declared", quoted(member.key())));
    }
  }
  return keccak256(encoded);
}

Result<Hash256> Hasher::hash_array(const FieldType& type, std::size_t dimensions,
                                   const json::value& value) {
  const json::array* array = value.if_array();
  if (array == nullptr) return fail("an array belongs here");
  const std::uint32_t length = type.dimensions[dimensions - 1].length;
  if (length != 0 && array->size() != length) {
    return fail(fmt::format("an array of {} instead of {}", array->size(), length));
  }
  const std::size_t path_size = path_.size();
  Bytes encoded;
  for (std::size_t i = 0; i < array->size(); ++i) {
    fmt::format_to(std::back_inserter(path_), "[{}]", i);
    const Result<Hash256> word = encode_below(type, dimensions - 1, (*array)[i]);
    if (!word) return word;
    encoded.insert(encoded.end(), word->bytes.begin(), word->bytes.end());
    path_.resize(path_size);
  }
  return keccak256(encoded);
}

Result<Hash256> Hasher::encode_below(const FieldType& type, std::size_t dimensions,
                                     const json::value& value) {
  if (++values_ > TypedData::kMaxValues) {
    return fail(fmt::format("more than {} values", TypedData::kMaxValues));
  }
  if (++depth_ > TypedData::kMaxDepth) {
    return fail(fmt::format("nested deeper than {}", TypedData::kMaxDepth));
  }
  Result<Hash256> word = encode(type, dimensions, value);
  --depth_;
  return word;
}

Result<Hash256> Hasher::encode(const FieldType& type, std::size_t dimensions,
                               const json::value& value) {
  if (dimensions > 0) return hash_array(type, dimensions, value);
  if (type.kind == Kind::structure) {
    return hash_structure(schema_.structure(type.structure), value);
  }
  const Result<Hash256> word = typed_data::encode_atom(type, value);
  if (!word) return fail(word.error().message);
  return word;
}

/** The four members of a document, and nothing else. */
struct Document {
  const json::object* types = nullptr;
  const json::string* primary_type = nullptr;
  const json::value* domain = nullptr;
  const json::value* message = nullptr;
};

Result<Document> open_document(const json::value& value) {
  const json::object* object = value.if_object();
  if (object == nullptr) return bad_document("an object belongs here");
  for (const json::key_value_pair& member : *object) {
    const std::string_view key = member.key();
    if (key != "types" && key != "primaryType" && key != "domain" && key != "message") {
      return bad_document(fmt::format("unknown key {}", quoted(key)));
    }
  }
  for (const std::string_view key : {"types", "primaryType", "domain", "message"}) {
    if (!object->contains(key)) return bad_document(fmt::format("{} is missing", key));
  }
  Document document;
  document.types = object->at("types").if_object();
  if (document.types == nullptr) return bad_document("types: an object belongs here");
  document.primary_type = object->at("primaryType").if_string();
  if (document.primary_type == nullptr) return bad_document("primaryType: a string belongs here");
  document.domain = &object->at("domain");
  if (!document.domain->is_object()) return bad_document("domain: an object belongs here");
  document.message = &object->at("message");
  return document;
}

}  // namespace

Result<TypedData> TypedData::parse(std::string_view text) {
  StrictJsonLimits limits;
  limits.max_depth = kMaxDepth;
  limits.max_bytes = kMaxBytes;
  const Result<json::value> value = parse_strict_json(text, limits);
  if (!value) return bad_document(value.error().message);
  return from_json(*value);
}

Result<TypedData> TypedData::from_json(const json::value& value) {
  const Result<Document> document = open_document(value);
  if (!document) return document.error();
  const std::string_view primary_type = *document->primary_type;
  const Result<Schema> schema =
      Schema::parse(*document->types, document->domain->get_object(), primary_type);
  if (!schema) return schema.error();
  Hasher hasher(*schema);
  const Result<Hash256> domain =
      hasher.hash_root(typed_data::kDomainType, *document->domain, "domain");
  if (!domain) return domain.error();
  const Result<Hash256> message = hasher.hash_root(primary_type, *document->message, "message");
  if (!message) return message.error();

  TypedData data;
  data.domain_separator_ = *domain;
  data.digest_ = keccak256({as_bytes("\x19\x01"), domain->view(), message->view()});
  data.primary_type_ = primary_type;
  data.domain_ = document->domain->get_object();
  data.message_ = document->message->get_object();
  return data;
}

}  // namespace holdfast
