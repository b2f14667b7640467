"""Reading the environment descriptor (``environnement.json``, French keys).

It is all the LGC is told of the world: addresses, trust, certificates, users,
its own registrations. Unknown keys are ignored; the paths in it are relative
to its folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reference_impl.cards.settings import Access, CardSettings, ReaderAddress
from reference_impl.errors import ConfigurationError
from reference_impl.people import (
    Credential,
    Environment,
    HostPort,
    MssSettings,
    Professional,
    PscClientSettings,
    SoftwareIdentity,
    Structure,
)
from reference_impl.prescriptions.settings import OrdonnanceSettings, Symbol24, Wire


class _Model(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class _Trust(_Model):
    pem: str


class _PscClient(_Model):
    client_id: str
    client_secret: str = ""
    redirect_uris: tuple[str, ...]


class _Psc(_Model):
    emetteur: str
    decouverte: str
    clients: tuple[_PscClient, ...]


class _Insi(_Model):
    organisation: str | None = None
    cpx: str | None = None
    verification: bool = False


class _Dmp(_Model):
    base: str


class _Apcv(_Model):
    auth: str | None = None


class _Address(_Model):
    hote: str
    port: int


class _Mss(_Model):
    smtp: _Address
    imap: _Address
    autoconfiguration: str = ""
    liste_blanche: str = ""
    domaines: tuple[str, ...] = ()


class _Certificate(_Model):
    certificat: str
    cle: str
    chaine: str | None = None


class _Structure(_Model):
    identifiant: str
    nom: str
    finess: str | None = None
    secteur: str = "SA07"


class _Card(_Model):
    authentification: str = ""
    signature: str = ""


class _Professional(_Model):
    identifiant_national: str
    rpps: str
    nom: str
    prenom: str
    profession: str
    profession_libelle: str
    structure: _Structure
    bal: str = ""
    identifiant_facturation: str = ""
    specialite: str | None = None
    specialite_libelle: str | None = None
    civilite: str | None = None
    carte: _Card = _Card()


class _Software(_Model):
    nom: str
    version: str
    nil: str = ""
    idam: str = ""
    numero_homologation_dmp: str = ""
    oid: str


class _Settings(_Model):
    oid_ins_de_test: Mapping[str, str] = {}
    environnement: Literal["test", "production"] = "test"
    justificatifs: Mapping[str, str] = {}


class _Reader(_Address):
    nom: str
    carte: str = "cps"
    professionnel: str | None = None


class _ReadingApi(_Model):
    configuration: str


class _Cards(_Model):
    acces: Access = "banc"
    lecteurs: tuple[_Reader, ...] = ()
    pkcs11: str | None = None
    api_lec: str | None = None
    api_lecture: _ReadingApi | None = None


class _Ordonnance(_Model):
    rest: str | None = None
    soap: str | None = None
    voie: Wire = "rest"
    base_medicaments: str | None = None
    envoi_tardif: bool = False
    envoi_dmp: bool = True
    retrait_dmp: bool = True
    traces: bool = True
    envoi_traces: bool = False
    delai_reponse_s: float = Field(default=30.0, gt=0, le=600)
    symbole_24: Symbol24 = "R"


class _Descriptor(_Model):
    confiance: _Trust
    certificats: Mapping[str, _Certificate] = {}
    professionnels: tuple[_Professional, ...] = ()
    logiciel: _Software
    psc: _Psc | None = None
    insi: _Insi = _Insi()
    apcv: _Apcv = _Apcv()
    dmp: _Dmp | None = None
    mssante: _Mss | None = None
    cartes: _Cards = _Cards()
    ordonnance: _Ordonnance = _Ordonnance()
    reglages: _Settings = _Settings()


def read_environment(path: Path) -> Environment:
    """Read a descriptor. Raises ConfigurationError with a French sentence."""
    try:
        descriptor = _Descriptor.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(
            "ENVIRONNEMENT_ILLISIBLE",
            f"Le descripteur d’environnement {path} ne peut pas être lu : {error.strerror}.",
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "(document)"
        raise ConfigurationError(
            "ENVIRONNEMENT_INVALIDE",
            f"Le descripteur d’environnement {path} est invalide à « {place} » : {first['msg']}.",
            place,
        ) from error
    return _environment(descriptor, path.resolve())


def _environment(descriptor: _Descriptor, path: Path) -> Environment:
    software, folder = descriptor.logiciel, path.parent
    return Environment(
        trust_path=folder / descriptor.confiance.pem,
        credentials={
            name: _credential(name, certificate, folder)
            for name, certificate in descriptor.certificats.items()
        },
        professionals=tuple(_professional(p) for p in descriptor.professionnels),
        software=SoftwareIdentity(
            name=software.nom,
            version=software.version,
            nil=software.nil,
            idam=software.idam,
            dmp_homologation=software.numero_homologation_dmp,
            oid=software.oid,
        ),
        psc=_psc(descriptor.psc),
        insi_organisation=descriptor.insi.organisation,
        insi_cpx=descriptor.insi.cpx,
        insi_verification=descriptor.insi.verification,
        apcv_auth=descriptor.apcv.auth,
        evidence_levels=dict(descriptor.reglages.justificatifs),
        dmp_base=descriptor.dmp.base if descriptor.dmp else None,
        mss=_mss(descriptor.mssante),
        ins_oid_in_documents=dict(descriptor.reglages.oid_ins_de_test),
        cards=_cards(descriptor.cartes, folder),
        ordonnance=_ordonnance(descriptor.ordonnance, folder),
        production=descriptor.reglages.environnement == "production",
        source=path,
    )


def _credential(name: str, certificate: _Certificate, folder: Path) -> Credential:
    return Credential(
        name=name,
        cert_path=folder / certificate.certificat,
        key_path=folder / certificate.cle,
        chain_path=folder / certificate.chaine if certificate.chaine else None,
    )


def _professional(described: _Professional) -> Professional:
    structure = described.structure
    return Professional(
        national_id=described.identifiant_national,
        rpps=described.rpps,
        family_name=described.nom,
        given_name=described.prenom,
        profession=described.profession,
        profession_label=described.profession_libelle,
        structure=Structure(
            structure.identifiant, structure.nom, structure.finess, structure.secteur
        ),
        mailbox=described.bal,
        billing_id=described.identifiant_facturation,
        speciality=described.specialite,
        speciality_label=described.specialite_libelle,
        civility=described.civilite,
        auth_credential=described.carte.authentification,
        sign_credential=described.carte.signature,
    )


def _psc(psc: _Psc | None) -> PscClientSettings | None:
    if psc is None or not psc.clients:
        return None
    client = psc.clients[0]
    return PscClientSettings(
        issuer=psc.emetteur,
        discovery=psc.decouverte,
        client_id=client.client_id,
        client_secret=client.client_secret,
        redirect_uri=client.redirect_uris[0],
    )


def _mss(mss: _Mss | None) -> MssSettings | None:
    if mss is None:
        return None
    return MssSettings(
        smtp=HostPort(mss.smtp.hote, mss.smtp.port),
        imap=HostPort(mss.imap.hote, mss.imap.port),
        autoconfiguration=mss.autoconfiguration,
        whitelist=mss.liste_blanche,
        domains=mss.domaines,
    )


def _cards(cards: _Cards, folder: Path) -> CardSettings:
    api = cards.api_lecture
    return CardSettings(
        access=cards.acces,
        readers=tuple(
            ReaderAddress(r.nom, r.hote, r.port, r.carte, r.professionnel) for r in cards.lecteurs
        ),
        pkcs11=folder / cards.pkcs11 if cards.pkcs11 else None,
        reading_api=folder / cards.api_lec if cards.api_lec else None,
        configuration=folder / api.configuration if api else None,
    )


def _ordonnance(told: _Ordonnance, folder: Path) -> OrdonnanceSettings:
    return OrdonnanceSettings(
        rest=told.rest,
        soap=told.soap,
        wire=told.voie,
        base=folder / told.base_medicaments if told.base_medicaments else None,
        late=told.envoi_tardif,
        to_dmp=told.envoi_dmp,
        withdraw=told.retrait_dmp,
        traces=told.traces,
        send_traces=told.envoi_traces,
        timeout=told.delai_reponse_s,
        symbol_24=told.symbole_24,
    )
