#!/usr/bin/env python3
"""PostgreSQL dies, restarts, hangs, refuses connections or writes, or cuts ours.

Meanwhile sign requests are refused (S5) and the signer lives on; afterwards it signs again without
a restart, and what was signed before is still refused for another message: nothing is lost.
"""

import contextlib
import subprocess
import threading

import harness
from harness import Duty, Harness, NoAnswer, RpcError
from postgres import SIGNER_ROLE, Postgres

ENVIRONMENT = {"VALIDATOR_HA_POOL_CONNECTION_TIMEOUT_MS": "1000",
               "HOLDFAST_STATEMENT_TIMEOUT_MS": "1000", "HOLDFAST_REQUEST_DEADLINE_MS": "3000",
               "VALIDATOR_HA_SIGNING_TIMEOUT_MS": "1000", "VALIDATOR_HA_POLLING_INTERVAL_MS": "20"}


class World:
    """A server, two nodes, and duties that were signed before anything happened."""

    def __init__(self, h: Harness, settings: dict[str, str] | None = None):
        self.h = h
        self.server: Postgres = h.postgres(settings)
        self.nodes = [h.node(name, self.server.signer_url(), environment=ENVIRONMENT).start()
                      for name in ("a", "b")]
        self.slot = 0
        self.signed: list[tuple[Duty, str]] = []
        self.attempted: list[tuple[Duty, str]] = []
        for _ in range(10):
            self.sign_one(self.nodes[0])

    def next_duty(self) -> tuple[Duty, str]:
        self.slot += 1
        return Duty(self.slot), self.h.payload()

    def sign_one(self, node: harness.Node) -> None:
        duty, payload = self.next_duty()
        node.sign(duty, payload)
        self.signed.append((duty, payload))

    def expect_refused(self, requests: int = 3) -> None:
        """Requests in the fault get an error that says so, on every node, and no signature."""
        for node in self.nodes:
            for _ in range(requests):
                duty, payload = self.next_duty()
                self.attempted.append((duty, payload))
                try:
                    node.sign(duty, payload)
                except RpcError as error:
                    if not error.message:
                        raise AssertionError("a refusal without a message") from error
                    continue
                raise AssertionError(f"{node.name} signed {duty} without its database")
            if not node.running():
                raise AssertionError(f"{node.name} ended:\n{node.log()[-2000:]}")
            status, body = node.get("/livez")
            if status != 200:
                raise AssertionError(f"/livez of {node.name} in the fault: {status} {body}")

    def not_ready(self, node: harness.Node) -> bool:
        return node.get("/readyz")[0] != 200

    def expect_recovered(self) -> None:
        for node in self.nodes:
            self.wait_for_signature(node)
            harness.wait_until(f"{node.name} says that it is ready",
                               lambda node=node: node.get("/readyz")[0] == 200)
        for duty, payload in self.signed:
            self.expect_remembered(duty)
            if self.h.audit.payload_of(duty) != payload:
                raise AssertionError(f"the audit lost {duty}")
        # What was in doubt in the fault is decided now, one way or the other, and stays so.
        for duty, payload in self.attempted:
            for node, message in ((self.nodes[1], self.h.payload()), (self.nodes[0], payload)):
                with contextlib.suppress(RpcError):
                    node.sign(duty, message)
        self.h.audit.check()

    def wait_for_signature(self, node: harness.Node) -> None:
        def signs() -> bool:
            duty, payload = self.next_duty()
            try:
                node.sign(duty, payload)
            except (RpcError, NoAnswer):
                return False
            return True
        harness.wait_until(f"{node.name} signs again", signs)

    def expect_remembered(self, duty: Duty) -> None:
        for node in self.nodes:
            try:
                node.sign(duty, self.h.payload())
            except RpcError as error:
                if error.name == "SlashingProtectionError":
                    continue
                raise
            raise AssertionError(f"{node.name} signed another message for {duty}")


