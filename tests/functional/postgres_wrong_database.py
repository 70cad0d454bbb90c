#!/usr/bin/env python3
"""The address leads to another database, a copy, or a pooler: refused with the reason (S4)."""

import os
import pathlib
import subprocess

import harness
from harness import Harness, wait_until
from histories import Nodes, expect, ready, start_refused
from postgres import PASSWORD, SIGNER_ROLE, Postgres, free_port
from replication import Link


def second_empty_database(h: Harness) -> None:
    """Somebody else's server has taken the address over; then the right one is back."""
    right = h.postgres()
    wrong = h.postgres(name="other", own_identity=True)
    front = Link(right.port)
    nodes = Nodes(h, front.url(right), "ab")
    a, b = nodes.all
    signed = nodes.contest(nodes.duties(2))
    front.lead_to(wrong.port)
    for node in nodes.all:
        nodes.wait_not_ready(node, "another database: its cluster id is")
        nodes.expect_wrong_database(node, signed, {"SlashingProtectionError"})
        nodes.expect_wrong_database(node, nodes.duties(1))
        expect("Refused a database: it is another database" in node.log(), f"log of {node.name}")
    b.terminate()
    start_refused(b, "another database: its cluster id is", "holdfast cluster accept")
    expect(wrong.sql("SELECT (SELECT count(*) FROM validator_duties), "
                     "(SELECT count(*) FROM holdfast_nodes)") == ["0|0"],
           "something was written into the other database")
    front.lead_to(right.port)
    b.start()
    for node in nodes.all:
        nodes.wait_signs(node)
        wait_until(f"{node.name} is ready again", lambda node=node: ready(node))
        nodes.expect_refused(node, signed, {"SlashingProtectionError"})


def restored_dump(h: Harness) -> None:
    """A dump carries the cluster id along, but not the system identifier."""
    right = h.postgres()
    copy = h.postgres(name="copy", own_identity=True, migrate=False)
    front = Link(right.port)
    nodes = Nodes(h, front.url(right), "ab")
    a, b = nodes.all
    nodes.contest(nodes.duties(2))
    copy.sql(f"""CREATE ROLE "{SIGNER_ROLE}" LOGIN PASSWORD '{PASSWORD}'""")
    dump = h.folder / "dump"
    subprocess.run([right.bin / "pg_dump", "-Fc", "-d", right.url(), "-f", dump], check=True,
                   capture_output=True, timeout=harness.PATIENCE)
    subprocess.run([copy.bin / "pg_restore", "-d", copy.url(), dump], check=True,
                   capture_output=True, timeout=harness.PATIENCE)
    after = nodes.contest(nodes.duties(2))
    expect(len(after) == 4, f"only {after} were signed")
    front.lead_to(copy.port)
    for node in nodes.all:
        nodes.wait_not_ready(node, "a copy on another server")
        nodes.expect_wrong_database(node, after, {"SlashingProtectionError"})
    b.terminate()
    start_refused(b, "a copy on another server", "system identifier", "holdfast cluster accept")
    front.lead_to(right.port)
    nodes.wait_signs(a)


class PgBouncer:
    """In front of one server; ends with the test."""

    def __init__(self, h: Harness, server: Postgres, mode: str):
        folder: pathlib.Path = server.folder / f"pgbouncer-{mode}"
        folder.mkdir()
        self.port = free_port()
        (folder / "users").write_text(f'"{SIGNER_ROLE}" "{PASSWORD}"\n')
        (folder / "pgbouncer.ini").write_text(
            f"[databases]\nvalidator_ha = host=127.0.0.1 port={server.port}\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {folder}/users\npool_mode = {mode}\n")
        if server.user:
            for path in (folder, *folder.iterdir()):
                os.chown(path, server.user["user"], server.user["group"])
        self._log = open(folder / "log", "wb")
        self._process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "/usr/sbin/pgbouncer", "-q",
             folder / "pgbouncer.ini"], stdout=self._log, stderr=self._log, cwd=folder,
            **server.user)
        ready_command = [server.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        wait_until(f"PgBouncer answers: {(folder / 'log').read_text()}",
                   lambda: subprocess.run(ready_command, check=False).returncode == 0)

    def __enter__(self) -> "PgBouncer":
        return self

    def __exit__(self, *_exc) -> None:
        self._process.kill()
        self._process.wait()
        self._log.close()


def pgbouncer(h: Harness) -> None:
    """Whoever stands between could change the server behind a session."""
    server = h.postgres()
    front = Link(server.port)
    nodes = Nodes(h, front.url(server), "a")
    a = nodes.all[0]
    nodes.wait_signs(a)
    for mode in ("transaction", "session"):
        with PgBouncer(h, server, mode) as bouncer:
            start_refused(h.node(f"{mode}-pool", f"postgresql://{SIGNER_ROLE}:{PASSWORD}@127.0.0.1:"
                                 f"{bouncer.port}/validator_ha"), "a connection pooler stands")
            front.lead_to(bouncer.port)
            nodes.wait_not_ready(a, "a connection pooler stands")
            nodes.expect_wrong_database(a, nodes.duties(1))
            front.lead_to(server.port)
            nodes.wait_signs(a)


TESTS = {f.__name__: f for f in (second_empty_database, restored_dump, pgbouncer)}
if __name__ == "__main__":
    harness.main(TESTS)
