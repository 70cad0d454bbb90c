#include "api/rpc_error.h"

#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "base/check.h"
#include "telemetry/escape.h"

namespace holdfast {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}

void append_key(std::string& out, const DutyKey& key) {
  // Without a type the duty was never found: a gated request.
  if (key.duty_type != DutyType::unknown) {
    append_member(out, "dutyType", name_of(key.duty_type));
    // A string, for a slot may exceed what a JavaScript number holds.
    append_member(out, "slot", fmt::format("{}", key.slot.number()));
    fmt::format_to(std::back_inserter(out), ",\"blockIndexWithinCheckpoint\":{}",
                   key.block_index_within_checkpoint.number());
  }
  append_member(out, "validatorAddress", to_text(key.validator_address));
  append_member(out, "rollupAddress", to_text(key.rollup_address));
}

}  // namespace

const RpcErrorSpec& spec_of(RpcErrorId id) noexcept {
  const RpcErrorSpec& spec = kRpcErrors[static_cast<std::size_t>(id)];
  CHECK(spec.id == id);
  return spec;
}

RpcErrorId rpc_error_of(RefusalReason reason) noexcept {
  switch (reason) {
    case RefusalReason::unknown:
      return RpcErrorId::refused;
    case RefusalReason::duty_already_signed:
      return RpcErrorId::duty_already_signed;
    case RefusalReason::slashing_protection:
      return RpcErrorId::slashing_protection;
    case RefusalReason::signing_in_progress:
      return RpcErrorId::signing_in_progress;
    case RefusalReason::signing_lock_lost:
      return RpcErrorId::signing_lock_lost;
    case RefusalReason::below_watermark:
      return RpcErrorId::below_watermark;
    case RefusalReason::no_signing_lock:
      return RpcErrorId::no_signing_lock;
    case RefusalReason::quarantined:
      return RpcErrorId::quarantined;
  }
  return RpcErrorId::refused;
}

RpcErrorId rpc_error_of(ErrorKind kind) noexcept {
  switch (kind) {
    case ErrorKind::unknown:
      return RpcErrorId::internal;
    // The request was checked before the sign path; what it calls invalid came from the key.
    case ErrorKind::invalid_input:
      return RpcErrorId::signer;
    case ErrorKind::unavailable:
      return RpcErrorId::unavailable;
    case ErrorKind::timeout:
      return RpcErrorId::deadline_exceeded;
    case ErrorKind::in_doubt:
      return RpcErrorId::in_doubt;
    case ErrorKind::overloaded:
      return RpcErrorId::overloaded;
    case ErrorKind::schema_mismatch:
    case ErrorKind::corrupt:
    case ErrorKind::not_found:
    case ErrorKind::permission_denied:
      return RpcErrorId::store;
    case ErrorKind::wrong_database:
      return RpcErrorId::wrong_database;
  }
  return RpcErrorId::internal;
}

RpcError invalid_params(Error error) {
  return {RpcErrorId::invalid_params, std::move(error.message), {}};
}

RpcError error_of_refusal(const Refusal& refusal) {
  RpcError error{rpc_error_of(refusal.reason), message_of(refusal), {}};
  append_key(error.more_data, refusal.key);
  append_member(error.more_data, "attemptedMessageHash", to_text(refusal.attempted_hash));
  if (refusal.existing_hash) {
    append_member(error.more_data, "existingMessageHash", to_text(*refusal.existing_hash));
  }
  if (!refusal.node_id.empty()) append_member(error.more_data, "signedByNode", refusal.node_id);
  if (refusal.watermark) {
    append_member(error.more_data, "watermark", fmt::format("{}", refusal.watermark->number()));
  }
  return error;
}

RpcError error_of_failure(RpcErrorId id, Error error, const Duty* duty) {
  RpcError answer{id, std::move(error.message), {}};
  append_member(answer.more_data, "kind", name_of(error.kind));
  if (duty != nullptr) {
    append_key(answer.more_data, duty->key);
    append_member(answer.more_data, "attemptedMessageHash", to_text(duty->message_hash));
  }
  return answer;
}

void append_error(std::string& out, const RpcError& error) {
  const RpcErrorSpec& spec = spec_of(error.id);
  fmt::format_to(std::back_inserter(out), "{{\"code\":{},\"message\":", spec.code);
  append_json_string(out, error.message);
  out += ",\"data\":{\"name\":\"";
  out += spec.name;
  out += '"';
  out += error.more_data;
  out += "}}";
}

}  // namespace holdfast
