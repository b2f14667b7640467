"""Answering the verifications, once the caller is let in (``hors_specification``)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from rules.formats.insi_verification import (
    InsVerification,
    Verification,
    VerificationDeposit,
    VerificationFollowUp,
)
from simulators.http import HttpResponse
from simulators.insi import faults
from simulators.insi.admission import RefusedError
from simulators.insi.errors import CATALOGUE, VERIFIED
from simulators.insi.state import InsiState
from simulators.insi.verification import (
    DONE,
    MARK,
    RUNNING,
    Claim,
    Deposits,
    SameOid,
    deposited,
    followed,
    verdict,
)
from simulators.insi.wire import CONTENT_TYPE, Reply, answer


@dataclass(frozen=True, slots=True)
class Verifier:
    """One request for verification: the base, the deposits, the fault a tester asked."""

    state: InsiState
    deposits: Deposits
    same_oid: SameOid
    at: datetime
    fault: str | None = None

    def serve(self, asked: Verification, told: Mapping[str, Any]) -> HttpResponse:
        """The answer; raises RefusedError for a deposit nobody made."""
        if isinstance(asked, InsVerification):
            return self._one(Claim.of(asked), told)
        if isinstance(asked, VerificationDeposit):
            claims = (Claim.of(line) for line in asked.lines)
            return _answered(deposited(self.deposits.put(claims, self.at)))
        return self._result(asked, timedelta(seconds=told["delai_verification"]))

    def _one(self, claim: Claim, told: Mapping[str, Any]) -> HttpResponse:
        code = self._verdict(claim)
        reply = Reply(code, style=told["serialisation"], label=VERIFIED[code])
        return _answered(answer(reply), None if code == "00" else code)

    def _result(self, asked: VerificationFollowUp, delay: timedelta) -> HttpResponse:
        deposit = self.deposits.get(asked.deposit or "")
        if deposit is None:
            raise RefusedError(CATALOGUE["insi_9009"])
        state = RUNNING if self.fault == faults.NEVER_DONE else deposit.state(self.at, delay)
        verdicts = [self._verdict(claim) for claim in deposit.claims] if state == DONE else []
        return _answered(followed(deposit, state, verdicts))

    def _verdict(self, claim: Claim) -> str:
        if self.fault == faults.NOT_VERIFIED:
            return "01"
        return verdict(claim, self.state.everyone(), self.same_oid)


def _answered(body: bytes, code: str | None = None) -> HttpResponse:
    return HttpResponse(200, (("Content-Type", CONTENT_TYPE), MARK), body, error_code=code)
