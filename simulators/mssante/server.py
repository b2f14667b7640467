"""The MSSanté service of a platform: submission, mailboxes, documents over HTTPS."""

from __future__ import annotations

import asyncio
import base64
import binascii
import socket
import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, cast

from rules.formats.mail import PATIENT_DOMAIN
from simulators.http import HttpListener, HttpRequest, HttpResponse, Route
from simulators.kernel import Kernel, Listener, StreamListener
from simulators.mssante import autoconfig, imap, mes, smtp
from simulators.mssante.faults import FAULTS
from simulators.mssante.operator import Operator
from simulators.mssante.state import Mailbox, MailStore
from simulators.store import Unit

_XML = (("Content-Type", "text/xml; charset=utf-8"),)
_MISSING = "Le banc ne connaît pas la boîte « {} »."


class Mssante:
    """An operator with its professional mailboxes, and Mon espace santé."""

    name = "mssante"
    faults: Mapping[str, str] = FAULTS

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel
        self.operator = Operator(kernel)

    @property
    def domains(self) -> tuple[str, ...]:
        """Domains of professional mailboxes."""
        return tuple(d for d in self._kernel.world.mss_domains if d != PATIENT_DOMAIN)

    def listeners(self) -> Sequence[Listener]:
        """SMTP and IMAP in clear with STARTTLS, documents over HTTPS."""
        routes = (
            Route(("GET",), autoconfig.PATH, self._configuration, "autoconfiguration"),
            Route(("GET",), autoconfig.WHITE_LIST_PATH, self._white_list, "liste-blanche"),
        )
        names = tuple(f"autoconfig.{domain}" for domain in self.domains)
        return (
            self._stream("smtp", smtp.start),
            self._stream("imap", imap.start),
            HttpListener("mssante-web", routes, (*names, autoconfig.WHITE_LIST_HOST)),
        )

    def _stream(self, kind: str, start: Any) -> StreamListener:
        names = tuple(f"{kind}.{domain}" for domain in self.domains)
        begin: Any = partial(self._start, start)
        return StreamListener(f"mssante-{kind}", begin, names)

    async def _start(
        self, start: Any, bound: socket.socket, context: ssl.SSLContext
    ) -> asyncio.Server:
        return await start(self.operator, bound, context)

    def prepare(self, unit: Unit) -> None:
        """Mailboxes of the professionals and of the usagers of the world."""
        store = MailStore(unit, self._kernel.campaign)
        for who in self._kernel.world.professionals:
            store.open_mailbox(Mailbox(who.mailbox, "PER", who.national_id, "ouverte"))
        for patient in self._kernel.world.patients:
            address = f"{patient.ins}@{PATIENT_DOMAIN}"
            store.open_mailbox(Mailbox(address, "MES", patient.ins, patient.mes))

    def describe(self) -> Mapping[str, Any]:
        """Its part of the environment descriptor."""
        addresses = self._kernel.addresses
        web = addresses["mssante-web"]
        return {
            "smtp": self._place("mssante-smtp"),
            "imap": self._place("mssante-imap"),
            "autoconfiguration": web.url(autoconfig.PATH),
            "liste_blanche": web.url(autoconfig.WHITE_LIST_PATH),
            "domaines": list(self.domains),
        }

    def _place(self, listener: str) -> dict[str, Any]:
        address = self._kernel.addresses[listener]
        return {"hote": address.host, "port": address.port}

    def state(self, unit: Unit) -> Mapping[str, Any]:
        """Mailboxes with the number of mails in each folder, and conversations."""
        store = MailStore(unit, self._kernel.campaign)
        return {
            "boites": {
                box.address: {
                    "genre": box.kind,
                    "etat": box.state,
                    "dossiers": {f.name: len(store.list(f.id)) for f in store.folders(box.address)},
                }
                for box in store.mailboxes()
            },
            "conversations": [
                {"professionnel": c.professional, "usager": c.patient, "ouverte": bool(c.open)}
                for c in store.conversations()
            ],
        }

    def set_state(self, unit: Unit, change: Mapping[str, Any]) -> None:
        """Put usagers, their replies, or mails into mailboxes.

        ``{"usagers": {"<ins>": "fermée"}}``; ``{"reponses": [{"usager": "<ins>", "a":
        "<bal>", "texte": "…"}]}``; ``{"courriels": [{"a": "<bal>", "contenu": base64}]}``.
        """
        store = MailStore(unit, self._kernel.campaign)
        known = {"usagers": self._set_patients, "reponses": self._reply, "courriels": self._put}
        for name, value in change.items():
            if name not in known:
                raise ValueError(f"« {name} » n'est pas un état de MSSanté : {', '.join(known)}.")
            known[name](store, value)

    def _set_patients(self, store: MailStore, value: Mapping[str, str]) -> None:
        for ins, state in value.items():
            address = f"{ins}@{PATIENT_DOMAIN}"
            if state not in mes.STATES:
                raise ValueError(
                    f"« {state} » n'est pas un état d'usager : {', '.join(mes.STATES)}."
                )
            if store.mailbox(address) is None:
                store.open_mailbox(Mailbox(address, "MES", ins, state))
            store.set_mailbox_state(address, state)

    def _reply(self, store: MailStore, value: Sequence[Mapping[str, str]]) -> None:
        now = self._kernel.clock.now()
        for asked in value:
            patient = f"{_wanted(asked, 'usager')}@{PATIENT_DOMAIN}"
            text = asked.get("texte", "Merci.")
            content, target = mes.reply(store, patient, _wanted(asked, "a"), text, now)
            self._deliver(store, target, content)

    def _put(self, store: MailStore, value: Sequence[Mapping[str, str]]) -> None:
        for asked in value:
            try:
                content = base64.b64decode(_wanted(asked, "contenu"), validate=True)
            except (binascii.Error, ValueError) as error:
                raise ValueError("« contenu » est un courriel en base64.") from error
            self._deliver(store, _wanted(asked, "a"), content)

    def _deliver(self, store: MailStore, address: str, content: bytes) -> None:
        if store.mailbox(address) is None:
            raise ValueError(_MISSING.format(address))
        store.deliver(address, content, self._kernel.clock.now())
        self.operator.changed(address)

    def _configuration(self, request: HttpRequest, _unit: Unit) -> HttpResponse:
        if request.fault == "autoconfig-404":
            return HttpResponse(404, error_code="autoconfig-404")
        addresses = self._kernel.addresses
        document = autoconfig.configuration(
            self._asked(request), addresses["mssante-smtp"], addresses["mssante-imap"]
        )
        if request.fault == "autoconfig-mal-forme":
            document = document[: len(document) // 2]
        return HttpResponse(200, _XML, document)

    def _asked(self, request: HttpRequest) -> tuple[str, ...]:
        """The domain of ``autoconfig.<domaine>``, all of them under another name."""
        host = (request.header("Host") or "").partition(":")[0].lower()
        asked = host.removeprefix("autoconfig.")
        return (asked,) if asked in self.domains else self.domains

    def _white_list(self, _request: HttpRequest, _unit: Unit) -> HttpResponse:
        return HttpResponse(200, _XML, autoconfig.white_list(self._kernel.world.mss_domains))


def _wanted(asked: Mapping[str, str], name: str) -> str:
    value = cast("object", asked.get(name))
    if not isinstance(value, str) or not value:
        raise ValueError(f"Il manque « {name} » à l'état demandé.")
    return value
