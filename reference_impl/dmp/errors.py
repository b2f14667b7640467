"""What the DMP refuses, told to a user.

Codes come in a SOAP fault, an acknowledgement, a RegistryError or a status;
the list of the service is not closed, an unknown code is shown as it came.
"""

from __future__ import annotations

from lxml import etree

from reference_impl.dmp.soap import SOAP
from reference_impl.errors import RefusedError, ServiceError, UnavailableError

_BUSY = frozenset(
    {
        "XDSRepositoryBusy",
        "XDSRegistryBusy",
        "XDSRegistryNotAvailable",
        "XDSRepositoryOutOfResources",
        "XDSRegistryOutOfResources",
    }
)
"""The service did nothing and asks to come back."""

_SENTENCES = {
    "DMPClosed": "Le DMP de ce patient est fermé.",
    "DMPAccessForbidden": "Le patient s’oppose à cet accès à son DMP.",
    "DMPAccessDeniedByRightsService": "Vos droits ne permettent pas cette action dans ce DMP.",
    "DMPAccessDeniedByExcededThreshold": "Trop de sollicitations du DMP : réessayez plus tard.",
    "DMPInvalidCertificate": "Le DMP refuse le certificat de signature : vérifiez la carte.",
    "DMPActorNotFound": "Le DMP ne connaît pas cette structure, ou elle est inactive.",
    "XDSDuplicateUniqueIdInRegistry": "Un document porte déjà cet identifiant dans le DMP.",
    "XDSNonIdenticalHash": "Un autre document porte déjà cet identifiant dans le DMP.",
}


def refusal(code: str, text: str) -> ServiceError:
    """The error of a code of the service, with its own words after ours."""
    said = f" ({code} : {text})" if text else f" ({code})"
    if code in _BUSY:
        return UnavailableError(code, f"Le DMP est momentanément indisponible{said}.")
    return RefusedError(code, f"{_SENTENCES.get(code, 'Le DMP a refusé la demande.')}{said}")


def fault(body: etree._Element) -> ServiceError:
    """The error of a SOAP fault: the innermost subcode, then the reason."""
    values = [v.text or "" for v in body.iterfind(f"{{{SOAP}}}Code//{{{SOAP}}}Value")]
    code = values[-1].rpartition(":")[2] if values else "Fault"
    text = body.findtext(f"{{{SOAP}}}Reason/{{{SOAP}}}Text") or ""
    return refusal(code, text.strip())
