"""Searches, readings and updates: conformant ones raise nothing, each defect its check."""

from __future__ import annotations

import pytest

from rules.formats.dmp import DmpRequest
from rules.formats.xds_query import StoredQuery, unquoted
from rules.judge import read, rejection
from tests.rules.dmp import golden
from tests.rules.dmp.golden import T05BIS, T09, T11, T12, T14, Edit, cut, swap

UNIQUE = "'2.25.74387217922356389154034103038781848723'"


def many(count: int) -> str:
    """Lists of identifiers, five to a Value so that none is too long."""
    ids = [f"'2.25.{rank}'" for rank in range(count)]
    groups = [ids[at : at + 5] for at in range(0, count, 5)]
    return "</Value><Value>".join(f"({','.join(group)})" for group in groups)


DEFECTS: dict[str, tuple[str, str, str | None, Edit]] = {
    "recherche inconnue": (
        T09,
        "DMP-31-01",
        "XDSUnknownStoredQuery",
        swap("14d4debf-8f97-4251-9a74-a90016b0af0d", "00000000-8f97-4251-9a74-a90016b0af0d"),
    ),
    "statut absent": (
        T09,
        "DMP-31-01",
        "XDSStoredQueryMissingParam",
        cut('<Slot name="$XDSDocumentEntryStatus">', "</Slot>"),
    ),
    "date entre apostrophes": (
        T09,
        "DMP-31-01",
        "XDSRegistryError",
        swap(">20240313000000<", ">'20240313000000'<"),
    ),
    "texte sans apostrophes": (T09, "DMP-31-01", "XDSRegistryError", swap("NH'<", "NH<")),
    "liste sans parenthèse fermante": (
        T09,
        "DMP-31-01",
        "XDSRegistryError",
        swap("StatusType:Approved')", "StatusType:Approved'"),
    ),
    "type de réponse inconnu": (
        T09,
        "DMP-31-01",
        "XDSRegistryError",
        swap('returnType="LeafClass"', 'returnType="RegistryObject"'),
    ),
    "valeur trop longue": (
        T05BIS,
        "DMP-31-01",
        "XDSRegistryError",
        swap(f"({UNIQUE})", f"({','.join([UNIQUE] * 8)})"),
    ),
    "plus de 20 identifiants": (
        T05BIS,
        "DMP-31-04",
        "XDSRegistryError",
        swap(f"({UNIQUE})", many(21)),
    ),
    "patient différent du VIHF": (
        T09,
        "DMP-VIHF-05",
        "XDSPatientIdDoesNotMatch",
        swap("'285073306304208^", "'260063306315240^"),
    ),
    "entryUUID à la place de l'uniqueId": (
        T11,
        "DMP-32-01",
        "XDSDocumentUniqueIdError",
        swap(
            "<DocumentUniqueId>2.25.22108048793401824409676937122962609516",
            "<DocumentUniqueId>urn:uuid:b8937403-28ff-4b95-ab63-ec67c0585a41",
        ),
    ),
    "autre entrepôt": (
        T11,
        "DMP-32-01",
        "XDSUnknownRepositoryId",
        swap("1.2.250.1.213.4.1.1.1.2<", "1.2.3<"),
    ),
    "demande vide": (
        T11,
        "DMP-32-01",
        "XDSDocumentUniqueIdError",
        cut("<DocumentRequest>", "</DocumentRequest>"),
    ),
    "statut impossible": (
        T14,
        "DMP-33-01",
        "XDSMetadataUpdateError",
        swap("StatusType:Deleted", "StatusType:Deprecated"),
    ),
    "suppression par uniqueId": (
        T14,
        "DMP-33-01",
        "XDSMetadataUpdateError",
        swap('targetObject="urn:uuid:', 'targetObject="'),
    ),
    "masquage sans logicalId": (
        T12,
        "DMP-33-02",
        "XDSMetadataUpdateError",
        swap(" lid=", " autre="),
    ),
    "masquage d'une autre version": (
        T12,
        "DMP-33-02",
        "XDSMetadataVersionError",
        swap(
            '<Slot name="PreviousVersion"><ValueList><Value>1<',
            '<Slot name="PreviousVersion"><ValueList><Value>7<',
        ),
    ),
}


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_defect_raises_exactly_its_check(defect: str) -> None:
    name, expected, code, edit = DEFECTS[defect]
    exchange = golden.edited(golden.exchange(name), edit)
    assert golden.ids(golden.judged(exchange)) == {expected}
    request = read(exchange).first(DmpRequest)
    assert request is not None
    found = rejection(request, golden.context(exchange))
    assert (found.rejects if found else None) == code


def test_twenty_identifiers_are_admitted() -> None:
    exchange = golden.edited(golden.exchange(T05BIS), swap(f"({UNIQUE})", many(20)))
    assert golden.judged(exchange).findings == ()
    query = read(exchange).first(StoredQuery)
    assert query is not None
    assert len(query.values("$XDSDocumentEntryUniqueId")) == 20


@pytest.mark.parametrize(
    ("raw", "values"),
    [
        ("'a'", ("a",)),
        ("('a')", ("a",)),
        ("('a','b')", ("a", "b")),
        ("( 'a' , 'b' )", ("a", "b")),
        ("'l''été'", ("l'été",)),
        ("('a,b','c')", ("a,b", "c")),
        ("20260101", ("20260101",)),
        ("", ()),
        ("('')", ("",)),
    ],
)
def test_parameters_are_unquoted(raw: str, values: tuple[str, ...]) -> None:
    assert unquoted(raw) == values
