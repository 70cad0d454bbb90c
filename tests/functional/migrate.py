#!/usr/bin/env python3
"""migrate-ha-db: any number at once, both schema versions, a careful down, an honest status.

That Aztec's own runner sees the same is shown in tests/interop.
"""

import concurrent.futures
import json
import re

import harness
from harness import Duty, Harness, RpcError, wait_until
from postgres import Postgres

TABLES = ("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' "
          "ORDER BY 1")


def migrate(h: Harness, url: str, *arguments: str):
    # By the environment, where no other user of the machine can read the password.
    return h.run("migrate-ha-db", *arguments, environment={"DATABASE_URL": url})


def expect(condition: object, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def ten_at_once(h: Harness) -> None:
    for round_number in range(3):
        server = h.postgres(migrate=False) if round_number == 0 else h.servers[0]
        url = server.create_database(f"round{round_number}")
        with concurrent.futures.ThreadPoolExecutor(10) as pool:
            results = list(pool.map(lambda _: migrate(h, url, "up"), range(10)))
        for result in results:
            expect(result.returncode == 0, f"{result.returncode}: {result.stderr}")
            expect("Another migration" not in result.stdout + result.stderr, result.stderr)
        names = server.sql("SELECT name FROM pgmigrations ORDER BY id", f"round{round_number}")
        expect(names == ["1_initial-schema"], f"pgmigrations: {names}")
        applied = [line for r in results for line in r.stdout.splitlines() if "applied" in line]
        expect(sum("1_initial-schema" in line for line in applied) == 1, f"applied: {applied}")


def both_versions(h: Harness) -> None:
    server = h.postgres(migrate=False)
    expect(migrate(h, server.url(), "up", "--schema-version", "1").returncode == 0, "up 1")
    columns = ("SELECT column_name FROM information_schema.columns "
               "WHERE table_name = 'validator_duties'")
    expect("checkpoint_number" not in server.sql(columns), "version 1 has no checkpoint_number")
    node = h.node("a", server.url()).start()
    node.sign(Duty(1), h.payload())
    expect(migrate(h, server.url(), "up", "--schema-version", "2").returncode == 0, "up 2")
    expect("checkpoint_number" in server.sql(columns), "version 2 has checkpoint_number")
    names = server.sql("SELECT name FROM pgmigrations ORDER BY id")
    expect(names == ["1_initial-schema", "2_add-checkpoint-number"], f"pgmigrations: {names}")
    expect(server.sql("SELECT max(version) FROM schema_version") == ["2"], "schema_version")
    # Both a running node and a new one go on, on the same history.
    for signer in (node, h.node("b", server.url()).start()):
        try:
            signer.sign(Duty(1), h.payload())
            raise AssertionError("another message was signed after the upgrade")
        except RpcError as error:
            expect(error.name == "SlashingProtectionError", str(error))
    h.nodes[1].sign(Duty(2), h.payload())
    result = migrate(h, server.url(), "up", "--schema-version", "1")
    expect(result.returncode == 0, f"a newer schema is left as it is: {result.stderr}")
    expect("checkpoint_number" in server.sql(columns), "up 1 never goes back")
    expect(migrate(h, server.url(), "up", "--schema-version", "3").returncode == 2, "version 3")


def down_refuses(h: Harness) -> None:
    server = h.postgres()
    h.node("a", server.url()).start().sign(Duty(1), h.payload())
    h.nodes[0].terminate()
    for arguments in (["down"], ["down", "--confirm-database", "another"]):
        result = migrate(h, server.url(), *arguments)
        expect(result.returncode != 0, f"{arguments} removed signed duties")
        expect("validator_ha" in result.stderr, f"the refusal does not say how: {result.stderr}")
    expect(server.sql("SELECT count(*) FROM validator_duties WHERE status = 'signed'") == ["1"],
           "the duty is gone")
    # Deleting the row by hand does not help: the ledger remembers (S3).
    server.sql("DELETE FROM validator_duties")
    expect(migrate(h, server.url(), "down").returncode != 0, "down forgot the ledger")
    result = migrate(h, server.url(), "down", "--confirm-database", "validator_ha")
    expect(result.returncode == 0, f"down with the right name: {result.stderr}")
    left = [name for name in server.sql(TABLES) if name != "pgmigrations"]
    expect(not left, f"left after down: {left}")
    expect(migrate(h, server.url(), "down").returncode == 0, "down twice")
    expect(migrate(h, server.url(), "up").returncode == 0, "up after down")
    node = h.node("b", server.url()).start()
    node.sign(Duty(2), h.payload())


def truncate_is_refused(h: Harness) -> None:
    """No statement forgets a signature, whoever sends it (S3)."""
    server = h.postgres()
    duty, payload = Duty(7), h.payload()
    node = h.node("a", server.url()).start()
    node.sign(duty, payload)
    result = server.try_sql("TRUNCATE validator_duties")
    expect(result.returncode != 0, "TRUNCATE went through")
    server.sql("DELETE FROM validator_duties")
    try:
        node.sign(duty, h.payload())
        raise AssertionError("another message was signed after DELETE")
    except RpcError as error:
        expect(error.name == "SlashingProtectionError", str(error))


def status(h: Harness) -> None:
    server = h.postgres(migrate=False)
    result = migrate(h, server.url(), "status")
    expect(result.returncode == 1, f"status of an empty database: {result.returncode}")
    expect("migrate-ha-db up" in result.stderr, f"no advice: {result.stderr}")
    migrate(h, server.url(), "up")
    result = migrate(h, server.url(), "status", "--output", "json")
    expect(result.returncode == 0, result.stderr)
    text = json.dumps(json.loads(result.stdout))
    expect("1_initial-schema" in text and "schema_version" in text, text)


def hardened(server: Postgres) -> str:
    return server.sql("SELECT hardened FROM holdfast_cluster")[0]


def no_harden(h: Harness) -> None:
    """The operator's choice is kept, told, and never taken for a mishap or the other way round."""
    server = h.postgres()
    result = migrate(h, server.url(), "status")
    expect(re.search(r"hardened +yes", result.stdout), result.stdout)
    server.sql("ALTER TABLE validator_duties DISABLE TRIGGER holdfast_keep_deleted")
    result = migrate(h, server.url(), "status")
    expect(result.returncode == 1 and "NO (triggers are missing: run up)" in result.stdout,
           result.stdout)
    result = migrate(h, server.url(), "up", "--no-harden")
    expect(result.returncode == 0 and "not hardened" in result.stdout, result.stdout)
    result = migrate(h, server.url(), "status")
    expect(result.returncode == 0 and "no (by choice)" in result.stdout, result.stdout)
    # Nodes work and say so; what somebody else deletes is lost, which is what the choice means.
    node = h.node("a", server.signer_url()).start()
    expect("the database is not hardened" in node.log(), node.log())
    expect(json.loads(node.get("/status")[1])["database"]["hardened"] is False, "/status")
    node.sign(Duty(1), h.payload())
    node.sign(Duty(2), h.payload())
    result = h.run("duties", "prune", "--rollup-address", harness.ROLLUP, "--before-slot", "2",
                   environment={"VALIDATOR_HA_DATABASE_URL": server.signer_url()})
    expect(result.returncode == 0, result.stderr)
    expect(server.sql("SELECT slot FROM validator_duties") == ["2"], "pruned")
    server.sql("DELETE FROM validator_duties")
    expect(server.sql("SELECT count(*) FROM holdfast_ledger") == ["0"], "nothing keeps it")
    for sql in ("DELETE FROM holdfast_watermark", "TRUNCATE holdfast_ledger"):
        expect(server.try_sql(sql).returncode != 0, sql)
    result = h.run(*h.node("gated", arguments=["--gated"]).command()[1:],
                   environment={"VALIDATOR_HA_DATABASE_URL": server.signer_url()})
    expect(result.returncode == 1 and "--harden" in result.stderr, "gated must not start")
    # Without a flag it is hardened again, and that is said.
    result = migrate(h, server.url(), "up")
    expect(result.returncode == 0 and "hardened again" in result.stdout, result.stdout)
    expect(hardened(server) == "t", "the choice is recorded")
    expect(migrate(h, server.url(), "status").returncode == 0, "status")
    # At its next look at the database the node notices that its own duty was forgotten, and knows
    # not what of others was.
    quarantine = wait_until("the node in quarantine",
                            lambda: json.loads(node.get("/status")[1])["quarantine"])
    expect(quarantine["reason"] == "lost_commits", quarantine)
    other = h.node("b", server.signer_url()).start()
    other.sign(Duty(3), h.payload())
    server.sql("DELETE FROM validator_duties")
    expect(server.sql("SELECT count(*) FROM holdfast_ledger") == ["1"], "kept")


def grant(h: Harness) -> None:
    """What the command prints is what it does; who could undo the protection gets nothing."""
    server = h.postgres(migrate=False)
    role = 'With "quotes" & Spaces'
    server.sql("""CREATE ROLE "With ""quotes"" & Spaces" LOGIN; CREATE ROLE "group" """)
    rights = ("SELECT count(*) FROM information_schema.role_table_grants WHERE grantee LIKE "
              "'With%'")
    result = migrate(h, server.url(), "grant", "--role", role)
    expect(result.returncode == 1 and "migrate-ha-db up" in result.stderr, result.stderr)
    migrate(h, server.url(), "up")
    for name, text in (("nobody", 'there is no role "nobody"'), ("holdfast", "superuser"),
                       ("with \"quotes\" & spaces", "case counts"), ("group", "cannot log in")):
        result = migrate(h, server.url(), "grant", "--role", name)
        expect(result.returncode == 1 and text in result.stderr, f"{name}: {result.stderr}")
        expect("nothing was changed" in result.stderr and not result.stdout, result.stdout)
    dry = migrate(h, server.url(), "grant", "--role", role, "--dry-run")
    expect(dry.returncode == 0 and "nothing was changed" in dry.stdout, dry.stderr)
    expect(server.sql(rights) == ["0"], "a dry run changed something")
    done = migrate(h, server.url(), "grant", "--role", role)
    expect(done.returncode == 0, done.stderr)
    statements = [line for line in done.stdout.splitlines() if not line.startswith("--")]
    expect(statements == [s for s in dry.stdout.splitlines() if not s.startswith("--")], "dry run")
    expect(server.sql(rights) == ["12"], str(server.sql(rights)))
    # The printed statements are SQL, and doing them again changes nothing.
    server.sql("\n".join(statements))
    expect(server.sql(rights) == ["12"], "printed statements")
    migrate(h, server.url(), "grant", "--role", role, "--stock")
    expect(server.sql(rights) == ["5"], "--stock takes away what a signer has")
    # A signer without its rights says so, and starts when it has them.
    h.grant(server, "--stock")
    result = h.run(*h.node("a").command()[1:],
                   environment={"VALIDATOR_HA_DATABASE_URL": server.signer_url()})
    expect(result.returncode == 1 and "permission denied" in result.stderr, result.stderr)
    h.grant(server)
    h.node("b", server.signer_url()).start().sign(Duty(1), h.payload())


def unreachable(h: Harness) -> None:
    url = "postgresql://holdfast:sesame-7@127.0.0.1:1/validator_ha"
    for arguments in (["up"], ["down"], ["status"], ["grant", "--role", "a"]):
        result = migrate(h, url, *arguments)
        expect(result.returncode == 1, f"{arguments}: {result.returncode}")
        expect("sesame-7" not in result.stdout + result.stderr, "the password is printed")
        expect("127.0.0.1" in result.stderr, f"which server? {result.stderr}")


TESTS = {f.__name__: f for f in (ten_at_once, both_versions, down_refuses, truncate_is_refused,
                                 status, no_harden, grant, unreachable)}
if __name__ == "__main__":
    harness.main(TESTS)
