"""Ordonnances of one installation: writing, validating, cancelling, renewing, reading back.

Nothing leaves before :meth:`Prescriptions.validate`. Source: sheet e-prescription
§2, §3, §7; seeds (screens of a real software) for consultation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property

from reference_impl.errors import (
    ConfigurationError,
    ForbiddenGestureError,
    InvalidRequestError,
    RefusedError,
    UnknownRecordError,
)
from reference_impl.ids import SeededIds
from reference_impl.insi.assertion import PHYSICIAN, am_speciality
from reference_impl.people import Environment, Patient, Professional
from reference_impl.ports import Clock
from reference_impl.prescriptions.client import Consulted, PrescriptionClient, finess_of
from reference_impl.prescriptions.drugs import OUR_BASE, DrugBase, read_base
from reference_impl.prescriptions.model import (
    BIZONE,
    EQUIPMENT,
    EXCEPTION,
    SECURE,
    Executor,
    InsNumber,
    Line,
    LpsName,
    Ordonnance,
    PatientIdentity,
    Prescriber,
    Substitute,
)
from reference_impl.prescriptions.number import Numbers, paris
from reference_impl.prescriptions.readable import require_executor_readable
from reference_impl.prescriptions.records import Kept, OrdonnanceRecords, State
from reference_impl.prescriptions.sending import Sender
from reference_impl.prescriptions.wire import EXECUTED, OPPOSED, UNKNOWN
from reference_impl.prescriptions.writing import (
    flags_of,
    kind_of,
    line_of,
    require_line_allowed,
    validity_days,
)

LONGEST_NAME = 100
MOST_LINES = 50
_SUBTYPES = {BIZONE: "BZN", EXCEPTION: "EXC", SECURE: "SEC", EQUIPMENT: "GRA"}
_STANDARD = "STD"
_PAPER_VOID = "Détruisez tout exemplaire imprimé de cette ordonnance : elle est annulée."
WITHDRAWN = "Les documents que cette ordonnance avait déposés dans le DMP en sont supprimés."
_LEFT_THERE = "Les documents déposés dans le DMP ne sont pas retirés par l’annulation."
OPPOSITION = (
    "Le patient s’oppose à la consultation de ce qui a été délivré : seule l’ordonnance est "
    "montrée."
)
_UNQUALIFIED = (
    "L’identité de ce patient n’est pas qualifiée : l’ordonnance part sans INS et ne peut pas être "
    "déposée dans le DMP."
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a prescriber asks; None is left to the software."""

    lines: Sequence[Line]
    consent: bool
    kind: str | None = None
    subtype: str | None = None
    flags: tuple[str, ...] = ()
    validity: int | None = None
    executor: Executor | None = None
    wished_on: str | None = None
    weight: str | None = None
    height: str | None = None
    pregnant: bool | None = None


