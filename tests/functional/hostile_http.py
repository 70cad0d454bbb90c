#!/usr/bin/env python3
"""Malformed, huge, truncated, slow and hostile HTTP and JSON, and requests that mean nonsense.

Every one is answered with an error or a closed connection; the signer keeps serving others and
never signs anything that it was not rightly asked for.
"""

import contextlib
import json
import pathlib
import socket
import threading
import time

import harness
from harness import ADDRESSES, Duty, Harness, NoAnswer, RpcError

PAYLOAD = "0x" + "ab" * 32


def raw(node: harness.Node, data: bytes, half_close: bool = False) -> bytes:
    """What comes back for these very bytes until the signer closes or answers."""
    host, _, port = node.signing.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=harness.PATIENCE) as connection:
        received = b""
        with contextlib.suppress(ConnectionError, BrokenPipeError):
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
                if b"\r\n\r\n" in received and complete(received):
                    break
        return received


def complete(received: bytes) -> bool:
    head, _, body = received.partition(b"\r\n\r\n")
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return len(body) >= int(line.split(b":")[1])
    return False


def http(body: bytes, headers: str = "", length: int | None = None) -> bytes:
    length = len(body) if length is None else length
    return (f"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {length}\r\n{headers}\r\n").encode() + body


def status_of(reply: bytes) -> int:
    return int(reply.split(b" ", 2)[1]) if reply.startswith(b"HTTP/1.") else 0


def still_well(h: Harness, node: harness.Node, slot: int) -> None:
    node.sign(Duty(slot), h.payload())