def killed(h: Harness) -> None:
    world = World(h)
    world.server.kill()
    world.expect_refused()
    if not world.not_ready(world.nodes[0]):
        raise AssertionError("/readyz is 200 without a database")
    world.server.start()
    world.expect_recovered()


def killed_under_load(h: Harness) -> None:
    """The server dies three times while both nodes sign; whatever was answered, stays."""
    world = World(h)
    stop = threading.Event()
    lock = threading.Lock()

    def load(node: harness.Node) -> None:
        client = node.client()
        while not stop.is_set():
            with lock:
                duty, payload = world.next_duty()
            try:
                client.sign(duty, payload)
                with lock:
                    world.signed.append((duty, payload))
            except (RpcError, NoAnswer):
                with lock:
                    world.attempted.append((duty, payload))
        client.close()

    threads = [threading.Thread(target=load, args=(node,)) for node in world.nodes * 3]
    for thread in threads:
        thread.start()
    try:
        for _ in range(3):
            goal = len(world.signed) + 60
            harness.wait_until("duties are signed", lambda goal=goal: len(world.signed) >= goal)
            world.server.kill()
            world.server.start()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    del world.signed[60:-60]
    del world.attempted[:-100]
    world.expect_recovered()


def restarted(h: Harness) -> None:
    world = World(h)
    for _ in range(2):
        world.server.stop()
        world.expect_refused(requests=1)
        world.server.start()
        world.expect_recovered()


def paused(h: Harness) -> None:
    world = World(h)
    world.server.pause()
    try:
        world.expect_refused(requests=2)
    finally:
        world.server.resume()
    world.expect_recovered()


def backends_terminated(h: Harness) -> None:
    """Our connections are cut again and again; every request is answered, most with a yes."""
    world = World(h)
    cut = ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
           "WHERE datname = 'validator_ha' AND pid <> pg_backend_pid()")
    for _ in range(10):
        world.server.sql(cut, "postgres")
        for node in world.nodes:
            world.wait_for_signature(node)
    world.expect_recovered()


def read_only(h: Harness) -> None:
    """What a demoted primary looks like: it answers, and refuses every write."""
    world = World(h)
    server = world.server
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'validator_ha'"
    server.sql("ALTER DATABASE validator_ha SET default_transaction_read_only = on", "postgres")
    server.sql(cut, "postgres")
    world.expect_refused(requests=2)
    server.sql("ALTER DATABASE validator_ha RESET default_transaction_read_only", "postgres")
    server.sql(cut, "postgres")
    world.expect_recovered()


def out_of_connections(h: Harness) -> None:
    """Others take every connection; the nodes have to reconnect and cannot, until they may."""
    world = World(h, {"max_connections": "14", "superuser_reserved_connections": "3"})
    server = world.server
    server.sql("CREATE ROLE hog LOGIN PASSWORD 'hog'", "postgres")
    hogs: list[subprocess.Popen] = []
    try:
        def taken() -> int:
            return int(server.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'hog'",
                                  "postgres")[0])
        def hog() -> None:
            hogs.append(subprocess.Popen(
                [server.bin / "psql", "-X", "-q", "-d",
                 server.url("postgres", user="hog", password="hog"), "-c",
                 "SELECT pg_sleep(600)"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                cwd="/"))
        cut = ("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
               f"WHERE usename = '{SIGNER_ROLE}'")
        def all_taken() -> bool:
            hog()
            server.sql(cut, "postgres")
            return taken() >= 11
        harness.wait_until("all connections are taken", all_taken)
        world.expect_refused(requests=1)
    finally:
        for process in hogs:
            process.kill()
            process.wait()
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                   "WHERE usename = 'hog'", "postgres")
    world.expect_recovered()


TESTS = {f.__name__: f for f in (killed, killed_under_load, restarted, paused,
                                 backends_terminated, read_only, out_of_connections)}
if __name__ == "__main__":
    harness.main(TESTS)
