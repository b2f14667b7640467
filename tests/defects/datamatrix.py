"""Mistakes made on the page that a person reads: datamatrix INS and cartouche."""

from __future__ import annotations

from typing import Any

import zxingcpp
from PIL import Image, ImageOps

from reference_impl.documents.datamatrix import GS, SCALE, write_text

from .mistakes import around, broken, put, written
from .stimuli import Bench, stimulus

_TEXT = "reference_impl.documents.datamatrix:write_text"
_SYMBOL = "reference_impl.documents.datamatrix:symbol"
_PICTURE = "reference_impl.documents.datamatrix:picture"
_CARTOUCHE = "reference_impl.documents.writer:_cartouche"
_OF_PATIENT = "reference_impl.documents.writer:CdaWriter._datamatrix"


@stimulus("impression")
def printing(bench: Bench) -> None:
    """A document is printed before anybody verified the identity, then after."""
    patient = bench.create(bench.someone())
    bench.search(patient)
    document = bench.write(patient)
    bench.scenario.must("document.print", document=document)
    bench.scenario.must("identity.record_evidence", patient=patient, justificatif="CN")
    bench.scenario.must("document.print", document=document)


def _oid_of_insi(original: Any, ins: Any, _oid: str, traits: Any) -> str:
    return original(ins, ins.oid, traits)


def _name_in_use(original: Any, ins: Any, oid: str, traits: Any) -> str:
    return original(ins, oid, traits).replace(traits.birth_name, traits.used_name or "X")


def _as_the_encoder_likes(text: str) -> tuple[tuple[bool, ...], ...]:
    made = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.DataMatrix)
    rows = memoryview(made.to_image(scale=1, add_quiet_zones=False)).tolist()
    return tuple(tuple(shade == 0 for shade in row) for row in rows)


def _framed(original: Any, modules: Any) -> Image.Image:
    """A frame where the quiet zone should be."""
    picture = original(modules, quiet_zone=0)
    return ImageOps.expand(ImageOps.expand(picture, SCALE // 2, fill=1), SCALE // 4, fill=0)


def _before_any_verification(writer: Any, patient: Any) -> str | None:
    if patient.ins is None:
        return None
    oid = writer._environment.document_oid(patient.ins)
    return write_text(patient.ins, oid, patient.traits)


def _without(label: str) -> Any:
    def rebuild(original: Any, patient: Any) -> Any:
        return tuple(line for line in original(patient) if line[0] != label)

    return around(_CARTOUCHE, rebuild)


def _without_nature(original: Any, patient: Any) -> Any:
    return tuple((label, value.partition(" (")[0]) for label, value in original(patient))


def _always_the_matricule(original: Any, patient: Any) -> Any:
    lines = original(patient)
    if patient.ins is None or patient.qualified:
        return lines
    return (*lines, ("Matricule INS", f"{patient.ins.value} (NIR)"))


DEFECTS = (
    broken(
        "datamatrix-sans-separateurs",
        "Les champs du datamatrix se suivent sans GS",
        "depot",
        "INS-T-04",
        written(_TEXT, GS, ""),
    ),
    broken(
        "datamatrix-separateur-en-toutes-lettres",
        "Le datamatrix contient les quatre caractères « <GS> »",
        "depot",
        "INS-T-04",
        written(_TEXT, GS, "<GS>"),
    ),
    broken(
        "datamatrix-date-iso",
        "La date de naissance du datamatrix est écrite AAAA-MM-JJ",
        "depot",
        "INS-T-04",
        written(_TEXT, r"S6(\d\d)-(\d\d)-(\d{4})", r"S6\3-\2-\1"),
    ),
    broken(
        "datamatrix-en-minuscules",
        "Le nom de naissance du datamatrix est en minuscules",
        "depot",
        "INS-T-04",
        written(_TEXT, r"(?<=S4)[^\x1d]+", lambda found: found[0].lower()),
    ),
    broken(
        "datamatrix-autre-version",
        "L'en-tête du datamatrix annonce la version 02",
        "depot",
        "INS-T-04",
        written(_TEXT, "IS01", "IS02"),
    ),
    broken(
        "datamatrix-oid-d-insi",
        "Le datamatrix garde l'OID rendu par INSi, le document en porte un autre",
        "depot",
        "INS-T-04",
        around(_TEXT, _oid_of_insi),
    ),
    broken(
        "datamatrix-nom-utilise",
        "Le datamatrix porte le nom utilisé au lieu du nom de naissance",
        "envoi-nom-utilise",
        "INS-T-04",
        around(_TEXT, _name_in_use),
    ),
    broken(
        "datamatrix-rectangulaire",
        "Le générateur de symboles, laissé libre, choisit un rectangle",
        "depot",
        "INS-T-05",
        put(_SYMBOL, _as_the_encoder_likes),
    ),
    broken(
        "datamatrix-encadre",
        "Un cadre décoratif touche presque le datamatrix",
        "depot",
        "INS-T-05",
        around(_PICTURE, _framed),
    ),
    broken(
        "datamatrix-ancienne-mention",
        "La mention est « INS non signée »",
        "depot",
        "INS-T-05",
        put("reference_impl.documents.pdf:_MARK", "INS non signée"),
    ),
    broken(
        "datamatrix-absent",
        "Le cartouche d'une identité qualifiée n'a pas de datamatrix",
        "depot",
        "INS-T-06",
        put(_OF_PATIENT, lambda _writer, _patient: None),
    ),
    broken(
        "cartouche-sans-nature",
        "Le matricule est imprimé sans NIR ni NIA",
        "depot",
        "INS-T-06",
        around(_CARTOUCHE, _without_nature),
    ),
    broken(
        "cartouche-sans-sexe",
        "Le sexe manque dans le cartouche",
        "envoi-confrere",
        "INS-T-06",
        _without("Sexe"),
    ),
    broken(
        "cartouche-absent",
        "Le PDF d'une identité qualifiée ne porte aucune identité",
        "depot",
        "INS-T-06",
        put(_CARTOUCHE, lambda _patient: ()),
        put(_OF_PATIENT, lambda _writer, _patient: None),
    ),
    broken(
        "datamatrix-d-une-identite-recuperee",
        "Le datamatrix est imprimé dès que l'INS est connue",
        "identite-recuperee",
        "INS-T-01",
        put(_OF_PATIENT, _before_any_verification),
    ),
    broken(
        "impression-du-matricule-d-une-identite-recuperee",
        "Le matricule est imprimé avant que l'identité soit vérifiée",
        "impression",
        "INS-T-01",
        around(_CARTOUCHE, _always_the_matricule),
    ),
)
