"""Files of a card: tree, access rules, and what is selected.

Source: ISO/IEC 7816-4 §5.3.1 (structures), §7.1.1 (SELECT), §7.2 (binary files).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from simulators.cards.iso7816 import SW, StatusError

MF = 0x3F00


class Rule(Enum):
    """Who may do something with a file."""

    ALWAYS = "toujours"
    CODE = "après le code porteur"
    NEVER = "jamais"


@dataclass
class Ef:
    """A transparent elementary file. ``sfi`` is its short identifier (1 to 30)."""

    fid: int
    content: bytes
    read: Rule = Rule.ALWAYS
    update: Rule = Rule.NEVER
    sfi: int | None = None


@dataclass
class Df:
    """A dedicated file: its files by identifier, and its names (AID)."""

    fid: int
    names: tuple[bytes, ...] = ()
    children: dict[int, Node] = field(default_factory=dict[int, "Node"])

    def add(self, node: Node) -> None:
        """Put a file in; one of the same identifier is replaced."""
        self.children[node.fid] = node

    def walk(self, path: tuple[int, ...] = ()) -> Iterator[tuple[tuple[int, ...], Node]]:
        """Every file below, with its path from this one (included)."""
        here = (*path, self.fid)
        for node in self.children.values():
            yield (*here, node.fid), node
            if isinstance(node, Df):
                yield from node.walk(here)


Node = Ef | Df


def format_path(path: tuple[int, ...]) -> str:
    """A path in hexadecimal: ``3F000001D120``."""
    return "".join(f"{fid:04X}" for fid in path)


class Selection:
    """What is selected on one logical channel: a DF and, in it, maybe an EF."""

    def __init__(self, root: Df) -> None:
        self._trail: tuple[Df, ...] = (root,)
        self.ef: Ef | None = None

    @property
    def df(self) -> Df:
        """The current DF."""
        return self._trail[-1]

    @property
    def root(self) -> Df:
        """The master file."""
        return self._trail[0]

    def by_path(self, path: bytes) -> Node:
        """Follow a path of file identifiers: absolute when it begins with 3F00."""
        if not path or len(path) % 2:
            raise StatusError(SW.WRONG_LENGTH)
        fids = [int.from_bytes(path[at : at + 2]) for at in range(0, len(path), 2)]
        trail = self._trail
        if fids[0] == MF:
            trail, fids = self._trail[:1], fids[1:]
        return self._follow(trail, fids)

    def from_root(self, path: bytes) -> Node:
        """Follow a path that begins under the master file."""
        whole = path if path[:2] == b"\x3f\x00" else b"\x3f\x00" + path
        return self.by_path(whole)

    def by_identifier(self, data: bytes) -> Node:
        """Select by identifier: MF, child, current DF, its parent, its siblings, itself."""
        if not data:
            return self._follow(self._trail[:1], [])
        if len(data) != 2:
            raise StatusError(SW.WRONG_LENGTH)
        fid = int.from_bytes(data)
        if fid == self.root.fid:
            return self._follow(self._trail[:1], [])
        for depth in range(len(self._trail), max(0, len(self._trail) - 2), -1):
            trail = self._trail[:depth]
            if fid == trail[-1].fid:
                return self._follow(trail, [])
            if fid in trail[-1].children:
                return self._follow(trail, [fid])
        raise StatusError(SW.FILE_NOT_FOUND)

    def by_name(self, name: bytes) -> Node:
        """Select the first DF whose name is, or begins with, the one given."""
        everywhere = [((self.root.fid,), self.root), *self.root.walk()]
        for whole in (True, False):
            for path, node in everywhere:
                if isinstance(node, Df) and _named(node, name, whole=whole):
                    return self._follow(self._trail[:1], list(path[1:]))
        raise StatusError(SW.FILE_NOT_FOUND)

    def parent(self) -> Node:
        """Select the DF above the current one."""
        return self._follow(self._trail[:-1] or self._trail, [])

    def by_short_identifier(self, sfi: int) -> Ef:
        """The file of a short identifier, in the current DF or in the master file."""
        for df in (self.df, self.root):
            for node in df.children.values():
                if isinstance(node, Ef) and node.sfi == sfi:
                    self.ef = node
                    return node
        raise StatusError(SW.FILE_NOT_FOUND)

    def _follow(self, trail: tuple[Df, ...], fids: list[int]) -> Node:
        for rank, fid in enumerate(fids):
            node = trail[-1].children.get(fid)
            if isinstance(node, Df):
                trail = (*trail, node)
            elif node is None or rank + 1 < len(fids):
                raise StatusError(SW.FILE_NOT_FOUND)
            else:
                self._trail, self.ef = trail, node
                return node
        self._trail, self.ef = trail, None
        return trail[-1]


def _named(df: Df, name: bytes, *, whole: bool) -> bool:
    if whole:
        return name in df.names
    return len(name) >= 5 and any(known.startswith(name) for known in df.names)
