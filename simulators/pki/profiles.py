"""Subjects and extensions of IGC-Santé certificates, by kind of holder.

Sources: ``cards.md`` §4.1 (decoded CPS certificate), ``dmp.md`` §5.1 (AUTH_CLI,
ORG_SIGN, SSL_SERV), ``ins-insi.md`` §2.3. The policy of authentication and
organisation certificates is unknown: the bench's is a placeholder. The LDAP points
of the real ones (freshestCRL) are left out: nothing answers there.
"""

from __future__ import annotations

import ipaddress
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from fixtures.world import ProfessionalFixture, Structure

BENCH = "BANC-SEGUR"

POLICY_SIGNATURE = "1.2.250.1.213.1.7.2.1.1.1.1"
POLICY_AUTHENTICATION = "1.2.250.1.213.1.7.2.1.1.1.2"  # hors spécification: ours

CARD_TYPE = "1.2.250.1.71.1.2.2"
CARD_NUMBER = "1.2.250.1.71.1.2.3"
CATEGORY = "1.2.250.1.71.1.2.5"
PROFESSION = "1.2.250.1.71.1.2.7"
SPECIALITY = "1.2.250.1.71.4.2.5"

Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True)
class Profile:
    """What an authority is asked to certify. ``issuer`` is an authority's name.

    ``elsewhere`` is the authority of the other gamme for the same kind of
    holder; ``key`` names the key in the cache; ``states_usage`` asks for the
    private key usage period, whose bounds are those of validity.
    """

    subject: x509.Name
    extensions: tuple[Extension, ...]
    issuer: str
    elsewhere: str
    key: str
    states_usage: bool = False


@dataclass(frozen=True, slots=True)
class CardShape:
    """What certificates say of their card, from tables G02 and G01.

    ``kind`` is one of :data:`CARD_KINDS`; ``category`` 0x80 for a test card, 0 for a
    real one; ``misused`` gives the certificate a purpose no card certificate has.
    """

    kind: str = "CPS"
    category: int = 0x80
    misused: bool = False


CARD_KINDS = ("CPS", "CPF", "CPE", "CPA")
"""Card types by their number in table G02."""


def authority_name(common_name: str, organisation: str = BENCH) -> x509.Name:
    """Subject of an authority of the bench."""
    return _name(
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.ORGANIZATION_NAME, organisation),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, "BANC TEST"),
        (NameOID.COMMON_NAME, common_name),
    )


def organisation(common_name: str, structure: Structure, key: str, *, signs: bool) -> Profile:
    """An AUTH_CLI certificate, or an ORG_SIGN one when ``signs``."""
    subject = _name(
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.STATE_OR_PROVINCE_NAME, "Gironde (33)"),
        (NameOID.ORGANIZATION_NAME, plain(structure.name)),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, structure.structure_id),
        (NameOID.COMMON_NAME, common_name),
    )
    purpose = ExtendedKeyUsageOID.EMAIL_PROTECTION if signs else ExtendedKeyUsageOID.CLIENT_AUTH
    usage = _usage(digital_signature=True, content_commitment=signs, key_encipherment=not signs)
    extensions = (*usage, _purposes(purpose), *_policy(POLICY_SIGNATURE), _octet(CATEGORY, 0x83))
    return Profile(subject, extensions, "organisations", "organisations-fort", key)


def server(hostnames: Iterable[str], structure_id: str = "1330999004") -> Profile:
    """An SSL_SERV certificate whose first name is also the common name."""
    names = tuple(dict.fromkeys(hostnames))
    subject = _name(
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.STATE_OR_PROVINCE_NAME, "Gironde (33)"),
        (NameOID.ORGANIZATION_NAME, BENCH),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, structure_id),
        (NameOID.COMMON_NAME, names[0]),
    )
    extensions = (
        *_usage(digital_signature=True, key_encipherment=True),
        _purposes(ExtendedKeyUsageOID.SERVER_AUTH),
        *_policy(POLICY_SIGNATURE),
        (x509.SubjectAlternativeName([_general_name(n) for n in names]), False),
    )
    return Profile(subject, extensions, "organisations", "organisations-fort", "serveur")


