// The errors of the signing API. Codes and names are stable: clients and alerts match on them.
// docs/API.md has the same table, and a test holds the two together. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "duty/duty.h"
#include "protection/refusal.h"

namespace holdfast {

enum class RpcErrorId : std::uint8_t {
  internal = 0,
  parse,
  invalid_request,
  method_not_found,
  invalid_params,
  refused,
  duty_already_signed,
  slashing_protection,
  signing_in_progress,
  signing_lock_lost,
  below_watermark,
  no_signing_lock,
  quarantined,
  wrong_database,
  context_required,
  unknown_address,
  key_role,
  message_not_allowed,
  unavailable,
  in_doubt,
  deadline_exceeded,
  overloaded,
  signer,
  store,
  stopping,
};

struct RpcErrorSpec {
  RpcErrorId id = RpcErrorId::internal;
  int code = 0;
  std::string_view name;
  /** The HTTP status where this error is the whole answer. Within a batch it is always 200. */
  unsigned http_status = 200;
  std::string_view meaning;
};

/** In the order of RpcErrorId. */
inline constexpr std::array<RpcErrorSpec, 25> kRpcErrors = {{
    {RpcErrorId::internal, -32603, "InternalError", 200, "A defect of this program."},
    {RpcErrorId::parse, -32700, "ParseError", 400,
     "The body is not JSON, or JSON with two meanings."},
    {RpcErrorId::invalid_request, -32600, "InvalidRequestError", 400,
     "JSON, but no JSON-RPC 2.0 request or batch."},
    {RpcErrorId::method_not_found, -32601, "MethodNotFoundError", 200, "There is no such method."},
    {RpcErrorId::invalid_params, -32602, "InvalidParamsError", 200,
     "A parameter or the signing context is wrong; the message says which."},
    {RpcErrorId::refused, -32000, "RefusedError", 200,
     "Refused because what is known about the duty makes no sense."},
    {RpcErrorId::duty_already_signed, -32001, "DutyAlreadySignedError", 200,
     "This very message is signed already: expected when several nodes ask."},
    {RpcErrorId::slashing_protection, -32002, "SlashingProtectionError", 200,
     "Another message is signed, or pinned, for this duty."},
    {RpcErrorId::signing_in_progress, -32003, "SigningInProgressError", 200,
     "Another node was signing the duty for as long as this one may wait."},
    {RpcErrorId::signing_lock_lost, -32004, "SigningLockLostError", 200,
     "The lock was taken over before the signature was recorded; the signature was dropped."},
    {RpcErrorId::below_watermark, -32005, "BelowWatermarkError", 200,
     "The slot lies at or below the watermark of pruned history."},
    {RpcErrorId::no_signing_lock, -32006, "NoSigningLockError", 200,
     "Gated mode: no row in the database says that this message is being signed."},
    {RpcErrorId::quarantined, -32007, "QuarantineError", 200,
     "The database may have lost what was signed for this slot; higher slots are signed."},
    {RpcErrorId::wrong_database, -32008, "WrongDatabaseError", 200,
     "The database is not the one that this node is pinned to."},
    {RpcErrorId::context_required, -32010, "ContextRequiredError", 200,
     "An attester key signs nothing without a signing context."},
    {RpcErrorId::unknown_address, -32011, "UnknownAddressError", 200,
     "This node has no key of that address."},
    {RpcErrorId::key_role, -32012, "KeyRoleError", 200,
     "Publisher keys sign transactions only, attester keys messages only."},
    {RpcErrorId::message_not_allowed, -32013, "MessageNotAllowedError", 200,
     "Not a message that a validator signs, or one that the configuration does not allow."},
    {RpcErrorId::unavailable, -32020, "UnavailableError", 200,
     "The store or a remote signer cannot be reached; nothing was signed."},
    {RpcErrorId::in_doubt, -32021, "InDoubtError", 200,
     "Whether the store committed is unknown; the signature was dropped."},
    {RpcErrorId::deadline_exceeded, -32022, "DeadlineExceededError", 200,
     "The time for the request was over; no signature was released."},
    {RpcErrorId::overloaded, -32023, "OverloadedError", 503,
     "Too much is in flight; try again after a second."},
    {RpcErrorId::signer, -32024, "SignerError", 200,
     "The key, or the remote signer that holds it, did not sign."},
    {RpcErrorId::store, -32025, "StoreError", 200,
     "The store's schema, data or permissions do not let anything be signed."},
    {RpcErrorId::stopping, -32026, "StoppingError", 503, "This node is stopping; ask another."},
}};

const RpcErrorSpec& spec_of(RpcErrorId id) noexcept;
RpcErrorId rpc_error_of(RefusalReason reason) noexcept;
/** For an error of the sign path. */
RpcErrorId rpc_error_of(ErrorKind kind) noexcept;

struct RpcError {
  RpcErrorId id = RpcErrorId::internal;
  /** For people. */
  std::string message;
  /** Members of `data` after its "name", as JSON text, each with a comma before it. */
  std::string more_data;
};

RpcError invalid_params(Error error);
RpcError error_of_refusal(const Refusal& refusal);
/** `duty` adds its members to the data. */
RpcError error_of_failure(RpcErrorId id, Error error, const Duty* duty);

/** Appends {"code":..,"message":"..","data":{"name":"..",..}}. */
void append_error(std::string& out, const RpcError& error);

}  // namespace holdfast
