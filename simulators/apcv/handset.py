"""The phone as addresses: the page of a profile, the text of its code, the buttons.

``GET <phone>/texte?profil=<numSerie>`` gives the text alone, as a scanner types it: faults
of the operation ``telephone`` spoil that one. The page is journaled as ``ecran``.
"""

from __future__ import annotations

from datetime import datetime

from fixtures.apcv import ApcvFixture, make_apcv
from simulators.apcv import telephone
from simulators.apcv.codec import LIFE, Codec
from simulators.apcv.faults import DOUBLE, OLD_CODE, SCANNERS, SPENT_CODE
from simulators.apcv.negatives import NEGATIVES, PHONE
from simulators.apcv.state import ApcvState, Profile
from simulators.http import HttpRequest, HttpResponse, Route
from simulators.kernel import Kernel
from simulators.store import Unit

PATH = "/telephone"
SCREEN = "ecran"
_SOMEBODY = "AUTRE"
"""Who read a code that is shown as read already."""
_ACTIONS = ("expirer", "revoquer", "retablir", "panne")


class Handset:
    """The phones of a campaign."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def routes(self) -> tuple[Route, ...]:
        """The addresses of the phone."""
        return (
            Route(("GET",), PATH, self.show, SCREEN),
            Route(("GET",), f"{PATH}/texte", self.dictate, PHONE),
            Route(("POST",), f"{PATH}/action", self.touch, SCREEN),
        )

    def told(self, serial: str) -> ApcvFixture:
        """Who is on the application of a serial number that exists."""
        return next(one for one in self._everyone() if one.serial == serial)

    def show(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """``GET /telephone``: the page of a profile, the first one by default."""
        found = self._asked(request.query.get("profil"), unit)
        if found is None:
            return _nobody()
        told, profile = found
        contexts = tuple(c for c in self._state(unit).contexts() if c.serial == told.serial)
        oddity = request.query.get("montre")
        code = self._code(told.serial, oddity, request.at, unit)
        screen = telephone.Screen(
            told, profile, code, contexts, request.at, oddity, request.query.get("dit")
        )
        body = telephone.page(screen, self._everyone())
        return HttpResponse(200, (("Content-Type", telephone.HTML),), body)

    def dictate(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """``GET /telephone/texte``: a new code, as a scanner types it."""
        found = self._asked(request.query.get("profil"), unit)
        if found is None:
            return _nobody()
        text = self._code(found[0].serial, request.fault, request.at, unit)
        return HttpResponse(200, (("Content-Type", telephone.TEXT),), text.encode())

    def touch(self, request: HttpRequest, unit: Unit) -> HttpResponse:
        """``POST /telephone/action``: ``expirer``, ``revoquer``, ``retablir``, or ``panne``
        with a case (``panne=N07 sans-ins``)."""
        form = request.form
        found = self._asked(form.get("profil"), unit)
        action = form.get("action", "")
        if found is None or action not in _ACTIONS:
            return _wrong(f"Donner profil, et action : {', '.join(_ACTIONS)}.")
        serial = found[0].serial
        place = f"{PATH}?profil={serial}&dit={action}"
        if action == "expirer":
            self._state(unit).expire(serial, request.at)
        elif action == "panne":
            case, _, fault = form.get("panne", "").partition(" ")
            if case not in telephone.ASKED or fault not in NEGATIVES[case].faults:
                return _wrong("Donner panne : un cas et sa panne, « N07 sans-ins » par exemple.")
            if fault in (OLD_CODE, SPENT_CODE):
                place += f"&montre={fault}"
            self._ask(case, fault)
        else:
            self._state(unit).change(serial, revoked=action == "revoquer")
        return HttpResponse(303, (("Location", place),))

    def _ask(self, case: str, fault: str) -> None:
        negative = NEGATIVES[case]
        delay = 5.0 if negative.delay is None else negative.delay
        self._kernel.faults.add("apcv", negative.operation, fault=fault, delay=delay)

    def _code(self, serial: str, oddity: str | None, at: datetime, unit: Unit) -> str:
        """A code of a profile, spoilt as asked."""
        codec = Codec(self._kernel.campaign, self._kernel.seed)
        text = codec.show(serial, at - 2 * LIFE if oddity == OLD_CODE else at)
        if oddity == SPENT_CODE:
            self._state(unit).spend(codec.read(text).nonce, _SOMEBODY)
        if oddity is None or oddity not in SCANNERS:
            return text
        while oddity == "lecteur-espace" and DOUBLE not in text:
            text = codec.show(serial, at)
        return SCANNERS[oddity][1](text)

    def _everyone(self) -> tuple[ApcvFixture, ...]:
        return make_apcv(self._kernel.world)

    def _asked(self, serial: str | None, unit: Unit) -> tuple[ApcvFixture, Profile] | None:
        told = next((one for one in self._everyone() if serial in (None, one.serial)), None)
        profile = None if told is None else self._state(unit).profile(told.serial)
        return None if told is None or profile is None else (told, profile)

    def _state(self, unit: Unit) -> ApcvState:
        return ApcvState(unit.connection, self._kernel.campaign)


def _nobody() -> HttpResponse:
    return _text(404, "Aucun téléphone n'a ce numéro de série.")


def _wrong(sentence: str) -> HttpResponse:
    return _text(400, sentence)


def _text(status: int, sentence: str) -> HttpResponse:
    head = (("Content-Type", "text/plain; charset=utf-8"),)
    return HttpResponse(status, head, f"{sentence}\n".encode())
