"""Where the files of a CPS are, and how an image becomes them.

Sources: fact sheet ``cards.md`` §3.1, §8.2 and appendix. Identifiers the sheet leaves
open (D101–D104, D110, C010, C020, 7001–7004) are those of its recipe, or ours: readers
find these files through the PKCS#15 directories.
"""

from __future__ import annotations

from simulators.cards import data_objects, pkcs15
from simulators.cards.files import MF, Df, Ef, Rule
from simulators.cards.image import CpsImage
from simulators.cards.tlv import tlv

AID_CPS = bytes.fromhex("E828BD080F8025000001FF0010")
AID_CHIPDOC = bytes.fromhex("8025000001FF0100")
AID_CPS2TER = bytes.fromhex("8025000001FF0002")
AID_IDS = bytes.fromhex("A0000001510000")

DF_CPS = 0x0001
DF_BILLING = 0x7F01
_DF_CPS2TER, _DF_IDS = 0x00F1, 0x00F2  # ours: these applications are selected by name

SIGNATURE, AUTHENTICATION = 0x10, 0x20
"""Last octet of the identifiers of objects (CKA_ID) of each key."""

PLACES = {
    "EF.SN": (MF, 0xD003),
    "EF_ACTUA": (MF, 0xD010),
    "EF.DIR": (MF, 0x2F00),
    "EF.ATR": (MF, 0x2F01),
    "ODF": (DF_CPS, 0x5031),
    "CIAInfo": (DF_CPS, 0x5032),
    "AODF": (DF_CPS, 0x7001),
    "PrKDF": (DF_CPS, 0x7002),
    "CDF": (DF_CPS, 0x7003),
    "DODF": (DF_CPS, 0x7004),
    "CERT_SIG": (DF_CPS, 0xC010),
    "CERT_AUT": (DF_CPS, 0xC020),
    "CPS_DATA": (DF_CPS, 0xD107),
    "CPS_ID_CARD": (DF_CPS, 0xD101),
    "CPS_NAME_PS": (DF_CPS, 0xD102),
    "CPS_LANG_PS": (DF_CPS, 0xD103),
    "CPS_INFO_PS": (DF_CPS, 0xD104),
    "CPS_SIT_FACT": (DF_CPS, 0xD110),
}
"""DF and file identifier, by name of file or label of data object."""

SHORT_IDENTIFIERS = {"EF.SN": 0x1C, "EF.DIR": 0x1E, "EF.ATR": 0x1D}

_EF_ATR = bytes.fromhex(
    "804301B8460404B0ECC14703940180E010020200E7020200E7020200E7020200E782029000"
)


def activity_label(number: int) -> str:
    """Label of the situation of a number (1 to 16)."""
    return f"CPS_ACTIVITY_{number:02d}_PS"


def place_of(label: str) -> tuple[int, int]:
    """DF and file identifier of a file by its name."""
    if label.startswith("CPS_ACTIVITY_"):
        return DF_CPS, 0xD11F + int(label[13:15])
    return PLACES[label]


def path_of(label: str) -> bytes:
    """Absolute path of a file by its name."""
    df, fid = place_of(label)
    above = b"" if df == MF else df.to_bytes(2)
    return MF.to_bytes(2) + above + fid.to_bytes(2)


def build(image: CpsImage, references: tuple[int, int]) -> Df:
    """The files of a card. ``references`` are those of its two keys, signature first."""
    objects = _kept(data_contents(image), image)
    contents = objects | _kept(_structure(image, tuple(objects), references), image)
    applet = Df(DF_CPS, (AID_CPS,))
    root = Df(MF, (), {DF_CPS: applet})
    if image.family == "CPS4":
        root.names = (AID_CHIPDOC,)
        root.add(Df(_DF_CPS2TER, (AID_CPS2TER,)))
        root.add(Df(_DF_IDS, (AID_IDS,)))
    for label, content in contents.items():
        df, fid = place_of(label)
        update = Rule.ALWAYS if label == "CPS_DATA" else Rule.NEVER
        ef = Ef(fid, content, _read_rule(label), update, SHORT_IDENTIFIERS.get(label))
        (applet if df == DF_CPS else root).add(ef)
    return root


