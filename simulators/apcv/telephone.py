"""The page that plays the phone: the code drawn, the profile, the contexts, some buttons.

``GET <page>/texte?profil=<numSerie>`` gives the text alone, for a bench without camera.
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

from fixtures.apcv import ApcvFixture
from simulators.apcv.codec import LIFE
from simulators.apcv.state import ApcvContext, Profile

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=us-ascii"
_PAGE = Template((files("simulators.apcv") / "pages" / "telephone.html").read_text("utf-8"))
_QUIET = 4


@dataclass(frozen=True, slots=True)
class Screen:
    """What the page shows."""

    told: ApcvFixture
    profile: Profile
    code: str
    contexts: tuple[ApcvContext, ...]
    now: datetime


def drawing(code: str) -> str:
    """The code as an SVG, alphanumeric mode."""
    drawn = io.BytesIO()
    symbol = segno.make(code, error="l", mode="alphanumeric", micro=False)
    symbol.save(drawn, kind="svg", scale=4, border=_QUIET, xmldecl=False)
    return drawn.getvalue().decode("ascii")


def page(screen: Screen, everyone: Iterable[ApcvFixture]) -> bytes:
    """The page of one profile."""
    serial = screen.profile.serial
    links = "".join(
        f'<li><a href="?profil={one.serial}">{escape(one.holder.birth_name)} '
        f"{escape(one.holder.first_given_name)}</a> : {escape(one.title)}</li>"
        for one in everyone
    )
    members = "".join(
        f"<li>{escape(m.patient.birth_name)} {escape(m.patient.first_given_name)}, "
        f"qualité {m.quality}</li>"
        for m in screen.told.members
    )
    contexts = "".join(_context(one, screen.now) for one in screen.contexts)
    return _PAGE.substitute(
        serial=serial,
        title=escape(screen.told.title),
        kind=screen.profile.kind,
        revoked="révoqué" if screen.profile.revoked else "actif",
        drawing=drawing(screen.code),
        life=int(LIFE.total_seconds()),
        members=members,
        contexts=contexts or "<li>aucun</li>",
        links=links,
    ).encode()


def _context(one: ApcvContext, now: datetime) -> str:
    left = max(0, int((one.ends - now).total_seconds()))
    return (
        f"<li>{escape(one.id)} : {escape(one.state_at(now))}, encore {left} s, "
        f"professionnel {escape(one.professional)}</li>"
    )
