"""A whole card as one JSON document, so that another host may be that card.

Files in hexadecimal by path with their access rules, private keys in PEM, codes and
their counters. Nothing in it is secret: the cards of the bench protect nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from simulators.cards.codes import SecretCode
from simulators.cards.cps import Chip, Cps, KeySlot, Use
from simulators.cards.cps3 import Cps3
from simulators.cards.cps4 import Cps4
from simulators.cards.crypto import CardKey
from simulators.cards.files import MF, Df, Ef, Node, Rule, format_path

FORMAT = "segur-bench/carte-cps/1"

_FAMILIES: dict[str, type[Cps3] | type[Cps4]] = {"CPS3": Cps3, "CPS4": Cps4}
_PEM = serialization.Encoding.PEM


def write_image(card: Cps) -> dict[str, Any]:
    """A card as JSON, its counters and what was written on it included."""
    chip = card.chip
    return {
        "format": FORMAT,
        "famille": card.family,
        "numero": chip.number,
        "atr": chip.atr.hex().upper(),
        "codes": {"porteur": _code(chip.pin), "deblocage": _code(chip.puk)},
        "cles": {f"{ref:02X}": _key(slot) for ref, slot in chip.keys.items()},
        "fichiers": _tree(chip.root),
        "cps2ter": _tree(chip.inner),
        "condense_faux": chip.wrong_digest,
    }


def read_image(document: Mapping[str, Any]) -> Cps:
    """The card of a :func:`write_image`; raises ValueError with a French sentence."""
    if document.get("format") != FORMAT:
        raise ValueError(f"Ce document n'est pas une image de carte « {FORMAT} ».")
    try:
        return _FAMILIES[document["famille"]](_chip(document))
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"Image de carte illisible : {error}") from error


def _chip(document: Mapping[str, Any]) -> Chip:
    codes = document["codes"]
    return Chip(
        number=str(document["numero"]),
        atr=bytes.fromhex(document["atr"]),
        root=_grown(document["fichiers"]),
        pin=_read_code(codes["porteur"]),
        puk=_read_code(codes["deblocage"]),
        keys={int(ref, 16): _read_key(told) for ref, told in document["cles"].items()},
        inner=_grown(document["cps2ter"]),
        wrong_digest=bool(document.get("condense_faux", False)),
    )


def _code(code: SecretCode) -> dict[str, Any]:
    sizes = {"essais": code.tries, "minimum": code.minimum, "maximum": code.maximum}
    return code.state() | sizes


def _read_code(told: Mapping[str, Any]) -> SecretCode:
    code = SecretCode(
        "", tries=int(told["essais"]), minimum=int(told["minimum"]), maximum=int(told["maximum"])
    )
    code.restore(told)
    return code


def _key(slot: KeySlot) -> dict[str, Any]:
    pem = slot.key.private.private_bytes(
        _PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return {"usages": sorted(use.value for use in slot.uses), "pem": pem.decode("ascii")}


def _read_key(told: Mapping[str, Any]) -> KeySlot:
    key = serialization.load_pem_private_key(told["pem"].encode("ascii"), None)
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("la clé n'est pas une clé RSA")
    return KeySlot(CardKey(key), frozenset(Use(use) for use in told["usages"]))


def _tree(root: Df) -> dict[str, Any]:
    everything: Iterable[tuple[tuple[int, ...], Node]] = (((root.fid,), root), *root.walk())
    return {format_path(path): _node(node) for path, node in everything}


def _node(node: Node) -> dict[str, Any]:
    if isinstance(node, Df):
        return {"noms": [name.hex().upper() for name in node.names]}
    described = {
        "contenu": node.content.hex().upper(),
        "lecture": node.read.value,
        "ecriture": node.update.value,
    }
    return described | ({"sfi": node.sfi} if node.sfi is not None else {})


def _grown(told: Mapping[str, Mapping[str, Any]]) -> Df:
    """The tree of a document: every DF comes before what it holds."""
    folders: dict[str, Df] = {}
    for path, node in told.items():
        fid = int(path[-4:], 16)
        made: Node
        if "noms" in node:
            made = Df(fid, tuple(bytes.fromhex(name) for name in node["noms"]))
            folders[path] = made
        else:
            content, rules = bytes.fromhex(node["contenu"]), (node["lecture"], node["ecriture"])
            made = Ef(fid, content, Rule(rules[0]), Rule(rules[1]), node.get("sfi"))
        if len(path) > 4:
            folders[path[:-4]].add(made)
    return folders[f"{MF:04X}"]
