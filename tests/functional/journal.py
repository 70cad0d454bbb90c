#!/usr/bin/env python3
"""A node's journal and its row in the registry stand in the way of whatever could make it forget.

Two processes with one node id, a journal that is missing, older, damaged or another's, a database
that forgets: each is refused and named (S4, S8), and what was released stays released.
"""

import contextlib
import pathlib
import re
import shutil
import sqlite3

import harness
from harness import Duty, Harness, Node, RpcError
from journal_reader import BLOCK_HEADER, JournalReader, example_of
from postgres import Postgres

PUBLISHERS = [bytes([0] * 28 + [0x9B, 0x11, 0, i + 1]) for i in range(2)]
ACCEPT = "--accept-new-journal"
DOCUMENT = pathlib.Path(__file__).parents[2] / "docs" / "JOURNAL.md"


def expect(condition: object, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def expect_words(text: str, *patterns: str) -> None:
    for pattern in patterns:
        expect(re.search(pattern, text, re.S), f"no {pattern!r} in:\n{text[-2000:]}")


def expect_refused(h: Harness, node: Node, duty: Duty, name: str) -> None:
    """Another message for the duty."""
    try:
        node.sign(duty, h.payload())
    except RpcError as error:
        expect(error.name == name, f"{duty} at {node.name}: {error}")
        return
    raise AssertionError(f"{node.name} signed another message for {duty}")


def sign_some(h: Harness, node: Node, first: int, count: int = 3) -> list[tuple[Duty, str]]:
    signed = [(Duty(first + i), h.payload()) for i in range(count)]
    for duty, payload in signed:
        node.sign(duty, payload)
    return signed


def pid_of(node: Node) -> str:
    return rf"\bpid {node.process.pid}\b"


def put(path: pathlib.Path, content: bytes) -> None:
    """Replaces a journal as whoever restores a file does."""
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(content)


def long_ago(server: Postgres) -> None:
    """Turns the clock of the registry: no test waits for half a minute."""
    server.sql("UPDATE holdfast_nodes SET last_seen = last_seen - interval '31 seconds'")


def format_of_the_document(_h: Harness) -> None:
    example = JournalReader(example_of(DOCUMENT.read_text()))
    expect(example.node_id == "n1" and example.sequence == 1, "the example's header")
    expect(example.releases == {Duty(100, "ATTESTATION", 0, "0x" + "22" * 20): "0x" + "aa" * 32},
           f"the example's release: {example.releases}")
    expect(example.seen == {harness.ROLLUP: 100} and example.torn == 0, "the example's seen slot")


def one_data_directory(h: Harness, url: str | None) -> None:
    """Two processes with one node id and one journal."""
    first = h.node("node-1", url).start()
    sign_some(h, first, 1)
    expect_words(first.refused(), pid_of(first), r"\bnode-1\b", "journal")
    expect_words(first.refused(ACCEPT), pid_of(first))
    sign_some(h, first, 10)
    expect(first.terminate() == 0, "a stop in order")


def two_data_directories(h: Harness) -> None:
    """Two processes with one node id and a journal each: only the first one's is known."""
    server = h.postgres()
    first = h.node("n", server.signer_url()).start()
    signed = sign_some(h, first, 1)
    second = Node(h, "n", server.signer_url(), data_dir=h.folder / "elsewhere")
    host = re.escape(pathlib.Path("/proc/sys/kernel/hostname").read_text().strip())
    for arguments in ((), (ACCEPT,)):
        text = second.refused(*arguments)
        places = set(re.findall(rf"n \({host} pid (\d+)\)", text))
        expect(str(first.process.pid) in places and len(places) == 2, f"not both named: {text}")
        expect_words(text, "--node-id")
    sign_some(h, first, 10)

    # The lock on the journal proves that the first one is gone: nobody waits.
    first.kill()
    first.start()
    for duty, _ in signed:
        expect_refused(h, first, duty, "SlashingProtectionError")
    first.kill()
    expect_words(second.refused(), "in use", "is alive")
    long_ago(server)
    expect_words(second.refused(), "another journal", ACCEPT, "data directory")
    second.arguments = [ACCEPT]
    h.nodes.append(second)
    second.start()
    for duty, _ in signed:
        expect_refused(h, second, duty, "SlashingProtectionError")
    sign_some(h, second, 20)
    expect_words(first.refused(), "in use", pid_of(second))
    expect(second.terminate() == 0, "a stop in order")
    expect_words(first.refused(), "another journal")
    second.arguments = []
    second.start()


def row_is_taken(h: Harness) -> None:
    """Where a process finds its row to be another's, it signs nothing more."""
    server = h.postgres()
    first = h.node("n", server.signer_url()).start()
    sign_some(h, first, 1)
    first.signal(harness.signal.SIGSTOP)
    long_ago(server)
    second = h.node("n", server.signer_url(), data_dir=h.folder / "elsewhere", arguments=[ACCEPT])
    second.start()
    first.signal(harness.signal.SIGCONT)
    slot = iter(range(100, 100_000))

    def halted() -> bool:
        try:
            first.sign(Duty(next(slot)), h.payload())
        except RpcError as error:
            expect_words(error.message, "another process signs as this node", pid_of(second))
            return True
        return False
    harness.wait_until("the first one has noticed", halted)
    sign_some(h, second, 200_000)


def journal_is_missing(h: Harness, url: str | None) -> None:
    node = h.node("n", url).start()
    signed = sign_some(h, node, 1)
    expect(node.terminate() == 0, "a stop in order")
    kept = node.journal.rename(h.folder / "kept")
    for _ in range(2):
        expect_words(node.refused(), "another journal", "Bring the journal back", ACCEPT)
    node.journal.unlink()
    kept.rename(node.journal)
    node.start().terminate()
    node.journal.unlink()
    node.arguments = [ACCEPT]
    node.start()
    expect(JournalReader.of_file(node.journal).releases == {}, "a new journal is empty")
    expect_words((node.data_dir / "operator.log").read_text(), ACCEPT, f"nodeId: '{node.name}'")
    for duty, _ in signed:
        expect_refused(h, node, duty, "SlashingProtectionError")
    sign_some(h, node, 10)
    node.kill()
    node.arguments = []
    node.start()


def journal_of_before_the_registry(h: Harness) -> None:
    """The node has signed, and has no row: it comes from a Holdfast without journals."""
    server = h.postgres()
    node = h.node("n", server.signer_url()).start()
    sign_some(h, node, 1)
    node.terminate()
    server.sql("DELETE FROM holdfast_nodes")
    node.journal.unlink()
    for _ in range(2):
        # The first refusal leaves a new journal behind, which proves nothing.
        expect_words(node.refused(), "has signatures of this node", ACCEPT)
        # What was signed and then deleted is in the ledger, and counts as before.
        server.sql("DELETE FROM validator_duties")
    node.arguments = [ACCEPT]
    node.start().kill()
    node.arguments = []
    node.start()


def journal_was_set_back(h: Harness, url: str | None) -> None:
    node = h.node("n", url).start()
    sign_some(h, node, 1)
    node.terminate()
    old = node.journal.read_bytes()
    node.start()
    sign_some(h, node, 10)
    node.terminate()
    new = node.journal.read_bytes()
    put(node.journal, old)
    text = node.refused()
    expect_words(text, "set back", ACCEPT, rf"\b{JournalReader(old).sequence}\b")
    expect(node.journal.read_bytes() == old, "a refused start changes nothing")
    put(node.journal, new)
    node.start()


def journal_of_another_node(h: Harness) -> None:
    url = h.postgres().signer_url()
    first, second = (h.node(name, url).start() for name in ("first", "second"))
    sign_some(h, first, 1)
    first.terminate()
    second.terminate()
    put(second.journal, first.journal.read_bytes())
    expect_words(second.refused(), re.escape(str(second.journal)), '"?first"?', '"?second"?')
    expect_words(second.refused(ACCEPT), re.escape(str(second.journal)))


def damage_in_the_middle(h: Harness) -> None:
    node = h.node("n").start()
    sign_some(h, node, 1, 6)
    node.kill()
    good = node.journal.read_bytes()
    blocks = JournalReader(good).blocks
    hit = [(blocks[1], 4), (blocks[2], BLOCK_HEADER + 3), (blocks[-2], blocks[-2].length - 2),
           (blocks[-1], BLOCK_HEADER + 40)]
    for block, inside in hit:
        bad = bytearray(good)
        bad[block.offset + inside] ^= 0x10
        put(node.journal, bytes(bad))
        text = node.refused()
        expect_words(text, rf"damaged at byte {block.offset}\b", r"docs/JOURNAL\.md#damaged",
                     re.escape(str(node.journal)))
        expect_words(node.refused(ACCEPT), rf"damaged at byte {block.offset}\b")
        expect(node.journal.read_bytes() == bytes(bad), "a refused start changes nothing")
    expect('id="damaged"' in DOCUMENT.read_text(), "the anchor that the error names")
    put(node.journal, good)
    node.start()


def copy_of(folder: pathlib.Path, target: pathlib.Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(folder, target)


def torn_tails(h: Harness) -> None:
    """Whatever part of the last block a crash has left, the node repairs it, says so, goes on."""
    node = h.node("n").start()
    slot = 0

    def last_block_is_a_release() -> bool:
        nonlocal slot
        slot += 1
        if not node.running():
            node.start()
        node.sign(Duty(slot), h.payload())
        node.kill()
        with contextlib.closing(sqlite3.connect(node.data_dir / "duties.db")) as database:
            known = database.execute("SELECT journal_sequence FROM holdfast_nodes").fetchone()[0]
        reader = JournalReader.of_file(node.journal)
        return known < reader.sequence and Duty(slot) in reader.releases
    harness.wait_until("a release is the last block", last_block_is_a_release)
    copy_of(node.data_dir, h.folder / "kept")
    good = node.journal.read_bytes()
    last = JournalReader(good).blocks[-1]
    for left in (1, 4, BLOCK_HEADER - 1, BLOCK_HEADER, BLOCK_HEADER + 50, last.length - 1):
        copy_of(h.folder / "kept", node.data_dir)
        put(node.journal, good[:last.offset + left])
        node.start()
        expect_words(node.log(), f"interrupted; {left} bytes were cut off")
        reader = JournalReader.of_file(node.journal)
        expect(reader.torn == 0 and reader.sequence >= last.sequence, "the journal is mended")
        # The database has what the journal lost.
        expect_refused(h, node, Duty(slot), "SlashingProtectionError")
        sign_some(h, node, 1000 + left, 1)
        node.kill()
        node.start().kill()


def forget_sqlite(node: Node) -> None:
    with contextlib.closing(sqlite3.connect(node.data_dir / "duties.db", timeout=30)) as database:
        triggers = database.execute(
            "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            database.execute(f"DROP TRIGGER {name}")
        for table in ("validator_duties", "holdfast_ledger"):
            database.execute(f"DELETE FROM {table}")
        for _, text in triggers:
            database.execute(text)
        database.commit()


def forget_postgres(server: Postgres) -> None:
    for table in ("validator_duties", "holdfast_ledger"):
        server.sql(f"ALTER TABLE {table} DISABLE TRIGGER USER; DELETE FROM {table}; "
                   f"ALTER TABLE {table} ENABLE TRIGGER USER")


def database_forgets(h: Harness, server: Postgres | None) -> None:
    """Every row and the ledger are gone; the registry is not. The node remembers by itself."""
    node = h.node("n", server.signer_url() if server else None).start()
    signed = sign_some(h, node, 1, 10)
    # A stop in order, so that the journal knows its newest release to be committed.
    expect(node.terminate() == 0, "a stop in order")
    node.start()
    if server:
        forget_postgres(server)
    else:
        forget_sqlite(node)
    for duty, _ in signed:
        expect_refused(h, node, duty, "SlashingProtectionError")
    node.kill()
    node.start()
    for duty, _ in signed:
        expect_refused(h, node, duty, "SlashingProtectionError")
    expect_words(node.get("/status")[1], "lost_commits")
    slot = iter(range(1000, 1_000_000, 10))

    def signs_again() -> bool:
        try:
            node.sign(Duty(next(slot)), h.payload())
        except RpcError as error:
            expect(error.name == "QuarantineError", str(error))
            return False
        return True
    harness.wait_until("the quarantine is over", signs_again)
    for duty, _ in signed:
        expect_refused(h, node, duty, "SlashingProtectionError")


def one_publisher_on_two_nodes(h: Harness) -> None:
    server = h.postgres()
    shared = h.write_keystore("shared.json", harness.KEYS, PUBLISHERS[0])
    own = h.write_keystore("own.json", harness.KEYS, PUBLISHERS[1])
    url = server.signer_url()
    first = h.node("first", url, keystore=shared).start()
    second = h.node("second", url, keystore=shared)
    text = second.refused()
    expect_words(text, r"second \(\S+ pid \d+\)", r"first \(\S+" + f" pid {first.process.pid}",
                 "publisher")
    # The attesters are shared: that is what high availability is.
    other = h.node("other", url, keystore=own).start()
    sign_some(h, first, 1)
    sign_some(h, other, 10)
    # After a stop in order nobody waits, after a crash somebody does.
    expect(first.terminate() == 0, "a stop in order")
    second.start()
    sign_some(h, second, 20)
    second.kill()
    expect_words(first.refused(), "publisher", r"second \(")
    long_ago(server)
    first.start()
    expect_words(second.refused(), "publisher", r"first \(")


def on_each_store(test) -> dict:
    name = test.__name__
    return {f"{name}_sqlite": lambda h: test(h, None),
            f"{name}_postgres": lambda h: test(h, h.postgres().signer_url())}


TESTS = {
    **{f.__name__: f for f in (
        format_of_the_document, two_data_directories, row_is_taken, journal_of_before_the_registry,
        journal_of_another_node, damage_in_the_middle, torn_tails, one_publisher_on_two_nodes)},
    **on_each_store(one_data_directory),
    **on_each_store(journal_is_missing),
    **on_each_store(journal_was_set_back),
    "database_forgets_sqlite": lambda h: database_forgets(h, None),
    "database_forgets_postgres": lambda h: database_forgets(h, h.postgres()),
}
if __name__ == "__main__":
    harness.main(TESTS)
