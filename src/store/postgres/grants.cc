#include "store/postgres/grants.h"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/check.h"
#include "base/quote.h"
#include "store/postgres/migrator.h"
#include "store/postgres/sync_session.h"

namespace holdfast {
namespace {

struct TableRights {
  std::string_view table;
  std::string_view signer;
  std::string_view stock_node;
};
constexpr std::array<TableRights, 7> kTables = {{
    {"validator_duties", "SELECT, INSERT, UPDATE, DELETE", "SELECT, INSERT, UPDATE, DELETE"},
    {"schema_version", "SELECT", "SELECT"},
    {"holdfast_migrations", "SELECT", ""},
    {"holdfast_ledger", "SELECT", ""},
    {"holdfast_watermark", "SELECT", ""},
    {"holdfast_cluster", "SELECT", ""},
    {"holdfast_nodes", "SELECT, INSERT, UPDATE", ""},
}};
constexpr std::array<std::string_view, 7> kTableRights = {
    "SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"};

constexpr std::string_view kPrune =
    "holdfast_prune(text, text, text, bigint, bigint, boolean, bigint)";
/** Whoever may set these upon a table of their own writes into the ledger as its owner. */
constexpr std::array<std::string_view, 7> kTriggerFunctions = {
    "holdfast_keep_deleted()",  "holdfast_check_insert()",      "holdfast_keep_signed()",
    "holdfast_refuse()",        "holdfast_keep_ledger_entry()", "holdfast_keep_ledger()",
    "holdfast_keep_watermark()"};
/** With these a role acts as the server's own user, who may do everything. */
constexpr std::array<std::string_view, 2> kServerRoles = {"pg_execute_server_program",
                                                          "pg_write_server_files"};

std::string_view rights_on(const TableRights& table, GrantFor purpose) {
  return purpose == GrantFor::stock_node ? table.stock_node : table.signer;
}

/** Rights that only read say nothing new: what the tables hold is no secret. */
bool must_not_have(const TableRights& table, GrantFor purpose, std::string_view right) {
  return right != "SELECT" && rights_on(table, purpose).find(right) == std::string_view::npos;
}

/** One run of grant_rights. */
class Granting {
 public:
  Granting(const PostgresUrl& url, const GrantRequest& request)
      : session_(url), request_(request), shown_(quoted(request.role)) {}

  Result<std::vector<std::string>> run(std::chrono::milliseconds lock_timeout) {
    session_.take_migration_lock(lock_timeout);
    session_.run("BEGIN");
    check_schema();
    check_role();
    name_things();
    change();
    check_outcome();
    session_.run(request_.mode == GrantMode::apply ? "COMMIT" : "ROLLBACK");
    if (!session_.ok()) return session_.error();
    return std::move(statements_);
  }

 private:
  void refuse(std::string message) {
    session_.refuse(ErrorKind::permission_denied, std::move(message));
  }
  /** The rows of a query whose $1 is the role's name and $2 what is asked about. */
  PgRows ask(std::string_view sql, std::string_view subject) {
    PgParams params;
    params.text(request_.role).text(std::string(subject));
    return session_.run(sql, params);
  }
  void apply(std::string statement) {
    session_.run(statement);
    statements_.push_back(std::move(statement));
  }

  void check_schema() {
    for (const TableRights& each : kTables) {
      if (session_.has_table(each.table) || !session_.ok()) continue;
      return session_.refuse(ErrorKind::schema_mismatch,
                             fmt::format("the database has no table {}: run holdfast "
                                         "migrate-ha-db up first",
                                         each.table));
    }
    if (session_.value("SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = "
                       "to_regclass('validator_duties')") == "f") {
      return refuse(
          "this connection's user does not own the tables: connect as their owner or as a "
          "superuser");
    }
    const std::int64_t version = session_.number("SELECT max(version) FROM holdfast_migrations");
    if (version == Migrator::kHoldfastVersion) return;
    session_.refuse(ErrorKind::schema_mismatch,
                    fmt::format("the database's holdfast_migrations has version {}, this program "
                                "knows {}: run the newer one, and holdfast migrate-ha-db up first",
                                version, Migrator::kHoldfastVersion));
  }

