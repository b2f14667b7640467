"""The errors of the LGC, each with a French sentence made for its user.

::

    LgcError                 anything the LGC says to its user
    ├── InvalidRequestError  a parameter is missing or means nothing (400)
    ├── UnknownRecordError   no such patient, document, professional (404)
    ├── ForbiddenGestureError   the rules forbid the gesture (409)
    │   └── SessionRequiredError   the professional has to log in first (409)
    ├── ConfigurationError   the environment descriptor cannot be used
    └── ServiceError         a national service did not do what was asked (502)
        ├── RefusedError     it answered no: trying again changes nothing
        ├── UnavailableError nothing was done there: trying again is safe
        └── OutcomeUnknownError   the request left, no answer was read
"""

from __future__ import annotations

from typing import ClassVar


class LgcError(Exception):
    """``code`` is stable and made for programs, ``message`` is French, ``field`` a parameter."""

    http_status: ClassVar[int] = 500

    def __init__(self, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field

    def as_json(self) -> dict[str, str | None]:
        """The ``erreur`` object of the driver contract."""
        return {"code": self.code, "message": self.message, "champ": self.field}


class InvalidRequestError(LgcError):
    """A parameter is missing or means nothing."""

    http_status = 400


class UnknownRecordError(LgcError):
    """No such patient, document or professional."""

    http_status = 404


class ForbiddenGestureError(LgcError):
    """The rules of identity or of a service forbid the gesture."""

    http_status = 409


class SessionRequiredError(ForbiddenGestureError):
    """The professional has to log in to Pro Santé Connect first."""


class ConfigurationError(LgcError):
    """The environment descriptor cannot be used."""


class ServiceError(LgcError):
    """A national service did not do what was asked."""

    http_status = 502


class RefusedError(ServiceError):
    """The service answered no; the same request would be refused again."""


class UnavailableError(ServiceError):
    """The service did nothing: unreachable, or it said to come back later."""

    http_status = 503


class OutcomeUnknownError(ServiceError):
    """The request left and no answer was read: it may have been acted upon."""

    http_status = 504
