"""SHA-1 and SHA-256 taken up again from an intermediate state, as an IAS card does.

The reader hashes all blocks but the last and gives the card the state: hashlib
cannot begin there. Source: FIPS 180-4 §4, §5 and §6.1–6.2.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

BLOCK = 64
_MASK = 0xFFFFFFFF
_Words = tuple[int, ...]


def _roots(power: float, count: int) -> _Words:
    """First 32 bits of the fractional parts of roots of the first primes (FIPS 180-4 §4.2.2)."""
    primes: list[int] = []
    candidate = 2
    while len(primes) < count:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    return tuple(int((prime**power % 1) * (1 << 32)) for prime in primes)


_K = _roots(1 / 3, 64)


def _left(word: int, count: int) -> int:
    return (word << count | word >> (32 - count)) & _MASK


def _right(word: int, count: int) -> int:
    return _left(word, 32 - count)


def _sha1_block(state: _Words, block: bytes) -> _Words:
    w = [*struct.unpack(">16I", block)]
    for t in range(16, 80):
        w.append(_left(w[t - 3] ^ w[t - 8] ^ w[t - 14] ^ w[t - 16], 1))
    a, b, c, d, e = state
    for t in range(80):
        if t < 20:
            f, k = b & c | ~b & d, 0x5A827999
        elif t < 40:
            f, k = b ^ c ^ d, 0x6ED9EBA1
        elif t < 60:
            f, k = b & c | b & d | c & d, 0x8F1BBCDC
        else:
            f, k = b ^ c ^ d, 0xCA62C1D6
        a, b, c, d, e = (_left(a, 5) + f + e + k + w[t]) & _MASK, a, _left(b, 30), c, d
    return _added(state, (a, b, c, d, e))


def _sha256_block(state: _Words, block: bytes) -> _Words:
    w = [*struct.unpack(">16I", block)]
    for t in range(16, 64):
        s0 = _right(w[t - 15], 7) ^ _right(w[t - 15], 18) ^ w[t - 15] >> 3
        s1 = _right(w[t - 2], 17) ^ _right(w[t - 2], 19) ^ w[t - 2] >> 10
        w.append((w[t - 16] + s0 + w[t - 7] + s1) & _MASK)
    a, b, c, d, e, f, g, h = state
    for t in range(64):
        s1 = _right(e, 6) ^ _right(e, 11) ^ _right(e, 25)
        first = h + s1 + (e & f ^ ~e & g) + _K[t] + w[t]
        s0 = _right(a, 2) ^ _right(a, 13) ^ _right(a, 22)
        second = s0 + (a & b ^ a & c ^ b & c)
        a, b, c, d, e, f, g, h = (first + second) & _MASK, a, b, c, (d + first) & _MASK, e, f, g
    return _added(state, (a, b, c, d, e, f, g, h))


def _added(left: _Words, right: _Words) -> _Words:
    return tuple((x + y) & _MASK for x, y in zip(left, right, strict=True))


@dataclass(frozen=True)
class Hash:
    """A hash function of the card. ``size`` is that of its state and of its digest."""

    name: str
    size: int
    initial: bytes
    _compress: Callable[[_Words, bytes], _Words]

    def advance(self, state: bytes, blocks: bytes) -> bytes:
        """The state after whole blocks; raises ValueError on any other length."""
        if len(state) != self.size or len(blocks) % BLOCK:
            raise ValueError(f"{self.name} avance par blocs de 64 octets")
        layout = f">{self.size // 4}I"
        words: _Words = struct.unpack(layout, state)
        for at in range(0, len(blocks), BLOCK):
            words = self._compress(words, blocks[at : at + BLOCK])
        return struct.pack(layout, *words)

    def resume(self, state: bytes, bits: int, last: bytes) -> bytes:
        """The digest of a message from its intermediate state.

        ``bits`` counts what the state already holds (a multiple of 512), ``last``
        is the rest of the message; raises ValueError when they cannot be.
        """
        total = bits + 8 * len(last)
        if bits % (8 * BLOCK) or total >> 64:
            raise ValueError("le compte de bits n'est pas celui de blocs entiers")
        padding = b"\x80" + bytes(-(len(last) + 9) % BLOCK) + total.to_bytes(8)
        return self.advance(state, last + padding)


SHA1 = Hash("SHA-1", 20, bytes.fromhex("67452301efcdab8998badcfe10325476c3d2e1f0"), _sha1_block)
SHA256 = Hash("SHA-256", 32, struct.pack(">8I", *_roots(1 / 2, 8)), _sha256_block)
