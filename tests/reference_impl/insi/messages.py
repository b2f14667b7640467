"""Answers of INSi, written for tests."""

from __future__ import annotations

import re

_RESULT = 'xmlns="http://www.cnamts.fr/INSiResultat"'


def answer(content: str, *, prefix: str = "", declaration: str = _RESULT) -> bytes:
    """An envelope around a RESULTAT, in the style since October 2022 unless said."""
    if prefix:
        content = re.sub(r"<(/?)(?=[A-Za-z])", rf"<\1{prefix}", content)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope">'
        '<env:Body xmlns:env="http://www.w3.org/2003/05/soap-envelope">'
        f"<{prefix}RESULTAT {declaration}>{content}</{prefix}RESULTAT>"
        "</env:Body></soap:Envelope>"
    ).encode()


def found(
    *,
    key: str = "<Cle>08</Cle>",
    oid: str = "1.2.250.1.213.1.4.8",
    names: str = "CAMILLE ANNE",
    place: str = "33063",
    matricule: str = "2850733063042",
    history: str = "",
    before: str = "",
    bom: bool = False,
    pretty: bool = False,
    **style: str,
) -> bytes:
    """A 00 for Camille, with what the test changes."""
    content = (
        f"{before}<CR><CodeCR>00</CodeCR><LibelleCR>OK</LibelleCR></CR><INDIVIDU><INSACTIF>"
        f"<IdIndividu><NumIdentifiant>{matricule}</NumIdentifiant>{key}</IdIndividu>"
        f"<OID>{oid}</OID></INSACTIF>{history}<TIQ><NomNaissance>TESTAVRIL</NomNaissance>"
        f"<ListePrenom>{names}</ListePrenom><Sexe>F</Sexe>"
        f"<DateNaissance>1985-07-12</DateNaissance><LieuNaissance>{place}</LieuNaissance>"
        "</TIQ></INDIVIDU>"
    )
    if pretty:
        content = content.replace("><", ">\n  <")
    return (b"\xef\xbb\xbf" if bom else b"") + answer(content, **style)


def not_found() -> bytes:
    """CR 01."""
    return answer("<CR><CodeCR>01</CodeCR><LibelleCR>Aucune identite trouvee</LibelleCR></CR>")


def ambiguous() -> bytes:
    """CR 02."""
    return answer("<CR><CodeCR>02</CodeCR><LibelleCR>Plusieurs identites trouvees</LibelleCR></CR>")


def fault(code: str, subcode: str, prefix: str = "soap") -> bytes:
    """A fault with its ``siram:Erreur``."""
    p = prefix
    return (
        f'<{p}:Envelope xmlns:{p}="http://www.w3.org/2003/05/soap-envelope"><{p}:Body><{p}:Fault>'
        f"<{p}:Code><{p}:Value>{p}:Sender</{p}:Value><{p}:Subcode><{p}:Value>{p}:{subcode}"
        f"</{p}:Value></{p}:Subcode></{p}:Code><{p}:Reason><{p}:Text>Motif</{p}:Text></{p}:Reason>"
        f'<{p}:Detail><e:Erreur xmlns:e="urn:siram" severite="erreur" code="{code}">'
        f"Numéro d'autorisation du logiciel inconnu.</e:Erreur></{p}:Detail>"
        f"</{p}:Fault></{p}:Body></{p}:Envelope>"
    ).encode()