class Prescriptions:
    """The room of ordonnances; errors are those of :mod:`reference_impl.errors`."""

    def __init__(
        self,
        environment: Environment,
        records: OrdonnanceRecords,
        client: PrescriptionClient,
        numbers: Numbers,
        ids: SeededIds,
        clock: Clock,
    ) -> None:
        self._environment = environment
        self.records = records
        self.client = client
        self._sender = Sender(records, client, numbers, clock)
        self._ids = ids
        self._clock = clock

    @cached_property
    def drugs(self) -> DrugBase:
        """The drug base, read once. Raises ConfigurationError."""
        return read_base(self._environment.ordonnance.base or OUR_BASE)

    def create(
        self, patient: Patient, author: Professional, owner: Professional, wish: Wish
    ) -> Kept:
        """A draft: nothing leaves. ``owner`` is the titulaire, the author when there is no other.

        Raises InvalidRequestError with the line at fault.
        """
        _require_a_page(wish)
        lines = tuple(self._line(each, n) for n, each in enumerate(wish.lines, start=1))
        flags = flags_of(lines, wish.flags, self.drugs)
        subtype = wish.subtype or next((_SUBTYPES[f] for f in flags if f in _SUBTYPES), _STANDARD)
        kept = Kept(
            id=self._ids.local("o"),
            patient_id=patient.id,
            professional_id=author.national_id,
            validity_days=validity_days(lines, wish.validity),
            created_at=self._clock.now().replace(microsecond=0),
            ordonnance=Ordonnance(
                kind=kind_of(lines, wish.kind),
                subtype=subtype,
                consent=wish.consent,
                prescriber=_prescriber(owner),
                substitute=_substitute(author) if author is not owner else None,
                patient=self._identity(patient),
                flags=flags,
                wished_executor=wish.executor,
                wished_on=wish.wished_on,
                weight=wish.weight,
                height=wish.height,
                pregnant=wish.pregnant,
                lps=LpsName(self._environment.software.name, self._environment.software.version),
                lines=lines,
            ),
            alerts=self._warnings(lines),
        )
        self._require_allowed(kept, patient)
        self.records.add(kept)
        return kept

    def validate(
        self, kept: Kept, patient: Patient, author: Professional, consent: bool | None = None
    ) -> Kept:
        """Send a draft: « enregistrée », or « sans code » when the service is down.

        ``consent`` is the last word of the patient, before anything leaves; None keeps the
        draft's. Once it left, the paper says what was transmitted (ForbiddenGestureError).
        Done again, it changes nothing but a draft that a crash left half sent.
        """
        _require_author(kept, author)
        if kept.state is State.CANCELLED:
            raise ForbiddenGestureError(
                "ORDONNANCE_ANNULEE", "Cette ordonnance est annulée.", "ordonnance"
            )
        if kept.number is not None or kept.state is not State.DRAFT:
            require_consent(kept, consent, "consentement")
        elif consent is not None:
            kept = replace(kept, ordonnance=replace(kept.ordonnance, consent=consent))
        if kept.state is State.RECORDED:
            return kept
        if kept.state is State.WITHOUT_CODE:
            return self._late(kept, author)
        if not kept.in_doubt:
            kept = self._as_it_stands(kept, patient)
        return self._sender.send(kept, author)

    def cancel(self, kept: Kept, author: Professional) -> Kept:
        """Cancel what nobody executed; once cancelled, cancelling again does nothing."""
        _require_author(kept, author)
        if kept.state is State.CANCELLED:
            return kept
        if not self._cancelled_there(kept, author):
            # A number the service does not hold is nobody's.
            content = replace(kept.ordonnance, number=None)
            kept = replace(kept, number=None, ordonnance=content)
        alerts = kept.alerts
        if kept.published:
            kept_there = WITHDRAWN if self._environment.ordonnance.withdraw else _LEFT_THERE
            alerts = (*alerts, _PAPER_VOID, kept_there)
        return self.records.save(
            replace(kept, state=State.CANCELLED, in_doubt=False, alerts=alerts)
        )

    def renew(
        self, kept: Kept, patient: Patient, author: Professional, owner: Professional
    ) -> Kept:
        """A new draft with the same lines, judged again as of today."""
        told = kept.ordonnance
        wish = Wish(
            lines=told.lines,
            consent=bool(told.consent),
            kind=told.kind,
            flags=told.flags,
            validity=kept.validity_days,
            executor=told.wished_executor,
        )
        return self.create(patient, author, owner, wish)

    def consult(self, number: str, author: Professional) -> tuple[Kept | None, Consulted]:
        """EP3; executions are not even asked for when the patient is known to be opposed."""
        local = self.records.numbered(number)
        wanted = local is None or local.ordonnance.consent is not False
        try:
            found = self.client.consult(number, author, with_executions=wanted)
        except RefusedError as error:
            if error.code == UNKNOWN:
                raise UnknownRecordError(
                    "ORDONNANCE_INCONNUE_DU_SERVICE", error.message, "numero"
                ) from error
            if error.code != OPPOSED or not wanted:
                raise
            found = self.client.consult(number, author, with_executions=False)
            found = replace(found, allowed=False)
        if not found.allowed or not wanted:
            found = _without_executions(found)
        if local is not None and local.registered and found.state == "ANNULEE":
            local = self.records.save(replace(local, state=State.CANCELLED))
        return local, found

    def today(self) -> date:
        """The local day."""
        return self._clock.now().astimezone(paris()).date()

    def _line(self, line: Line, n: int) -> Line:
        return replace(line_of(line, n, self.drugs), line_id=self._ids.uuid())

    def _warnings(self, lines: Sequence[Line]) -> tuple[str, ...]:
        """What the drug base warns of: no reason to refuse (N14)."""
        drugs = (self.drugs.get(line.cis or "") for line in lines)
        return tuple(dict.fromkeys(w for drug in drugs if drug for w in drug.warnings))

    def _late(self, kept: Kept, author: Professional) -> Kept:
        if not kept.published:
            # A crash came before its documents.
            return kept
        if not self._environment.ordonnance.late:
            raise ForbiddenGestureError(
                "ENVOI_TARDIF_DESACTIVE",
                "Cette ordonnance a été remise sans Code 2D : l’envoi tardif n’est pas activé, "
                "faites-en une nouvelle.",
                "ordonnance",
            )
        return self._sender.send(kept, author)

    def _as_it_stands(self, kept: Kept, patient: Patient) -> Kept:
        """The identity as it is now, and the rules judged as of today."""
        content = replace(kept.ordonnance, patient=self._identity(patient))
        alerts = [a for a in kept.alerts if a != _UNQUALIFIED]
        alerts += self._warnings(content.lines)
        if not patient.qualified:
            alerts.append(_UNQUALIFIED)
        kept = replace(kept, ordonnance=content, alerts=tuple(dict.fromkeys(alerts)))
        self._require_allowed(kept, patient)
        return kept

    def _require_allowed(self, kept: Kept, patient: Patient) -> None:
        name = patient.traits.birth_name
        if not 1 <= len(name) <= LONGEST_NAME:
            raise InvalidRequestError(
                "NOM_TROP_LONG",
                f"Le nom de naissance a {len(name)} caractères : le service en accepte "
                f"{LONGEST_NAME}.",
                "patient",
            )
        for line in kept.ordonnance.lines:
            require_line_allowed(
                line, patient.traits, self.today(), kept.ordonnance.wished_executor
            )

    def _identity(self, patient: Patient) -> PatientIdentity:
        """Traits, and the INS of a qualified identity alone (N13)."""
        traits, ins = patient.traits, patient.ins if patient.qualified else None
        return PatientIdentity(
            ins=InsNumber(ins.value, self._environment.document_oid(ins)) if ins else None,
            birth_name=traits.birth_name,
            given_names=tuple(traits.birth_given_names.split()),
            birth_date=traits.birth_date,
            sex=traits.sex,
        )

    def _cancelled_there(self, kept: Kept, author: Professional) -> bool:
        """Cancel it at the service; False when the service never had it."""
        if kept.number is None or not (kept.registered or kept.in_doubt):
            return False
        try:
            self.client.cancel(kept.number, author.rpps, author)
        except RefusedError as error:
            if error.code == UNKNOWN and kept.in_doubt:
                return False
            if error.code == EXECUTED:
                raise ForbiddenGestureError(
                    "ORDONNANCE_EXECUTEE", error.message, "ordonnance"
                ) from error
            raise
        return True


