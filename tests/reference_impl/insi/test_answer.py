from __future__ import annotations

import pytest

from reference_impl.errors import UnavailableError
from reference_impl.insi.answer import key_of, read_answer
from reference_impl.people import Ins
from tests.reference_impl.house import CAMILLE_INS
from tests.reference_impl.insi.messages import answer, fault, found
from tests.shared_data import GOLDEN, needs_shared


def test_one_identity_with_its_history() -> None:
    individual = read_answer(200, found()).individual
    assert individual is not None
    assert individual.ins == CAMILLE_INS
    assert individual.traits.birth_given_names == "CAMILLE ANNE"
    assert individual.history == ()


@pytest.mark.parametrize(
    "style",
    [
        {"prefix": "ns2:", "declaration": 'xmlns:ns2="http://www.cnamts.fr/INSiResultat"'},
        {"before": "<!-- fichier CNDA -->"},
        {"before": "<inconnu>1</inconnu>"},
        {"bom": True},
        {"pretty": True},
    ],
)
def test_the_style_of_the_answer_changes_nothing(style: dict[str, str]) -> None:
    assert read_answer(200, found(**style)) == read_answer(200, found())


def test_history_entries_disordered_and_equal_to_the_active_one() -> None:
    past = (
        "<INSHISTO><DateDeb>2019-03-01</DateDeb><DateFin>2019-02-28</DateFin><IdIndividu>"
        "<NumIdentifiant>1850733063042</NumIdentifiant><Cle>58</Cle></IdIndividu>"
        "<OID>1.2.250.1.213.1.4.8</OID></INSHISTO>"
    )
    same = (
        "<INSHISTO><IdIndividu><NumIdentifiant>2850733063042</NumIdentifiant><Cle>08</Cle>"
        "</IdIndividu><OID>1.2.250.1.213.1.4.8</OID></INSHISTO>"
    )
    individual = read_answer(200, found(history=same + past)).individual
    assert individual is not None
    assert [(p.ins.matricule, p.begin, p.end) for p in individual.history] == [
        ("1850733063042", "2019-03-01", "2019-02-28")
    ]


def test_a_wrong_key_is_kept_and_a_missing_one_computed() -> None:
    wrong = read_answer(200, found(key="<Cle>60</Cle>")).individual
    missing = read_answer(200, found(key="")).individual
    assert wrong is not None
    assert missing is not None
    assert (wrong.ins.key, missing.ins.key) == ("60", "08")


@pytest.mark.parametrize(
    ("matricule", "key"),
    [("297022A020778", "78"), ("160012B020777", "13"), ("1810163220751", "40")],
)
def test_keys_of_published_matricules(matricule: str, key: str) -> None:
    assert key_of(matricule) == key


@pytest.mark.parametrize(
    "body",
    [
        answer("<CR><CodeCR>00</CodeCR><LibelleCR>OK</LibelleCR></CR>"),
        answer("<CR><CodeCR>77</CodeCR></CR>"),
        found(oid="1.2.3"),
        b"",
        b"<html><body>Service unavailable</body></html>",
        found()[:200],
        b'<!DOCTYPE x [<!ENTITY e "e">]>' + found().partition(b"?>")[2],
    ],
    ids=["00 vide", "code inconnu", "OID inconnu", "vide", "HTML", "tronqué", "DTD"],
)
def test_what_is_no_answer_is_refused_and_stores_nothing(body: bytes) -> None:
    with pytest.raises(UnavailableError):
        read_answer(200, body)


@pytest.mark.parametrize("status", [200, 500])
@pytest.mark.parametrize("prefix", ["soap", "S"])
def test_faults_of_both_producers(status: int, prefix: str) -> None:
    read = read_answer(status, fault("desir_550", "siram_100", prefix))
    assert (read.code, read.fault, read.retry_later) == ("desir_550", True, False)
    assert read.label == "Numéro d'autorisation du logiciel inconnu."


def test_an_unavailability_is_told_from_a_refusal() -> None:
    assert read_answer(500, fault("desir_1020", "siram_40")).retry_later


@needs_shared
def test_the_golden_answers_are_read() -> None:
    read = {
        path.name[:3]: read_answer(500 if path.name[:3] in ("e10", "e11", "e12") else 200, body)
        for path in sorted((GOLDEN / "insi").glob("*-reponse.xml"))
        for body in [path.read_bytes()]
    }
    codes = {name: answer.code for name, answer in read.items()}
    assert codes["e01"] == "01"
    assert codes["e05"] == "02"
    assert codes["e10"] == "desir_550"
    assert codes["e12"] == "insi_102"
    e09 = read["e09"].individual
    assert e09 is not None
    assert e09.ins.is_nia
    e06 = read["e06"].individual
    assert e06 is not None
    assert e06.ins == Ins("1010299350001", "48", "1.2.250.1.213.1.4.8")
