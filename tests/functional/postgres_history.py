#!/usr/bin/env python3
"""The right server, but its history was set back, emptied or made anew (S4)."""

import harness
from harness import Duty, Harness, wait_until
from histories import (Nodes, expect, expect_ends_above, expect_in_quarantine, known_to, learn,
                       lost_by, quarantine, ready, status)
from postgres import SIGNER_ROLE
from replication import base_backup, restore

LOST = {"lost_commits"}


def beat(node: harness.Node) -> int:
    return status(node)["cluster"]["beat"]


def base_backup_restored(h: Harness) -> None:
    """Same server, same timeline, yesterday's data. c has signed nothing since the backup: the
    count of its beats tells it."""
    server = h.postgres()
    nodes = Nodes(h, server.signer_url())
    a, b, c = nodes.all
    before = nodes.contest(nodes.duties(2))
    backup = server.folder / "backup"
    base_backup(server, backup, server.port)
    beats = beat(c)
    after = nodes.contest(nodes.duties(4), [a, b])
    expect(len(after) == 8, f"only {after} were signed")
    wait_until("c beats", lambda: beat(c) > beats)
    server.stop()
    restore(server, backup)
    server.start()
    expect(not lost_by(server, before), "the backup lacks what was there before it")
    lost = lost_by(server, after)
    expect(len(lost) == len(after), f"the control: the backup lacks only {lost}")
    expect_in_quarantine(nodes.all, LOST)
    expect(status(a)["cluster"]["timeline"] == 1, "it is the same timeline")
    floor = learn(nodes, nodes.all, lost)
    expect_ends_above(nodes, nodes.all, floor)


def tables_emptied(h: Harness) -> None:
    """By whom the database cannot refuse: its superuser, with the triggers disabled."""
    server = h.postgres()
    nodes = Nodes(h, server.signer_url())
    a, b, c = nodes.all
    signed = nodes.contest(nodes.duties(3), [a, b])
    # Both sign the last word, so that either finds its own newest one gone.
    for node in (a, b):
        signed.append(nodes.wait_signs(node))

    for table in ("validator_duties", "holdfast_ledger", "holdfast_watermark"):
        refused = server.try_sql(f"TRUNCATE {table}")
        expect(f"Holdfast refuses TRUNCATE of {table}: it is the memory of what was signed"
               in refused.stderr, refused.stderr)
    server.sql("DELETE FROM validator_duties WHERE status = 'signed'")
    refused = server.try_sql("DELETE FROM holdfast_ledger")
    expect("Holdfast refuses DELETE of holdfast_ledger" in refused.stderr, refused.stderr)
    expect(not lost_by(server, signed), "a deleted duty is not in the ledger")
    for node in nodes.all:
        nodes.expect_refused(node, signed, {"SlashingProtectionError"})

    # Rows and ledger, but not the registry: whoever has signed misses its own newest duty. The node
    # that has signed nothing has nothing to miss, and is not told: docs/SAFETY.md says so.
    server.sql("BEGIN; ALTER TABLE validator_duties DISABLE TRIGGER ALL; "
               "ALTER TABLE holdfast_ledger DISABLE TRIGGER ALL; DELETE FROM validator_duties; "
               "DELETE FROM holdfast_ledger; ALTER TABLE validator_duties ENABLE TRIGGER ALL; "
               "ALTER TABLE holdfast_ledger ENABLE TRIGGER ALL; COMMIT")
    expect(not known_to(server), "the control: nothing is left")
    expect_in_quarantine([a, b], LOST)
    nodes.expect_refused(a, signed, {"QuarantineError", "SlashingProtectionError"})
    nodes.expect_refused(b, signed, {"QuarantineError", "SlashingProtectionError"})
    expect(quarantine(c) is None, "docs/SAFETY.md says that c is not told")

    # With the registry gone as well every node misses its beat.
    server.sql("DELETE FROM holdfast_nodes")
    expect_in_quarantine(nodes.all, LOST)
    floor = learn(nodes, nodes.all, signed)
    expect_ends_above(nodes, nodes.all, floor)
    wait_until("every node is registered again", lambda: server.sql(
        "SELECT count(*) FROM holdfast_nodes") == ["3"])


