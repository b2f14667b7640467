"""``?wsdl`` and ``?xsd=``: a SOAP service that describes itself, every import local."""

from __future__ import annotations

from collections.abc import Callable

from simulators.http import HttpRequest, HttpResponse

_XML = (("Content-Type", "text/xml; charset=utf-8"),)
_TEXT = (("Content-Type", "text/plain; charset=utf-8"),)
_MISSING = "Demander ?wsdl, ou l'un des schémas qu'il importe.\n"


def described(
    request: HttpRequest,
    wsdl: Callable[[str], bytes | None],
    schema: Callable[[str], bytes | None],
) -> HttpResponse:
    """The answer to a GET of a SOAP address.

    ``wsdl`` is given the address asked, without its query; ``schema`` the name of a
    schema. Nothing asked, or nothing of that name, is a 404 that says what to ask.
    """
    asked = {name.lower(): value for name, value in request.query.items()}
    body = None
    if "wsdl" in asked:
        body = wsdl(request.url.partition("?")[0])
    elif "xsd" in asked:
        body = schema(asked["xsd"])
    if body is None:
        return HttpResponse(404, _TEXT, _MISSING.encode())
    return HttpResponse(200, _XML, body)