def malformed_http(h: Harness) -> None:
    node = h.node("a").start()
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_accounts", "params": []}).encode()
    rows = [
        ("no HTTP", b"\x00\x01\x02\x03 what is this\r\n\r\n"),
        ("a TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x55" * 200),
        ("HTTP/9", b"POST / HTTP/9.9\r\n\r\n"),
        ("negative length", http(b"", length=0).replace(b"Length: 0", b"Length: -5")),
        ("length twice", http(body, f"Content-Length: {len(body) + 7}\r\n")),
        ("length and chunks", http(body, "Transfer-Encoding: chunked\r\n")),
        ("broken chunk", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
        ("huge length", http(b"", length=2**63)),
        ("over the limit", http(b"", length=3_000_000)),
        ("huge header", http(body, "X-Long: " + "a" * 200_000 + "\r\n")),
        ("many headers", http(body, "".join(f"X-{i}: a\r\n" for i in range(20_000)))),
        ("header injection", http(body, "X-A: b\r\n\x00\r\n")),
        ("GET", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("DELETE", b"DELETE / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("another path", http(body).replace(b"POST /", b"POST /../../etc/passwd")),
        ("upgrade", http(body, "Connection: Upgrade\r\nUpgrade: websocket\r\n")),
        ("a proxy's CONNECT", b"CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"),
    ]
    for slot, (what, data) in enumerate(rows, 1):
        reply = raw(node, data)
        answered = status_of(reply)
        allowed_ok = what == "upgrade"
        if answered == 200 and not allowed_ok:
            raise AssertionError(f"{what}: answered with 200: {reply[:300]!r}")
        if answered >= 500 and answered not in (501, 503, 505):
            raise AssertionError(f"{what}: {reply[:300]!r}")
        still_well(h, node, slot)
        print(f"  {what}: {answered or 'closed'}")


def truncated(h: Harness) -> None:
    """A request that ends in the middle is never carried out."""
    node = h.node("a").start()
    duty = Duty(1)
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sign",
               "params": [duty.validator, PAYLOAD, duty.context()]}
    data = http(json.dumps(request).encode())
    for cut in {1, 10, 30, len(data) // 2, len(data) - 2, len(data) - 1}:
        reply = raw(node, data[:cut], half_close=True)
        if status_of(reply) == 200:
            raise AssertionError(f"{cut} of {len(data)} bytes were enough: {reply!r}")
    node.sign(duty, h.payload())


def malformed_json(h: Harness) -> None:
    node = h.node("a").start()
    context = Duty(1).context()
    request = {"jsonrpc": "2.0", "id": 1, "method": "eth_sign",
               "params": [ADDRESSES[0], PAYLOAD, context]}
    good = json.dumps(request)
    rows = [
        ("empty", b""), ("not JSON", b"{"), ("a number", b"17"), ("null", b"null"),
        ("empty batch", b"[]"), ("not UTF-8", good.encode().replace(b"eth_sign", b"eth_\xff\xfe")),
        ("trailing", good.encode() + b"x"), ("two values", good.encode() * 2),
        ("duplicate key", good.replace('"id": 1', '"id": 1, "id": 2').encode()),
        ("duplicate slot", good.replace('"slot": "1"', '"slot": "1", "slot": "2"').encode()),
        ("deep", b"[" * 100_000), ("deep objects", b'{"a":' * 50_000),
        ("NaN", good.replace('"1"', "NaN").encode()),
        ("comment", b"/* */" + good.encode()),
        ("BOM", b"\xef\xbb\xbf" + good.encode()),
        ("no version", good.replace('"2.0"', '"1.0"').encode()),
        ("params is a text", json.dumps({**request, "params": "x"}).encode()),
        ("params is missing", json.dumps({"jsonrpc": "2.0", "id": 1,
                                          "method": "eth_sign"}).encode()),
        ("unknown method", json.dumps({**request, "method": "eth_steal"}).encode()),
        ("method is a number", json.dumps({**request, "method": 7}).encode()),
    ]
    client = node.client()
    for what, body in rows:
        try:
            status, reply = client.post(body)
        except NoAnswer as error:
            print(f"  {what}: {error}")
            continue
        text = reply.decode(errors="replace")
        if '"result"' in text:
            raise AssertionError(f"{what}: {status} {text[:300]}")
        if status >= 500:
            raise AssertionError(f"{what}: {status} {text[:300]}")
    still_well(h, node, 1)


def meaningless_requests(h: Harness) -> None:
    node = h.node("a").start()
    client = node.client()

    def refused(what: str, method: str, *params) -> RpcError:
        try:
            result = client.call(method, *params)
        except RpcError as error:
            if not error.message or error.status >= 500:
                raise AssertionError(f"{what}: {error.status} {error}") from error
            return error
        raise AssertionError(f"{what}: signed {result}")

    good = Duty(1).context()
    stranger = "0x" + "77" * 20
    refused("unknown address", "eth_sign", stranger, PAYLOAD, good)
    for bad in ("0x", "0x12", ADDRESSES[0] + "00", ADDRESSES[0][2:-1] + "g", 7, None, [], {}):
        refused(f"address {bad}", "eth_sign", bad, PAYLOAD, good)
    for bad in ("0x", "0xab", PAYLOAD[:-1], PAYLOAD[:-2], PAYLOAD + "00", "0x" + "zz" * 32, 7,
                None, "0x" + "ab" * 1_000):
        refused(f"hash {str(bad)[:20]}", "eth_sign", ADDRESSES[0], bad, good)
    refused("no context", "eth_sign", ADDRESSES[0], PAYLOAD)
    refused("no parameters", "eth_sign")
    refused("a fourth parameter", "eth_sign", ADDRESSES[0], PAYLOAD, good, good)
    for bad in ("-1", -1, "1.5", 1.5, "0x10", "", " 1", "1e3", 2**63, str(2**63), str(2**64),
                "9" * 500, None, True, [], {}):
        refused(f"slot {str(bad)[:24]}", "eth_sign", ADDRESSES[0], PAYLOAD, {**good, "slot": bad})
    for bad in (-1, "-1", 2**31, "a", 0.5, None):
        refused(f"block index {bad}", "eth_sign", ADDRESSES[0], PAYLOAD,
                {**good, "blockIndexWithinCheckpoint": bad})
    for bad in ("", "block_proposal", "UNKNOWN", "BLOCK_PROPOSAL ", 1, None, "' OR 1=1 --"):
        refused(f"duty type {bad}", "eth_sign", ADDRESSES[0], PAYLOAD, {**good, "dutyType": bad})
    refused("unknown field", "eth_sign", ADDRESSES[0], PAYLOAD, {**good, "slott": "1"})
    refused("no typed data", "eth_signTypedData", ADDRESSES[0], "{}", good)
    refused("not our publisher", "eth_signTransaction", {"from": stranger, "to": stranger,
            "data": "0x", "value": "0x0", "nonce": "0x0", "gas": "0x5208",
            "maxFeePerGas": "0x1", "maxPriorityFeePerGas": "0x1"})
    node.sign(Duty(1), PAYLOAD)


def large_slots(h: Harness) -> None:
    """2^53 and beyond stay exact: neighbours are different duties, on both stores."""
    server = h.postgres()
    for node in (h.node("sqlite").start(), h.node("postgres", server.signer_url()).start()):
        for slot in (2**53 - 1, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1):
            validator = ADDRESSES[0] if node.database_url else ADDRESSES[1]
            duty = Duty(slot, validator=validator)
            node.sign(duty, h.payload())
            try:
                node.sign(duty, h.payload())
                raise AssertionError(f"slot {slot} was signed twice")
            except RpcError as error:
                if error.name != "SlashingProtectionError":
                    raise
    slots = server.sql("SELECT slot FROM validator_duties ORDER BY slot")
    if slots != [str(s) for s in (2**53 - 1, 2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1)]:
        raise AssertionError(f"slots in the database: {slots}")


def slow_and_many(h: Harness) -> None:
    """Two hundred clients that send a byte now and then do not keep others from signing."""
    node = h.node("a", arguments=["--max-connections", "260"]).start()
    host, _, port = node.signing.rpartition(":")
    body = b"{" + b" " * 100
    slow: list[socket.socket] = []
    try:
        for _ in range(200):
            connection = socket.create_connection((host, int(port)), timeout=harness.PATIENCE)
            connection.sendall(http(body, length=1000)[:40])
            slow.append(connection)
        done = threading.Event()

        def drip() -> None:
            while not done.wait(0.2):
                for connection in slow:
                    with contextlib.suppress(OSError):
                        connection.send(b"X")
        thread = threading.Thread(target=drip)
        thread.start()
        try:
            for slot in range(1, 31):
                still_well(h, node, slot)
        finally:
            done.set()
            thread.join()
    finally:
        for connection in slow:
            connection.close()


def connection_flood(h: Harness) -> None:
    """Beyond the limit connections are turned away; memory does not grow; then all is well."""
    node = h.node("a", arguments=["--max-connections", "50"]).start()
    host, _, port = node.signing.rpartition(":")
    idle: list[socket.socket] = []
    try:
        for _ in range(400):
            with contextlib.suppress(OSError):
                idle.append(socket.create_connection((host, int(port)), timeout=5))
    finally:
        for connection in idle:
            connection.close()
    def signs() -> bool:
        with contextlib.suppress(RpcError, NoAnswer):
            node.sign(Duty(int(time.monotonic() * 1000)), h.payload())
            return True
        return False
    harness.wait_until("the signer signs after the flood", signs)
    status = pathlib.Path(f"/proc/{node.process.pid}/status").read_text()
    peak = int(next(x.split()[1] for x in status.splitlines() if x.startswith("VmHWM")))
    if peak > 300_000:
        raise AssertionError(f"the signer used {peak} KiB")


def batches(h: Harness) -> None:
    """A batch is answered in order, each with its own verdict; a huge one is refused."""
    node = h.node("a").start()
    client = node.client()
    same = h.payload()
    requests = [{"jsonrpc": "2.0", "id": i, "method": "eth_sign",
                 "params": [ADDRESSES[0], same if i % 2 else h.payload(), Duty(i // 2).context()]}
                for i in range(2, 42)]
    _, reply = client.post(json.dumps(requests).encode())
    answers = {answer["id"]: answer for answer in json.loads(reply)}
    for i, request in enumerate(requests, 2):
        if "result" in answers[i]:
            h.audit.saw(Duty(i // 2), request["params"][1], answers[i]["result"], "a")
    signed = sum("result" in answer for answer in answers.values())
    if signed != 20 or len(answers) != 40:
        raise AssertionError(f"{signed} of 40 signed, {len(answers)} answered")
    huge = [{"jsonrpc": "2.0", "id": i, "method": "eth_accounts", "params": []}
            for i in range(5000)]
    status, reply = client.post(json.dumps(huge).encode())
    if b'"result"' in reply:
        raise AssertionError(f"a batch of 5,000 was answered: {status} {reply[:100]!r}")


TESTS = {f.__name__: f for f in (malformed_http, truncated, malformed_json, meaningless_requests,
                                 large_slots, slow_and_many, connection_flood, batches)}
if __name__ == "__main__":
    harness.main(TESTS)