def table_made_again(h: Harness) -> None:
    """A new validator_duties under live sessions, as another program's migrations would make it.
    Nothing is recorded through them; after `up` the nodes go on, in quarantine."""
    server = h.postgres()
    nodes = Nodes(h, server.signer_url(), "ab")
    signed = [nodes.wait_signs(node) for node in nodes.all for _ in range(2)]
    server.sql("BEGIN; CREATE TABLE fresh (LIKE validator_duties INCLUDING ALL); "
               "DROP TABLE validator_duties; ALTER TABLE fresh RENAME TO validator_duties; "
               f'GRANT SELECT, INSERT, UPDATE, DELETE ON validator_duties TO "{SIGNER_ROLE}"; '
               "COMMIT")
    signatures = h.audit.signatures
    for node in nodes.all:
        for duty in [*signed, *nodes.duties(2)]:
            answer = nodes.answer(node, duty)
            expect(answer != "signed", f"{node.name} signed {duty} into another table")
    expect(h.audit.signatures == signatures, "a signature was released")
    expect(not known_to(server), "something was recorded in the new table")
    h.run("migrate-ha-db", "up", "--database-url", server.url(), check=True)
    expect_in_quarantine(nodes.all, LOST)
    for node in nodes.all:
        wait_until(f"{node.name} is ready again", lambda node=node: ready(node))
    floor = learn(nodes, nodes.all, signed)
    expect_ends_above(nodes, nodes.all, floor)


def cluster(h: Harness, node: harness.Node, verb: str, *options: str):
    return h.run("cluster", verb, "--node-id", node.name, "--data-dir", str(node.data_dir),
                 *options, environment={"VALIDATOR_HA_DATABASE_URL": node.database_url})


def dropped_and_made_again(h: Harness) -> None:
    """`down` and `up` under running nodes: another database, until the operator accepts it."""
    server = h.postgres()
    nodes = Nodes(h, server.signer_url(), "ab")
    a, b = nodes.all
    signed = [nodes.wait_signs(node) for node in nodes.all for _ in range(2)]
    for arguments in (("down", "--confirm-database", "validator_ha"), ("up",)):
        h.run("migrate-ha-db", *arguments, "--database-url", server.url(), check=True)
    h.grant(server)
    for node in nodes.all:
        for duty in [*signed, Duty(nodes.slot + 1)]:
            answer = nodes.answer(node, duty)
            expect(answer != "signed", f"{node.name} signed {duty} into another database")
        nodes.wait_not_ready(node, "another database: its cluster id is")
        nodes.expect_wrong_database(node, nodes.duties(1))
    expect(not known_to(server), "something was recorded in the other database")

    shown = cluster(h, a, "show")
    expect(shown.returncode == 0 and "refused: it is another database" in shown.stdout,
           f"cluster show: {shown.stdout}{shown.stderr}")
    running = cluster(h, b, "accept", "--apply")
    expect(running.returncode == 1 and "Accepted" not in running.stdout,
           f"accept under a running node: {running.stdout}{running.stderr}")
    b.terminate()
    dry = cluster(h, b, "accept")
    expect(dry.returncode == 0 and "Nothing was changed" in dry.stdout, f"{dry.stdout}{dry.stderr}")
    still = cluster(h, b, "show")
    expect("refused: it is another database" in still.stdout, "a dry run has accepted it")
    applied = cluster(h, b, "accept", "--apply")
    expect(applied.returncode == 0 and "Accepted" in applied.stdout,
           f"{applied.stdout}{applied.stderr}")
    b.start()
    expect_in_quarantine([b], {"accepted_database"})
    floor = learn(nodes, [b], signed)
    expect_ends_above(nodes, [b], floor)
    b.terminate()
    again = cluster(h, b, "accept")
    expect("needs no word of yours" in again.stdout, f"{again.stdout}{again.stderr}")
    expect(not ready(a), "a was not asked and has accepted it")


TESTS = {f.__name__: f for f in (base_backup_restored, tables_emptied, table_made_again,
                                 dropped_and_made_again)}
if __name__ == "__main__":
    harness.main(TESTS)