  void check_role() {
    PgParams name;
    name.text(request_.role);
    const PgRows role = session_.run(
        "SELECT rolsuper, rolcreaterole, rolcanlogin FROM pg_roles WHERE rolname = $1", name);
    if (!session_.ok()) return;
    if (role.size() == 0) {
      return session_.refuse(
          ErrorKind::not_found,
          fmt::format("there is no role {}: make it first, with CREATE ROLE ... LOGIN and a "
                      "password (case counts)",
                      shown_));
    }
    if (role.yes(0, 0)) {
      return refuse(
          fmt::format("the role {} is a superuser: no trigger and no missing right can "
                      "keep it from forgetting what was signed. Take another role",
                      shown_));
    }
    if (role.yes(0, 1)) {
      return refuse(
          fmt::format("the role {} has CREATEROLE and could make itself a member of the "
                      "tables' owner. ALTER ROLE ... NOCREATEROLE, or take another role",
                      shown_));
    }
    if (!role.yes(0, 2)) {
      return refuse(
          fmt::format("the role {} cannot log in: ALTER ROLE ... LOGIN, or name the role "
                      "that the signer connects as",
                      shown_));
    }
    check_not_owner();
    check_zone();
    for (const std::string_view server : kServerRoles) {
      const PgRows member = ask("SELECT pg_has_role($1::name, $2::name, 'MEMBER')", server);
      if (member.size() == 0 || !member.yes(0, 0)) continue;
      refuse(
          fmt::format("the role {} is a member of {} and could change the database's files. "
                      "Take another role",
                      shown_, server));
    }
  }

  /** An owner can drop the triggers, and so can whoever may become the owner. */
  void check_not_owner() {
    std::vector<std::string> tables;
    for (const TableRights& each : kTables) tables.emplace_back(each.table);
    PgParams params;
    params.text(request_.role).texts(tables);
    const PgRows owned = session_.run(
        "SELECT thing FROM ("
        "SELECT 'the table ' || c.relname AS thing, c.relowner AS owner, 1 AS place "
        "FROM unnest($2::text[]) t JOIN pg_class c ON c.oid = to_regclass(t) "
        "UNION ALL SELECT 'the function ' || p.proname, p.proowner, 2 FROM pg_proc p "
        "WHERE p.proname LIKE 'holdfast\\_%' AND p.pronamespace = (SELECT relnamespace FROM "
        "pg_class WHERE oid = to_regclass('validator_duties')) "
        "UNION ALL SELECT 'the schema ' || n.nspname, n.nspowner, 3 FROM pg_namespace n "
        "WHERE n.oid = (SELECT relnamespace FROM pg_class WHERE oid = "
        "to_regclass('validator_duties')) "
        "UNION ALL SELECT 'the database ' || datname, datdba, 4 FROM pg_database "
        "WHERE datname = current_database()) owned "
        "WHERE pg_has_role($1::name, owner, 'MEMBER') ORDER BY place, thing LIMIT 1",
        params);
    if (owned.size() == 0) return;
    refuse(
        fmt::format("the role {} owns {}, or belongs to the role that does: it could drop the "
                    "triggers. Let the signer be another role than the one that ran "
                    "migrate-ha-db up",
                    shown_, owned.text(0, 0)));
  }

  /** Rows bear local times: sessions with another zone than their neighbours' mistake ages. */
  void check_zone() {
    PgParams name;
    name.text(request_.role);
    const PgRows zone = session_.run(
        "SELECT FROM pg_db_role_setting s, unnest(s.setconfig) c WHERE c ILIKE 'timezone=%' AND "
        "s.setrole = (SELECT oid FROM pg_roles WHERE rolname = $1) AND s.setdatabase IN (0, "
        "(SELECT oid FROM pg_database WHERE datname = current_database()))",
        name);
    if (zone.size() == 0) return;
    refuse(
        fmt::format("the role {} has a time zone of its own, but all who write duties must have "
                    "one: ALTER ROLE ... RESET timezone",
                    shown_));
  }

  void name_things() {
    PgParams name;
    name.text(request_.role);
    const PgRows names = session_.run(
        "SELECT quote_ident($1), quote_ident(current_database()), quote_ident(nspname), "
        "nspname::text "
        "FROM pg_namespace WHERE oid = (SELECT relnamespace FROM pg_class WHERE oid = "
        "to_regclass('validator_duties'))",
        name);
    if (names.size() == 0) return;
    role_ = std::string(names.text(0, 0));
    database_ = std::string(names.text(0, 1));
    schema_ = std::string(names.text(0, 2));
    schema_name_ = std::string(names.text(0, 3));
  }
  std::string in_schema(std::string_view name) const { return fmt::format("{}.{}", schema_, name); }

  void change() {
    if (!session_.ok()) return;
    std::vector<std::string> tables;
    for (const TableRights& each : kTables) tables.push_back(in_schema(each.table));
    std::vector<std::string> functions;
    for (const std::string_view each : kTriggerFunctions) functions.push_back(in_schema(each));
    apply(fmt::format("REVOKE ALL ON FUNCTION {} FROM PUBLIC", fmt::join(functions, ", ")));
    functions.push_back(in_schema(kPrune));
    apply(fmt::format("REVOKE ALL ON FUNCTION {} FROM {}", fmt::join(functions, ", "), role_));
    apply(fmt::format("REVOKE ALL ON TABLE {} FROM {}", fmt::join(tables, ", "), role_));
    apply(fmt::format("REVOKE CREATE ON SCHEMA {} FROM {}", schema_, role_));

    apply(fmt::format("GRANT CONNECT ON DATABASE {} TO {}", database_, role_));
    apply(fmt::format("GRANT USAGE ON SCHEMA {} TO {}", schema_, role_));
    for (const TableRights& each : kTables) {
      const std::string_view rights = rights_on(each, request_.purpose);
      if (rights.empty()) continue;
      apply(fmt::format("GRANT {} ON TABLE {} TO {}", rights, in_schema(each.table), role_));
    }
    if (request_.purpose == GrantFor::pruning_signer) {
      apply(fmt::format("GRANT EXECUTE ON FUNCTION {} TO {}", in_schema(kPrune), role_));
    }
  }

