#!/usr/bin/env python3
"""Ten nodes race for every one of 1,000 duties; each duty gets exactly one signature content (S2).

In half of the rounds all nodes ask for the same message, in the other half every node has one of
its own. The audit of the answers decides, not the database.
"""

import collections
import threading

import harness
from harness import BLOCK, Duty, Harness, NoAnswer, RpcError

NODES, ROUNDS = 10, 1000
TYPES = [BLOCK, "CHECKPOINT_PROPOSAL", "ATTESTATION", "ATTESTATIONS_AND_SIGNERS",
         "GOVERNANCE_VOTE", "SLASHING_VOTE"]
EXPECTED = {"DutyAlreadySignedError", "SlashingProtectionError"}
# A loser asks again every 10 ms instead of 100, so that 1,000 rounds take seconds.
ENVIRONMENT = {"VALIDATOR_HA_POLLING_INTERVAL_MS": "10"}


def duty_of(number: int) -> Duty:
    return Duty(slot=1 + number // 12, duty_type=TYPES[number % 6], index=0,
                validator=harness.ADDRESSES[number // 6 % 2])


def race(h: Harness, nodes: list[harness.Node]) -> None:
    payloads = []
    for number in range(ROUNDS):
        same = h.payload()
        payloads.append([same if number % 2 else h.payload() for _ in nodes])
    barrier = threading.Barrier(len(nodes), timeout=harness.PATIENCE * 2)
    outcomes: list[collections.Counter] = [collections.Counter() for _ in range(ROUNDS)]
    problems: list[str] = []

    def run(position: int) -> None:
        client = nodes[position].client()
        try:
            for number in range(ROUNDS):
                barrier.wait()
                duty = duty_of(number)
                try:
                    client.sign(duty, payloads[number][position])
                    outcomes[number]["signed"] += 1
                except RpcError as error:
                    outcomes[number][error.name] += 1
                except NoAnswer as error:
                    problems.append(f"round {number}: {error}")
        except Exception as error:  # pylint: disable=broad-except
            problems.append(f"node {position}: {error!r}")
            barrier.abort()
        finally:
            client.close()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(nodes))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    total = sum(outcomes, collections.Counter())
    print(f"  {dict(total)}")
    if problems:
        raise AssertionError("\n".join(problems[:10]))
    for number, outcome in enumerate(outcomes):
        if outcome["signed"] < 1:
            raise AssertionError(f"round {number}, {duty_of(number)}: nobody signed: {outcome}")
        if number % 2 == 0 and outcome["signed"] > 1:
            raise AssertionError(f"round {number}: ten messages, {outcome['signed']} signed")
    if not set(total) >= EXPECTED | {"signed"}:
        raise AssertionError(f"the race is no race: {total}")
    h.audit.check()


def start_all(nodes: list[harness.Node]) -> list[harness.Node]:
    for node in nodes:
        node.launch()
    return [node.wait_ready() for node in nodes]


def sqlite(h: Harness) -> None:
    nodes = [h.node(f"n{i}", data_dir=h.folder / "shared", environment=ENVIRONMENT)
             for i in range(NODES)]
    nodes[0].start()  # The first one makes the file.
    race(h, [nodes[0], *start_all(nodes[1:])])


def postgres(h: Harness) -> None:
    server = h.postgres()
    race(h, start_all([h.node(f"n{i}", server.signer_url(), environment=ENVIRONMENT)
                       for i in range(NODES)]))


if __name__ == "__main__":
    harness.main({"sqlite": sqlite, "postgres": postgres})
