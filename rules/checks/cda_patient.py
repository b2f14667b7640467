"""CDA-13 to CDA-20: the patient of the header, the INS and its traits, the contacts.

Source: CI-SIS « Structuration minimale » §1.2 and §1.10 as cda.md reads it, and
ins-insi.md §1 and §4.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from rules.checking import check
from rules.context import OID_INS_NIA, Context, Identity
from rules.findings import Finding, Severity
from rules.formats.cda import ClinicalDocument
from rules.formats.cda_people import Patient
from rules.formats.cda_types import HL7, INS_ROOTS, attribute
from rules.formats.numbers import ins_key, is_cog, is_ins, sex_of
from rules.xml import place_of

SOURCE = "CI-SIS Structuration minimale (02/2025)"
OBSOLETE_INS_ROOTS = ("1.2.250.1.213.1.4.1", "1.2.250.1.213.1.4.2", "1.2.250.1.213.1.4.6")
_ROLE = "/ClinicalDocument/recordTarget/patientRole"
_PATIENT = f"{_ROLE}/patient"
_OLD_PROFILE = "2023-06"
_TELECOM = re.compile(r"(tel|fax|mailto|http|ftp|mllp):\S.*", re.ASCII)
_TELECOM_USES = frozenset(("H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG"))
_ADDRESS_USES = frozenset(("H", "HP", "HV", "WP", "TMP"))
_ADDRESS_PARTS = frozenset(
    (
        *("houseNumber", "houseNumberNumeric", "streetName", "streetNameType"),
        *("additionalLocator", "unitID", "postBox", "precinct"),
        *("postalCode", "city", "county", "state", "country"),
    )
)
_ADDRESS_ONCE = ("country", "state", "city", "postalCode")
_NULL = ("UNK", "NASK", "ASKU", "NAV", "MSK")


@check(
    "CDA-13",
    title="L'INS est sous une racine admise dans cet environnement",
    severity=Severity.BLOCKING,
    source="ins-insi.md §1.3 ; cda.md §1",
    exigences=("INS/va1.54",),
)
def ins_root(document: ClinicalDocument, context: Context) -> Iterator[Finding]:
    """Test documents carry .10 or .11: a production root in test is a mistake."""
    admitted = context.environment.ins_oids
    for patient in document.patients:
        for found in patient.ids:
            obsolete = found.root in OBSOLETE_INS_ROOTS
            if obsolete or (found.root in INS_ROOTS and found.root not in admitted):
                yield Finding(
                    f"{found.place}/@root",
                    " ou ".join(sorted(admitted)),
                    found.root or "",
                    "Retirer cet INS-C, abandonné."
                    if obsolete
                    else "Sur une plateforme de test, convertir l'OID rendu par INSi en OID de "
                    "test par un réglage explicite.",
                )


@check(
    "CDA-14",
    title="L'INS a 15 caractères et une clé exacte",
    severity=Severity.BLOCKING,
    source="ins-insi.md §1.2",
    exigences=("INS/va1.54",),
)
def ins_number(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """One INS per patient, matricule and key together, without space."""
    for patient in document.patients:
        for found in patient.ins_ids:
            number = found.extension or ""
            key = ins_key(number[:13])
            if not is_ins(number) or key != number[13:]:
                yield Finding(
                    f"{found.place}/@extension",
                    f"{number[:13]}{key}" if key else "13 caractères et la clé",
                    number or "absent",
                    "Écrire le matricule suivi de sa clé, tels qu'INSi les a rendus.",
                )
        if len(patient.ins_ids) > 1:
            yield Finding(
                f"{_ROLE}/id",
                "un seul INS",
                ", ".join(i.text for i in patient.ins_ids),
                "Ne transmettre que l'INS actif : l'historique reste dans le logiciel.",
            )


@check(
    "CDA-15",
    title="Avec l'INS, les six traits et leurs qualificatifs",
    severity=Severity.BLOCKING,
    source=f"{SOURCE} §1.2",
    exigences=("INS/va1.54", "DOC/va1.12"),
)
def traits_present(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """Birth name, first given name, list of given names, sex, date, place (COG)."""
    for patient in document.patients:
        if not patient.ins:
            continue
        for place, label, value in _six_traits(patient):
            if not value:
                yield Finding(
                    place,
                    label,
                    "absent",
                    f"Ajouter {label} : avec l'INS, les six traits sont obligatoires.",
                )


def _six_traits(patient: Patient) -> Iterator[tuple[str, str, str | None]]:
    name, born, sex = patient.name, patient.birth_time, patient.gender
    br = "[@qualifier='BR']"
    yield f"{_PATIENT}/name/family{br}", "le nom de naissance", name and name.family("BR")
    yield f"{_PATIENT}/name/given{br}", "le premier prénom de naissance", name and name.given("BR")
    yield (
        f"{_PATIENT}/name/given[not(@qualifier)]",
        "la liste des prénoms de naissance",
        name and name.given(None),
    )
    known = sex.code if sex and sex.code in ("F", "M", "UN") else None
    yield f"{_PATIENT}/administrativeGenderCode/@code", "le sexe (F, M ou UN)", known
    value = born.value if born and born.well_formed else None
    full = value if value and len(value) >= 8 and value[:8].isdigit() else None
    yield f"{_PATIENT}/birthTime/@value", "la date de naissance AAAAMMJJ", full
    yield (
        f"{_PATIENT}/birthplace/place/addr/county",
        "le code COG de naissance",
        patient.birth_place,
    )


@check(
    "CDA-16",
    title="Les traits du document sont ceux de l'identité qui porte cet INS",
    severity=Severity.BLOCKING,
    source="ins-insi.md §1.4 ; EXI REC 08",
    exigences=("INS/va1.52",),
    needs=("identities",),
)
def traits_of_the_identity(document: ClinicalDocument, context: Context) -> Iterator[Finding]:
    """What INSi returned is kept unchanged, and goes out unchanged."""
    patient = document.patient
    number = patient.ins.extension if patient and patient.ins else None
    held = (context.identities or {}).get(number or "")
    if patient and held:
        for place, mine, theirs in _differences(patient, held):
            yield Finding(
                place,
                theirs,
                mine,
                "Écrire dans le document les traits de l'identité tels qu'INSi les a rendus.",
            )


def _differences(patient: Patient, held: Identity) -> Iterator[tuple[str, str, str]]:
    mine, theirs = patient.traits, held.traits
    pairs = (
        (f"{_PATIENT}/name/family[@qualifier='BR']", mine.birth_name, theirs.birth_name),
        (
            f"{_PATIENT}/name/given[not(@qualifier)]",
            mine.birth_given_names,
            theirs.birth_given_names,
        ),
        (f"{_PATIENT}/administrativeGenderCode/@code", mine.sex, theirs.sex),
        (f"{_PATIENT}/birthTime/@value", mine.birth_date, theirs.birth_date),
        (f"{_PATIENT}/birthplace/place/addr/county", mine.birth_place, theirs.birth_place),
    )
    for place, one, other in pairs:
        if one and other and one != other:
            yield place, one, other


@check(
    "CDA-17",
    title="Le sexe et le mois de naissance du NIR concordent avec les traits",
    severity=Severity.MINOR,
    source="ins-insi.md §1.2 (structure INSEE du NIR)",
    exigences=("INS/va1.54",),
)
def nir_and_traits(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """A few true NIR disagree with their bearer: a person has to look."""
    patient = document.patient
    ins = patient.ins if patient else None
    if patient is None or ins is None or ins.root == OID_INS_NIA or not is_ins(ins.extension):
        return
    number, traits = ins.extension or "", patient.traits
    sex = sex_of(number)
    if sex and traits.sex in ("F", "M") and sex != traits.sex:
        yield _disagreement(f"{_PATIENT}/administrativeGenderCode/@code", sex, traits.sex)
    born = (patient.birth_time and patient.birth_time.value) or ""
    if "01" <= number[3:5] <= "12" and len(born) >= 6 and number[1:5] != born[2:6]:
        place = f"{_PATIENT}/birthTime/@value"
        yield _disagreement(place, f"année {number[1:3]}, mois {number[3:5]}", born)


def _disagreement(place: str, expected: str, found: str) -> Finding:
    return Finding(
        place,
        expected,
        found,
        "Vérifier que l'INS est bien celui de ce patient : le NIR dit autre chose que les traits.",
    )


@check(
    "CDA-18",
    title="Le lieu de naissance est un code COG de 5 caractères",
    severity=Severity.BLOCKING,
    source="ins-insi.md §1.4 ; cda.md §1.2",
    exigences=("INS/va1.54",),
)
def birth_place(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """COG of the commune, or 99xxx for a country."""
    for patient in document.patients:
        if patient.birth_place and not is_cog(patient.birth_place):
            yield Finding(
                f"{_PATIENT}/birthplace/place/addr/county",
                "5 caractères : code INSEE de la commune, ou 99xxx pour un pays",
                patient.birth_place,
                "Écrire le code COG dans county, et le nom de la ville dans city.",
            )


@check(
    "CDA-19",
    title="Les noms du patient sont qualifiés BR ou CL",
    severity=Severity.MAJOR,
    source=f"{SOURCE} §1.2, §1.9",
    exigences=("INS/va1.54",),
)
def name_qualifiers(document: ClinicalDocument, context: Context) -> Iterator[Finding]:
    """SP was admitted by the rules of June 2023 (profile ``2023-06``)."""
    old = context.environment.rules_profile == _OLD_PROFILE
    families = ("BR", "CL", "SP") if old else ("BR", "CL")
    for patient in document.patients:
        if patient.name is None:
            continue
        wrong = [(p, families) for p in patient.name.families if p.qualifier not in families]
        givens = (None, "BR", "CL")
        wrong += [(p, givens) for p in patient.name.givens if p.qualifier not in givens]
        for part, admitted in wrong:
            yield Finding(
                f"{part.place}/@qualifier",
                " ou ".join(q or "aucun" for q in admitted),
                part.qualifier or "absent",
                "Qualifier BR le nom de naissance et CL le nom utilisé ; SP n'est plus admis.",
            )


@check(
    "CDA-20",
    title="Adresses et télécoms de l'en-tête ont une forme admise",
    severity=Severity.MAJOR,
    source=f"{SOURCE} §1.10",
    exigences=("DOC/va1.12",),
)
def contacts(document: ClinicalDocument, _context: Context) -> Iterator[Finding]:
    """``telecom`` and ``addr`` of the header, wherever they are."""
    for part in document.root.iterchildren(f"{{{HL7}}}*"):
        if etree.QName(part).localname == "component":
            continue
        for telecom in part.iter(f"{{{HL7}}}telecom"):
            yield from _telecom(telecom)
        for address in part.iter(f"{{{HL7}}}addr"):
            yield from _address(address)


def _telecom(element: etree._Element) -> Iterator[Finding]:
    value, flavor = attribute(element, "value"), attribute(element, "nullFlavor")
    use = attribute(element, "use")
    if value is None and flavor in _NULL and use is None:
        return
    if value is None or flavor is not None or not _TELECOM.fullmatch(value):
        yield Finding(
            place_of(element),
            'value="préfixe:numéro" (tel, fax, mailto, http…), ou nullFlavor seul',
            value or flavor or "vide",
            "Préfixer la valeur (tel:0500000001), ou mettre nullFlavor sans autre attribut.",
        )
    elif use is not None and not _TELECOM_USES.issuperset(use.split()):
        yield _use(element, _TELECOM_USES, use)


def _address(element: etree._Element) -> Iterator[Finding]:
    names = [str(etree.QName(e).localname) for e in element.iterchildren(f"{{{HL7}}}*")]
    lines, use = names.count("streetAddressLine"), attribute(element, "use")
    parts_only = _ADDRESS_PARTS.issuperset(names) and all(names.count(n) < 2 for n in _ADDRESS_ONCE)
    lines_only = lines == len(names) and lines <= 7
    if not (parts_only or lines_only) or not (names or attribute(element, "nullFlavor")):
        yield Finding(
            place_of(element),
            "les éléments d'adresse, ou de 1 à 7 streetAddressLine et rien d'autre",
            ", ".join(names) or "vide",
            "Choisir une seule des deux formes d'adresse.",
        )
    if use is not None and not _ADDRESS_USES.issuperset(use.split()):
        yield _use(element, _ADDRESS_USES, use)


def _use(element: etree._Element, admitted: frozenset[str], found: str) -> Finding:
    return Finding(
        f"{place_of(element)}/@use",
        " ou ".join(sorted(admitted)),
        found,
        "Choisir un usage du jeu admis, ou retirer l'attribut.",
    )
