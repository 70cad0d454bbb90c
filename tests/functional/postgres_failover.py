#!/usr/bin/env python3
"""A standby is promoted: with lost commits, and without (S4).

The audit sees every signature; a second content for a duty that the promoted standby has never
heard of fails the test.
"""

import contextlib
import threading

import harness
from crash_points import Pending
from harness import Duty, Harness, NoAnswer, RpcError, wait_until
from histories import (ENVIRONMENT, Nodes, be_synchronous, expect, expect_ends_above,
                       expect_in_quarantine, learn, lost_by, quarantine, ready, wait_timeline)
from replication import Link, both_hosts, standby_of


def async_failover_that_loses_commits(h: Harness) -> None:
    primary = h.postgres()
    link = Link(primary.port)
    standby = standby_of(h, primary, link)
    nodes = Nodes(h, both_hosts(primary, standby))
    a, b, c = nodes.all
    before = nodes.contest(nodes.duties(3))
    # Newest, so that nothing but the timeline tells c of the failover.
    nodes.answer(c, nodes.duties(1)[0])
    standby.wait_caught_up()
    link.cut()
    after = nodes.contest(nodes.duties(5), [a, b])
    expect(len(after) == 10, f"without a standby only {after} were signed")
    primary.kill()
    standby.promote()

    # The control: acknowledged commits are gone, and the audit has seen their signatures.
    expect(not lost_by(standby, before), "duties were lost before the cut")
    lost = lost_by(standby, after)
    expect(len(lost) == len(after), f"the promoted standby lacks only {lost}")

    expect_in_quarantine([a, b], {"lost_commits"})
    expect_in_quarantine([c], {"new_timeline", "lost_commits"})

    def restart() -> None:
        b.kill()
        b.start()
        expect(quarantine(b) is not None, "the quarantine of b ended with its process")
        expect("goes on from an earlier run" in b.log(), "b does not tell that it goes on")

    floor = learn(nodes, nodes.all, lost, restart)
    expect_ends_above(nodes, nodes.all, floor)
    # For ever: what was lost stays refused when the quarantine is over.
    for node in nodes.all:
        nodes.expect_refused(node, lost, {"QuarantineError", "SlashingProtectionError"})
    # A kill again, now after the end: the journal still knows the floors.
    c.kill()
    c.start()
    nodes.expect_refused(c, lost, {"QuarantineError", "SlashingProtectionError"})


class Load:
    """Every node signs new duties, against each other, until it is told to stop."""

    def __init__(self, nodes: Nodes):
        self._nodes, self._stop, self._lock = nodes, threading.Event(), threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(node,))
                         for node in nodes.all * 2]
        for thread in self._threads:
            thread.start()

    def _run(self, node: harness.Node) -> None:
        while not self._stop.is_set():
            with self._lock:
                # Every third duty is new, and the others meet it half done.
                self._nodes.slot += self._nodes.h.random.random() < 0.34
                duty, payload = Duty(max(1, self._nodes.slot)), self._nodes.h.payload()
            with contextlib.suppress(RpcError, NoAnswer):
                node.sign(duty, payload)

    def stop(self) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()


def sync_failover_loses_nothing(h: Harness) -> None:
    """Under load, and once more with commits that wait for a standby that hears nothing."""
    primary = h.postgres()
    link = Link(primary.port)
    standby = standby_of(h, primary, link)
    nodes = Nodes(h, both_hosts(primary, standby))
    be_synchronous(primary, nodes)
    load = Load(nodes)
    try:
        wait_until("duties are signed", lambda: h.audit.signatures > 50)
        link.cut()
        # Nobody acknowledges any more, so after what is under way nothing is released.
        wait_until("commits wait for the standby", lambda: primary.sql(
            "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == ["t"])
        primary.kill()
        released = {Duty(slot) for slot in range(1, nodes.slot + 1)
                    if h.audit.payload_of(Duty(slot))}
        standby.promote()
        missing = lost_by(standby, released)
        expect(not missing, f"released and lost: {missing}")
        expect(len(released) > 10, f"only {len(released)} duties were released")
        for node in nodes.all:
            wait_timeline(node, 2)
            expect(quarantine(node) is None, f"{node.name}: {quarantine(node)}")
        signatures = h.audit.signatures
        wait_until("duties are signed again", lambda: h.audit.signatures > signatures + 50)
    finally:
        load.stop()
    for node in nodes.all:
        nodes.expect_refused(node, sorted(released, key=lambda duty: duty.slot)[-20:],
                             {"SlashingProtectionError"})
        nodes.wait_signs(node)
        expect("Quarantine" not in node.log(), f"{node.name} was in quarantine")


def sync_primary_restarts_alone(h: Harness) -> None:
    """A primary that waited for its standby shows, after a restart, what the standby never got.
    Nobody is given such a signature: not who waits for it, nor who asks again."""
    primary = h.postgres()
    link = Link(primary.port)
    standby = standby_of(h, primary, link)
    url = both_hosts(primary, standby)
    nodes = Nodes(h, url, "b")
    b = nodes.all[0]
    a = h.node("a", url, environment=ENVIRONMENT, program="holdfast-crashtest")
    nodes.all.append(a.start({"HOLDFAST_CRASH_AT": "signed:stop"}))
    be_synchronous(primary, nodes)
    nodes.contest(nodes.duties(1), [b])
    duty, payload, other = nodes.duties(1)[0], h.payload(), h.payload()
    pending = Pending(a, duty, payload)
    wait_until("a has a signature to record", lambda: a.state() == "T")
    link.cut()
    a.signal(harness.signal.SIGCONT)
    wait_until("the record waits for the standby", lambda: primary.sql(
        "SELECT count(*) > 0 FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND "
        "query LIKE 'UPDATE validator_duties%'") == ["t"])
    primary.kill()
    primary.start()
    expect(not lost_by(primary, [duty]), "the control: the primary alone has it")
    outcome = pending.wait()
    expect(outcome != "signed", "a signature that no standby has was released")
    wait_until("the nodes are back", lambda: all(map(ready, nodes.all)))
    nodes.expect_not_signed(nodes.all, duty, payload)
    primary.kill()
    standby.promote()
    expect(lost_by(standby, [duty]) == [duty], "the control: the standby has it after all")
    for node in nodes.all:
        wait_timeline(node, 2)
    # Nobody has seen the first message, so b may sign another one. a would not.
    expect(nodes.answer(b, duty, other) == "signed", "b with the promoted standby")
    h.audit.check()


TESTS = {f.__name__: f for f in (async_failover_that_loses_commits, sync_failover_loses_nothing,
                                 sync_primary_restarts_alone)}
if __name__ == "__main__":
    harness.main(TESTS)
