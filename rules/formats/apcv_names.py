"""Names of the services of the appli carte Vitale: spaces, elements, actions.

Source: sheet ``apcv`` §3.1 and §4.
"""

from __future__ import annotations

NS_AUTH = "http://www.sesam-vitale.fr/apcv/auth/1/0"
NS_SIGN = "http://www.sesam-vitale.fr/apcv/sign/1/0"
PATH_AUTH = "/wssoap/apcv/auth/1/0"
PATH_SIGN = "/wssoap/apcv/sign/1/0"

AUTHENTICATE = "authentifierUtilisateurProximite"
RESTORE = "restituerContexteApCV"
DESTROY = "detruireContexteApCV"
SIGN = "signerVitale"

ELEMENTS = {
    AUTHENTICATE: (NS_AUTH, "AuthentifierUtilisateurProximite"),
    RESTORE: (NS_AUTH, "RestituerContexteApCV"),
    DESTROY: (NS_AUTH, "DetruireContexteApCV"),
    SIGN: (NS_SIGN, "SignerVitale"),
}
"""Space and stem of the elements of an operation: ``<stem>Req``, ``<stem>Rep``."""

OPERATIONS = {f"{{{ns}}}{stem}Req": name for name, (ns, stem) in ELEMENTS.items()}
ANSWERS = {f"{{{ns}}}{stem}Rep": name for name, (ns, stem) in ELEMENTS.items()}
ACTIONS = {
    name: f"urn:ApCV_{'SIGN' if ns == NS_SIGN else 'AUTH'}:1.0.0:{name}"
    for name, (ns, _) in ELEMENTS.items()
}
