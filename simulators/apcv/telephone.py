"""The page that plays the phone: the code drawn, the profile, the contexts, the buttons.

It needs nothing from outside, and works without script: it is then loaded again as a whole.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from html import escape
from importlib.resources import files
from string import Template

import segno

from fixtures.apcv import ApcvFixture, MemberFixture
from simulators.apcv.codec import LIFE
from simulators.apcv.faults import FAULTS
from simulators.apcv.negatives import NEGATIVES
from simulators.apcv.state import ACTIVE, ApcvContext, Profile

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
REFRESH = LIFE / 4
"""A code is replaced long before it dies: what is on the screen can always be read."""
_PAGE = Template((files("simulators.apcv") / "pages" / "telephone.html").read_text("utf-8"))
_QUIET = 4
ASKED = tuple(name for name, case in NEGATIVES.items() if case.operation is not None)
"""Cases that the page offers: a fault of the handshake would fall on the browser that asks it."""
_SAID = {
    "expirer": "Les contextes de ce profil sont expirés.",
    "revoquer": "Le profil est révoqué.",
    "retablir": "Le profil est rétabli.",
    "panne": "La panne est demandée : elle touchera le prochain appel concerné.",
}
_KINDS = {"T": "T (test)", "D": "D (démonstration)", "R": "R (réel)"}
_QUALITIES = {"0": "assuré", "2": "conjoint", "6": "enfant"}


@dataclass(frozen=True, slots=True)
class Screen:
    """What the page shows. ``oddity`` is the name of what is wrong with its code."""

    told: ApcvFixture
    profile: Profile
    code: str
    contexts: tuple[ApcvContext, ...]
    now: datetime
    oddity: str | None = None
    done: str | None = None
    """The button that was just pressed."""


def drawing(code: str) -> str:
    """The code as an SVG, alphanumeric mode."""
    drawn = io.BytesIO()
    symbol = segno.make(code, error="l", mode="alphanumeric", micro=False)
    symbol.save(
        drawn, kind="svg", border=_QUIET, light="#fff", xmldecl=False, omitsize=True,
        title="QR code de l'appli carte Vitale",
    )  # fmt: skip
    return drawn.getvalue().decode("utf-8")


def page(screen: Screen, everyone: Iterable[ApcvFixture]) -> bytes:
    """The page of one profile."""
    serial, holder = screen.profile.serial, screen.told.holder
    return _PAGE.substitute(
        serial=serial,
        holder=escape(f"{holder.birth_given_names} {holder.birth_name}"),
        title=escape(screen.told.title),
        kind=_KINDS[screen.profile.kind],
        revoked="révoqué" if screen.profile.revoked else "actif",
        said=escape(_SAID.get(screen.done or "", "")),
        oddity=escape(FAULTS.get(screen.oddity or "", "")),
        drawing=drawing(screen.code),
        code=escape(screen.code),
        life=int(LIFE.total_seconds()),
        refresh=int(REFRESH.total_seconds()),
        members="".join(map(_member, screen.told.members)),
        contexts="".join(_context(one, screen.now) for one in screen.contexts) or _NONE,
        faults="".join(_case(name) for name in ASKED),
        links="".join(_link(one, serial) for one in everyone),
    ).encode()


_NONE = '<tr><td colspan="4">Aucun contexte</td></tr>'


def _link(one: ApcvFixture, shown: str) -> str:
    current = ' aria-current="page"' if one.serial == shown else ""
    name = escape(f"{one.holder.first_given_name} {one.holder.birth_name}")
    return f'<li><a href="?profil={one.serial}"{current}>{name}</a> : {escape(one.title)}</li>'


def _member(member: MemberFixture) -> str:
    who = member.patient
    names = escape(f"{who.birth_given_names} {who.birth_name}")
    ins = f"INS {who.ins}" if member.quality == "0" else "sans INS dans l'appli"
    return f"<li>{names}, {_QUALITIES.get(member.quality, member.quality)}, {ins}</li>"


def _case(name: str) -> str:
    options = "".join(
        f'<option value="{name} {fault}">{escape(FAULTS.get(fault, fault))}</option>'
        for fault in NEGATIVES[name].faults
    )
    return f'<optgroup label="{name} : {escape(NEGATIVES[name].title)}">{options}</optgroup>'


def _context(one: ApcvContext, now: datetime) -> str:
    state = one.state_at(now)
    left = int((one.ends - now).total_seconds()) if state == ACTIVE else 0
    return (
        f"<tr><td><code>{escape(one.id)}</code></td><td>{escape(one.professional)}</td>"
        f'<td>{escape(state)}</td><td data-reste="{left}">{_duration(left)}</td></tr>'
    )


def _duration(seconds: int) -> str:
    return f"{seconds // 60} min {seconds % 60:02d} s" if seconds else "–"
