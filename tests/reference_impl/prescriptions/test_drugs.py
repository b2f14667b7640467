"""The drug base: the files of the BDPM as they really are, and searching what they hold."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reference_impl.errors import ConfigurationError
from reference_impl.prescriptions.bdpm import amount
from reference_impl.prescriptions.drugs import OUR_BASE, Drug, DrugBase, read_base

BASE = read_base(OUR_BASE)


def drug(cis: str, base: DrugBase = BASE) -> Drug:
    found = base.get(cis)
    assert found is not None
    return found


def base_of(folder: Path, **files: bytes) -> DrugBase:
    for name, content in files.items():
        (folder / f"{name}.txt").write_bytes(content)
    return read_base(folder)


def test_what_the_base_says_of_a_drug_decides() -> None:
    told = {cis: (d.narcotic, d.secure, d.opioid_substitution, d.exception, d.longest)
            for cis in ("60000001", "60000003", "60000004", "60000015", "60000017")
            for d in (drug(cis),)}  # fmt: skip
    assert told == {
        "60000001": (False, False, False, False, None),
        "60000003": (True, True, False, False, 28),
        "60000004": (True, True, True, False, 28),
        "60000015": (False, True, False, False, 84),
        "60000017": (False, False, False, True, None),
    }


@pytest.mark.parametrize(
    ("substance", "dosage", "substitution"),
    [
        ("BUPRÉNORPHINE", "8 mg", True),
        ("CHLORHYDRATE DE MÉTHADONE", "40 mg", True),
        ("BUPRÉNORPHINE", "0,2 mg", False),
        ("PARACÉTAMOL", "500 mg", False),
    ],
)
def test_a_drug_without_class_is_a_substitution_by_its_substance(
    tmp_path: Path, substance: str, dosage: str, substitution: bool
) -> None:
    part = f"61111111\tcomprimé\t1\t{substance}\t{dosage}\tun\tSA\t1\t"
    base = base_of(tmp_path, CIS_bdpm=b"61111111\tNOM\tcp", CIS_COMPO_bdpm=part.encode("cp1252"))
    assert drug("61111111", base).opioid_substitution is substitution


def test_supply_and_withdrawal_warn() -> None:
    assert drug("60000012").warnings == (
        "MEDICAMENT FICTIF DOUZE 40 mg, comprimé gastro-résistant : Tension d’approvisionnement "
        "depuis le 05/01/2026.",
    )
    first, second = drug("60000018").presentations
    assert (first.supply, second.supply) == ("Rupture de stock depuis le 10/01/2026", None)
    assert drug("60000018").warnings == ()
    assert drug("60000010").warnings == ()
    assert "plus commercialisé" in drug("60000013").warnings[0]
    assert "autorisation" in drug("60000016").warnings[0]


def test_labels_and_prices() -> None:
    assert drug("60000019").label == (
        "SUBSTANCE FICTIVE DIX-NEUF 500 mg + VITAMINE FICTIVE 200 UI comprimé à sucer, voie orale "
        "(MEDICAMENT FICTIF DIX-NEUF)"
    )
    assert "voie sous-cutanée ou intraveineuse" in drug("60000017").label
    assert drug("60000017").presentations[0].price == Decimal("1027.47")
    assert [amount(cell) for cell in ("3,21", "12", "", "x,y", "1 027,47")] == [
        Decimal("3.21"), Decimal("12"), None, None, Decimal("1027.47")]  # fmt: skip


def test_search_ignores_case_and_accents_and_reads_codes() -> None:
    found = {
        "Fictif  UN 75": ["60000001"],
        "pelliculé cinq": ["60000005", "60000006"],
        "SUBSTANCE fictive dix-neuf": ["60000019"],
        "paracetamol": ["63107752"],
        "3400933516390": ["63107752"],
        "3393351": ["63107752"],
        "60000002": ["60000002"],
        "  ": [],
        "TREIZE": [],  # not sold any more…
        "60000013": ["60000013"],  # … but found by its code, with a warning
    }
    assert {text: [d.cis for d in BASE.search(text)] for text in found} == found
    assert drug("60000005").groups == drug("60000006").groups == ("9001",)


def test_a_file_mixes_encodings_ends_of_line_and_widths(tmp_path: Path) -> None:
    rows = [
        "61111111\tCRÈME\tcrème\tcutanée;orale\tAutorisation active\tx\tCommercialisée".encode(),
        "62222222\tGÉLULE\tgélule\torale\tAutorisation active\tx\tCommercialisée\t1\t2\t3\t4\t5\t6"
        .encode("cp1252"),
        "61111111\tCRÈME\tcrème\tcutanée;orale\tAutorisation active\tx\tCommercialisée".encode(),
        b"63333333\tSEPAR\xc2\x85E",
        b"",
    ]  # fmt: skip
    box = b"61111111\t6111111\tbo\xc3\xaete\t\t\t\t3400961111111\toui\t65 %;100 %"
    base = base_of(
        tmp_path,
        CIS_bdpm=b"\xef\xbb\xbf" + b"\r\n".join(rows),
        CIS_CIP_bdpm=b"\n".join([box, box, b"69999999\t1"]),
        CIS_CPD_bdpm=b"61111111\tliste I\n61111111\tliste I\n69999999\tliste II",
    )
    cream, capsule, odd = (drug(cis, base) for cis in ("61111111", "62222222", "63333333"))
    assert (cream.routes, cream.conditions, cream.available) == (
        ("cutanée", "orale"),
        ("liste I",),
        True,
    )
    assert [(b.cip13, b.rate) for b in cream.presentations] == [("3400961111111", "65 % ; 100 %")]
    assert capsule.name == "GÉLULE"
    assert (odd.name, odd.available) == ("SEPAR\x85E", False)
    assert base.get("69999999") is None


def test_a_folder_without_base_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="CIS_bdpm") as raised:
        read_base(tmp_path)
    assert raised.value.field == "ordonnance.base_medicaments"
    (tmp_path / "CIS_bdpm.txt").mkdir()
    with pytest.raises(ConfigurationError, match="CIS_bdpm"):
        read_base(tmp_path)


_CELLS = st.lists(st.binary(max_size=8) | st.sampled_from([b"61111111", b";", b","]), max_size=14)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_CELLS, min_size=1, max_size=5))
def test_no_file_makes_reading_fail(tmp_path: Path, rows: list[list[bytes]]) -> None:
    spoilt = b"\n".join(b"\t".join(row) for row in rows)
    names = ("CIS_CIP", "CIS_COMPO", "CIS_CPD", "CIS_GENER")
    others = {"CIS_CIP_Dispo_Spec": spoilt, "CIS_MITM": spoilt}
    base = base_of(
        tmp_path,
        CIS_bdpm=b"61111111\tNOM\n" + spoilt,
        **{f"{name}_bdpm": b"61111111\t" + spoilt for name in names},
        **others,
    )
    found = drug("61111111", base)
    assert found.label
    assert isinstance(found.warnings, tuple)
    assert base.search("61111111")