def person(
    who: ProfessionalFixture,
    card_number: str,
    *,
    signs: bool,
    shape: CardShape = CardShape(),
) -> Profile:
    """The authentication or the signature certificate of a card.

    ``card_number`` is issuer and number: ``8025000001/2800811112``.
    """
    national_id = who.national_id
    subject = _employee(who, card_number) if shape.kind == "CPE" else _professional(who)
    kind = _signature_kind() if signs else _authentication_kind()
    if shape.misused:
        wrong = _purposes(ExtendedKeyUsageOID.CODE_SIGNING)
        kind = tuple(
            wrong if isinstance(extension, x509.ExtendedKeyUsage) else (extension, critical)
            for extension, critical in kind
        )
    key = f"cps-{national_id}-{'sign' if signs else 'auth'}"
    extensions = (*kind, *_card(who, card_number, shape))
    return Profile(
        subject, extensions, "personnes", "personnes-elementaire", key, states_usage=True
    )


def _professional(who: ProfessionalFixture) -> x509.Name:
    return x509.Name(
        [
            _rdn((NameOID.COUNTRY_NAME, "FR")),
            _rdn((NameOID.TITLE, who.profession_label)),
            _rdn(
                (NameOID.GIVEN_NAME, plain(who.given_name)),
                (NameOID.COMMON_NAME, who.national_id),
                (NameOID.SURNAME, plain(who.family_name)),
            ),
        ]
    )


def _employee(who: ProfessionalFixture, card_number: str) -> x509.Name:
    """Subject of a CPE that names nobody: the structure, and a number in it."""
    return _name(
        (NameOID.COUNTRY_NAME, "FR"),
        (NameOID.ORGANIZATION_NAME, plain(who.structure.name)),
        (NameOID.COMMON_NAME, f"{who.structure.structure_id}/{card_number[-5:]}"),
    )


def plain(text: str) -> str:
    """Capitals without accents, as the registry writes names."""
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return folded.upper()


def _signature_kind() -> tuple[Extension, ...]:
    return (
        *_usage(content_commitment=True),
        _purposes(ExtendedKeyUsageOID.EMAIL_PROTECTION),
        *_policy(POLICY_SIGNATURE),
    )


def _authentication_kind() -> tuple[Extension, ...]:
    return (
        *_usage(digital_signature=True, key_encipherment=True),
        _purposes(ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SMARTCARD_LOGON),
        *_policy(POLICY_AUTHENTICATION),
    )


def _card(who: ProfessionalFixture, card_number: str, shape: CardShape) -> tuple[Extension, ...]:
    yielded = [
        _octet(CATEGORY, shape.category),
        _raw(CARD_TYPE, _tagged(0x02, bytes((CARD_KINDS.index(shape.kind),)))),
        _raw(CARD_NUMBER, _tagged(0x13, card_number.encode())),
        _raw(PROFESSION, _tagged(0x02, int(who.profession).to_bytes(1, "big"))),
    ]
    if who.speciality:
        yielded.append(_raw(SPECIALITY, _tagged(0x30, _tagged(0x0C, who.speciality.encode()))))
    return tuple(yielded)


def _usage(
    *,
    digital_signature: bool = False,
    content_commitment: bool = False,
    key_encipherment: bool = False,
) -> tuple[Extension, ...]:
    usage = x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=content_commitment,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    return ((x509.BasicConstraints(ca=False, path_length=None), False), (usage, True))


def _purposes(*oids: ObjectIdentifier) -> Extension:
    return x509.ExtendedKeyUsage(oids), False


def _policy(oid: str) -> tuple[Extension, ...]:
    policy = x509.PolicyInformation(ObjectIdentifier(oid), None)
    return ((x509.CertificatePolicies([policy]), False),)


def _octet(oid: str, value: int) -> Extension:
    return _raw(oid, _tagged(0x04, bytes((value,))))


def _raw(oid: str, value: bytes) -> Extension:
    return x509.UnrecognizedExtension(ObjectIdentifier(oid), value), False


def _tagged(tag: int, content: bytes) -> bytes:
    assert len(content) < 128, "une forme longue de longueur DER n'est pas prévue ici"
    return bytes((tag, len(content))) + content


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _rdn(*attributes: tuple[ObjectIdentifier, str]) -> x509.RelativeDistinguishedName:
    return x509.RelativeDistinguishedName([x509.NameAttribute(o, v) for o, v in attributes])


def _name(*attributes: tuple[ObjectIdentifier, str]) -> x509.Name:
    return x509.Name([_rdn(attribute) for attribute in attributes])
