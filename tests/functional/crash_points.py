#!/usr/bin/env python3
"""A node is killed or stopped at every step of the sign path and another one takes over.

The stopped node wakes up later and goes on where it was. Never do two contents leave for one duty
(S1, S2), the duty is done in the one request that the other node gets, and what was durable before
the crash is answered by whoever starts again on the same history.
"""

import threading

import harness
from harness import Duty, Harness, NoAnswer, RpcError

STEPS = ["received", "claimed", "signed", "recorded", "journaled", "released"]
# From here on the signature is in the store, so no other message may be signed any more.
DURABLE = {"recorded", "journaled", "released"}
ENVIRONMENT = {"VALIDATOR_HA_SIGNING_TIMEOUT_MS": "700", "VALIDATOR_HA_POLLING_INTERVAL_MS": "50",
               "HOLDFAST_REQUEST_DEADLINE_MS": "30000", "VALIDATOR_HA_REPLAY": "any"}
LATE = {"DutyAlreadySignedError", "SlashingProtectionError", "SigningLockLostError"}


class Pending:
    """A request of its own thread, whose answer may come much later or never."""

    def __init__(self, node: harness.Node, duty: Duty, payload: str):
        self.outcome: str | None = None
        self._thread = threading.Thread(target=self._run, args=(node, duty, payload))
        self._thread.start()

    def _run(self, node: harness.Node, duty: Duty, payload: str) -> None:
        try:
            node.sign(duty, payload)
            self.outcome = "signed"
        except RpcError as error:
            self.outcome = error.name or error.message
        except NoAnswer as error:
            self.outcome = f"no answer: {error}"

    def wait(self) -> str:
        self._thread.join(harness.PATIENCE * 2)
        if self.outcome is None:
            raise AssertionError("the request is still not answered")
        return self.outcome


def outcome_of(node: harness.Node, duty: Duty, payload: str) -> str:
    return Pending(node, duty, payload).wait()


def expect(what: str, outcome: str, allowed: set[str]) -> None:
    if outcome not in allowed:
        raise AssertionError(f"{what}: {outcome}, expected {' or '.join(sorted(allowed))}")


def ask_other_node(step: str, other: harness.Node, duty: Duty, first: str, second: str) -> None:
    """The other node is asked for another message, then for the very same."""
    outcome = outcome_of(other, duty, second)
    expect(f"another message after a crash at {step}", outcome,
           {"SlashingProtectionError"} if step in DURABLE else {"signed"})
    outcome = outcome_of(other, duty, first)
    expect(f"the same message after a crash at {step}", outcome,
           {"signed"} if step in DURABLE else {"SlashingProtectionError"})


def crash_killed(h: Harness, step: str, node: harness.Node, other: harness.Node,
                 duty: Duty) -> None:
    first, second = h.payload(), h.payload()
    node.start({"HOLDFAST_CRASH_AT": f"{step}:kill"})
    pending = Pending(node, duty, first)
    node.process.wait(harness.PATIENCE)
    outcome = pending.wait()
    if step != "released" and outcome == "signed":
        raise AssertionError(f"a signature left before {step}")
    ask_other_node(step, other, duty, first, second)
    # The killed node comes back and knows what its cluster signed meanwhile.
    node.start()
    expect(f"the killed node asked again, {step}", outcome_of(node, duty, first),
           {"signed"} if step in DURABLE else {"SlashingProtectionError"})
    node.kill()


def crash_stopped(h: Harness, step: str, node: harness.Node, other: harness.Node,
                  duty: Duty) -> None:
    first, second = h.payload(), h.payload()
    node.start({"HOLDFAST_CRASH_AT": f"{step}:stop"})
    pending = Pending(node, duty, first)
    harness.wait_until(f"{node.name} stops at {step}", lambda: node.state() == "T")
    ask_other_node(step, other, duty, first, second)
    node.signal(harness.signal.SIGCONT)
    expect(f"the woken node's own request, {step}", pending.wait(),
           {"signed"} if step in DURABLE else LATE)
    node.kill()


def every_step(h: Harness, url: str | None) -> None:
    shared = {} if url else {"data_dir": h.folder / "shared"}
    other = h.node("other", url, environment=ENVIRONMENT, **shared).start()
    slot = 100
    for step in STEPS:
        for crash in (crash_killed, crash_stopped):
            slot += 1
            node = h.node(f"{step}-{slot}", url, environment=ENVIRONMENT,
                          program="holdfast-crashtest", **shared)
            crash(h, step, node, other, Duty(slot))
            h.audit.check()
            print(f"  {crash.__name__.replace('crash_', '')} at {step}: ok", flush=True)


def takes_over_everything(h: Harness, url: str) -> None:
    """A node dies with many duties in its hands; the other one does them all."""
    other = h.node("other", url, environment=ENVIRONMENT).start()
    node = h.node("dies", url, environment=ENVIRONMENT, program="holdfast-crashtest")
    node.start({"HOLDFAST_CRASH_AT": "claimed:stop"})
    pending = [Pending(node, Duty(500 + i), h.payload()) for i in range(20)]
    harness.wait_until("the node stops", lambda: node.state() == "T")
    taken = [Pending(other, Duty(500 + i), h.payload()) for i in range(20)]
    for number, request in enumerate(taken):
        expect(f"duty {number} by the other node", request.wait(), {"signed"})
    node.signal(harness.signal.SIGCONT)
    for request in pending:
        expect("a duty of the woken node", request.wait(), LATE)


if __name__ == "__main__":
    harness.main({
        "sqlite": lambda h: every_step(h, None),
        "postgres": lambda h: every_step(h, h.postgres().signer_url()),
        "takes_over_everything": lambda h: takes_over_everything(h, h.postgres().signer_url()),
    })
