#!/usr/bin/env python3
"""`holdfast demo`: the cluster of the README, with a node killed in mid-slot, on both databases."""

import json
import pathlib
import signal
import subprocess
import tempfile

import harness
from harness import Harness

ALL_TYPES = {"BLOCK_PROPOSAL", "CHECKPOINT_PROPOSAL", "ATTESTATION", "ATTESTATIONS_AND_SIGNERS",
             "GOVERNANCE_VOTE", "SLASHING_VOTE", "AUTH_REQUEST", "TXS"}


def leftovers() -> set[str]:
    return {path.name for path in pathlib.Path(tempfile.gettempdir()).glob("holdfast-demo-*")}


def check_audit(output: str, nodes: int, slots: int) -> None:
    rows = {row["duty_type"]: row for row in json.loads(output)}
    if set(rows) != ALL_TYPES | {"TOTAL"}:
        raise AssertionError(f"the audit has the rows {sorted(rows)}")
    total = rows["TOTAL"]
    # Three blocks and three attestations in a slot, one of every other type.
    if total["due"] != 12 * slots:
        raise AssertionError(f"{total['due']} duties were due in {slots} slots")
    if total["signed"] + total["missed"] != total["due"] or total["double_signed"] != 0:
        raise AssertionError(f"the audit does not add up: {total}")
    # Only what was on its way to the killed node can be lost: the third block of one slot, whose
    # signature another node cannot give, for it builds another block.
    if total["missed"] > 1:
        raise AssertionError(f"{total['missed']} duties were missed:\n{output}")
    if sum(total[f"node-{number}"] for number in range(1, nodes + 1)) != total["signed"]:
        raise AssertionError(f"not every signature has a node: {total}")


def plays(h: Harness, database_url: str | None) -> None:
    before = leftovers()
    flags = ["--database-url", database_url] if database_url else []
    done = h.run("demo", "--nodes", "3", "--slots", "4", "--slot-ms", "800", "--output", "json",
                 *flags)
    if done.returncode != 0:
        raise AssertionError(f"exit code {done.returncode}:\n{done.stdout}{done.stderr}")
    check_audit(done.stdout, 3, 4)
    for word in ("kill -9 node-1", "node-1 is started again"):
        if word not in done.stderr:
            raise AssertionError(f"the demo does not say '{word}':\n{done.stderr}")
    if leftovers() - before:
        raise AssertionError(f"the demo leaves behind {leftovers() - before}")


def plays_again(h: Harness) -> None:
    """The database knows the nodes of the first run, and their journals are gone."""
    url = h.postgres().signer_url()
    plays(h, url)
    plays(h, url)


def says_what_is_wrong(h: Harness) -> None:
    for words, expected in ((["--nodes", "1"], "--nodes"), (["--slots", "many"], "--slots"),
                            (["--keep", "/"], "--keep"), (["--nonsense"], "--nonsense")):
        done = h.run("demo", *words)
        if done.returncode != 2 or expected not in done.stderr:
            raise AssertionError(f"{words}: exit code {done.returncode}:\n{done.stderr}")


def names_a_database_that_is_down(h: Harness) -> None:
    done = h.run("demo", "--database-url", "postgresql://nobody:hunter2@127.0.0.1:1/nothing")
    if done.returncode != 1 or "127.0.0.1:1" not in done.stderr:
        raise AssertionError(f"exit code {done.returncode}:\n{done.stderr}")
    if "hunter2" in done.stdout + done.stderr:
        raise AssertionError("the password is shown")


def stops_when_asked(h: Harness) -> None:
    """Ctrl-C ends the slot, prints the audit of what was played, and leaves no process behind."""
    demo = subprocess.Popen([str(h.binary("holdfast")), "demo", "--slots", "1000"],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert demo.stdout is not None
    for line in demo.stdout:
        if line.startswith("slot 100:"):
            break
    children = pathlib.Path(f"/proc/{demo.pid}/task/{demo.pid}/children").read_text().split()
    if len(children) != 3:
        raise AssertionError(f"{len(children)} signers run, not three")
    demo.send_signal(signal.SIGINT)
    rest, _ = demo.communicate(timeout=harness.PATIENCE)
    if demo.returncode != 0 or "double-signed" not in rest:
        raise AssertionError(f"exit code {demo.returncode}:\n{rest}")
    left = [pid for pid in children if pathlib.Path(f"/proc/{pid}").exists()]
    if left:
        raise AssertionError(f"signers still run: {left}")


if __name__ == "__main__":
    harness.main({
        "sqlite": lambda h: plays(h, None),
        "postgres": plays_again,
        "says_what_is_wrong": says_what_is_wrong,
        "names_a_database_that_is_down": names_a_database_that_is_down,
        "stops_when_asked": stops_when_asked,
    })
