"""Mistakes made with the calls of the service: who asks, what is told, what is shown."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from bench.defects import Injection
from reference_impl.contract_prescriptions import PrescriptionsAnswer
from reference_impl.errors import RefusedError
from tests.reference_impl.story import signer_of

from .mistakes import action, around, broken, put
from .prescription_mistakes import SERVICE, forgotten, given, lines, sent

_SOAP = "reference_impl.prescriptions.soap"
_TRACES = "reference_impl.prescriptions.traces:Traces.keep"
_MIXED = Injection("prescription", "executions-melees", "EP3", 1)


def _unexecuted(original: Any, *arguments: Any) -> Any:
    local, found = original(*arguments)
    return local, replace(found, ordonnance=replace(found.ordonnance, executions=()))


def _motiveless(original: Any, *arguments: Any) -> Any:
    local, found = original(*arguments)
    done = tuple(
        replace(each, lines=tuple(replace(e, motive=None, sub_motive=None) for e in each.lines))
        for each in found.ordonnance.executions
    )
    return local, replace(found, ordonnance=replace(found.ordonnance, executions=done))


def _asked_all_the_same(original: Any, room: Any, number: str, author: Any) -> Any:
    """The executions are asked, and the refusal is silent."""
    try:
        room.client.consult(number, author, with_executions=True)
    except RefusedError:
        local, found = original(room, number, author)
        return local, replace(found, allowed=True)
    return original(room, number, author)


def _of_this_morning(original: Any, *arguments: Any) -> Any:
    *rest, at = arguments
    return original(*rest, at - timedelta(hours=3))


def _laid_out(original: Any, *arguments: Any) -> Any:
    """The layout of the assertion changes after it was signed."""
    signed = original(*arguments)
    signed[-1].tail = "\n  "
    return signed


def _authentication_key(original: Any, wire: Any, professional: Any, *rest: Any) -> Any:
    cards = wire._cards
    wrong = signer_of(cards._environment.credentials[professional.auth_credential])
    wire._cards = SimpleNamespace(professional=cards.professional, signer=lambda _: wrong)
    try:
        return original(wire, professional, *rest)
    finally:
        wire._cards = cards


def _of_the_workstation(original: Any, *arguments: Any, **options: Any) -> Any:
    content = options.get("content") or b""
    same = rb"\1<ctxlps:Id>6c1bb4e5-08a3-4b3e-a7b0-95d1f0f1a001"
    content = re.sub(rb"(ContexteLPS[^>]*>)<ctxlps:Id>[^<]*", same, content)
    return original(*arguments, **{**options, "content": content or options.get("content")})


def _kept(wanted: Any) -> Any:
    def keep(original: Any, traces: Any, trace: dict[str, Any]) -> Any:
        return original(traces, trace) if wanted(trace) else None

    return around(_TRACES, keep)


def _found_nothing(_lgc: Any, _asked: Any) -> PrescriptionsAnswer:
    return PrescriptionsAnswer(ordonnances=[], alertes=[])


def _local_copy(original: Any, room: Any, number: str, author: Any) -> Any:
    local = room.records.numbered(number)
    told = SimpleNamespace(state="", allowed=True, ordonnance=local.ordonnance, warnings=())
    return local, told


DEFECTS = (
    broken(
        "ordonnance-non-renouvelable-a-moins-un",
        "Une ligne non renouvelable est transmise avec -1 renouvellement",
        "ordonnance",
        "BANC-EP.01",
        sent("EP4", lines(given(-1, "renouvellements"))),
    ),
    broken(
        "ordonnance-sans-posologie",
        "La posologie n'est que sur le papier : les lignes transmises n'en ont pas",
        "ordonnance",
        "BANC-EP.02",
        sent("EP4", lines(forgotten("posologieTexte"))),
    ),
    broken(
        "ordonnance-sans-numero",
        "Le logiciel attend que le service donne le numéro et transmet l'ordonnance sans lui",
        "ordonnance",
        "EP-02",
        sent("EP4", forgotten("id")),
    ),
    broken(
        "ordonnance-lignes-non-serialisees",
        "La liste des lignes n'est pas sérialisée",
        "ordonnance-refusee",
        "EP-00",
        sent("EP4", given([], "lignes")),
    ),
    broken(
        "ordonnance-sans-nom-de-naissance",
        "Le nom de naissance n'est pas transmis",
        "ordonnance-refusee",
        "EF_INS25_01",
        sent("EP4", forgotten("patient", "nomNaissance")),
    ),
    broken(
        "ordonnance-executions-tues",
        "Les exécutions que le service rend ne sont pas montrées",
        "ordonnance-relue",
        "EP-24",
        around(f"{SERVICE}.consult", _unexecuted),
        injection=_MIXED,
    ),
    broken(
        "ordonnance-motifs-tus",
        "Les exécutions sont montrées sans leur motif",
        "ordonnance-relue",
        "EP-24",
        around(f"{SERVICE}.consult", _motiveless),
        injection=_MIXED,
    ),
    broken(
        "ordonnance-modifications-hors-de-l-ecran",
        "L'écran ne montre que les délivrances, non les lignes modifiées ou remplacées",
        "ordonnance-relue",
        "EP-24",
        put("reference_impl.gestures.prescriptions:screen", lambda *_told: "Délivrances : aucune"),
        injection=_MIXED,
    ),
    broken(
        "ordonnance-refus-muet",
        "Les exécutions d'un patient opposé sont demandées, et le refus n'est pas dit",
        "ordonnance-sans-consentement",
        "EP-25",
        around(f"{SERVICE}.consult", _asked_all_the_same),
    ),
    broken(
        "ordonnance-emetteur-par-rpps",
        "L'émetteur d'une consultation n'est dit que par son RPPS",
        "ordonnance-sans-consentement",
        "EP-26",
        sent("EP3", lambda told: told.update(emetteur={"rpps": told["emetteur"]["rpps"]})),
    ),
    broken(
        "ordonnance-soap-emetteur-absent",
        "L'émetteur d'une consultation n'est pas transmis par SOAP",
        "ordonnance-soap",
        "EP-26",
        sent("EP3", forgotten("emetteur")),
    ),
    broken(
        "ordonnance-soap-motif-perdu",
        "Le motif de non-substitution n'a pas d'élément dans le message SOAP",
        "ordonnance-soap",
        "EP-16",
        sent("EP4", lines(lambda line: line["substitution"].pop("motif", None))),
    ),
    broken(
        "ordonnance-assertion-du-matin",
        "L'assertion signée à l'ouverture sert toute la journée",
        "ordonnance-soap",
        "EP-27",
        around(f"{_SOAP}:signed_assertion", _of_this_morning),
    ),
    broken(
        "ordonnance-assertion-remise-en-page",
        "L'assertion est remise en page après avoir été signée",
        "ordonnance-soap",
        "EP-27",
        around(f"{_SOAP}:signed_assertion", _laid_out),
    ),
    broken(
        "ordonnance-cle-d-authentification",
        "L'assertion est signée par la clé d'authentification de la carte",
        "ordonnance-soap",
        "EP-27 CD-07 CD-08",
        around(f"{_SOAP}:SoapWire._identity", _authentication_key),
    ),
    broken(
        "ordonnance-prescripteur-du-cabinet",
        "Le prescripteur transmis est le médecin qui dirige le cabinet",
        "ordonnance-refusee",
        "EP-27",
        sent("EP4", given("10999990178", "prescripteur", "rpps")),
    ),
    broken(
        "ordonnance-version-ancienne",
        "La version transmise est celle de la première livraison",
        "ordonnance",
        "EP-28",
        sent("EP4", given("1.0.0", "lps", "version")),
    ),
    broken(
        "ordonnance-contexte-repete",
        "L'Id du ContexteLPS est celui du poste",
        "ordonnance-soap",
        "EP-28",
        around("reference_impl.transport:Transport.send", _of_the_workstation),
    ),
    broken(
        "ordonnance-traces-sans-numero",
        "Les traces ne disent pas de quelle ordonnance elles parlent",
        "ordonnance-tracee",
        "EP-31",
        around(_TRACES, lambda o, held, trace: o(held, {**trace, "idPrescription": "-"})),
    ),
    broken(
        "ordonnance-consultations-non-tracees",
        "Seuls les enregistrements laissent une trace",
        "ordonnance-tracee",
        "EP-31",
        _kept(lambda trace: trace["action"] == "EP4"),
    ),
    broken(
        "ordonnance-recherche-locale",
        "La recherche ne regarde que la base du logiciel",
        "ordonnance-relue",
        "EP-33",
        action(
            "prescription.search",
            lambda _lgc, _asked: PrescriptionsAnswer(ordonnances=[], alertes=[]),
        ),
    ),
    broken(
        "ordonnance-copie-locale",
        "L'ordonnance ouverte est la copie du logiciel",
        "ordonnance-relue",
        "EP-33",
        around(f"{SERVICE}.consult", _local_copy),
    ),
    broken(
        "ordonnance-ins-de-production",
        "L'INS part sous l'OID de production",
        "ordonnance",
        "EP-34",
        sent("EP4", given("1.2.250.1.213.1.4.8", "patient", "ins", "oid")),
    ),
    broken(
        "ordonnance-ins-sans-cle",
        "Le matricule INS est transmis sans sa clé",
        "ordonnance",
        "EP-34",
        sent("EP4", given(lambda number: number[:13], "patient", "ins", "matricule")),
    ),
)
