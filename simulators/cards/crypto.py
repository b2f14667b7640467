"""What a card does with its private keys (PKCS#1 v2.2, RFC 8017)."""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from simulators.cards.sha import SHA1, SHA256, Hash

_PREFIX = {
    SHA1.name: bytes.fromhex("3021300906052b0e03021a05000414"),
    SHA256.name: bytes.fromhex("3031300d060960864801650304020105000420"),
}
"""DigestInfo without the digest (RFC 8017 §9.2, note 1)."""

_HASHES = {SHA1.name: hashes.SHA1(), SHA256.name: hashes.SHA256()}  # noqa: S303 - IAS has SHA-1


def digest_info(hash_: Hash, digest: bytes) -> bytes:
    """The DigestInfo of a digest; raises ValueError on a wrong size."""
    if len(digest) != hash_.size:
        raise ValueError(f"un condensé {hash_.name} a {hash_.size} octets")
    return _PREFIX[hash_.name] + digest


@dataclass(frozen=True)
class CardKey:
    """A private key that never leaves the card."""

    private: RSAPrivateKey

    @property
    def size(self) -> int:
        """Size of the modulus, in octets."""
        return self.private.key_size // 8

    def raw(self, block: bytes) -> bytes:
        """RSADP/RSASP1 of one block; raises ValueError when it is not below the modulus."""
        numbers = self.private.private_numbers()
        value, modulus = int.from_bytes(block), numbers.public_numbers.n
        if len(block) != self.size or value >= modulus:
            raise ValueError("le bloc n'est pas de la taille de la clé")
        first = pow(value, numbers.dmp1, numbers.p)
        second = pow(value, numbers.dmq1, numbers.q)
        shift = (first - second) * numbers.iqmp % numbers.p
        return (second + shift * numbers.q).to_bytes(self.size)

    def sign(self, content: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 of a DigestInfo, or of any content up to 11 octets under the key."""
        filling = self.size - len(content) - 3
        if filling < 8 or not content:
            raise ValueError("le contenu à signer est vide ou trop long")
        return self.raw(b"\x00\x01" + b"\xff" * filling + b"\x00" + content)

    def sign_pss(self, hash_: Hash, digest: bytes) -> bytes:
        """RSASSA-PSS of a digest, salt as long as the digest."""
        algorithm = _HASHES[hash_.name]
        scheme = padding.PSS(padding.MGF1(algorithm), hash_.size)
        return self.private.sign(digest, scheme, Prehashed(algorithm))

    def decipher(self, cryptogram: bytes) -> bytes:
        """The plain text of an RSAES-PKCS1-v1_5 cryptogram; raises ValueError."""
        block = self.raw(cryptogram)
        end = block.find(b"\x00", 2)
        if block[:2] != b"\x00\x02" or end < 10:
            raise ValueError("le cryptogramme n'est pas pour cette clé")
        return block[end + 1 :]