def _require_a_page(wish: Wish) -> None:
    if not 1 <= len(wish.lines) <= MOST_LINES:
        raise InvalidRequestError(
            "TROP_DE_LIGNES" if wish.lines else "ORDONNANCE_VIDE",
            f"Une ordonnance a de 1 à {MOST_LINES} lignes.",
            "lignes",
        )
    known = (*_SUBTYPES.values(), _STANDARD)
    if wish.subtype is not None and wish.subtype not in known:
        raise InvalidRequestError(
            "SOUS_TYPE_INCONNU",
            f"Le sous-type « {wish.subtype} » n’existe pas ; connus : {', '.join(known)}.",
            "sous_type",
        )
    require_executor_readable(wish.executor)


def require_consent(kept: Kept, wanted: bool | None, place: str) -> None:
    """Refuse another consent than the one transmitted: paper and service would differ (EP-13)."""
    if wanted not in (None, kept.ordonnance.consent):
        raise ForbiddenGestureError(
            "CONSENTEMENT_DIFFERENT",
            "La mention imprimée doit être celle transmise : le consentement du patient se "
            "recueille avant la validation de l’ordonnance. S’il change d’avis, annulez celle-ci "
            "et faites-en une autre.",
            place,
        )


def _require_author(kept: Kept, author: Professional) -> None:
    if kept.professional_id != author.national_id:
        raise ForbiddenGestureError(
            "AUTRE_PRESCRIPTEUR",
            "Cette ordonnance est d’un autre prescripteur : lui seul la valide ou l’annule.",
            "professionnel",
        )


def _without_executions(found: Consulted) -> Consulted:
    return replace(found, allowed=False, ordonnance=replace(found.ordonnance, executions=()))


def _prescriber(owner: Professional) -> Prescriber:
    return Prescriber(
        rpps=owner.rpps,
        am=owner.billing_id or None,
        finess=finess_of(owner),
        speciality=_speciality(owner),
        family_name=owner.family_name,
        given_name=owner.given_name,
    )


def _speciality(owner: Professional) -> str | None:
    if owner.profession != PHYSICIAN:
        return None
    try:
        return am_speciality(owner)
    except ConfigurationError:
        return None


def _substitute(author: Professional) -> Substitute:
    return Substitute(author.rpps, author.family_name, author.given_name)
