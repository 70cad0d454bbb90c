"""The journal's format, read a second time from docs/JOURNAL.md: it shares no code with Holdfast.

It is strict: whatever the document does not allow is an error, but for a torn tail, which is told.
"""

import dataclasses
import hashlib
import pathlib
import struct

from harness import ROLLUP, Duty

DUTY_TYPES = ["BLOCK_PROPOSAL", "CHECKPOINT_PROPOSAL", "ATTESTATION", "ATTESTATIONS_AND_SIGNERS",
              "GOVERNANCE_VOTE", "SLASHING_VOTE", "AUTH_REQUEST", "TXS"]
BLOCK_HEADER = 24
BLOCK_END = 17


class Damaged(Exception):
    """The journal is not one that a signer may write."""


@dataclasses.dataclass(frozen=True)
class Block:
    """Where a block lies and what it holds."""

    offset: int
    length: int
    sequence: int
    payload: bytes

    @property
    def end(self) -> int:
        return self.offset + self.length


class Cursor:
    """Takes fields off the front of some bytes."""

    def __init__(self, data: bytes):
        self.data, self.at = data, 0

    def take(self, length: int) -> bytes:
        part = self.data[self.at:self.at + length]
        if len(part) != length:
            raise Damaged(f"{length} bytes wanted at {self.at} of {len(self.data)}")
        self.at += length
        return part

    def number(self, form: str) -> int:
        return struct.unpack("<" + form, self.take(struct.calcsize("<" + form)))[0]

    def address(self) -> str:
        return "0x" + self.take(20).hex()

    def text(self) -> str:
        return self.take(self.number("I")).decode()

    def flag(self) -> bool:
        value = self.number("B")
        if value > 1:
            raise Damaged(f"a flag of {value}")
        return value == 1

    def duty_type(self) -> str:
        number = self.number("B")
        if not 1 <= number <= len(DUTY_TYPES):
            raise Damaged(f"duty type {number}")
        return DUTY_TYPES[number - 1]

    def duty(self) -> Duty:
        rollup, validator = self.address(), self.address()
        slot, duty_type, index = self.number("q"), self.duty_type(), self.number("i")
        if rollup != ROLLUP:
            raise Damaged(f"a release for the rollup {rollup}")
        if duty_type != "BLOCK_PROPOSAL":
            if index != -1:
                raise Damaged(f"block index {index} of {duty_type}")
            index = 0
        return Duty(slot, duty_type, index, validator)

    def done(self) -> bool:
        return self.at == len(self.data)


def check_of(*parts: bytes, length: int = 16) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()[:length]


class JournalReader:
    """What a journal's file says. `torn` counts the bytes after its last good block."""

    def __init__(self, content: bytes):
        self.releases: dict[Duty, str] = {}
        self.watermarks: dict[tuple[str, str, str], int] = {}
        self.seen: dict[str, int] = {}
        self.beat = 0
        self.pin: tuple | None = None
        self.quarantine: tuple | None = None
        self.blocks: list[Block] = []
        start = self._read_header(content)
        good = self._read_blocks(content, start)
        self.torn = len(content) - good

    @staticmethod
    def of_file(path: pathlib.Path) -> "JournalReader":
        return JournalReader(path.read_bytes())

    @property
    def sequence(self) -> int:
        return self.blocks[-1].sequence if self.blocks else self.base_sequence

    def _read_header(self, content: bytes) -> int:
        cursor = Cursor(content)
        if cursor.take(4) != b"HFJ1" or cursor.number("I") != 1:
            raise Damaged("not a journal of version 1")
        self.journal_id = cursor.take(16)
        self.base_sequence, self.settled_length = cursor.number("Q"), cursor.number("Q")
        self.node_id = cursor.text()
        expected = check_of(content[:cursor.at])
        if cursor.take(16) != expected:
            raise Damaged("the header's check")
        if not cursor.at <= self.settled_length <= len(content):
            raise Damaged(f"a settled length of {self.settled_length}")
        return cursor.at

    def _read_blocks(self, content: bytes, at: int) -> int:
        while at < len(content):
            block = self._block_at(content, at)
            if block is None:
                if at < self.settled_length:
                    raise Damaged(f"torn at {at}, within the settled length")
                return at
            if block.sequence != self.sequence + 1:
                raise Damaged(f"block {block.sequence} after {self.sequence}")
            self.blocks.append(block)
            self._apply(block.payload)
            at = block.end
        return at

    def _block_at(self, content: bytes, at: int) -> Block | None:
        head = content[at:at + BLOCK_HEADER]
        if len(head) < BLOCK_HEADER:
            return None
        length, sequence = struct.unpack("<IQ", head[4:16])
        if head[16:24] != check_of(self.journal_id, head[4:16], length=8):
            # A killed process leaves a write whole or cut short, and never zeros.
            raise Damaged(f"the header of the block at {at}")
        whole = BLOCK_HEADER + length + BLOCK_END
        if len(content) - at < whole:
            return None
        payload = content[at + BLOCK_HEADER:at + BLOCK_HEADER + length]
        tail = content[at + BLOCK_HEADER + length:at + whole]
        if head[:4] != b"HFJB" or tail != check_of(self.journal_id, head[4:24], payload) + b"J":
            raise Damaged(f"the block at {at}")
        return Block(at, whole, sequence, payload)

    def _apply(self, payload: bytes) -> None:
        if not payload:
            raise Damaged("a block without entries")
        cursor = Cursor(payload)
        while not cursor.done():
            kind = cursor.number("B")
            fields = Cursor(cursor.take(cursor.number("I")))
            self._apply_entry(kind, fields)
            if not fields.done():
                raise Damaged(f"an entry of type {kind} that is too long")

    def _apply_entry(self, kind: int, fields: Cursor) -> None:
        if kind in (1, 2):
            duty, message = fields.duty(), "0x" + fields.take(32).hex()
            if kind == 1:
                self.releases.setdefault(duty, message)
            elif self.releases.get(duty) == message:
                del self.releases[duty]
        elif kind == 3:
            key = (fields.address(), fields.address(), fields.duty_type())
            self.watermarks[key] = max(fields.number("q"), self.watermarks.get(key, -1))
        elif kind == 4:
            self.pin = (fields.text(), fields.text(), fields.text(), fields.number("q"),
                        fields.flag())
        elif kind == 5:
            self.beat = fields.number("q")
            if fields.flag():
                fields.duty()
                fields.take(32)
        elif kind == 6:
            rollup = fields.address()
            self.seen[rollup] = max(fields.number("q"), self.seen.get(rollup, -1))
        elif kind == 7:
            self.quarantine = None
            if fields.flag():
                reason, learning, count = fields.number("B"), fields.flag(), fields.number("I")
                floors = {fields.address(): fields.number("q") for _ in range(count)}
                self.quarantine = (reason, learning, floors)
        else:
            raise Damaged(f"an entry of type {kind}")


def example_of(document: str) -> bytes:
    """The bytes of the example in docs/JOURNAL.md."""
    content = b""
    for line in document.splitlines():
        words = line.split()
        if line.startswith("    ") and words and words[0] == f"{len(content):04x}":
            shown = line[10:10 + 3 * 16].split()
            content += bytes(int(word, 16) for word in shown)
    return content
