"""SHA-256 as far as the last block, which a CPS3 hashes itself.

``hashlib`` does not show its state, and the card signs only what it has finished.
Source: FIPS 180-4 §5.3.3 and §6.2.2; sheet of cards §3.4 (partial hash).
"""

from __future__ import annotations

import struct
from math import isqrt

BLOCK = 64
_WORD = 0xFFFFFFFF


def _primes(count: int) -> list[int]:
    found: list[int] = []
    candidate = 2
    while len(found) < count:
        if all(candidate % prime for prime in found):
            found.append(candidate)
        candidate += 1
    return found


def _cube_root(number: int) -> int:
    root = round(number ** (1 / 3))
    while root**3 > number:
        root -= 1
    while (root + 1) ** 3 <= number:
        root += 1
    return root


# First 32 bits of the fractional parts of square and cube roots of the first primes.
_INITIAL = tuple(isqrt(prime << 64) & _WORD for prime in _primes(8))
_ROUNDS = tuple(_cube_root(prime << 96) & _WORD for prime in _primes(64))


def partial(message: bytes) -> tuple[bytes, int, bytes]:
    """The state after all whole blocks but the last, how many bits it holds, and what is left.

    What is left has 1 to 64 octets, or none when the message is empty.
    """
    hashed = max(len(message) - 1, 0) // BLOCK * BLOCK
    state = _INITIAL
    for at in range(0, hashed, BLOCK):
        state = _compressed(state, message[at : at + BLOCK])
    return struct.pack(">8I", *state), 8 * hashed, message[hashed:]


def _compressed(state: tuple[int, ...], block: bytes) -> tuple[int, ...]:
    a, b, c, d, e, f, g, h = state
    for word, constant in zip(_schedule(block), _ROUNDS, strict=True):
        chosen = (e & f) ^ (~e & g)
        first = h + (_turn(e, 6) ^ _turn(e, 11) ^ _turn(e, 25)) + chosen + constant + word
        majority = (a & b) ^ (a & c) ^ (b & c)
        second = (_turn(a, 2) ^ _turn(a, 13) ^ _turn(a, 22)) + majority
        a, b, c, d, e, f, g, h = (first + second) & _WORD, a, b, c, (d + first) & _WORD, e, f, g
    added = zip(state, (a, b, c, d, e, f, g, h), strict=True)
    return tuple((before + after) & _WORD for before, after in added)


def _schedule(block: bytes) -> list[int]:
    words = list(struct.unpack(">16I", block))
    for t in range(16, 64):
        low, high = words[t - 15], words[t - 2]
        words.append(
            (
                words[t - 16]
                + (_turn(low, 7) ^ _turn(low, 18) ^ low >> 3)
                + words[t - 7]
                + (_turn(high, 17) ^ _turn(high, 19) ^ high >> 10)
            )
            & _WORD
        )
    return words


def _turn(word: int, bits: int) -> int:
    return (word >> bits | word << (32 - bits)) & _WORD
