#!/usr/bin/env python3
"""`holdfast doctor` beside real signers, healthy and not."""

import json
import os

import harness
from harness import Duty, Harness, Node, wait_until
from histories import expect, quarantine
from postgres import Postgres
from replication import Link, standby_of

Rows = dict[str, list[dict]]


def doctor(node: Node, *more: str, code: int = 0, url: str | None = None,
           flags: dict[str, str] | None = None) -> Rows:
    """The checks by name, of a run with the node's own settings; `flags` are others' values."""
    arguments = node.command()[2:]
    # Port 1: nobody listens there.
    for flag, value in {"--ops-listen": node.ops or "127.0.0.1:1", **(flags or {})}.items():
        arguments[arguments.index(flag) + 1] = value
    result = node.harness.run("doctor", *arguments, *more, "--output", "json",
                              environment=node.environment_of_process() |
                              ({"VALIDATOR_HA_DATABASE_URL": url} if url else {}))
    expect(result.returncode == code, f"code {result.returncode}: {result.stdout}{result.stderr}")
    rows: Rows = {}
    for row in json.loads(result.stdout):
        rows.setdefault(row["check"], []).append(row)
        expect(bool(row["what_to_do"]) == (row["state"] != "ok"), f"advice: {row}")
    return rows


def expect_state(rows: Rows, check: str, state: str, *texts: str) -> None:
    found = rows.get(check, [])
    expect(any(row["state"] == state and all(text in row["found"] for text in texts)
               for row in found), f"{check} is not {state} with {texts}: {found}")


def states(rows: Rows, state: str) -> set[str]:
    return {name for name, found in rows.items() if any(row["state"] == state for row in found)}


def two_nodes(h: Harness, server: Postgres) -> tuple[Node, Node]:
    nodes = [h.node(name, server.signer_url(),
                    keystore=h.write_keystore(f"{name}.json", harness.KEYS[:1], publisher))
             for name, publisher in (("a", harness.KEYS[6]), ("b", harness.KEYS[7]))]
    for slot, node in enumerate(nodes, 1):
        node.start().sign(Duty(slot), h.payload())
    return nodes[0], nodes[1]


def healthy(h: Harness) -> None:
    server = h.postgres()
    a, _ = two_nodes(h, server)
    rows = doctor(a)
    # Where the tests run is the machine's business: a container's layer is worth a warning.
    bad = (states(rows, "failed") | states(rows, "warning")) - {"data_directory"}
    expect(not bad, f"{bad}: {rows}")
    for check, text in (("database", "postgres"), ("hardened", "yes"), ("signer", "ready"),
                        ("nodes", "2 of 2 alive: a, b"), ("journal", "1 releases"),
                        ("pin", "pinned to"), ("quarantine", "none"),
                        ("duties", "2 signed in the last hour"), ("time_zone", "UTC"),
                        ("attesters", harness.ADDRESSES[0]),
                        ("publishers", harness.ADDRESSES[6]), ("locks", "0 under way")):
        expect_state(rows, check, "ok", text)
    text = h.run("doctor", *a.command()[2:], environment=a.environment_of_process())
    expect(" ok, " in text.stdout.splitlines()[-1], text.stdout)
    for secret in (harness.KEYS[0].hex(), harness.PASSWORD):
        expect(secret not in text.stdout + text.stderr, "a secret is shown")


def what_an_operator_gets_wrong(h: Harness) -> None:
    server = h.postgres()
    a, b = two_nodes(h, server)
    expect_state(doctor(a, url=server.url()), "role", "warning", "superuser")
    server.sql("ALTER DATABASE validator_ha SET timezone TO 'Europe/Berlin'")
    expect_state(doctor(a), "time_zone", "warning", "Europe/Berlin")
    rows = doctor(a, flags={"--keystore": str(b.keystore)}, code=1)
    expect_state(rows, "nodes", "failed", harness.ADDRESSES[7], "on b (")
    rows = doctor(a, flags={"--ops-listen": b.ops}, code=1)
    expect_state(rows, "signer", "failed", "is node b, not a")

    os.chmod(a.keystore, 0o644)
    expect_state(doctor(a, code=1), "keystore", "failed", "a.json")
    os.chmod(a.keystore, 0o600)
    journal = a.journal.read_bytes()
    a.terminate()
    rows = doctor(a)
    expect_state(rows, "signer", "warning")
    expect_state(rows, "nodes", "warning", "1 of 2 alive: b")
    a.journal.unlink()
    expect_state(doctor(a, code=1), "journal", "failed", "the database knows this node")
    h.write_secret(a.journal, "not a journal" * 100)
    expect_state(doctor(a, code=1), "journal", "failed", "journal-a")
    a.journal.write_bytes(journal)
    os.chmod(a.journal, 0o600)

    result = h.run("doctor", "--data-dir", str(a.data_dir), "--output", "csv")
    expect(result.returncode == 1 and "rollup" in result.stdout, result.stdout + result.stderr)
    result = h.run("doctor", "--chain-id", "none")
    expect(result.returncode == 2 and "--chain-id" in result.stderr, result.stderr)
    b.kill()
    server.stop()
    rows = doctor(a, code=1)
    expect_state(rows, "database", "failed", "127.0.0.1")
    expect_state(rows, "journal", "ok")
    expect_state(rows, "quarantine", "ok", "none")


def quarantine_is_told(h: Harness) -> None:
    server = h.postgres()
    h.run("migrate-ha-db", "up", "--no-harden", "--database-url", server.url(), check=True)
    node = h.node("a", server.signer_url()).start()
    node.sign(Duty(7), h.payload())
    server.sql("DELETE FROM validator_duties")
    wait_until("the node notices", lambda: quarantine(node))
    rows = doctor(node, code=1)
    expect_state(rows, "quarantine", "failed", "lost_commits")
    expect_state(rows, "hardened", "warning")
    expect_state(doctor(node, "--gated", code=1), "hardened", "failed")


def replication_is_told(h: Harness) -> None:
    server = h.postgres()
    link = Link(server.port)
    standby = standby_of(h, server, link)
    node = h.node("a", server.signer_url())
    expect_state(doctor(node), "replication", "warning", "none of them synchronous")
    server.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
    server.sql("SELECT pg_reload_conf()")
    wait_until("replication is synchronous", lambda: "synchronous"
               in doctor(node)["replication"][0]["found"].split())
    link.cut()
    standby.stop()
    wait_until("nobody streams", lambda: server.sql(
        "SELECT count(*) FROM pg_stat_replication") == ["0"])
    expect_state(doctor(node, code=1), "replication", "failed", "none streams")


def one_machine(h: Harness) -> None:
    node = h.node("a")
    rows = doctor(node, code=1)
    expect_state(rows, "database", "failed", "no signer has used it yet")
    node.start().sign(Duty(1), h.payload())
    rows = doctor(node)
    expect_state(rows, "database", "ok", "sqlite")
    expect_state(rows, "pin", "ok")
    expect_state(rows, "publishers", "warning")


TESTS = {f.__name__: f for f in (healthy, what_an_operator_gets_wrong, quarantine_is_told,
                                 replication_is_told, one_machine)}
if __name__ == "__main__":
    harness.main(TESTS)
