"""Who calls a teleservice of the family (INSi, appli carte Vitale, ordonnance numérique).

An assertion SAML 2.0 signed by the card, or made from a Pro Santé Connect session and
then unsigned. Each wire has classes of its own, for each has checks of its own.

Source: sheets ``ins-insi`` §2.7–2.8, ``apcv`` §3.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from rules.artefact import Artefact
from rules.formats.certificate import Certificate
from rules.formats.saml import SamlAssertion


@dataclass(frozen=True, eq=False)
class TlsiSigner(Artefact):
    """The certificate found in the signature of an assertion."""

    label: ClassVar[str] = "Certificat de signature"
    certificate: Certificate
    place: str


@dataclass(frozen=True, eq=False)
class TlsiAssertion(Artefact):
    """The professional's assertion."""

    label: ClassVar[str] = "Assertion SAML"
    signer: ClassVar[type[TlsiSigner]] = TlsiSigner
    """Class of the certificate found in its signature."""
    saml: SamlAssertion

    @property
    def psc(self) -> bool:
        """Whether it announces a Pro Santé Connect user, hence no signature."""
        return self.saml.name_qualifier == "PSC"

    def parts(self) -> Iterable[Artefact]:
        """The certificate that signed it, judged apart: it needs anchors and an instant."""
        signature = self.saml.signature
        if signature is not None and signature.certificate is not None:
            place = f"{signature.place}/KeyInfo/X509Data/X509Certificate"
            yield self.signer(signature.certificate, place)
