#!/usr/bin/env python3
"""The protection history moves from SQLite to PostgreSQL and back, and protects where it arrives.

Real signers sign before and after; the audit of their answers decides. S2, S3.
"""

import json
import pathlib

import harness
from harness import BLOCK, ROLLUP, Duty, Harness, RpcError

TYPES = [BLOCK, "CHECKPOINT_PROPOSAL", "ATTESTATION", "ATTESTATIONS_AND_SIGNERS",
         "GOVERNANCE_VOTE", "SLASHING_VOTE"]
DUTIES = [Duty(slot=10 + number // 12, duty_type=TYPES[number % 6],
               validator=harness.ADDRESSES[number // 6 % 2]) for number in range(60)]
PRUNED_BELOW = 12


def data_of(text: str) -> list:
    return json.loads(text)["data"]


def expect(result, code: int, words: str = ""):
    if result.returncode != code or words not in result.stderr:
        raise AssertionError(f"exit {result.returncode}, expected {code} and {words!r}:\n"
                             f"{result.stdout}\n{result.stderr}")
    return result


def refuses(node: harness.Node, duty: Duty, payload: str, name: str) -> None:
    try:
        node.sign(duty, payload)
    except RpcError as error:
        if error.name != name:
            raise AssertionError(f"{duty}: {error}, expected {name}") from error
        return
    raise AssertionError(f"{duty} was signed a second time")


def check_protected(h: Harness, node: harness.Node) -> None:
    """Other contents are refused; the same message is answered with the signature that it has."""
    for duty in DUTIES:
        payload = h.audit.payload_of(duty)
        if duty.slot < PRUNED_BELOW:
            refuses(node, duty, payload, "BelowWatermarkError")
        else:
            refuses(node, duty, h.payload(), "SlashingProtectionError")
            node.sign(duty, payload)
    node.sign(Duty(slot=1000), h.payload())


def moves(h: Harness) -> None:
    replay = {"VALIDATOR_HA_REPLAY": "any"}
    source = h.node("n1", environment=replay).start()
    for duty in DUTIES:
        source.sign(duty, h.payload())
    source.terminate()
    at_source = ["--data-dir", str(source.data_dir)]
    h.run("duties", "prune", *at_source, "--rollup-address", ROLLUP, "--before-slot",
          str(PRUNED_BELOW), check=True)
    file = h.folder / "history.json"
    expect(h.run("duties", "export", *at_source, "--output-file", str(file)), 0,
           "36 duties and 12 watermarks")

    server = h.postgres()
    target = ["--database-url", server.url()]
    expect(h.run("duties", "import", "--from", str(file), *target), 0, "a dry run")
    if data_of(h.run("duties", "export", *target, check=True).stdout):
        raise AssertionError("a dry run has changed the database")
    tampered(h, file, target)
    expect(h.run("duties", "import", "--from", str(file), *target, "--apply"), 0,
           "36 duties added, 0 completed, 12 watermarks raised")
    expect(h.run("duties", "import", "--from", str(file), *target, "--apply"), 0,
           "all of it is known here already")

    check_protected(h, h.node("n2", server.url(), environment=replay).start())
    back(h, file, server)


def tampered(h: Harness, file: pathlib.Path, target: list[str]) -> None:
    text = file.read_text()
    wrong = h.folder / "tampered.json"
    for change, words in [
            (text.replace('"slot": "13"', '"slot": "-13"', 1), ".slot: must be a whole number"),
            (text.replace('"pinned"', '"Pinned"').replace('"nodeId"', '"nodeID"', 1),
             'unknown field "nodeID"'),
            (text[:-200], "invalid JSON"),
            (text.replace('Version": "1"', 'Version": "2"', 1), "knows version")]:
        wrong.write_text(change)
        expect(h.run("duties", "import", "--from", str(wrong), *target, "--apply"), 1, words)
    if data_of(h.run("duties", "export", *target, check=True).stdout):
        raise AssertionError("something of a damaged file was imported")


def back(h: Harness, file: pathlib.Path, server) -> None:
    """From PostgreSQL into a new SQLite file; what it held before is in it as it was."""
    for node in h.nodes:
        node.terminate()
    second = h.folder / "second.json"
    h.run("duties", "export", "--database-url", server.url(), "--output-file", str(second),
          check=True)
    metadata = json.loads(second.read_text())["metadata"]
    if not metadata.get("clusterId"):
        raise AssertionError(f"the cluster's id is not in {metadata}")
    fresh = h.folder / "data-n3"
    fresh.mkdir(mode=0o700)
    h.run("duties", "import", "--from", str(second), "--data-dir", str(fresh), "--apply",
          check=True)
    again = data_of(h.run("duties", "export", "--data-dir", str(fresh), check=True).stdout)
    if again != data_of(second.read_text()):
        raise AssertionError("the history changed on its way")
    first = data_of(file.read_text())
    for before, after in zip(first, again):
        if before["watermarks"] != after["watermarks"]:
            raise AssertionError("the watermarks changed on their way")
        for duty in before["signedDuties"]:
            if duty not in after["signedDuties"]:
                raise AssertionError(f"{duty} was lost")
    check_protected_again(h, h.node("n3", environment={"VALIDATOR_HA_REPLAY": "any"},
                                    data_dir=fresh).start())


def check_protected_again(h: Harness, node: harness.Node) -> None:
    for duty in DUTIES + [Duty(slot=1000)]:
        refuses(node, duty, h.payload(), "BelowWatermarkError" if duty.slot < PRUNED_BELOW
                else "SlashingProtectionError")


def conflicts(h: Harness) -> None:
    """Two databases signed different messages for one duty: both are named, nothing is lost."""
    nodes = [h.node(name).start() for name in ("n1", "n2")]
    duty, other = Duty(slot=10), Duty(slot=11)
    nodes[0].sign(duty, h.payload())
    nodes[1].sign(other, h.payload())
    # The audit must not see this one: that two databases sign both is what must not happen.
    wrong = nodes[1].client().call("eth_sign", duty.validator, h.payload(), duty.context())
    for node in nodes:
        node.terminate()
    file = h.folder / "history.json"
    h.run("duties", "export", "--data-dir", str(nodes[1].data_dir), "--output-file", str(file),
          check=True)
    if wrong not in file.read_text():
        raise AssertionError("the signature is not in the file")
    result = expect(h.run("duties", "import", "--from", str(file), "--data-dir",
                          str(nodes[0].data_dir), "--apply"), 1, "made to sign twice")
    for words in ['"n1"', '"n2"', "BLOCK_PROPOSAL slot 10", "1 duties added"]:
        if words not in result.stderr:
            raise AssertionError(f"{words} is not in:\n{result.stderr}")
    nodes[0].start()
    refuses(nodes[0], other, h.payload(), "SlashingProtectionError")


def needs_the_owner(h: Harness) -> None:
    """A role that may sign may export, and is told why it may not import."""
    source = h.node("n1").start()
    source.sign(DUTIES[0], h.payload())
    source.terminate()
    file = h.folder / "history.json"
    h.run("duties", "export", "--data-dir", str(source.data_dir), "--output-file", str(file),
          check=True)
    server = h.postgres()
    server.sql("CREATE ROLE signer LOGIN PASSWORD 'signer'")
    h.run("migrate-ha-db", "grant", "--role", "signer", "--database-url", server.url(), check=True)
    url = server.url(user="signer", password="signer")
    h.run("duties", "export", "--database-url", url, check=True)
    expect(h.run("duties", "import", "--from", str(file), "--database-url", url, "--apply"), 1,
           "must own Holdfast's tables")


if __name__ == "__main__":
    harness.main({"moves": moves, "conflicts": conflicts, "needs_the_owner": needs_the_owner})
