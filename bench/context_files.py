"""``check --context``: what a lone file lacks, read from JSON.

The keys are those of the golden stories, all optional. Values at the top hold
for every file; those under ``echanges`` (or ``messages``) hold for the file whose
name begins with the key (``t04-td21-depot-requete.http`` → ``t04-td21-depot``)::

    {"observed_at": "2026-03-12T09:25:01.118Z", "host": "lps.dev1.dmp.gouv.fr",
     "tls_client_certificate": "certs/cps-authentification.pem",
     "mail_from": "…", "rcpt_to": ["…"], "authenticated": "…",
     "autorites": ["certs/ca-pp.pem"],
     "logiciel": {"nom": "…", "version": "…", "idam": "…", "nil": "…"},
     "professionnelle": {"ps_idnat": "8…", "nom": "…", "prenom": "…", "bal": "…"},
     "identites": [{"ins": "…", "oid": "…", "statut": "qualifiée", "nom_naissance": "…"}],
     "avant": ["t03-td02-ferme-requete.http"], "echanges": {"t04-td21-depot": {}}}

Paths are relative to the context file. Without ``autorites``, the files
``certs/ca-*.pem`` beside it are trusted. A patient described without ``statut``
is taken as qualifiée.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from bench.errors import UsageError
from rules.context import Envelope, Environment, Identity, Professional, Software, Traits
from rules.exchange import TlsPeer
from rules.formats.certificate import Certificate


@dataclass(frozen=True)
class FileContext:
    """What the context file says about one file."""

    values: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()

    @classmethod
    def read(cls, path: Path | None, file: Path) -> FileContext:
        """The context of a file. Raises UsageError naming the faulty field."""
        if path is None:
            return cls()
        story = _load(path)
        return cls({**story, **_entry(story, file)}, path.parent)

    @property
    def observed_at(self) -> datetime | None:
        """Instant of observation, aware."""
        text = self.values.get("observed_at")
        if text is None:
            return None
        try:
            instant = datetime.fromisoformat(str(text))
        except ValueError:
            raise UsageError(
                f"contexte, champ observed_at : « {text} » n'est pas ISO 8601."
            ) from None
        if instant.tzinfo is None:
            raise UsageError(
                "contexte, champ observed_at : le fuseau horaire manque (Z ou +01:00)."
            )
        return instant

    @property
    def tls(self) -> TlsPeer | None:
        """The TLS peer, with the client certificate when it is given."""
        name = self.values.get("tls_client_certificate")
        host = self.values.get("host")
        if name is None:
            return None
        der = Certificate.from_pem(self._bytes(str(name), "tls_client_certificate")).der
        return TlsPeer(version=self.values.get("tls_version"), sni=host, certificate=der)

    @property
    def envelope(self) -> Envelope | None:
        """SMTP envelope."""
        if "mail_from" not in self.values:
            return None
        sender = str(self.values["mail_from"])
        recipients = tuple(map(str, self.values.get("rcpt_to", ())))
        return Envelope(sender, recipients, self.values.get("authenticated"))

    @property
    def before(self) -> tuple[Path, ...]:
        """Files observed before this one, in order."""
        return tuple(self.folder / str(name) for name in self.values.get("avant", ()))

    @property
    def host(self) -> str | None:
        """Host that was called."""
        return self.values.get("host")

    def environment(self) -> Environment:
        """What the context says of the product and its world."""
        default = Environment()
        return Environment(
            software=_software(self.values.get("logiciel")),
            professionals=tuple(self._professionals()),
            anchors=tuple(self._anchors()),
            mss_domains=tuple(self.values.get("domaines_mss", ())),
            psc_keys=tuple(self.values.get("cles_psc", ())),
            psc_issuer=self.values.get("emetteur_psc"),
            ins_oids=frozenset(self.values.get("oid_ins", default.ins_oids)),
        )

    def identities(self) -> Mapping[str, Identity] | None:
        """Patients by INS; None when the context names nobody."""
        found = {i.ins: i for i in map(_identity, self._people()) if i is not None and i.ins}
        return found or None

    def _people(self) -> Iterator[Mapping[str, Any]]:
        yield from self.values.get("identites", ())
        for value in self.values.values():
            if isinstance(value, Mapping) and "prenoms_naissance" in value:
                yield value

    def _professionals(self) -> Iterator[Professional]:
        yield from map(_professional, self.values.get("professionnels", ()))
        one = self.values.get("professionnelle") or self.values.get("professionnel")
        if isinstance(one, Mapping):
            yield _professional(one)

    def _anchors(self) -> Iterator[bytes]:
        names = self.values.get("autorites")
        if names is None:
            names = [
                str(p.relative_to(self.folder)) for p in sorted(self.folder.glob("certs/ca-*.pem"))
            ]
        for name in names:
            yield Certificate.from_pem(self._bytes(str(name), "autorites")).der

    def _bytes(self, name: str, key: str) -> bytes:
        if "-----BEGIN" in name:
            return name.encode()
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise UsageError(
                f"contexte, champ {key} : {name} ne se lit pas ({error.strerror})."
            ) from error


def _load(path: Path) -> Mapping[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"{path} ne se lit pas : {error.strerror}.") from error
    except ValueError as error:
        raise UsageError(f"{path} n'est pas du JSON : {error}.") from error
    if not isinstance(value, Mapping):
        raise UsageError(f"{path} doit contenir un objet JSON.")
    return value


def _entry(story: Mapping[str, Any], file: Path) -> Mapping[str, Any]:
    for table in (story.get("echanges"), story.get("messages"), story):
        if not isinstance(table, Mapping):
            continue
        exact = table.get(file.name)
        if isinstance(exact, Mapping):
            return exact
        for key in sorted(table, key=len, reverse=True):
            if isinstance(table[key], Mapping) and file.stem in (
                key, f"{key}-requete", f"{key}-reponse",
            ):  # fmt: skip
                return table[key]
    isolated = story.get("vihf_isoles")
    if isinstance(isolated, Mapping):
        for name, instant in isolated.items():
            if Path(name).name == file.name:
                return {"observed_at": instant}
    return {}


def _software(value: Any) -> Software | None:
    if not isinstance(value, Mapping):
        return None
    return Software(
        name=str(value.get("nom", "")),
        version=str(value.get("version", "")),
        nil=value.get("nil"),
        idam=value.get("idam"),
        dmp_homologation=value.get("numero_homologation_dmp"),
        oid=value.get("oid") or value.get("oid_lps"),
    )


def _professional(value: Mapping[str, Any]) -> Professional:
    mailbox = value.get("bal")
    return Professional(
        national_id=str(value.get("ps_idnat") or value.get("identifiant_national") or ""),
        family_name=str(value.get("nom", "")),
        given_name=str(value.get("prenom", "")),
        profession=str(value.get("profession", "10")),
        speciality=value.get("savoir_faire") or value.get("specialite"),
        structure_id=value.get("structure_idnat"),
        sector=value.get("secteur"),
        mailboxes=(mailbox,) if mailbox else (),
        billing_id=value.get("identifiant_facturation"),
    )


def _identity(value: Mapping[str, Any]) -> Identity | None:
    ins = value.get("ins") or f"{value.get('matricule', '')}{value.get('cle', '')}"
    if not ins:
        return None
    return Identity(
        status=str(value.get("statut", "qualifiée")),
        traits=Traits(
            birth_name=str(value.get("nom_naissance", "")),
            birth_given_names=str(value.get("prenoms_naissance", "")),
            sex=str(value.get("sexe", "")),
            birth_date=str(value.get("date_naissance", "")),
            birth_place=value.get("lieu_naissance_cog") or value.get("lieu_naissance"),
            used_name=value.get("nom_utilise"),
        ),
        ins=ins,
        oid=value.get("oid") or value.get("oid_insi"),
    )
