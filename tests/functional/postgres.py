"""A throw-away PostgreSQL server with everything that makes it durable left on.

As a program it prints the URL of a new, empty database and serves it until its stdin ends.
"""

import atexit
import os
import pathlib
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

DEADLINE = 90.0
PASSWORD = "pw-" + secrets.token_hex(8)
# Upper case and a dash: a name that has to be quoted.
SIGNER_ROLE = "Signer-role"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def binaries() -> pathlib.Path:
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/postgres"),
                   key=lambda p: int(p.parts[-3]))
    if not found:
        raise RuntimeError("no PostgreSQL server; ./scripts/install.sh test installs it")
    return found[-1].parent


class Postgres:
    """One server in a folder of its own, reached by password over TCP on a free port."""

    _template: pathlib.Path | None = None

    def __init__(self, folder: pathlib.Path, settings: dict[str, str] | None = None, *,
                 name: str = "postgres", own_identity: bool = False):
        """Servers of one process have one system identifier, unless one asks for its own."""
        self.folder = folder / name
        self.data = self.folder / "data"
        self.bin = binaries()
        self.settings = {"max_connections": "200", "shared_buffers": "32MB",
                         "listen_addresses": "127.0.0.1", **(settings or {})}
        self.port = 0
        self.process: subprocess.Popen | None = None
        self.folder.mkdir(parents=True)
        # PostgreSQL refuses to run as root, so root hands the folder to the user that it has.
        self.user = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            os.chown(self.folder, entry.pw_uid, entry.pw_gid)
            for parent in [self.folder, *self.folder.parents]:
                if not os.stat(parent).st_mode & 0o001:
                    os.chmod(parent, os.stat(parent).st_mode | 0o011)
                if parent == folder:
                    break
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
        if own_identity:
            self._initdb(self.data)
        else:
            self._fill()

    def _fill(self) -> None:
        """Copies the data folder that the first server of this process made with initdb."""
        if Postgres._template is None:
            template = self.folder / "template"
            self._initdb(template)
            kept = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-initdb-"))
            atexit.register(shutil.rmtree, kept, ignore_errors=True)
            Postgres._template = template.rename(kept / "template")
        subprocess.run(["cp", "-a", Postgres._template, self.data], check=True)

    def _initdb(self, data: pathlib.Path) -> None:
        password_file = self.folder / "password"
        password_file.write_text(PASSWORD)
        if self.user:
            os.chown(password_file, self.user["user"], self.user["group"])
        subprocess.run([self.bin / "initdb", "-D", data, "-U", "holdfast", "-A", "scram-sha-256",
                        "--pwfile", password_file, "-E", "UTF8", "--locale=C", "--no-sync"],
                       check=True, capture_output=True, cwd=self.folder, **self.user)

    def url(self, database: str = "validator_ha", user: str = "holdfast",
            password: str = PASSWORD) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def signer_url(self, database: str = "validator_ha") -> str:
        """As the role that Harness.postgres() grants a signer's rights to, and no more."""
        return self.url(database, user=SIGNER_ROLE, password=PASSWORD)

    def start(self) -> "Postgres":
        """Starts the server, on the same port each time, and waits until it answers."""
        for _ in range(5):
            port = self.port or free_port()
            self._launch(port)
            if self._answers(port):
                self.port = port
                return self
            self.kill()
        raise RuntimeError("PostgreSQL does not start:\n" + self.log()[-2000:])

    def _launch(self, port: int) -> None:
        options = [f"-c{name}={value}" for name, value in self.settings.items()]
        with open(self.folder / "log", "ab") as log:
            # The server does not outlive the test, not even one that is killed.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "QUIT", self.bin / "postgres", "-D", self.data,
                 f"-cport={port}", f"-cunix_socket_directories={self.folder}", *options],
                stdout=log, stderr=log, cwd=self.folder, start_new_session=True, **self.user)

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + DEADLINE
        while time.monotonic() < deadline and self.process.poll() is None:
            ready = subprocess.run([self.bin / "pg_isready", "-q", "-h", "127.0.0.1", "-p",
                                    str(port)], check=False)
            if ready.returncode == 0:
                return True
            time.sleep(0.1)
        return False

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def try_sql(self, text: str, database: str = "validator_ha") -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.bin / "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d",
             self.url(database), "-c", text],
            capture_output=True, text=True, check=False, timeout=DEADLINE, cwd="/",
            env={**os.environ, "PGCONNECT_TIMEOUT": "30"})

    def sql(self, text: str, database: str = "validator_ha") -> list[str]:
        """The rows of a statement, columns separated by |. Fails loudly."""
        result = self.try_sql(text, database)
        if result.returncode != 0:
            raise RuntimeError(f"{text}\n{result.stderr}")
        return result.stdout.splitlines()

    def create_database(self, name: str = "validator_ha") -> str:
        self.sql(f'CREATE DATABASE "{name}"', "postgres")
        return self.url(name)

    def processes(self) -> list[int]:
        """The server's process and all its children."""
        found = [self.process.pid]
        for entry in pathlib.Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    stat = (entry / "stat").read_text()
                except OSError:
                    continue
                if int(stat.rpartition(")")[2].split()[1]) == self.process.pid:
                    found.append(int(entry.name))
        return found

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def pause(self) -> None:
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal_all(signal.SIGCONT)

    def kill(self) -> None:
        """Like a power cut for the server: kill -9 of all its processes."""
        if self.process and self.process.poll() is None:
            self._signal_all(signal.SIGKILL)
            self.process.wait()

    def stop(self) -> None:
        """Immediate shutdown; without an answer the processes are killed."""
        if self.process and self.process.poll() is None:
            self.resume()
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()

    def __enter__(self) -> "Postgres":
        return self

    def __exit__(self, *_exc) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def serve() -> None:
    folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-postgres-"))
    try:
        with Postgres(folder) as server:
            print(server.start().create_database(), flush=True)
            sys.stdin.read()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    serve()
