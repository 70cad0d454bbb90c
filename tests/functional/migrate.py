#!/usr/bin/env python3
"""migrate-ha-db: any number at once, both schema versions, a careful down, an honest status.

That Aztec's own runner sees the same is shown in tests/interop.
"""

import concurrent.futures
import json

import harness
from harness import Duty, Harness, RpcError

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


def unreachable(h: Harness) -> None:
    url = "postgresql://holdfast:sesame-7@127.0.0.1:1/validator_ha"
    for arguments in (["up"], ["down"], ["status"]):
        result = migrate(h, url, *arguments)
        expect(result.returncode == 1, f"{arguments}: {result.returncode}")
        expect("sesame-7" not in result.stdout + result.stderr, "the password is printed")
        expect("127.0.0.1" in result.stderr, f"which server? {result.stderr}")


TESTS = {f.__name__: f for f in (ten_at_once, both_versions, down_refuses, truncate_is_refused,
                                 status, unreachable)}
if __name__ == "__main__":
    harness.main(TESTS)
