#!/usr/bin/env python3
"""kill -9, a full disk and failing syncs: no signature leaves that the journal does not have (S8).

The journal is read back with journal_reader.py, which knows the format from its document only, and
is compared with everything that the signers ever answered.
"""

import os
import pathlib
import resource
import threading

import harness
from harness import Duty, Harness, Node, NoAnswer, RpcError
from journal_reader import JournalReader

STEPS = ["received", "claimed", "signed", "recorded", "journaled", "released"]
ENVIRONMENT = {"VALIDATOR_HA_SIGNING_TIMEOUT_MS": "700", "VALIDATOR_HA_POLLING_INTERVAL_MS": "50",
               "HOLDFAST_REQUEST_DEADLINE_MS": "5000"}
NO_SPACE = 28  # ENOSPC


def expect(condition: object, what: str) -> None:
    if not condition:
        raise AssertionError(what)


class Answers:
    """What one node was asked and what became of it."""

    def __init__(self, h: Harness, node: Node):
        self.h, self.node = h, node
        self.signed: dict[Duty, str] = {}
        self.failed: list[tuple[Duty, str]] = []
        self.errors: list[RpcError] = []
        self._lock = threading.Lock()
        self._next = 0

    def next_duty(self) -> tuple[Duty, str]:
        with self._lock:
            self._next += 1
            return Duty(self._next, index=self._next % 3), self.h.payload()

    def ask(self, client: harness.Client | Node) -> bool:
        """One request for a new duty; whether a signature came."""
        duty, payload = self.next_duty()
        try:
            client.sign(duty, payload)
        except (RpcError, NoAnswer) as error:
            with self._lock:
                self.failed.append((duty, payload))
                if isinstance(error, RpcError):
                    self.errors.append(error)
            return False
        with self._lock:
            self.signed[duty] = payload
        return True

    def check_journal(self) -> JournalReader:
        """Whatever was released is in the file, as it is now."""
        journal = JournalReader.of_file(self.node.journal)
        missing = {duty: payload for duty, payload in self.signed.items()
                   if journal.releases.get(duty) != payload}
        expect(not missing, f"released and not in the journal: {list(missing.items())[:5]}")
        return journal

    def check_refusals(self, count: int = 20) -> None:
        """Another message for what was signed, and for what may have been."""
        for duty, payload in list(self.signed.items())[-count:]:
            try:
                self.node.sign(duty, self.h.payload())
            except RpcError as error:
                expect(error.name == "SlashingProtectionError", f"{duty}: {error}")
            else:
                raise AssertionError(f"another message than {payload} was signed for {duty}")
        for duty, payload in self.failed[-count:]:
            for message in (self.h.payload(), payload):
                try:
                    self.node.sign(duty, message)
                except RpcError:
                    continue
                self.signed.setdefault(duty, message)


class Load:
    """Clients that ask one node for new duties until it is gone or they are told to stop."""

    def __init__(self, answers: Answers, clients: int = 6):
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(answers,))
                         for _ in range(clients)]
        for thread in self._threads:
            thread.start()

    def _run(self, answers: Answers) -> None:
        client = answers.node.client()
        while not self._stop.is_set() and answers.node.running():
            answers.ask(client)
        client.close()

    def __enter__(self) -> "Load":
        return self

    def __exit__(self, *_exc) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def killed_at_random(h: Harness, url: str | None, kills: int) -> None:
    node = h.node("n", url, environment=ENVIRONMENT)
    answers = Answers(h, node)
    for _ in range(kills):
        node.start()
        target = len(answers.signed) + h.random.randint(1, 120)
        with Load(answers):
            harness.wait_until("some are signed", lambda: len(answers.signed) >= target)
            node.kill()
        answers.check_journal()
    node.start()
    answers.check_refusals()
    journal = answers.check_journal()
    print(f"  {len(answers.signed)} signatures, {len(journal.releases)} releases in "
          f"{len(journal.blocks)} blocks, {kills} kills", flush=True)


def killed_at_each_step(h: Harness, url: str | None) -> None:
    node = h.node("n", url, environment=ENVIRONMENT, program="holdfast-crashtest")
    answers = Answers(h, node)
    for step in STEPS:
        before = len(answers.failed)
        node.start({"HOLDFAST_CRASH_AT": f"{step}:kill"})
        with Load(answers, clients=3):
            node.process.wait(harness.PATIENCE)
        journal = answers.check_journal()
        remembered = [d for d, payload in answers.failed[before:]
                      if journal.releases.get(d) == payload]
        if step in ("journaled", "released"):
            expect(remembered, f"the journal has nothing after a crash at {step}")
        if step in ("received", "claimed", "signed"):
            expect(not remembered, f"released at {step}: {remembered}")
        node.start()
        answers.check_refusals()
        node.terminate()
        answers.check_journal()


