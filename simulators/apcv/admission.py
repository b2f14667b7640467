"""Who is let in: the checks that reject, the PSC token, the authorised software."""

from __future__ import annotations

from rules.context import Context
from rules.formats.apcv import ApcvRequest
from rules.formats.insi import ContexteLps
from rules.judge import rejection
from simulators.apcv.errors import Code, StatusError
from simulators.http import HttpRequest
from simulators.insi.admission import RefusedError, admit_psc
from simulators.insi.errors import CATALOGUE
from simulators.kernel import Kernel


def admit(message: ApcvRequest, request: HttpRequest, kernel: Kernel) -> str:
    """The idNat of whoever calls. Raises RefusedError with a fault of the catalogue.

    Faults are those of INSi, of the same family: the real ones were never seen.
    """
    circumstances = Context(environment=kernel.environment, observed_at=request.at)
    found = rejection(message, circumstances)
    if found is not None and found.rejects is not None:
        raise RefusedError(CATALOGUE[found.rejects])
    assertion = message.assertion
    assert assertion is not None  # AV-04 refuses a call without it
    if assertion.psc:
        admit_psc(request, kernel, assertion.saml.name_id)
    # The profile « Authentification et Signature » is given to a software, by its IDAM.
    block = None if message.lps is None else ContexteLps(message.lps.element)
    if block is None or block.idam != kernel.world.software.idam:
        raise RefusedError(CATALOGUE["desir_550"])
    return assertion.saml.name_id or ""


def require_practice(message: ApcvRequest, kernel: Kernel) -> None:
    """Raise StatusError for a speciality or a billing number that cannot be."""
    if not (message.speciality or "").isdigit():
        raise StatusError(Code.SPECIALITY)
    assertion = message.assertion
    told = assertion.saml.value("identifiantFacturation") if assertion else None
    known = {
        practice.billing_id
        for person in kernel.world.professionals
        for practice in person.practices
    }
    if message.billing_id != told or message.billing_id not in known:
        raise StatusError(Code.BILLING)
