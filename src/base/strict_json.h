// JSON from outside: requests, keystore files, replies of a remote signer. One document must have
// one meaning for every reader, so what other readers take in different ways is refused here.
//
// Refused, with the byte offset in the message:
// - an object that holds the same key twice (readers disagree about which one counts);
// - anything but white space after the document, comments, trailing commas, NaN and Infinity;
// - text that is not valid UTF-8, and escapes of half a surrogate pair;
// - more nesting or more bytes than the limits say.
//
// Numbers: an integer is an int64, or a uint64 when it is above 2^63 - 1, exactly as written. An
// integer that fits neither is refused, never rounded. A number with a fraction or an exponent is
// a double, right to within its last bit, and the reader of a typed field must refuse a double:
// nothing that is signed may have been rounded. A double that overflows is refused.
//
// Pure; may run on any thread.
#pragma once

#include <cstddef>
#include <string_view>

#include <boost/json/storage_ptr.hpp>
#include <boost/json/value.hpp>

#include "base/result.h"

namespace holdfast {

struct StrictJsonLimits {
  /** Nested arrays and objects; a document of one flat object has depth 1. */
  std::size_t max_depth = 32;
  /** Room for the largest request, an EIP-4844 transaction with its blobs. */
  std::size_t max_bytes = std::size_t{4} << 20;
};

/** The value of the whole text, or invalid_input. The error quotes a duplicate key, shortened, but
    no value: values may be secret. The value and the parser's buffers live in `storage`, so a
    caller that reads secrets can pass a resource that wipes what it frees. */
Result<boost::json::value> parse_strict_json(std::string_view text,
                                             const StrictJsonLimits& limits = {},
                                             boost::json::storage_ptr storage = {});

}  // namespace holdfast
