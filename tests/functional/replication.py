"""What stands around a PostgreSQL server: a standby, backups, and connections that can be led
elsewhere or cut.
"""

import contextlib
import os
import pathlib
import shutil
import socket
import subprocess
import threading

import harness
from postgres import PASSWORD, Postgres


class Link:
    """An address that leads to a server of this machine: like a cable, or a name in the DNS."""

    def __init__(self, target: int | None):
        self._lock = threading.Lock()
        self._target = target
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def lead_to(self, target: int | None) -> None:
        """Ends all connections; new ones lead to that port, or nowhere."""
        with self._lock:
            self._target = target
            for one in self._open:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        self.lead_to(None)

    def url(self, server: Postgres) -> str:
        """How a signer reaches the server by way of this link."""
        return server.signer_url().replace(f":{server.port}/", f":{self.port}/")

    def _serve(self) -> None:
        while True:
            near, _ = self._listener.accept()
            far = None
            with self._lock:
                with contextlib.suppress(OSError):
                    if self._target is not None:
                        far = socket.create_connection(("127.0.0.1", self._target))
                        self._open |= {near, far}
            if far is None:
                near.close()
                continue
            ends = [False, False]
            for side, (source, sink) in enumerate(((near, far), (far, near))):
                threading.Thread(target=self._carry, args=(source, sink, ends, side),
                                 daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket, ends: list[bool],
               side: int) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with self._lock:
            for one in (source, sink):
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
            ends[side] = True
            if all(ends):
                self._open -= {source, sink}
                source.close()
                sink.close()


def base_backup(server: Postgres, folder: pathlib.Path, port: int, *options: str) -> None:
    """A copy of the running server's data folder, by way of `port`."""
    # Only making the copy is not synced; the server that runs on it syncs as any other.
    subprocess.run([server.bin / "pg_basebackup", "-d",
                    f"postgresql://holdfast:{PASSWORD}@127.0.0.1:{port}/", "-D", folder,
                    "-X", "stream", "-c", "fast", "--no-sync", *options],
                   check=True, capture_output=True, cwd=server.folder, timeout=harness.PATIENCE * 2,
                   **server.user)


def restore(server: Postgres, backup: pathlib.Path) -> None:
    """The stopped server's data folder is replaced by the backup."""
    shutil.rmtree(server.data)
    os.rename(backup, server.data)


class Standby(Postgres):
    """A streaming standby; its log arrives by way of a link."""

    def __init__(self, primary: Postgres, link: Link, name: str = "standby"):
        self._primary, self._link = primary, link
        super().__init__(primary.folder.parent, primary.settings, name=name)

    def _fill(self) -> None:
        base_backup(self._primary, self.data, self._link.port, "-R")

    def wait_streaming(self) -> None:
        harness.wait_until("the standby streams", lambda: self._primary.sql(
            "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == ["1"])

    def wait_caught_up(self) -> None:
        written = self._primary.sql("SELECT pg_current_wal_lsn()")[0]
        harness.wait_until("the standby has everything", lambda: self.sql(
            f"SELECT pg_last_wal_replay_lsn() >= '{written}'") == ["t"])

    def promote(self) -> None:
        if self.sql("SELECT pg_promote(true, 60)") != ["t"]:
            raise AssertionError("the standby was not promoted:\n" + self.log()[-2000:])


def standby_of(h: harness.Harness, primary: Postgres, link: Link) -> Standby:
    standby = Standby(primary, link)
    h.servers.append(standby)
    standby.start()
    standby.wait_streaming()
    return standby


def both_hosts(primary: Postgres, standby: Postgres) -> str:
    """One URL for the nodes, which look for the primary themselves."""
    return primary.signer_url().replace(f":{primary.port}/",
                                        f":{primary.port},127.0.0.1:{standby.port}/")