def build_inner(image: CpsImage) -> Df:
    """The files of the CPS2ter inside: situations and billing (other files are unknown)."""
    billing_files = Df(DF_BILLING)
    root = Df(MF, (), {DF_BILLING: billing_files})
    for label, content in _kept(data_contents(image), image).items():
        if label.startswith("CPS_ACTIVITY_"):
            root.add(Ef(0x400F + int(label[13:15]), content, Rule.CODE))
        elif label == "CPS_SIT_FACT":
            billing_files.add(Ef(0x4000, content, Rule.CODE))
    return root


def data_contents(image: CpsImage) -> dict[str, bytes]:
    """The data objects by label, in the order of the DODF."""
    holder = image.holder
    found = {
        "CPS_DATA": data_objects.EMPTY_DATA,
        "CPS_ID_CARD": data_objects.identity(image),
        "CPS_NAME_PS": data_objects.name(holder),
        "CPS_LANG_PS": data_objects.languages(),
        "CPS_INFO_PS": data_objects.information(holder),
    }
    for situation in image.situations:
        found[activity_label(situation.number)] = data_objects.activity(situation)
    if any(situation.billing_id for situation in image.situations):
        found["CPS_SIT_FACT"] = data_objects.billing(image.situations)
    return found


def _structure(
    image: CpsImage, labels: tuple[str, ...], references: tuple[int, int]
) -> dict[str, bytes]:
    directories = {"codes": "AODF", "keys": "PrKDF", "certificates": "CDF", "data": "DODF"}
    return {
        "EF.SN": tlv(0x5A, bytes.fromhex(image.issuer + image.number)),
        "EF_ACTUA": data_objects.validity(image),
        "EF.DIR": _directory(image),
        "EF.ATR": _EF_ATR,
        "ODF": pkcs15.object_directory({k: path_of(v) for k, v in directories.items()}),
        "CIAInfo": pkcs15.card_info(image.number, image.token_label, pkcs15.CPS3_ALGORITHMS),
        "AODF": pkcs15.code_directory(_CODES),
        "PrKDF": pkcs15.key_directory(_keys(references), path_of("ODF")[:4]),
        "CDF": pkcs15.certificate_directory(_CERTIFICATES),
        "DODF": pkcs15.data_directory(tuple(_data(label) for label in labels)),
        "CERT_SIG": image.sign.der,
        "CERT_AUT": image.auth.der,
    }


def _kept(contents: dict[str, bytes], image: CpsImage) -> dict[str, bytes]:
    replaced = {label: image.overrides.get(label, content) for label, content in contents.items()}
    return {label: content for label, content in replaced.items() if content is not None}


def _read_rule(label: str) -> Rule:
    return Rule.CODE if _protected(label) else Rule.ALWAYS


def _protected(label: str) -> bool:
    return label == "CPS_SIT_FACT" or label.startswith("CPS_ACTIVITY_")


def _directory(image: CpsImage) -> bytes:
    place = tlv(0x51, path_of("ODF")[:4])
    return tlv(0x61, tlv(0x4F, AID_CPS), tlv(0x50, image.version.encode()), place)


_CODES = (
    pkcs15.Code("Code porteur", 1, 4, 8),
    pkcs15.Code("Code de deblocage", 2, 8, 8, unblocks=True),
)


def _keys(references: tuple[int, int]) -> tuple[pkcs15.PrivateKey, ...]:
    signature, authentication = references
    uses = (pkcs15.DECRYPT, pkcs15.SIGN, pkcs15.UNWRAP)
    return (
        pkcs15.PrivateKey(
            "CPS_PRIV_SIG", _identifier(SIGNATURE), signature, (pkcs15.NON_REPUDIATION,)
        ),
        pkcs15.PrivateKey("CPS_PRIV_AUT", _identifier(AUTHENTICATION), authentication, uses),
    )


def _identifier(last: int) -> bytes:
    return AID_CPS + bytes((last,))


_CERTIFICATES = (
    pkcs15.CertificateEntry(
        "Certificat de Signature CPS", _identifier(SIGNATURE), path_of("CERT_SIG")
    ),
    pkcs15.CertificateEntry(
        "Certificat d'Authentification CPS", _identifier(AUTHENTICATION), path_of("CERT_AUT")
    ),
)


def _data(label: str) -> pkcs15.Data:
    modifiable = label == "CPS_DATA"
    return pkcs15.Data(label, path_of(label), _protected(label), modifiable)
