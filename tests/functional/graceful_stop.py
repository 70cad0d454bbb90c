#!/usr/bin/env python3
"""SIGTERM and SIGINT: what is in flight is finished or refused, then the signer ends with 0."""

import json
import signal
import threading

import harness
from harness import Duty, Harness, NoAnswer, RpcError


def stop_under_load(h: Harness, number: signal.Signals) -> None:
    server = h.postgres()
    node, other = (h.node(name, server.signer_url()).start() for name in ("a", "b"))
    answered: list[tuple[Duty, str]] = []
    unanswered: list[tuple[Duty, str]] = []
    slots = iter(range(1, 10**9))
    lock = threading.Lock()

    def load() -> None:
        client = node.client()
        while True:
            with lock:
                duty, payload = Duty(next(slots)), h.payload()
            try:
                client.sign(duty, payload)
                answered.append((duty, payload))
            except RpcError:
                unanswered.append((duty, payload))
            except NoAnswer:
                unanswered.append((duty, payload))
                return

    threads = [threading.Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    harness.wait_until("duties are signed", lambda: len(answered) > 100)
    node.signal(number)
    code = node.process.wait(harness.PATIENCE)
    for thread in threads:
        thread.join()
    if code != 0:
        raise AssertionError(f"exit code {code} after {number.name}:\n{node.log()[-2000:]}")
    # Nothing stays half done: no lock of the stopped node is left behind.
    left = server.sql("SELECT count(*) FROM validator_duties WHERE status = 'signing'")
    if left != ["0"]:
        raise AssertionError(f"{left} duties are still being signed after the stop")
    for duty, _ in answered[-30:] + unanswered:
        try:
            other.sign(duty, h.payload())
        except RpcError as error:
            if error.name != "SlashingProtectionError":
                raise
    h.audit.check()
    print(f"  {number.name}: {len(answered)} answered, {len(unanswered)} not")


def idle(h: Harness) -> None:
    node = h.node("a").start()
    if node.terminate() != 0:
        raise AssertionError(f"exit code {node.process.returncode}:\n{node.log()}")


def stops_while_the_database_hangs(h: Harness) -> None:
    """A stop does not wait for ever for a database that does not answer."""
    server = h.postgres()
    node = h.node("a", server.signer_url(), environment={"HOLDFAST_STOP_TIMEOUT_MS": "500"}).start()
    node.sign(Duty(1), h.payload())
    server.pause()
    try:
        pending = threading.Thread(target=lambda: _swallow(node, h.payload()))
        pending.start()
        node.terminate()
        pending.join()
    finally:
        server.resume()


def a_second_signal_ends_at_once(h: Harness) -> None:
    """A database that hangs holds a graceful stop; the operator need not wait for it."""
    server = h.postgres()
    long = "600000"
    node = h.node("a", server.signer_url(), environment={
        "HOLDFAST_STOP_TIMEOUT_MS": long, "HOLDFAST_STATEMENT_TIMEOUT_MS": long,
        "HOLDFAST_REQUEST_DEADLINE_MS": long}).start()
    node.sign(Duty(1), h.payload())
    server.pause()
    try:
        pending = threading.Thread(target=lambda: _swallow(node, h.payload()))
        pending.start()
        harness.wait_until("the request is at work",
                           lambda: json.loads(node.get("/status")[1])["callsInFlight"] == 1)
        node.signal(signal.SIGTERM)
        harness.wait_until("the stop has begun", lambda: "Stopping" in node.log())
        node.signal(signal.SIGTERM)
        code = node.process.wait(harness.PATIENCE)
        pending.join()
    finally:
        server.resume()
    if code != -signal.SIGTERM:
        raise AssertionError(f"exit code {code}:\n{node.log()[-2000:]}")


def _swallow(node: harness.Node, payload: str) -> None:
    try:
        node.sign(Duty(2), payload)
    except (RpcError, NoAnswer):
        pass


if __name__ == "__main__":
    harness.main({
        "idle": idle,
        "sigterm": lambda h: stop_under_load(h, signal.SIGTERM),
        "sigint": lambda h: stop_under_load(h, signal.SIGINT),
        "a_second_signal_ends_at_once": a_second_signal_ends_at_once,
        "stops_while_the_database_hangs": stops_while_the_database_hangs,
    })