class FaultyNode(Node):
    """A signer under libfiu: faults(...) switches what fails while it runs."""

    LIBRARIES = [pathlib.Path("/usr/lib/fiu") / name
                 for name in ("fiu_run_preload.so", "fiu_posix_preload.so")]

    def command(self) -> list[str]:
        for library in self.LIBRARIES:
            expect(library.is_file(), f"{library} is missing: ./scripts/install.sh test")
        preload = " ".join(str(library) for library in self.LIBRARIES)
        return ["env", f"LD_PRELOAD={preload}", f"FIU_CTRL_FIFO={self.folder}/fiu",
                *super().command()]

    def faults(self, command: str) -> None:
        """One line to libfiu's remote control, and its answer."""
        control = f"{self.folder}/fiu-{self.process.pid}"
        harness.wait_until("libfiu listens", lambda: os.path.exists(control + ".out"))
        with open(control + ".in", "w") as pipe:
            pipe.write(command + "\n")
        with open(control + ".out") as pipe:
            expect(pipe.read().strip() == "0", f"libfiu refused {command}")


def expect_recovered(answers: Answers) -> None:
    """It signs again without a restart, and knows what it may have released."""
    node = answers.node
    harness.wait_until("it signs again", lambda: answers.ask(node))
    answers.check_refusals()
    for _ in range(10):
        expect(answers.ask(node), f"not signed: {answers.errors[-1:]}")
    node.kill()
    answers.check_journal()
    node.start()
    answers.check_refusals()
    node.kill()
    answers.check_journal()


def expect_reasons(answers: Answers, *words: str) -> None:
    expect(answers.errors, "nothing was refused")
    for error in answers.errors:
        named = str(answers.node.journal) in error.message
        expect(named and any(word in error.message for word in words),
               f"a refusal that does not say why: {error.name} {error.fields} {error.message}")
    print(f"  {len(answers.errors)} refusals: {answers.errors[0]}", flush=True)


def failing_syncs(h: Harness) -> None:
    """A fifth of all syncs fail under load; PostgreSQL is the store, so they are the journal's."""
    node = FaultyNode(h, "n", h.postgres().signer_url(), environment=ENVIRONMENT)
    h.nodes.append(node)
    answers = Answers(h, node)
    for _ in range(2):
        node.start()
        harness.wait_until("it signs", lambda: answers.ask(node))
        answers.errors.clear()
        node.faults("enable_random name=posix/io/sync/*,probability=0.2,failinfo=5")
        before, refused = len(answers.signed), len(answers.failed)
        with Load(answers):
            harness.wait_until("there are answers of both kinds", lambda before=before: (
                len(answers.signed) > before + 100 and len(answers.errors) > 5))
            node.kill()
        expect(len(answers.failed) > refused, "nothing failed")
        answers.check_journal()
    node.start()
    node.faults("enable name=posix/io/sync/*,failinfo=5")
    answers.errors.clear()
    signed = len(answers.signed)
    for _ in range(5):
        expect(not answers.ask(node), "signed while no sync succeeds")
    expect(len(answers.signed) == signed, "signed while no sync succeeds")
    expect_reasons(answers, "I/O error")
    node.faults("disable name=posix/io/sync/*")
    expect_recovered(answers)


def failing_writes(h: Harness) -> None:
    """The disk is full, says every write."""
    node = FaultyNode(h, "n", h.postgres().signer_url(), environment=ENVIRONMENT)
    h.nodes.append(node)
    answers = Answers(h, node.start())
    for _ in range(5):
        expect(answers.ask(node), "not signed")
    node.faults(f"enable name=posix/io/rw/pwrite,failinfo={NO_SPACE}")
    for _ in range(5):
        expect(not answers.ask(node), "signed on a full disk")
    expect_reasons(answers, "the disk is full")
    answers.check_journal()
    node.faults("disable name=posix/io/rw/pwrite")
    expect_recovered(answers)


class SmallFileNode(Node):
    """A signer that does not die of SIGXFSZ: a write beyond the limit is cut short and then fails,
    as it does on a disk that is full."""

    def command(self) -> list[str]:
        return ["env", "--ignore-signal=XFSZ", *super().command()]

    def limit(self, size: int) -> None:
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.process.pid, resource.RLIMIT_FSIZE, (size, hard))


def no_room(h: Harness) -> None:
    """The journal grows to a limit, in the middle of a block; later there is room again."""
    node = SmallFileNode(h, "n", h.postgres().signer_url(), environment=ENVIRONMENT)
    h.nodes.append(node)
    answers = Answers(h, node.start())
    for _ in range(5):
        expect(answers.ask(node), "not signed")
    for _ in range(3):
        answers.errors.clear()
        node.limit(node.journal.stat().st_size + h.random.randint(1, 2000))
        with Load(answers, clients=3):
            harness.wait_until("there is no room", lambda: len(answers.errors) >= 5)
        expect_reasons(answers, "the limit on the size of files is reached")
        expect(node.running(), "the signer ended")
        expect(answers.check_journal().torn == 0, "a part of a block was left")
        node.limit(resource.RLIM_INFINITY)
        harness.wait_until("it signs again", lambda: answers.ask(node))
    expect_recovered(answers)


TESTS = {
    "killed_at_random_sqlite": lambda h: killed_at_random(h, None, 8),
    "killed_at_random_postgres": lambda h: killed_at_random(h, h.postgres().signer_url(), 6),
    "killed_at_each_step_sqlite": lambda h: killed_at_each_step(h, None),
    "killed_at_each_step_postgres": lambda h: killed_at_each_step(h, h.postgres().signer_url()),
    "failing_syncs": failing_syncs,
    "failing_writes": failing_writes,
    "no_room": no_room,
}
if __name__ == "__main__":
    harness.main(TESTS)
