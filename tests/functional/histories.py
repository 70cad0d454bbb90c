"""A few nodes on one database, and what they say about its history (S4): quarantine or refusal."""

import concurrent.futures
import contextlib
import json
import re
from collections.abc import Callable, Iterable

import harness
from harness import Duty, Harness, Node, RpcError, wait_until
from postgres import Postgres

ENVIRONMENT = {"VALIDATOR_HA_POOL_CONNECTION_TIMEOUT_MS": "4000",
               "HOLDFAST_REQUEST_DEADLINE_MS": "6000", "VALIDATOR_HA_SIGNING_TIMEOUT_MS": "2000",
               "VALIDATOR_HA_POLLING_INTERVAL_MS": "20"}
OTHERS_WORD = {"QuarantineError", "SlashingProtectionError"}


def expect(condition: object, what: str) -> None:
    if not condition:
        raise AssertionError(what)


def status(node: Node) -> dict:
    return json.loads(node.get("/status")[1])


def quarantine(node: Node) -> dict | None:
    return status(node)["quarantine"]


def metric(node: Node, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", node.get("/metrics")[1], re.MULTILINE)
    expect(found, f"{node.name} has no metric {name}")
    return float(found[1])


def ready(node: Node) -> bool:
    return node.get("/readyz")[0] == 200


class Nodes:
    """Named nodes of one database, and the duties that they were asked for."""

    def __init__(self, h: Harness, url: str, names: str = "abc", **options):
        self.h, self.slot = h, 0
        options = {"environment": ENVIRONMENT, **options}
        self.all = [h.node(name, url, **options) for name in names]
        for node in self.all:
            node.launch()
        for node in self.all:
            node.wait_ready()

    def duties(self, slots: int) -> list[Duty]:
        """New ones: a proposal and an attestation of each slot."""
        first, self.slot = self.slot + 1, self.slot + slots
        return [Duty(slot, kind) for slot in range(first, self.slot + 1)
                for kind in (harness.BLOCK, "ATTESTATION")]

    def contest(self, duties: Iterable[Duty], nodes: list[Node] | None = None) -> list[Duty]:
        """All are asked for every duty at once, each with a payload of its own. Returns the duties
        of which a signature was released."""
        duties = list(duties)
        work = [(node, duty, self.h.payload()) for duty in duties for node in nodes or self.all]

        def ask(one: tuple[Node, Duty, str]) -> None:
            node, duty, payload = one
            with contextlib.suppress(RpcError):
                node.sign(duty, payload)

        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(ask, work))
        self.h.audit.check()
        return [duty for duty in duties if self.h.audit.payload_of(duty)]

    def answer(self, node: Node, duty: Duty, payload: str | None = None) -> str:
        """The name of the error, or "signed"."""
        try:
            node.sign(duty, payload or self.h.payload())
        except RpcError as error:
            return error.name or error.message
        return "signed"

    def expect_refused(self, node: Node, duties: Iterable[Duty], allowed: set[str]) -> None:
        for duty in duties:
            answer = self.answer(node, duty)
            expect(answer in allowed, f"{node.name} for another message of {duty}: {answer}")

    def expect_wrong_database(self, node: Node, duties: Iterable[Duty],
                              allowed: Iterable[str] = ()) -> None:
        """WrongDatabaseError, or another of the allowed. A request on a session that is ended just
        now is UnavailableError, and asks again."""
        for duty in duties:
            def answer(duty: Duty = duty) -> str | None:
                given = self.answer(node, duty)
                return None if given == "UnavailableError" else given
            given = wait_until(f"{node.name} answers for {duty}", answer)
            expect(given in {"WrongDatabaseError", *allowed},
                   f"{node.name} for another message of {duty}: {given}")

    def expect_not_signed(self, nodes: list[Node], duty: Duty, payload: str) -> None:
        for node in nodes:
            answer = self.answer(node, duty, payload)
            expect(answer != "signed", f"{node.name} signed {duty}")

    def wait_signs(self, node: Node) -> Duty:
        """Asks for new duties until one is signed."""
        duty = Duty(0)

        def signs() -> bool:
            nonlocal duty
            self.slot += 1
            duty = Duty(self.slot)
            return self.answer(node, duty) == "signed"
        wait_until(f"{node.name} signs", signs)
        return duty

    def wait_not_ready(self, node: Node, text: str) -> None:
        wait_until(f"{node.name} says: {text}", lambda: not ready(node)
                   and text in node.get("/status")[1])


