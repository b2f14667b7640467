"""A tiny service that proves the carrier, the journal, the faults and the administration."""

from __future__ import annotations

from typing import ClassVar

import sqlalchemy as sa

from rules.exchange import Correlation, Outcome
from simulators.http import ClientCertificate, HttpListener, HttpResponse, Route
from simulators.store import metadata

notes = sa.Table(
    "demo_notes",
    metadata,
    sa.Column("campaign", sa.String(64), primary_key=True),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
)


class Demo:
    name = "demo"
    faults: ClassVar = {"faux": "répond l'inverse de ce qu'il faut"}

    def __init__(self, kernel):
        self.kernel = kernel

    def listeners(self):
        routes = (
            Route(("POST",), "/notes", self.write, "ecrire"),
            Route(("GET",), "/notes/{number}", self.read, "lire"),
            Route(("GET",), "/panne", self.broken, "panne"),
            Route(("GET",), "/entete", self.unsendable, "entete"),
            Route(("GET",), "/metier", self.refused, lambda request: "metier"),
        )
        official = ("demo.banc.invalid",)
        return (
            HttpListener("demo", routes, official, max_body=100_000),
            HttpListener(
                "demo-mtls", routes, official, client_certificate=ClientCertificate.REQUIRED
            ),
            HttpListener(
                "demo-souple", routes, official, client_certificate=ClientCertificate.OPTIONAL
            ),
        )

    def prepare(self, unit):
        if not self._all(unit):
            self._add(unit, "première")

    def describe(self):
        return {
            name: self.kernel.addresses[name].url() for name in ("demo-mtls", "demo-souple")
        } | {"adresse": self.kernel.addresses["demo"].url()}

    def state(self, unit):
        return {"notes": [row.text for row in self._all(unit)]}

    def set_state(self, unit, change):
        if set(change) != {"note"}:
            raise ValueError("Donnez « note ».")
        self._add(unit, change["note"])

    def write(self, request, unit):
        number = self._add(unit, request.body.decode("utf-8", "replace"))
        body = b"inverse" if request.fault == "faux" else str(number).encode()
        return HttpResponse(201, body=body, correlation=Correlation(patient="285073306304208"))

    def read(self, request, unit):
        query = sa.select(notes.c.text).where(
            notes.c.campaign == self.kernel.campaign, notes.c.id == int(request.params["number"])
        )
        text = unit.connection.execute(query).scalar()
        return HttpResponse(200 if text else 404, body=(text or "").encode())

    def broken(self, request, unit):
        self._add(unit, "ne doit pas rester")
        raise RuntimeError("panne voulue")

    def unsendable(self, request, unit):
        return HttpResponse(200, (("X-Essai", "a\r\nb"),))

    def refused(self, request, unit):
        return HttpResponse(200, outcome=Outcome.REFUSED, error_code="M1", operation="metier2")

    def _all(self, unit):
        query = sa.select(notes).where(notes.c.campaign == self.kernel.campaign)
        return unit.connection.execute(query.order_by(notes.c.id)).all()

    def _add(self, unit, text):
        number = len(self._all(unit)) + 1
        row = {"campaign": self.kernel.campaign, "id": number, "text": text}
        unit.connection.execute(notes.insert().values(row))
        return number
