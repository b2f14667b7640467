"""The whole test PKI of one campaign, certificates issued at the first demand."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from fixtures.world import ProfessionalFixture, World, make_world
from simulators.errors import PkiError
from simulators.http import ClientCertificate
from simulators.pki import profiles
from simulators.pki.authority import (
    AUTHORITIES,
    Authority,
    Period,
    Request,
    certify,
    make_authority,
    publication,
    serial,
)
from simulators.pki.contexts import make_context
from simulators.pki.credential import Credential
from simulators.pki.keys import LEAF_BITS, ROOT_BITS, KeyCache
from simulators.pki.profiles import CardShape, Extension, Profile
from simulators.pki.revocation import revocation_list
from simulators.pki.truststore import write_credential, write_trust, write_variant

VARIANTS = {
    "expire": "certificat expiré",
    "revoque": "certificat révoqué (CRL et OCSP)",
    "autre-ac": "certificat émis par une autorité étrangère au banc",
    "autre-gamme": "certificat émis par la mauvaise gamme de l'IGC",
}
"""Spoilt twins of every certificate: suffix to French description."""

SERVER_VARIANTS = {
    **VARIANTS,
    "mauvais-nom": "certificat de serveur établi pour un autre nom d'hôte",
}

CARD_VARIANTS: dict[str, tuple[str, CardShape]] = {
    "cpf": ("carte de professionnel en formation", CardShape(kind="CPF")),
    "cpe": ("carte de personnel d'établissement", CardShape(kind="CPE")),
    "cpa": ("carte de personnel autorisé", CardShape(kind="CPA")),
    "reelle": ("carte réelle (catégorie 00)", CardShape(category=0x00)),
    "mauvais-usage": ("usage étendu de la clé qui n'est pas d'une carte", CardShape(misused=True)),
}
"""Twins of the certificates of professionals, for their cards: suffix to description."""

CARD_ISSUER = "8025000001"

_AS_LONG_AS_IT_RUNS = timedelta(days=3650)

UNPUBLISHED = "http://127.0.0.1:9"
"""Address of CRL and OCSP when nothing publishes them (port 9 discards)."""


class Pki:
    """Authorities and certificates that follow from a seed and a reference date.

    Only keys are random; they come from the cache. ``at`` (now by default) sets
    the years of validity: two PKI of one seed and one year have equal
    certificates as long as :meth:`publish_at` is given one address.
    """

    def __init__(
        self,
        seed: int = 1,
        cache: KeyCache | None = None,
        at: datetime | None = None,
        world: World | None = None,
    ) -> None:
        self.seed = seed
        self.year = (at or datetime.now(UTC)).year
        self.world = world or make_world(seed)
        self._cache = cache or KeyCache()
        self._base = UNPUBLISHED
        self._authorities: dict[str, Authority] = {}
        self._credentials: dict[str, Credential] = {}
        self._lists: dict[tuple[str, str, tuple[int, ...]], bytes] = {}
        self._lock = threading.RLock()
        self._profiles = self._declared()
        self.revoked: Callable[[], Iterable[str]] = tuple
        """Names of credentials revoked besides the ``.revoque`` variants."""

    def publish_at(self, base: str) -> None:
        """Say where CRL and OCSP are served (``http://127.0.0.1:40000``).

        Certificates issued so far are forgotten: their extensions would lie.
        """
        with self._lock:
            self._base = base
            self._authorities.clear()
            self._credentials.clear()

    def reseed(self, seed: int, world: World) -> None:
        """Certify the people of another world; keys and addresses stay."""
        with self._lock:
            self.seed, self.world = seed, world
            self._profiles = self._declared()
            self.publish_at(self._base)

    @property
    def names(self) -> tuple[str, ...]:
        """Certificates of the campaign, without their variants."""
        return tuple(self._profiles)

    @property
    def anchors(self) -> tuple[bytes, ...]:
        """DER of the authorities that a client certificate or a signature must chain to.

        The issuing authorities of the right gamme first, then their roots.
        """
        names = ("organisations", "personnes", "racine-elementaire", "racine-fort")
        return tuple(_der(self.authority(name).certificate) for name in names)

    def authority(self, name: str) -> Authority:
        """An authority of :data:`AUTHORITIES`."""
        with self._lock:
            if name not in self._authorities:
                self._authorities[name] = self._make_authority(name)
            return self._authorities[name]

    def authorities(self) -> tuple[Authority, ...]:
        """Every authority, the foreign ones included."""
        return tuple(self.authority(name) for name in AUTHORITIES)

    def credential(self, name: str) -> Credential:
        """A certificate of the campaign with its key; raises PkiError.

        ``name`` is one of :attr:`names`, possibly followed by a variant:
        ``org-insi-manu``, ``cps-810999990012-sign.expire``.
        """
        with self._lock:
            if name not in self._credentials:
                base, _, variant = name.partition(".")
                self._credentials[name] = self._issue(name, self._profile(base, variant), variant)
            return self._credentials[name]

    def _profile(self, base: str, variant: str) -> Profile:
        if variant in CARD_VARIANTS and base in self._cards:
            return self._cards[base](shape=CARD_VARIANTS[variant][1])
        if base not in self._profiles or (variant and variant not in VARIANTS):
            known = VARIANTS | CARD_VARIANTS if base in self._cards else VARIANTS
            raise PkiError(
                f"Certificat inconnu : « {base}{'.' * bool(variant)}{variant} ». Certificats du "
                f"banc : {', '.join(self._profiles)} ; variantes : {', '.join(known)}."
            )
        return self._profiles[base]()

    def card_number(self, who: ProfessionalFixture) -> str:
        """The 10 digits of a professional's card; they follow from its keys too.

        CryptoLib CPS keeps files on disk by the first eight digits: a card whose keys
        changed under one number would be served with the certificates of another.
        """
        keys = (self._cache.key(f"cps-{who.national_id}-{role}") for role in ("auth", "sign"))
        moduli = (key.public_key().public_numbers().n for key in keys)
        drawn = serial(self.seed, who.national_id, "carte", *moduli)
        return f"28{drawn % 10**8:08d}"

    def server_credential(self, hostnames: Iterable[str], variant: str = "") -> Credential:
        """The certificate of a listener. ``variant`` is one of SERVER_VARIANTS or empty."""
        names = ["autre-serveur.banc.invalid"] if variant == "mauvais-nom" else [*hostnames]
        label = f"serveur.{variant}" if variant else "serveur"
        key = f"{label}|{'|'.join(names)}"
        with self._lock:
            if key not in self._credentials:
                self._credentials[key] = self._issue(label, profiles.server(names), variant, key)
            return self._credentials[key]

    def server_context(
        self,
        hostnames: Iterable[str],
        client_certificate: ClientCertificate = ClientCertificate.NONE,
        variant: str = "",
    ) -> ssl.SSLContext:
        """A TLS ≥ 1.2 server context; client certificates must be of the right gamme."""
        issuers = [self.authority(name) for name in ("organisations", "personnes")]
        lists = [self._revocation_pem(issuer.name) for issuer in issuers]
        return make_context(
            self.server_credential(hostnames, variant),
            client_certificate,
            [issuer.certificate for issuer in issuers],
            lists,
        )

    def write(self, folder: Path) -> dict[str, Any]:
        """Write trust and certificates for every technology in a folder.

        Gives the parts ``confiance`` and ``certificats`` of the descriptor.
        Variants share the key of the right certificate and come without PKCS#12.
        """
        trust = write_trust(self, folder)
        written = {name: write_credential(self.credential(name), folder) for name in self.names}
        for name in self.names:
            for variant in VARIANTS:
                spoilt = self.credential(f"{name}.{variant}")
                written[spoilt.name] = write_variant(spoilt, folder, written[name]["cle"])
        return {"confiance": trust, "certificats": written}

    def rsa_key(self, name: str) -> rsa.RSAPrivateKey:
        """A key that no certificate carries (``psc-signature``), kept in the cache."""
        return self._cache.key(name)

    def revoked_serials(self, issuer: str) -> tuple[int, ...]:
        """Serial numbers an authority has revoked, ordered."""
        spoilt = [self.credential(f"{name}.revoque") for name in self.names]
        named = [self.credential(name) for name in self.revoked()]
        with self._lock:
            served = [c for c in self._credentials.values() if c.name == "serveur.revoque"]
        subject = self.authority(issuer).certificate.subject
        numbers = {
            c.certificate.serial_number
            for c in (*spoilt, *named, *served)
            if c.certificate.issuer == subject
        }
        return tuple(sorted(numbers))

    def _revocation_pem(self, issuer: str) -> bytes:
        """The CRL that server contexts hold, signed again only when it changes."""
        with self._lock:
            key = (self._base, issuer, self.revoked_serials(issuer))
            if key not in self._lists:
                made = revocation_list(self, issuer, life=_AS_LONG_AS_IT_RUNS)
                self._lists[key] = made.public_bytes(serialization.Encoding.PEM)
            return self._lists[key]

    def _make_authority(self, name: str) -> Authority:
        parent = AUTHORITIES[name][2]
        issuer = self.authority(parent) if parent else None
        return make_authority(
            name,
            # A root signs three times; an issuing authority, a hundred at each start.
            self._cache.key(f"ac-{name}", LEAF_BITS if parent else ROOT_BITS),
            issuer,
            Period.years(self.year - 6, self.year + 10),
            serial(self.seed, self.year, name),
            publication(self._base, parent) if parent else (),
        )

    def _issue(self, name: str, profile: Profile, variant: str, identity: str = "") -> Credential:
        issuer = self.authority(_issuer_of(profile, variant))
        key = self._cache.key(profile.key)
        ends = self.year - 1 if variant == "expire" else self.year + 3
        published = publication(self._base, issuer.name)
        # A server certificate says its own address: its number must follow, or a
        # browser meets two certificates of one issuer under one number.
        number = serial(self.seed, self.year, identity or name, self._base if identity else "")
        period = Period.years(self.year - 4 if variant == "expire" else self.year - 1, ends)
        usage: tuple[Extension, ...] = ()
        if profile.states_usage:
            usage = ((x509.PrivateKeyUsagePeriod(period.begins, period.ends), False),)
        certificate = certify(
            Request(profile.subject, key.public_key(), (*profile.extensions, *usage, *published)),
            issuer.certificate.subject,
            issuer.key,
            period,
            number,
        )
        return Credential(name, certificate, key, issuer.chain)

    def _declared(self) -> dict[str, Callable[[], Profile]]:
        structure = self.world.structure
        organisation = partial(profiles.organisation, structure=structure)
        declared: dict[str, Callable[[], Profile]] = {
            "org-insi-auto": partial(organisation, "INSI-AUTO", key="org-insi-auto", signs=False),
            "org-insi-manu": partial(organisation, "INSI-MANU", key="org-insi-manu", signs=False),
            "org-auth-cli": partial(organisation, "BANC AUTH CLI", key="org-auth-cli", signs=False),
            "org-sign": partial(organisation, "BANC SIGN", key="org-sign", signs=True),
        }
        self._cards = {
            f"cps-{who.national_id}-{role}": partial(self._person, who, signs=role == "sign")
            for who in (*self.world.professionals, *self.world.pharmacists)
            for role in ("auth", "sign")
        }
        return declared | self._cards

    def _person(
        self, who: ProfessionalFixture, *, signs: bool, shape: CardShape | None = None
    ) -> Profile:
        card = f"{CARD_ISSUER}/{self.card_number(who)}"
        return profiles.person(who, card, signs=signs, shape=shape or CardShape())


def _issuer_of(profile: Profile, variant: str) -> str:
    if variant == "autre-ac":
        return "etrangere"
    return profile.elsewhere if variant == "autre-gamme" else profile.issuer


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.DER)
