"""Real signers, real databases and an audit of everything that a signer ever answered.

A test is a function that takes a Harness and is run by `harness.main`, which prints the seed and,
when the test fails, the command that runs it again and the last words of every process.
"""

import argparse
import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import random
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable

import ethereum
from postgres import PASSWORD, SIGNER_ROLE, Postgres

# How long a test waits for what normally takes well under a second: CI may be much slower.
PATIENCE = 60.0
ROLLUP = "0x" + "11" * 20
KEYS = [bytes([0] * 28 + [0x5E, 0xC2, 0, i + 1]) for i in range(8)]
ADDRESSES = [ethereum.address_of_key(key) for key in KEYS]
BLOCK = "BLOCK_PROPOSAL"


def wait_until(what: str, condition: Callable[[], object], seconds: float = PATIENCE):
    """Polls until the condition gives something true, which it returns; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds:.0f} s still not: {what}")
        time.sleep(0.02)


class RpcError(Exception):
    """An error of JSON-RPC: `name` is stable, `fields` is the evidence."""

    def __init__(self, error: dict, status: int):
        self.code = error.get("code")
        self.fields = error.get("data") or {}
        self.name = self.fields.get("name", "")
        self.status = status
        self.message = error.get("message", "")
        super().__init__(f"{self.name or self.code}: {self.message}")


class NoAnswer(Exception):
    """The connection failed or the time ran out: the client knows nothing."""


@dataclasses.dataclass(frozen=True)
class Duty:
    """What a client asks for, without the message."""

    slot: int
    duty_type: str = BLOCK
    index: int = 0
    validator: str = ADDRESSES[0]

    def context(self) -> dict:
        context = {"dutyType": self.duty_type, "slot": str(self.slot)}
        if not self.duty_type.endswith("_VOTE"):
            context["blockNumber"] = str(self.slot)
        if self.duty_type == BLOCK:
            context["blockIndexWithinCheckpoint"] = self.index
        return context


class Audit:
    """Sees every signature that left a signer. It never looks into a database."""

    def __init__(self):
        self._lock = threading.Lock()
        self._signed: dict[Duty, tuple[str, str]] = {}
        self.violations: list[str] = []
        self.signatures = 0

    def saw(self, duty: Duty, payload: str, signature: str, node: str) -> None:
        digest = ethereum.eth_sign_digest(bytes.fromhex(payload[2:]))
        try:
            signer = ethereum.recover(digest, bytes.fromhex(signature[2:]))
        except ValueError as error:
            signer = str(error)
        with self._lock:
            self.signatures += 1
            if signer != duty.validator:
                self.violations.append(f"{node} answered {signature} for {duty}: {signer}")
            other, who = self._signed.setdefault(duty, (payload, node))
            if other != payload:
                self.violations.append(
                    f"DOUBLE SIGN of {duty}: {other} by {who} and {payload} by {node}")

    def payload_of(self, duty: Duty) -> str | None:
        with self._lock:
            signed = self._signed.get(duty)
        return signed[0] if signed else None

    def check(self) -> None:
        if self.violations:
            raise AssertionError("\n".join(self.violations[:20]))


class Client:
    """A keep-alive connection to one signing listener; one thread at a time."""

    def __init__(self, address: str, audit: Audit, node: str, timeout: float = PATIENCE):
        self._address, self._audit, self._node, self._timeout = address, audit, node, timeout
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes) -> tuple[int, bytes]:
        for attempt in (1, 2):
            fresh = self._connection is None
            if fresh:
                host, _, port = self._address.rpartition(":")
                self._connection = http.client.HTTPConnection(host, int(port),
                                                              timeout=self._timeout)
            try:
                self._connection.request("POST", "/", body,
                                         {"Content-Type": "application/json"})
                reply = self._connection.getresponse()
                return reply.status, reply.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                # A kept connection may have been closed in between; nothing was answered on it.
                if fresh or attempt == 2 or isinstance(error, TimeoutError):
                    raise NoAnswer(f"{type(error).__name__}: {error}") from error
        raise NoAnswer("unreachable")

    def call(self, method: str, *params):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        status, text = self.post(json.dumps(body).encode())
        try:
            reply = json.loads(text)
        except ValueError as error:
            raise NoAnswer(f"HTTP {status}: {text[:200]!r}") from error
        if "error" in reply:
            raise RpcError(reply["error"], status)
        return reply["result"]

    def sign(self, duty: Duty, payload: str) -> str:
        signature = self.call("eth_sign", duty.validator, payload, duty.context())
        self._audit.saw(duty, payload, signature, self._node)
        return signature

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None


class Node:
    """One `holdfast signer` process, which may be killed, stopped and started again."""

    def __init__(self, harness: "Harness", name: str, database_url: str | None, *,
                 data_dir: pathlib.Path | None = None, arguments: list[str] | None = None,
                 environment: dict[str, str] | None = None, program: str = "holdfast",
                 keystore: pathlib.Path | None = None):
        self.harness, self.name, self.database_url = harness, name, database_url
        self.keystore = keystore or harness.keystore
        self.data_dir = data_dir or harness.folder / f"data-{name}"
        self.arguments, self.environment = arguments or [], environment or {}
        self.program = program
        self.process: subprocess.Popen | None = None
        self.signing = self.ops = ""
        self.folder = harness.folder / f"node-{name}"
        self.folder.mkdir(exist_ok=True)

    def command(self) -> list[str]:
        command = [str(self.harness.binary(self.program)), "signer", "--node-id", self.name,
                   "--rollup-address", ROLLUP, "--chain-id", "31337", "--keystore",
                   str(self.keystore), "--data-dir", str(self.data_dir),
                   "--listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"]
        return command + self.arguments

    def environment_of_process(self, extra: dict[str, str] | None = None) -> dict[str, str]:
        place = {"VALIDATOR_HA_DATABASE_URL": self.database_url} if self.database_url else {}
        return clean_environment(extra={**self.environment, **(extra or {}), **place})

    def refused(self, *arguments: str) -> str:
        """Runs a signer that must not start (exit code 1); gives what it says."""
        result = subprocess.run([*self.command(), *arguments], capture_output=True, text=True,
                                timeout=PATIENCE, stdin=subprocess.DEVNULL, check=False,
                                env=self.environment_of_process())
        if result.returncode != 1 or result.stdout:
            raise AssertionError(f"{self.name} ended with {result.returncode}, not 1:\n"
                                 f"{result.stdout}{result.stderr[-2000:]}")
        return result.stderr

    def launch(self, extra: dict[str, str] | None = None) -> "Node":
        out = open(self.folder / "stdout", "wb")
        err = open(self.folder / "stderr", "ab")
        with out, err:
            # A signer does not outlive the test, not even one that is killed.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *self.command()],
                                            stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                            env=self.environment_of_process(extra))
        return self

    def wait_ready(self) -> "Node":
        def addresses():
            if self.process.poll() is not None:
                raise AssertionError(f"{self.name} ended with {self.process.returncode}:\n"
                                     + self.log()[-2000:])
            text = (self.folder / "stdout").read_text()
            return re.findall(r"127\.0\.0\.1:\d+", text) if "\n" in text else None
        found = wait_until(f"{self.name} is ready", addresses)
        self.signing, self.ops = found[0], found[1]
        return self

    def start(self, extra: dict[str, str] | None = None) -> "Node":
        return self.launch(extra).wait_ready()

    def log(self) -> str:
        return (self.folder / "stderr").read_text(errors="replace")

    @property
    def journal(self) -> pathlib.Path:
        return self.data_dir / f"journal-{self.name}"

    def client(self, timeout: float = PATIENCE) -> Client:
        return Client(self.signing, self.harness.audit, self.name, timeout)

    def sign(self, duty: Duty, payload: str, timeout: float = PATIENCE) -> str:
        with contextlib.closing(self.client(timeout)) as client:
            return client.sign(duty, payload)

    def get(self, path: str) -> tuple[int, str]:
        """A request to the ops listener."""
        connection = http.client.HTTPConnection(self.ops, timeout=PATIENCE)
        with contextlib.closing(connection):
            connection.request("GET", path)
            reply = connection.getresponse()
            return reply.status, reply.read().decode()

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def state(self) -> str:
        """R, S, T (stopped), Z and so on; empty when it is gone."""
        try:
            stat = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text()
        except OSError:
            return ""
        return stat.rpartition(")")[2].split()[0]

    def kill(self) -> None:
        if self.running():
            self.process.kill()
        self.process.wait()

    def terminate(self) -> int:
        """SIGTERM, and the exit code."""
        if self.running():
            self.process.terminate()
        return self.process.wait(PATIENCE)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


def clean_environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """The environment without whatever would configure a signer or libpq."""
    prefixes = ("VALIDATOR_", "HOLDFAST_", "PG", "KEY_STORE", "DATA_DIRECTORY", "ROLLUP_", "L1_")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(prefixes)}
    return {**kept, **(extra or {})}


class Harness:
    """The folder, the processes, the random numbers and the audit of one test run."""

    def __init__(self, build: pathlib.Path, seed: int):
        self.build, self.seed, self.random = build, seed, random.Random(seed)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="holdfast-test-"))
        self.audit = Audit()
        self.nodes: list[Node] = []
        self.servers: list[Postgres] = []
        self.keystore = self.write_keystore("keystore.json", KEYS)

    def binary(self, name: str) -> pathlib.Path:
        for folder in ("bin", "tests"):
            if (self.build / folder / name).is_file():
                return self.build / folder / name
        raise AssertionError(f"{name} is not built in {self.build}")

    def write_keystore(self, name: str, keys: list[bytes],
                       publisher: bytes | None = None) -> pathlib.Path:
        path = self.folder / name
        more = {"publisher": "0x" + publisher.hex()} if publisher else {}
        validators = [{"attester": "0x" + key.hex(), "feeRecipient": "0x" + "00" * 31 + "01",
                       **more} for key in keys]
        return self.write_secret(path, json.dumps({"schemaVersion": 1, "validators": validators}))

    @staticmethod
    def write_secret(path: pathlib.Path, text: str) -> pathlib.Path:
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(text)
        return path

    def payload(self) -> str:
        return "0x" + self.random.randbytes(32).hex()

    def postgres(self, settings: dict[str, str] | None = None, migrate: bool = True,
                 **options) -> Postgres:
        """With `migrate` nodes connect by signer_url(); url() is the owner's, for the test."""
        server = Postgres(self.folder, settings, **options)
        self.servers.append(server)
        server.start().create_database()
        if migrate:
            self.run("migrate-ha-db", "up", "--database-url", server.url(), check=True)
            self.grant(server)
        return server

    def grant(self, server: Postgres, *options: str) -> None:
        """Makes the signers' role, where it is missing, and gives it its rights."""
        server.sql(f"""DO $$ BEGIN CREATE ROLE "{SIGNER_ROLE}" LOGIN PASSWORD '{PASSWORD}';
                   EXCEPTION WHEN duplicate_object THEN NULL; END $$""")
        self.run("migrate-ha-db", "grant", "--role", SIGNER_ROLE, *(options or ("--prune",)),
                 check=True, environment={"DATABASE_URL": server.url()})

    def node(self, name: str, database_url: str | None = None, **options) -> Node:
        node = Node(self, name, database_url, **options)
        self.nodes.append(node)
        return node

    def run(self, *arguments: str, check: bool = False, program: str = "holdfast",
            environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
        """Runs a command of the program to its end."""
        result = subprocess.run([str(self.binary(program)), *arguments], capture_output=True,
                                text=True, timeout=PATIENCE, stdin=subprocess.DEVNULL,
                                env=clean_environment(environment), check=False)
        if check and result.returncode != 0:
            raise AssertionError(f"{arguments} ended with {result.returncode}:\n{result.stdout}"
                                 f"{result.stderr}")
        return result

    def last_words(self) -> str:
        parts = []
        for node in self.nodes:
            code = node.process.poll() if node.process else "never started"
            parts.append(f"--- {node.name}: {code}\n"
                         + "\n".join(node.log().splitlines()[-6:]) if node.process else "")
        for server in self.servers:
            parts.append("--- PostgreSQL\n" + "\n".join(server.log().splitlines()[-6:]))
        return "\n".join(parts)

    def close(self) -> None:
        for node in self.nodes:
            if node.running():
                node.process.kill()
            if node.process:
                node.process.wait()
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def main(tests: dict[str, Callable[[Harness], None]]) -> None:
    """Runs the named tests, each with a harness of its own; exit code 1 when one fails."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", metavar="TEST", help=", ".join(tests))
    parser.add_argument("--build", type=pathlib.Path, default=pathlib.Path("build/release"))
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32))
    options = parser.parse_args()
    if unknown := set(options.names) - set(tests):
        parser.error(f"no such test: {', '.join(sorted(unknown))}")
    failed = []
    for name in options.names or tests:
        print(f"{name} (seed {options.seed})", flush=True)
        started = time.monotonic()
        harness = Harness(options.build.resolve(), options.seed)
        try:
            tests[name](harness)
            harness.audit.check()
            print(f"  ok, {harness.audit.signatures} signatures audited, "
                  f"{time.monotonic() - started:.1f} s", flush=True)
        except Exception:  # pylint: disable=broad-except
            failed.append(name)
            print(harness.last_words())
            traceback.print_exc(file=sys.stdout)
            print(f"  FAILED after {time.monotonic() - started:.1f} s; again with: python3 "
                  f"{sys.argv[0]} --build {options.build} --seed {options.seed} {name}",
                  flush=True)
        finally:
            harness.close()
    sys.exit(1 if failed else 0)
