#!/usr/bin/env python3
"""The address leads to the primary of before a failover, or to a replica: not signed with (S4)."""

import harness
from harness import Harness, wait_until
from histories import (ENVIRONMENT, Nodes, be_synchronous, expect, known_to, learn, lost_by, ready,
                       start_refused, wait_timeline)
from replication import Link, both_hosts, standby_of


def old_primary_comes_back(h: Harness) -> None:
    """The address leads to the primary of before the failover: refused by whoever knows better."""
    primary = h.postgres()
    link, front = Link(primary.port), Link(primary.port)
    standby = standby_of(h, primary, link)
    nodes = Nodes(h, front.url(primary), "ab")
    be_synchronous(primary, nodes)
    a, b = nodes.all
    nodes.contest(nodes.duties(2))
    primary.kill()
    standby.promote()
    front.lead_to(standby.port)
    for node in nodes.all:
        wait_timeline(node, 2)
    first = nodes.wait_signs(a)

    primary.start()
    front.lead_to(primary.port)
    text = "timeline 1, and this node has met timeline 2 already"
    for node in nodes.all:
        nodes.wait_not_ready(node, text)
        nodes.expect_wrong_database(node, [first], {"SlashingProtectionError"})
        nodes.expect_wrong_database(node, nodes.duties(1)[:1])
    b.terminate()
    start_refused(b, text)
    expect((first.slot, first.duty_type) not in known_to(primary), "the control: not that history")

    # Both are up and the URL names both: the right one is found.
    b.database_url = both_hosts(primary, standby)
    b.start()
    nodes.wait_signs(b)
    front.lead_to(standby.port)
    wait_until("a is ready again", lambda: ready(a))
    nodes.expect_refused(b, [first], {"SlashingProtectionError"})
    nodes.wait_signs(a)


def old_primary_hangs(h: Harness) -> None:
    """The primary hangs, is taken for dead, and wakes up while a node still has sessions with it:
    nothing is signed through them any more, for others sign with the new one."""
    primary = h.postgres()
    link = Link(primary.port)
    standby = standby_of(h, primary, link)
    many = {**ENVIRONMENT, "VALIDATOR_HA_POOL_MIN": "6", "VALIDATOR_HA_POOL_MAX": "8"}
    nodes = Nodes(h, both_hosts(primary, standby), "a", environment=many)
    a = nodes.all[0]
    nodes.contest(nodes.duties(1))

    def sessions(server) -> int:
        return int(server.sql("SELECT count(*) FROM pg_stat_activity WHERE "
                              "application_name = 'holdfast'")[0])

    wait_until("a has many sessions", lambda: sessions(primary) >= 6)
    link.cut()
    primary.pause()
    try:
        standby.promote()
        wait_timeline(a, 2)
    finally:
        primary.resume()
    b = h.node("b", standby.signer_url(), environment=ENVIRONMENT).start()
    nodes.all.append(b)
    floor = learn(nodes, [a], nodes.duties(1))
    before = known_to(primary)
    nodes.slot = floor
    duties = nodes.contest(nodes.duties(4))
    expect(len(duties) == 8, f"only {duties} were signed")
    expect(not lost_by(standby, duties), "a duty was signed with the old primary")
    expect(known_to(primary) == before, "the old primary was written to")
    wait_until("a has left the old primary", lambda: sessions(primary) == 0)


def read_replica(h: Harness) -> None:
    """The address leads to a standby that is none yet: refused, and it goes on by itself."""
    primary = h.postgres()
    link, front = Link(primary.port), Link(primary.port)
    standby = standby_of(h, primary, link)
    nodes = Nodes(h, front.url(primary), "a")
    a = nodes.all[0]
    nodes.contest(nodes.duties(2))
    front.lead_to(standby.port)
    nodes.wait_not_ready(a, "in recovery (a replica)")
    expect(nodes.answer(a, nodes.duties(1)[0]) != "signed", "a duty was signed with a replica")
    fresh = h.node("b", standby.signer_url())
    start_refused(fresh, "in recovery (a replica)")
    front.lead_to(primary.port)
    nodes.wait_signs(a)
    wait_until("a is ready again", lambda: ready(a))


TESTS = {f.__name__: f for f in (old_primary_comes_back, old_primary_hangs, read_replica)}
if __name__ == "__main__":
    harness.main(TESTS)
