#include <array>

#include "cli/setting.h"

namespace holdfast::cli {
namespace {

constexpr std::string_view kNode = "Node";
constexpr std::string_view kDatabase = "Database";
constexpr std::string_view kSigning = "Signing";
constexpr std::string_view kStock = "Stock Aztec nodes and other messages";
constexpr std::string_view kListeners = "Listeners";
constexpr std::string_view kAccess = "Access to the signing listener";
constexpr std::string_view kLimits = "Limits";
constexpr std::string_view kProcess = "Process";

constexpr std::int64_t kHourMs = 3'600'000;
constexpr std::int64_t kMaxInt64 = 9'223'372'036'854'775'807;

using enum SettingType;

constexpr std::array<Setting, kSettingCount> kTable = {{
    {SettingId::config, kNode, "--config", "HOLDFAST_CONFIG", "", path, "", "", 0, 0, "",
     "The TOML file with settings. A key that Holdfast does not know is an error."},
    {SettingId::node_id, kNode, "--node-id", "VALIDATOR_HA_NODE_ID", "node.id", text, "", "", 1,
     255, "",
     "The name of this node in the database, in logs and in the errors that other nodes see. "
     "Every node needs its own. Required."},
    {SettingId::rollup_address, kNode, "--rollup-address", "ROLLUP_CONTRACT_ADDRESS",
     "node.rollup_address", address, "", "", 0, 0, "",
     "The rollup contract whose duties are signed. It is part of every duty key, so all nodes of "
     "a cluster must have the same. Required."},
    {SettingId::chain_id, kNode, "--chain-id", "L1_CHAIN_ID", "node.chain_id", integer, "1", "", 1,
     kMaxInt64, "",
     "The L1 chain id that eth_signTransaction signs for. Clients do not send it, so it comes "
     "from here."},
    {SettingId::data_dir, kNode, "--data-dir", "DATA_DIRECTORY", "node.data_dir", path, "", "", 0,
     0, "",
     "The directory for what this node keeps on its own disk: its journal of what it released, "
     "which "
     "must never be lost, copied or set back, and, without a database URL, the SQLite file "
     "duties.db. It is made with mode 0700 if it is not there. Required."},
    {SettingId::keystore, kNode, "--keystore", "KEY_STORE_DIRECTORY", "node.keystore", path_list,
     "", "", 0, 0, "",
     "Aztec keystore files, or directories of .json files, separated by commas. A file that its "
     "group or others can read is refused. Required."},
    {SettingId::remote_signer_ca, kNode, "--remote-signer-ca", "HOLDFAST_REMOTE_SIGNER_CA",
     "node.remote_signer_ca", path, "", "", 0, 0, "",
     "The authorities (PEM) of the certificates of remote signers that the keystore names. "
     "Without it those of the system."},

    {SettingId::database_url, kDatabase, "--database-url", "VALIDATOR_HA_DATABASE_URL",
     "database.url", database_url, "", "", 0, 0, "",
     "postgresql://USER:PASSWORD@HOST:PORT/DATABASE with any parameter of libpq (sslmode, "
     "target_session_attrs, several hosts). All nodes must reach the same primary. Without it "
     "the nodes of this machine share the SQLite file in the data directory; sqlite:PATH names "
     "another file. A password on the command line is visible to every user of the machine: "
     "prefer the environment, the file, or libpq's ~/.pgpass."},
    {SettingId::pool_max, kDatabase, "--pool-max", "VALIDATOR_HA_POOL_MAX", "database.pool_max",
     integer, "10", "connections", 1, 1000, "", "The most connections to PostgreSQL."},
    {SettingId::pool_min, kDatabase, "--pool-min", "VALIDATOR_HA_POOL_MIN", "database.pool_min",
     integer, "0", "connections", 0, 1000, "",
     "How many connections are kept when there is nothing to do."},
    {SettingId::pool_idle_timeout_ms, kDatabase, "--pool-idle-timeout-ms",
     "VALIDATOR_HA_POOL_IDLE_TIMEOUT_MS", "database.pool_idle_timeout_ms", integer, "10000",
     "milliseconds", 0, 24 * kHourMs, "",
     "When an idle connection above the minimum is closed. 0 never closes one."},
    {SettingId::pool_connection_timeout_ms, kDatabase, "--pool-connection-timeout-ms",
     "VALIDATOR_HA_POOL_CONNECTION_TIMEOUT_MS", "database.pool_connection_timeout_ms", integer, "0",
     "milliseconds", 0, kHourMs, "",
     "How long connecting may take. Aztec's default of 0 means no limit there; here 0 means "
     "5000, because a signer that hangs is worse than one that says no."},
    {SettingId::statement_timeout_ms, kDatabase, "--statement-timeout-ms",
     "HOLDFAST_STATEMENT_TIMEOUT_MS", "database.statement_timeout_ms", integer, "3000",
     "milliseconds", 10, kHourMs, "",
     "How long PostgreSQL may take for one statement, the waiting for row locks included. What "
     "is not answered by then is refused."},

    {SettingId::signing_enabled, kSigning, "--signing-enabled", "VALIDATOR_HA_SIGNING_ENABLED",
     "signing.enabled", boolean, "true", "", 0, 0, "",
     "Aztec's switch for coordinated signing. Holdfast signs only with its protection on, so with "
     "`false` the signer refuses to start. Any other spelling than true, false, 1, 0, yes, no, "
     "on, off is an error and not a silent `false`."},
    {SettingId::polling_interval_ms, kSigning, "--polling-interval-ms",
     "VALIDATOR_HA_POLLING_INTERVAL_MS", "signing.polling_interval_ms", integer, "100",
     "milliseconds", 1, 60'000, "",
     "How often a duty that another node is signing is asked about again."},
    {SettingId::signing_timeout_ms, kSigning, "--signing-timeout-ms",
     "VALIDATOR_HA_SIGNING_TIMEOUT_MS", "signing.timeout_ms", integer, "3000", "milliseconds", 1,
     kHourMs, "",
     "The age from which the lock of a Holdfast node counts as abandoned and is taken over, by "
     "the database's clock. Taking over is safe at any moment: the slow owner drops its "
     "signature. All nodes of a cluster should have the same."},
    {SettingId::signer_call_timeout_ms, kSigning, "--signer-call-timeout-ms",
     "VALIDATOR_SIGNER_CALL_TIMEOUT_MS", "signing.signer_call_timeout_ms", integer, "30000",
     "milliseconds", 1, kHourMs, "",
     "How long a remote signer may take. After that it may have signed or not, so the duty stays "
     "pinned to its message: the same message may be tried again, no other."},
    {SettingId::replay, kSigning, "--replay", "VALIDATOR_HA_REPLAY", "signing.replay", choice,
     "own", "", 0, 0, "off|own|any",
     "Whether a message that is signed already is answered with the stored signature: `off` never "
     "(the guide's behaviour to the letter), `own` to the node that signed it, `any` to any node. "
     "Never more than one message for a duty in any case."},
    {SettingId::claim_delay_ms, kSigning, "--claim-delay-ms", "VALIDATOR_HA_CLAIM_DELAY_MS",
     "signing.claim_delay_ms", integer, "0", "milliseconds", 0, 60'000, "",
     "How long this node waits before it claims a duty, so that a preferred node, which has 0, "
     "wins while it is healthy."},
    {SettingId::max_stuck_duties_age_ms, kSigning, "--max-stuck-duties-age-ms",
     "VALIDATOR_HA_MAX_STUCK_DUTIES_AGE_MS", "signing.max_stuck_duties_age_ms", integer, "144000",
     "milliseconds", 1000, 7 * 24 * kHourMs, "",
     "The age at which unsigned rows of this node are removed; two slots. It must be more than "
     "the signing time-out. Rows with a signature are never touched."},
    {SettingId::old_duties_max_age_h, kSigning, "--old-duties-max-age-h",
     "VALIDATOR_HA_OLD_DUTIES_MAX_AGE_H", "signing.old_duties_max_age_h", integer, "", "hours", 1,
     1'000'000, "",
     "Duties of this rollup that were signed longer ago than that are pruned, once an hour, "
     "behind a watermark that refuses their slots for ever: so nothing can be signed again, as it "
     "can be after Aztec's own pruning. Not set: every signed duty is kept."},
    {SettingId::quarantine_margin_slots, kSigning, "--quarantine-margin-slots",
     "HOLDFAST_QUARANTINE_MARGIN_SLOTS", "signing.quarantine_margin_slots", integer, "2", "slots",
     1, 1'000'000, "",
     "After a database failover that may have lost commits, slots up to the highest that was asked "
     "for plus this margin are refused: others may have signed them, and the database may not know "
     "it. It must cover how far ahead of each other the nodes of a cluster sign."},

    {SettingId::gated, kStock, "--gated", "HOLDFAST_GATED", "gated.enabled", boolean, "false", "",
     0, 0, "",
     "Also answer plain eth_sign and eth_signTypedData requests of a stock Aztec node that has its "
     "own HA signing on: they are signed only while the node's `signing` row for this very "
     "message is in the same database."},
    {SettingId::harmless_duty_types, kStock, "--harmless-duty-types",
     "HOLDFAST_HARMLESS_DUTY_TYPES", "gated.harmless_duty_types", harmless_types, "", "", 0, 0, "",
     "AUTH_REQUEST, TXS or both: what is signed in gated mode without a row. Naming AUTH_REQUEST "
     "lets every opaque eth_sign without a row through: right for nodes that sign their duties as "
     "typed data, never for Aztec 4.1.2, whose duties are opaque, too."},
    {SettingId::allow_attester_exit, kStock, "--allow-attester-exit",
     "HOLDFAST_ALLOW_ATTESTER_EXIT", "gated.allow_attester_exit", boolean, "false", "", 0, 0, "",
     "Sign AttesterExit, which withdraws the attester's stake. Leave it off except for the moment "
     "in which you want exactly that."},

    {SettingId::listen, kListeners, "--listen", "HOLDFAST_LISTEN", "listeners.signing",
     listen_address, "127.0.0.1:9000", "", 0, 0, "",
     "Where sign requests are taken. Beyond loopback it needs TLS with client certificates or a "
     "bearer token, otherwise the signer refuses to start."},
    {SettingId::ops_listen, kListeners, "--ops-listen", "HOLDFAST_OPS_LISTEN", "listeners.ops",
     listen_address, "127.0.0.1:8080", "", 0, 0, "",
     "Where /status, /livez, /readyz and /metrics are served, read-only."},

    {SettingId::tls_certificate, kAccess, "--tls-certificate", "HOLDFAST_TLS_CERTIFICATE",
     "tls.certificate", path, "", "", 0, 0, "",
     "The certificate chain (PEM) of the signing listener. With it the listener speaks TLS only."},
    {SettingId::tls_key, kAccess, "--tls-key", "HOLDFAST_TLS_KEY", "tls.key", path, "", "", 0, 0,
     "", "The private key (PEM) of the certificate. Only its owner may be able to read it."},
    {SettingId::tls_client_ca, kAccess, "--tls-client-ca", "HOLDFAST_TLS_CLIENT_CA",
     "tls.client_ca", path, "", "", 0, 0, "",
     "The authorities (PEM) whose client certificates are let in; every client must have one."},
    {SettingId::bearer_token_file, kAccess, "--bearer-token-file", "HOLDFAST_BEARER_TOKEN_FILE",
     "access.bearer_token_file", path, "", "", 0, 0, "",
     "The file with the token that clients must send as `Authorization: Bearer TOKEN`. Only its "
     "owner may be able to read it. The token itself is never a flag or a variable."},

    {SettingId::max_body_bytes, kLimits, "--max-body-bytes", "HOLDFAST_MAX_BODY_BYTES",
     "limits.max_body_bytes", integer, "4194304", "bytes", 1024, 67'108'864, "",
     "The largest request body. A transaction with blobs is more than 1 MiB."},
    {SettingId::max_connections, kLimits, "--max-connections", "HOLDFAST_MAX_CONNECTIONS",
     "limits.max_connections", integer, "1024", "connections", 1, 100'000, "",
     "The most client connections to a listener. The one that has been idle longest makes room for "
     "a new one."},
    {SettingId::max_in_flight, kLimits, "--max-in-flight", "HOLDFAST_MAX_IN_FLIGHT",
     "limits.max_in_flight", integer, "4096", "requests", 1, 1'000'000, "",
     "The most sign requests at work at once; further ones are answered with 503 and "
     "OverloadedError."},
    {SettingId::max_batch, kLimits, "--max-batch", "HOLDFAST_MAX_BATCH", "limits.max_batch",
     integer, "512", "requests", 1, 100'000, "",
     "The most requests in one JSON-RPC batch; not more than may be in flight."},
    {SettingId::request_deadline_ms, kLimits, "--request-deadline-ms",
     "HOLDFAST_REQUEST_DEADLINE_MS", "limits.request_deadline_ms", integer, "10000", "milliseconds",
     10, kHourMs, "", "How long one sign request may wait for other nodes before it is refused."},
    {SettingId::stop_timeout_ms, kLimits, "--stop-timeout-ms", "HOLDFAST_STOP_TIMEOUT_MS",
     "limits.stop_timeout_ms", integer, "10000", "milliseconds", 0, kHourMs, "",
     "How long a stop waits for what is in flight. A second signal ends the process at once."},

    {SettingId::log_level, kProcess, "--log-level", "HOLDFAST_LOG_LEVEL", "log.level", choice,
     "info", "", 0, 0, "debug|verbose|info|warn|error", "The least severe lines that are logged."},
    {SettingId::log_format, kProcess, "--log-format", "HOLDFAST_LOG_FORMAT", "log.format", choice,
     "text", "", 0, 0, "text|json", "How log lines are written to stderr."},
    {SettingId::memory_lock, kProcess, "--memory-lock", "HOLDFAST_MEMORY_LOCK",
     "process.memory_lock", choice, "required", "", 0, 0, "required|best_effort",
     "Keys live in memory that is not swapped. `required` refuses to start where the limit "
     "(RLIMIT_MEMLOCK) is too low, `best_effort` goes on with a warning."},
}};

}  // namespace

std::span<const Setting> settings_table() noexcept {
  return kTable;
}

const Setting& setting_of(SettingId id) noexcept {
  return kTable[static_cast<std::size_t>(id)];
}

}  // namespace holdfast::cli
