"""Faults that a tester may ask of MSSanté, and where each may strike (mssante.md §12)."""

from __future__ import annotations

from simulators.faults import Fault
from simulators.kernel import Kernel

SERVICE = "mssante"
FAULTS = {
    "starttls-absent": "le serveur n'annonce pas STARTTLS et le refuse",
    "xoauth2-absent": "le serveur n'annonce pas XOAUTH2 après TLS et le refuse",
    "401-535": "le jeton est refusé : défi 401, puis 535 (SMTP) ou NO (IMAP)",
    "401-cut": "le jeton est refusé : défi 401, puis la connexion est coupée (Mailiz, 05/10/2026)",
    "454": "échec temporaire de l'authentification (SMTP 454, IMAP NO [UNAVAILABLE])",
    "450": "boîte occupée (liste grise) : à réessayer plus tard",
    "451": "erreur locale de traitement : à réessayer plus tard",
    "452": "stockage insuffisant : à réessayer plus tard",
    "550": "boîte aux lettres inconnue",
    "552": "message trop gros",
    "554": "échec définitif de la transaction",
    "couper-apres-data": "le message est reçu et remis, puis la connexion coupée sans réponse",
    "autoconfig-404": "le fichier d'autoconfiguration n'existe pas",
    "autoconfig-mal-forme": "le fichier d'autoconfiguration est coupé au milieu",
    "serverbug": "la commande IMAP est refusée : NO [SERVERBUG] Internal error",
    "bye": "le serveur IMAP met fin à la session (BYE) au lieu d'exécuter la commande",
}
"""Faults of this service's own; those of :mod:`simulators.faults` come with them."""

_WAITING = ("lent", "muet", "couper")
AT_OPENING = ("refuser",)
IN_CLEAR = ("starttls-absent",)
UNDER_TLS = ("xoauth2-absent",)
AT_AUTHENTICATION = (*_WAITING, "401-535", "401-cut", "454")
AFTER_DATA = ("couper-apres-data", "couper-apres-traitement")
IN_TRANSACTION = (*_WAITING, *AFTER_DATA, "450", "451", "452", "550", "552", "554")
IN_COMMAND = (*_WAITING, "couper-apres-traitement", "serverbug", "bye")


def draw(
    kernel: Kernel,
    operation: str,
    among: tuple[str, ...],
    patient: str | None = None,
    content: bytes = b"",
) -> Fault | None:
    """The fault to apply here, among those that mean something here."""
    return kernel.faults.draw(SERVICE, operation, patient, content, among)
