"""Hashes taken up again from an intermediate state equal those of hashlib."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulators.cards.sha import BLOCK, SHA1, SHA256

HASHES = {SHA1: "sha1", SHA256: "sha256"}


@given(st.sampled_from([*HASHES]), st.binary(max_size=500), st.data())
def test_a_hash_is_resumed_at_any_block(hash_, message, data):
    blocks = data.draw(st.integers(0, len(message) // BLOCK))
    cut = blocks * BLOCK
    state = hash_.advance(hash_.initial, message[:cut])
    assert (
        hash_.resume(state, 8 * cut, message[cut:]) == hashlib.new(HASHES[hash_], message).digest()
    )


@pytest.mark.parametrize("bits", [8, 511, 513, 1 << 64])
def test_a_count_that_is_not_of_blocks_is_refused(bits):
    with pytest.raises(ValueError, match="compte de bits"):
        SHA256.resume(SHA256.initial, bits, b"fin")


@pytest.mark.parametrize(("state", "blocks"), [(b"court", b""), (SHA1.initial, b"x" * 63)])
def test_only_whole_blocks_move_a_state(state, blocks):
    with pytest.raises(ValueError, match="64 octets"):
        SHA1.advance(state, blocks)