def expect_in_quarantine(nodes: list[Node], reasons: set[str]) -> None:
    """On /status, in /metrics and in the log."""
    for node in nodes:
        found = wait_until(f"{node.name} is in quarantine", lambda node=node: quarantine(node))
        expect(found["reason"] in reasons, f"{node.name}: {found}")
        expect(metric(node, "holdfast_quarantine_active") == 1, f"the metric of {node.name}")
        expect("Quarantine" in node.log() and found["reason"] in node.log(),
               f"the log of {node.name} does not tell the quarantine")


def learn(nodes: Nodes, members: list[Node], lost: list[Duty],
          meanwhile: Callable[[], None] | None = None) -> int:
    """Asks the members again and again for other messages of the lost duties until each knows how
    far the others had come, and once more. Returns the highest floor."""
    pending = {node.name: node for node in members}
    rounds = 0

    def all_learned() -> bool:
        nonlocal rounds
        for node in list(pending.values()):
            nodes.expect_refused(node, lost, OTHERS_WORD)
            found = quarantine(node)
            expect(found is not None, f"the quarantine of {node.name} ended below its floor")
            if not found["learning"]:
                del pending[node.name]
        rounds += 1
        if rounds == 2 and meanwhile:
            meanwhile()
        return not pending

    wait_until("every quarantine has learned", all_learned)
    floors = []
    for node in members:
        nodes.expect_refused(node, lost, OTHERS_WORD)
        floors += [int(floor["slot"]) for floor in quarantine(node)["floors"]]
    expect(min(floors) > max(duty.slot for duty in lost), f"floors {floors}")
    return max(floors)


def expect_ends_above(nodes: Nodes, members: list[Node], floor: int) -> None:
    """Every member signs above the floor, and so its quarantine has ended."""
    nodes.slot = max(nodes.slot, floor)
    for node in members:
        nodes.slot += 1
        answer = nodes.answer(node, Duty(nodes.slot))
        expect(answer == "signed", f"{node.name} above the floor: {answer}")
        expect(quarantine(node) is None, f"{node.name} is still in quarantine")
        expect(metric(node, "holdfast_quarantine_active") == 0, f"the metric of {node.name}")
    nodes.h.audit.check()


def known_to(server: Postgres) -> set[tuple[int, str]]:
    """Slot and type of every duty that the database knows as signed."""
    rows = server.sql("SELECT slot, duty_type FROM validator_duties WHERE signature IS NOT NULL "
                      "UNION SELECT slot, duty_type FROM holdfast_ledger "
                      "WHERE signature IS NOT NULL")
    return {(int(slot), kind) for slot, kind in (row.split("|") for row in rows)}


def lost_by(server: Postgres, duties: Iterable[Duty]) -> list[Duty]:
    known = known_to(server)
    return [duty for duty in duties if (duty.slot, duty.duty_type) not in known]


def start_refused(node: Node, *texts: str) -> None:
    """A start of the stopped node ends with exit code 1 and says why."""
    before = len(node.log()) if node.process else 0
    code = node.launch().process.wait(harness.PATIENCE)
    said = node.log()[before:]
    expect(code == 1, f"{node.name} ended with {code}: {said}")
    for text in texts:
        expect(text in said, f"{node.name} does not say {text!r}: {said}")


def wait_timeline(node: Node, timeline: int) -> None:
    wait_until(f"{node.name} has met timeline {timeline}",
               lambda: status(node)["cluster"]["timeline"] == timeline)


def be_synchronous(primary: Postgres, nodes: Nodes) -> None:
    """The primary waits for its standby, and every node has seen that it does."""
    primary.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
    primary.sql("SELECT pg_reload_conf()")
    for node in nodes.all:
        wait_until(f"{node.name} knows that replication is synchronous",
                   lambda node=node: status(node)["cluster"]["synchronous"])
