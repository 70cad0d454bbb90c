"""Keccak-256 and secp256k1 recovery in plain Python: a second opinion on what Holdfast signs.

Nothing here shares code with the program under test. It is slow and not constant time, which does
not matter for verifying.
"""

import functools
import hashlib
import hmac

_ROUNDS = [
    0x0000000000000001, 0x0000000000008082, 0x800000000000808A, 0x8000000080008000,
    0x000000000000808B, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008A, 0x0000000000000088, 0x0000000080008009, 0x000000008000000A,
    0x000000008000808B, 0x800000000000008B, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800A, 0x800000008000000A,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008]
_ROTATIONS = [1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61,
              20, 44]
_LANES = [10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1]
_MASK = (1 << 64) - 1


def _permute(a: list[int]) -> None:
    for constant in _ROUNDS:
        c = [a[i] ^ a[i + 5] ^ a[i + 10] ^ a[i + 15] ^ a[i + 20] for i in range(5)]
        for i in range(5):
            right = c[(i + 1) % 5]
            d = c[(i + 4) % 5] ^ ((right << 1 | right >> 63) & _MASK)
            for j in range(i, 25, 5):
                a[j] ^= d
        carried = a[1]
        for rotation, lane in zip(_ROTATIONS, _LANES):
            a[lane], carried = ((carried << rotation | carried >> (64 - rotation)) & _MASK,
                                a[lane])
        for j in range(0, 25, 5):
            row = a[j:j + 5]
            for i in range(5):
                a[j + i] = row[i] ^ (~row[(i + 1) % 5] & _MASK & row[(i + 2) % 5])
        a[0] ^= constant


def keccak256(data: bytes) -> bytes:
    rate = 136
    padded = data + b"\x01" + b"\0" * (rate - 1 - len(data) % rate)
    padded = padded[:-1] + bytes([padded[-1] | 0x80])
    state = [0] * 25
    for start in range(0, len(padded), rate):
        for i in range(rate // 8):
            state[i] ^= int.from_bytes(padded[start + 8 * i:start + 8 * i + 8], "little")
        _permute(state)
    return b"".join(lane.to_bytes(8, "little") for lane in state[:4])


P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
     0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8)


def _double(p: tuple[int, int, int]) -> tuple[int, int, int]:
    x, y, z = p
    if y == 0:
        return 0, 1, 0
    s = 4 * x * y * y % P
    m = 3 * x * x % P
    new_x = (m * m - 2 * s) % P
    return new_x, (m * (s - new_x) - 8 * pow(y, 4, P)) % P, 2 * y * z % P


def _add(p: tuple[int, int, int], q: tuple[int, int, int]) -> tuple[int, int, int]:
    if p[2] == 0:
        return q
    if q[2] == 0:
        return p
    z1, z2 = p[2] * p[2] % P, q[2] * q[2] % P
    u1, u2 = p[0] * z2 % P, q[0] * z1 % P
    s1, s2 = p[1] * z2 * q[2] % P, q[1] * z1 * p[2] % P
    if u1 == u2:
        return _double(p) if s1 == s2 else (0, 1, 0)
    h, r = (u2 - u1) % P, (s2 - s1) % P
    h2 = h * h % P
    h3, v = h * h2 % P, u1 * h2 % P
    x = (r * r - h3 - 2 * v) % P
    return x, (r * (v - x) - s1 * h3) % P, h * p[2] * q[2] % P


def _multiply(pairs: list[tuple[int, tuple[int, int]]]) -> tuple[int, int]:
    """The sum of k * point over all pairs, in affine coordinates."""
    total = (0, 1, 0)
    for bit in range(255, -1, -1):
        total = _double(total)
        for k, (x, y) in pairs:
            if k >> bit & 1:
                total = _add(total, (x, y, 1))
    inverse = pow(total[2], -1, P)
    return total[0] * inverse * inverse % P, total[1] * pow(inverse, 3, P) % P


def _address_of_point(point: tuple[int, int]) -> str:
    public = point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big")
    return "0x" + keccak256(public)[12:].hex()


def address_of_key(private_key: bytes) -> str:
    return _address_of_point(_multiply([(int.from_bytes(private_key, "big"), G)]))


def eth_sign_digest(payload: bytes) -> bytes:
    return keccak256(b"\x19Ethereum Signed Message:\n32" + payload)


@functools.lru_cache(maxsize=100_000)
def recover(digest: bytes, signature: bytes) -> str:
    """The lower-case address that made a signature; ValueError unless it is canonical."""
    if len(signature) != 65 or signature[64] not in (27, 28):
        raise ValueError(f"not a 65-byte signature with v 27 or 28: {signature.hex()}")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if not (0 < r < N and 0 < s <= N // 2):
        raise ValueError(f"r or s is out of range: {signature.hex()}")
    y = pow((pow(r, 3, P) + 7) % P, (P + 1) // 4, P)
    if (y * y - pow(r, 3, P) - 7) % P:
        raise ValueError(f"r is on no point of the curve: {signature.hex()}")
    if y & 1 != signature[64] - 27:
        y = P - y
    e, inverse = int.from_bytes(digest, "big"), pow(r, -1, N)
    return _address_of_point(_multiply([(s * inverse % N, (r, y)), (-e * inverse % N, G)]))


def sign(private_key: bytes, digest: bytes) -> bytes:
    """RFC 6979 with low s: the one signature that Holdfast may give for this key and digest."""
    secret = int.from_bytes(private_key, "big")
    reduced = (int.from_bytes(digest, "big") % N).to_bytes(32, "big")
    v, k = b"\1" * 32, b"\0" * 32
    for separator in (b"\0", b"\1"):
        k = hmac.digest(k, v + separator + private_key + reduced, hashlib.sha256)
        v = hmac.digest(k, v, hashlib.sha256)
    nonce = int.from_bytes(hmac.digest(k, v, hashlib.sha256), "big")
    if not 0 < nonce < N:
        raise ValueError("this digest needs a second nonce, which the tests never meet")
    x, y = _multiply([(nonce, G)])
    s = pow(nonce, -1, N) * (int.from_bytes(digest, "big") + x % N * secret) % N
    parity = y & 1
    if s > N // 2:
        s, parity = N - s, parity ^ 1
    return (x % N).to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + parity])