  /** GRANT and REVOKE only warn where the right belongs to somebody else: look. */
  void check_outcome() {
    if (!session_.ok()) return;
    for (const TableRights& each : kTables) {
      const std::string table = in_schema(each.table);
      for (const std::string_view right : kTableRights) {
        if (must_not_have(each, request_.purpose, right)) {
          refuse_surplus(table, right, table_surplus(right));
        }
      }
      const std::string_view rights = rights_on(each, request_.purpose);
      if (!rights.empty()) {
        refuse_lack(table, rights, "bool_and(has_table_privilege($1::name, $2::text, r))");
      }
    }
    refuse_surplus(schema_name_, "CREATE", "has_schema_privilege({who}, $2::text, 'CREATE')");
    refuse_lack(schema_name_, "USAGE", "has_schema_privilege($1::name, $2::text, max(r))");
    refuse_lack(database_, "CONNECT",
                "has_database_privilege($1::name, current_database(), max(r))");
    for (const std::string_view function : kTriggerFunctions) {
      refuse_surplus(in_schema(function), "EXECUTE", kExecutes);
    }
    if (request_.purpose == GrantFor::pruning_signer) {
      refuse_lack(in_schema(kPrune), "EXECUTE",
                  "has_function_privilege($1::name, $2::text, max(r))");
    } else {
      refuse_surplus(in_schema(kPrune), "EXECUTE", kExecutes);
    }
  }

  static constexpr std::string_view kExecutes =
      "has_function_privilege({who}, $2::text, 'EXECUTE')";

  static std::string table_surplus(std::string_view right) {
    const bool by_column = right == "INSERT" || right == "UPDATE" || right == "REFERENCES";
    return fmt::format("has_{}_privilege({{who}}, $2::text, '{}')",
                       by_column ? "any_column" : "table", right);
  }

  /** Refuses when PUBLIC, the role itself or any role that it can become has the right: `has` asks
      it of {who} and the thing $2. */
  void refuse_surplus(const std::string& thing, std::string_view right, std::string_view has) {
    const auto has_of = [has](std::string_view who) {
      return fmt::format(fmt::runtime(has), fmt::arg("who", who));
    };
    const PgRows found =
        ask(fmt::format("SELECT place, through FROM ("
                        "SELECT 0 AS place, 'PUBLIC' AS through WHERE $2::text <> '' AND {} "
                        "UNION ALL SELECT CASE WHEN r.rolname = $1 THEN 2 ELSE 1 END, "
                        "quote_ident(r.rolname) FROM pg_roles r WHERE "
                        "pg_has_role($1::name, r.oid, 'MEMBER') AND {}) f ORDER BY place LIMIT 1",
                        has_of("'public'"), has_of("r.oid")),
            thing);
    if (found.size() == 0) return;
    const std::string_view from = found.text(0, 1);
    constexpr std::array<std::string_view, 3> kThrough = {
        "as everybody has", "as a member of another role", "by a grant that not the owner made"};
    refuse(fmt::format("the role {} would still have {} on {}, {}: first REVOKE {} ON ... FROM {}",
                       shown_, right, thing,
                       kThrough.at(static_cast<std::size_t>(found.number(0, 0))), right, from));
  }

  /** Refuses when the role lacks one of the rights; `has` asks it of $1, the thing $2 and r. */
  void refuse_lack(const std::string& thing, std::string_view rights, std::string_view has) {
    const PgRows found = ask(fmt::format("SELECT {} FROM unnest(string_to_array('{}', ', ')) r "
                                         "WHERE $2::text <> ''",
                                         has, rights),
                             thing);
    if (found.size() == 1 && found.yes(0, 0)) return;
    refuse(
        fmt::format("the user of this connection cannot give {} on {}: run it as the owner of "
                    "the tables or as a superuser",
                    rights, thing));
  }

  SyncSession session_;
  const GrantRequest& request_;
  const std::string shown_;
  std::string role_;
  std::string database_;
  std::string schema_;
  /** Unquoted. */
  std::string schema_name_;
  std::vector<std::string> statements_;
};

}  // namespace

Result<std::vector<std::string>> grant_rights(const PostgresUrl& url, const GrantRequest& request,
                                              std::chrono::milliseconds lock_timeout) {
  CHECK(request.purpose != GrantFor::unknown && request.mode != GrantMode::unknown);
  return Granting(url, request).run(lock_timeout);
}

}  // namespace holdfast
