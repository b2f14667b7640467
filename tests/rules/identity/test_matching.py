"""INS-S-09, INS-T-08, BANC-INS.01 to .05: identities from outside and their verification."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from rules.exchange import Exchange
from rules.findings import Severity
from tests.rules.cda.samples import LETTER, spoil
from tests.rules.identity.story import (
    CARD,
    about,
    call,
    created,
    found,
    gesture,
    ids,
    ins,
    mine,
    nobody,
    patient,
    refusal,
    retrieved,
    searched,
)
from tests.rules.journals import LOUISE

SENDER = "hopital@banc.mssante.fr"
LABORATORY = "labo@banc.mssante.fr"
SCANNED = (
    "IS010000000000000000000000S1285073306304208S21.2.250.1.213.1.4.8\x1dS3CAMILLE ANNE\x1d"
    "S4TESTAVRIL\x1dS5FS612-07-1985S733063"
)
HELD = patient("récupérée", ins(), canal="INSI")
OTHER: dict[str, Any] = {"nom_naissance": "TESTAUTRE"}


def came(
    state: Any, way: str, result: str, document: bytes = LETTER, sender: str = SENDER
) -> Exchange:
    asked = {
        "contenu": base64.b64encode(document).decode(),
        "emetteur": sender,
        "professionnel": LOUISE,
    }
    told = {"patient": state, "rapprochement": way, "verification": {"resultat": result}}
    return gesture("identity.receive", asked, told)


def scanned(state: Any, way: str, result: str = "déjà connue") -> Exchange:
    told = {"patient": state, "rapprochement": way, "verification": {"resultat": result}}
    return gesture("identity.scan_datamatrix", {"texte": SCANNED, "professionnel": LOUISE}, told)


def verified(state: dict[str, Any], result: str) -> Exchange:
    return about("identity.verify", state, answer={"verification": {"resultat": result}})


def trusted(*senders: str) -> Exchange:
    asked = {"emetteur": SENDER, "present": True}
    return gesture("identity.trust_sender", asked, {"emetteurs": list(senders)})


def qualified() -> tuple[Exchange, ...]:
    state = patient("qualifiée", ins(), justificatif=CARD)
    return (*retrieved(), about("identity.record_evidence", state, justificatif="CN"))


def second(**changes: Any) -> tuple[Exchange, ...]:
    """Another local file of the same person, searched too."""
    state = patient("récupérée", ins(), id="p2", **changes)
    return (*retrieved(), created(id="p2"), call(found(), "uuid:2"), searched(state))


WITHOUT_INS = spoil(LETTER, '<id root="1.2.250.1.213.1.4.10" extension="285073306304208"/>', "")
FETCHED = patient("récupérée", ins(), id="p7")

CONFORMANT: dict[str, tuple[Exchange, ...]] = {
    "doublon-refuse": (
        *retrieved(),
        created(id="p2"),
        call(found(), "uuid:2"),
        refusal("identity.search_insi", "Cette INS est celle d'un autre dossier.", patient="p2"),
    ),
    "doublon-signale": second(alertes=["Un autre dossier porte cette INS."]),
    "recu-inconnu": (call(nobody("00")), came(FETCHED, "nouveau", "OK")),
    "recu-connu": (*retrieved(), came(HELD, "automatique", "déjà connue")),
    "recu-sans-ins": (came(patient(id="p7"), "nouveau", "", WITHOUT_INS),),
    "scan-connu": (*retrieved(), scanned(HELD, "automatique")),
    "scan-rapproche-a-la-main": (
        created(traits=OTHER),
        call(nobody("00")),
        scanned(patient(traits=OTHER), "manuel", "OK"),
    ),
    "verification-ko": (*qualified(), call(nobody()), verified(patient("validée"), "KO")),
    "verification-ko-provisoire": (*qualified(), call(nobody()), verified(patient(), "KO")),
    "recu-ko-inconnu": (call(nobody()), came(patient(id="p7"), "nouveau", "KO")),
    "recu-ko-connu": (created(), call(nobody()), came(patient(), "manuel", "KO")),
    "recu-de-confiance": (
        trusted(SENDER),
        call(nobody("00")),
        came(patient("qualifiée", ins(), id="p7"), "nouveau", "OK"),
    ),
    "date-00-refusee": (
        created(),
        call(found(date_naissance="1985-00-12")),
        searched(patient(), propose={}, ecarts=["date_naissance"]),
    ),
}

DEFECTS: dict[str, tuple[str, tuple[Exchange, ...]]] = {
    "doublon-tu": ("INS-S-09", second()),
    "rapproche-malgre-le-nom": (
        "INS-T-08",
        (
            created(traits=OTHER),
            call(nobody("00")),
            scanned(patient(traits=OTHER), "automatique", "OK"),
        ),
    ),
    "recu-rapproche-malgre-le-nom": (
        "INS-T-08",
        (
            created(traits=OTHER),
            call(nobody("00")),
            came(patient(traits=OTHER), "automatique", "OK"),
        ),
    ),
    "recu-non-verifie": ("BANC-INS.01", (came(FETCHED, "nouveau", "OK"),)),
    "connu-verifie": (
        "BANC-INS.02",
        (*retrieved(), call(nobody("00"), "uuid:2"), came(HELD, "automatique", "OK")),
    ),
    "ko-sans-effet": (
        "BANC-INS.03",
        (*qualified(), call(nobody()), verified(patient("qualifiée", ins()), "KO")),
    ),
    "ko-ins-gardee": (
        "BANC-INS.03",
        (*qualified(), call(nobody()), verified(patient("validée", ins()), "KO")),
    ),
    "recu-ko-repris": ("BANC-INS.03", (call(nobody()), came(FETCHED, "nouveau", "KO"))),
    "recu-ko-traits-repris": (
        "BANC-INS.03",
        (created(traits=OTHER), call(nobody()), came(patient(), "manuel", "KO")),
    ),
    "statut-de-l-emetteur-repris": (
        "BANC-INS.04",
        (
            trusted(LABORATORY),
            call(nobody("00")),
            came(patient("qualifiée", ins(), id="p7"), "nouveau", "OK"),
        ),
    ),
    "date-00-reprise": (
        "BANC-INS.05",
        (
            created(),
            call(found(date_naissance="1985-00-12")),
            searched(
                patient("récupérée", ins(), traits={"date_naissance": "1985-00-12"}),
                ecarts=["date_naissance"],
            ),
        ),
    ),
    "sexe-vide-repris": (
        "BANC-INS.05",
        (
            created(),
            call(found(sexe=None)),
            searched(patient("récupérée", ins()), ecarts=["sexe"]),
        ),
    ),
    "oid-inconnu-repris": (
        "BANC-INS.05",
        (
            created(),
            call(found(ins(oid="1.2.3"))),
            searched(patient("récupérée", ins(oid="1.2.3"))),
        ),
    ),
}


@pytest.mark.parametrize("story", CONFORMANT.values(), ids=CONFORMANT)
def test_identities_taken_with_care_raise_nothing(story: tuple[Exchange, ...]) -> None:
    assert ids(*story) == []


@pytest.mark.parametrize(("check_id", "story"), DEFECTS.values(), ids=DEFECTS)
def test_an_identity_taken_blindly_raises_its_check_alone(
    check_id: str, story: tuple[Exchange, ...]
) -> None:
    [finding] = mine(*story)
    assert finding.check_id == check_id
    assert finding.exchange_id == story[-1].id


def test_a_software_that_may_not_verify_is_to_be_looked_at() -> None:
    """The wire of the verification is not published: its absence proves nothing."""
    [finding] = mine(came(patient(id="p7"), "nouveau", "indisponible"))
    assert (finding.check_id, finding.severity) == ("BANC-INS.01", Severity.REVIEW)


def test_what_cannot_be_read_is_not_judged() -> None:
    assert ids(came(FETCHED, "nouveau", "OK", b"PK\x03\x04 abime")) == []
    assert ids(came(FETCHED, "nouveau", "OK", b"<html/>")) == []
