"""Ways to select a file."""

from __future__ import annotations

import pytest

from simulators.cards.files import MF, Df, Ef, Selection, format_path
from simulators.cards.iso7816 import StatusError

AID = bytes.fromhex("D250000002564954414C45")


@pytest.fixture
def selection():
    inner = Df(0x0002, (), {0x1001: Ef(0x1001, b"fond")})
    applet = Df(0x0001, (AID,), {0x2001: Ef(0x2001, b"pointeurs"), 0x0002: inner})
    root = Df(MF, (), {0x2F00: Ef(0x2F00, b"dir", sfi=0x1E), 0x0001: applet})
    return Selection(root)


def content(node):
    return node.content


def test_absolute_and_relative_paths(selection):
    assert content(selection.by_path(bytes.fromhex("3F0000012001"))) == b"pointeurs"
    assert content(selection.by_path(bytes.fromhex("00021001"))) == b"fond"
    assert selection.df.fid == 0x0002
    assert content(selection.from_root(bytes.fromhex("2F00"))) == b"dir"


def test_identifiers_are_looked_for_around_the_current_df(selection):
    selection.by_path(bytes.fromhex("3F0000010002"))
    assert content(selection.by_identifier(bytes.fromhex("1001"))) == b"fond"  # child
    assert content(selection.by_identifier(bytes.fromhex("2001"))) == b"pointeurs"  # sibling
    assert selection.by_identifier(bytes.fromhex("0001")) is selection.df  # itself
    assert selection.by_identifier(b"") is selection.root
    with pytest.raises(StatusError, match="6A82"):
        selection.by_identifier(bytes.fromhex("1001"))  # two levels below


def test_names_whole_or_begun(selection):
    assert selection.by_name(AID).fid == 0x0001
    assert selection.by_name(AID[:7]).fid == 0x0001
    for name in (AID[:4], AID + b"\x01", b""):
        with pytest.raises(StatusError, match="6A82"):
            selection.by_name(name)


def test_parent_of_the_root_is_the_root(selection):
    selection.by_name(AID)
    assert selection.parent() is selection.root
    assert selection.parent() is selection.root


def test_a_failed_selection_changes_nothing(selection):
    selection.by_path(bytes.fromhex("3F0000012001"))
    for path in ("3F0000012002", "3F0020010001", "3F00000120010001"):
        with pytest.raises(StatusError, match="6A82"):
            selection.by_path(bytes.fromhex(path))
    assert selection.ef.fid == 0x2001
    with pytest.raises(StatusError, match="6700"):
        selection.by_path(b"\x3f")


def test_short_identifiers_are_those_of_the_df_then_of_the_root(selection):
    selection.by_name(AID)
    assert selection.by_short_identifier(0x1E).fid == 0x2F00
    with pytest.raises(StatusError, match="6A82"):
        selection.by_short_identifier(0x01)


def test_paths_are_written_in_hexadecimal(selection):
    paths = [format_path(path) for path, _ in selection.root.walk()]
    assert "3F00000100021001" in paths
