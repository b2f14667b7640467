"""Mistakes made in the calls to the DMP: transport, VIHF, sequence of transactions."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

from signxml.algorithms import (
    CanonicalizationMethod,
    DigestAlgorithm,
    SignatureConstructionMethod,
    SignatureMethod,
)
from signxml.signer import XMLSigner

from bench.defects import Injection
from reference_impl.contract import DmpAnswer
from reference_impl.errors import LgcError
from reference_impl.gestures import exchanges, views
from reference_impl.ports import DmpStatus
from tests.reference_impl.story import signer_of

from .mistakes import action, around, broken, nothing, put, trusting, vihf, written

_CHANNEL = "reference_impl.dmp.channel"
_VIHF = "reference_impl.dmp.vihf"
_CLIENT = "reference_impl.dmp.client"
_QUERIES = "reference_impl.dmp.queries"
_ENVELOPE = "reference_impl.dmp.soap:envelope"
_RESOURCE = "urn:oasis:names:tc:xacml:2.0:resource:resource-id"
_OTHER_STRUCTURE = "1750999995"


def _with_the_action_of_searches(
    original: Any, channel: Any, transaction: Any, *arguments: Any
) -> Any:
    wrong = replace(transaction, action="urn:ihe:iti:2007:RegistryStoredQuery")
    return original(channel, wrong, *arguments)


def _drawn_once(
    original: Any, channel: Any, environment: Any, transport: Any, ids: Any, clock: Any, cards: Any
):
    drawn = ids.uuid()
    original(channel, environment, transport, SimpleNamespace(uuid=lambda: drawn), clock, cards)


def _signed_with_authentication_key(_original: Any, channel: Any, professional: Any) -> Any:
    return signer_of(channel._environment.credentials[professional.auth_credential])


def _connected_with(name: str) -> Any:
    def once(original: Any, channel: Any, url: str, request: Any, caller: Any) -> Any:
        wrong = replace(caller.professional, auth_credential=name)
        return original(channel, url, request, replace(caller, professional=wrong))

    return around(f"{_CHANNEL}:DmpChannel._once", once)


def _sha1(original: Any, root: Any, object_id: str, signer: Any) -> Any:
    class Old(XMLSigner):
        def check_deprecated_methods(self) -> None:
            """What an old library still allows."""

    old = Old(
        method=SignatureConstructionMethod.enveloped,
        signature_algorithm=SignatureMethod.RSA_SHA256,  # what the card of the LGC can do
        digest_algorithm=DigestAlgorithm.SHA1,
        c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
    )
    return old.sign(root, key=signer.key, cert=[signer.certificate], reference_uri=object_id)


def _profession_only(original: Any, professional: Any) -> Any:
    return original(professional)[:1]


def _other_patient(original: Any, client: Any, patient: Any, professional: Any) -> Any:
    caller = original(client, patient, professional)
    return replace(caller, resource_id="285073306304208^^^&1.2.250.1.213.1.4.10&ISO^NH")


def _matricule_only(original: Any, client: Any, patient: Any, professional: Any) -> Any:
    caller = original(client, patient, professional)
    return replace(caller, resource_id=caller.resource_id[:13] + caller.resource_id[15:])


def _purpose(original: Any, statement: Any, name: str, tag: str, values: Any) -> Any:
    if tag == "PurposeOfUse":
        values = [("normal", "2.16.840.1.113883.3.18.7.1", "Accès normal")]
    return original(statement, name, tag, values)


def _never_asked(_client: Any, _patient: Any, _professional: Any) -> Any:
    return DmpStatus("actif", "VALIDE")


def _searched_again(lgc: Any, asked: Any) -> Any:
    patient = lgc.records.patient(asked.patient)
    author = lgc.publisher.professional(asked.professionnel)
    lgc.insi.search(patient.traits, "organisation", author)
    return exchanges.write_document(lgc, asked)


def _always_authorized(lgc: Any, asked: Any) -> Any:
    patient, professional = exchanges._for_dmp(lgc, asked)
    lgc.dmp.existence(patient, professional)
    status = lgc.dmp.authorize(patient, professional, asked.action)
    return DmpAnswer(dmp=views.dmp_view(status), patient=views.patient_view(patient))


def _then_searched(original: Any, shipper: Any, shipment: Any) -> Any:
    receipt = original(shipper, shipment)
    patient = shipper._records.patient(shipment.patient_id)
    with suppress(LgcError):  # no authorisation to consult
        shipper._gateway.search(patient, shipper._publisher.professional(shipment.professional_id))
    return receipt


def _one_motive(body: Any) -> None:
    for issue in body.iterfind(".//{urn:hl7-org:v3}detectedIssueEvent/{urn:hl7-org:v3}code"):
        {"FERMETURE_DEMANDE_PATIENT": "à la demande du patient"}[issue.get("code")]


def _whole_birth_date(body: Any) -> None:
    for born in body.iterfind(".//{urn:hl7-org:v3}birthTime"):
        date.fromisoformat(born.get("value"))


def _read_with(reading: Any) -> Any:
    """What the product reads more of the answer, and what its last handler makes of a surprise."""

    def read(original: Any, body: Any) -> Any:
        try:
            reading(body)
        except (KeyError, ValueError) as error:
            raise LgcError("ERREUR_INTERNE", f"Erreur du logiciel : {error}.") from error
        return original(body)

    return around("reference_impl.dmp.patients:read_existence", read)


def _unquoted(original: Any, query_id: str, return_type: str, slots: Any) -> Any:
    return original(query_id, return_type, {k: v.strip("'") for k, v in slots.items()})


def _read_by_memory(original: Any, unique_id: str) -> Any:
    return original(f"{unique_id}.1")


DEFECTS = (
    broken(
        "dmp-action-recopiee",
        "L'action SOAP de la recherche sert aussi au dépôt",
        "depot",
        "DMP-SOAP-01",
        around(f"{_CHANNEL}:DmpChannel.reply", _with_the_action_of_searches),
    ),
    broken(
        "dmp-destinataire-de-production",
        "wsa:To est l'adresse de production, écrite en dur",
        "depot",
        "DMP-SOAP-02",
        written(_ENVELOPE, "(To [^>]*>)[^<]+", r"\1https://www.dmp.gouv.fr/si-dmp-server/v2/"),
    ),
    broken(
        "dmp-identifiants-tires-au-demarrage",
        "Les identifiants du message et du VIHF sont tirés une fois, au démarrage",
        "depot",
        "DMP-SOAP-02 X-10",
        around(f"{_CHANNEL}:DmpChannel.__init__", _drawn_once),
    ),
    broken(
        "dmp-vihf-hors-de-l-en-tete-de-securite",
        "Le VIHF est placé dans l'en-tête SOAP, hors de wsse:Security",
        "depot",
        "DMP-SOAP-03",
        written(_ENVELOPE, "wsse:Security", "wsse:Securite"),
    ),
    broken(
        "dmp-connexion-par-le-certificat-de-la-structure",
        "La connexion d'un appel direct présente le certificat de la structure",
        "depot",
        "DMP-TLS-02",
        _connected_with("org-auth-cli"),
    ),
    broken(
        "dmp-vihf-signe-par-la-cle-d-authentification",
        "Le VIHF est signé par la clé d'authentification de la carte",
        "depot",
        "DMP-VIHF-01 CD-07 CD-08",
        around(f"{_CHANNEL}:DmpChannel.signer", _signed_with_authentication_key),
    ),
    broken(
        "dmp-vihf-en-sha-1",
        "Le condensé du VIHF signé est en SHA-1",
        "depot",
        "DMP-VIHF-02",
        around(f"{_VIHF}:_signed", _sha1),
    ),
    broken(
        "dmp-secteur-d-activite-oublie",
        "Le VIHF n'a pas Secteur_Activite",
        "depot",
        "DMP-VIHF-03",
        vihf("Secteur_Activite", None),
    ),
    broken(
        "dmp-vihf-d-un-autre-patient",
        "resource-id garde le patient du dossier ouvert avant",
        "depot",
        "DMP-VIHF-05",
        around(f"{_CLIENT}:DmpClient._caller", _other_patient),
    ),
    broken(
        "dmp-matricule-sans-cle",
        "resource-id porte le matricule sans sa clé",
        "depot",
        "DMP-VIHF-05",
        around(f"{_CLIENT}:DmpClient._caller", _matricule_only),
    ),
    broken(
        "dmp-specialite-oubliee",
        "Le VIHF d'un médecin dit sa profession et non sa spécialité",
        "depot",
        "DMP-VIHF-04",
        around(f"{_VIHF}:_roles", _profession_only),
    ),
    broken(
        "dmp-mode-d-acces-d-une-autre-terminologie",
        "PurposeOfUse a le système de codes d'un autre pays",
        "depot",
        "DMP-VIHF-06",
        around(f"{_VIHF}:_coded", _purpose),
    ),
    broken(
        "dmp-nom-de-l-editeur",
        "LPS_Nom est le nom de l'éditeur et non celui du produit",
        "depot",
        "DMP-VIHF-08",
        vihf("LPS_Nom", "EDITEUR SARL"),
    ),
    broken(
        "dmp-version-de-l-ancienne-livraison",
        "LPS_Version est la version précédente du produit",
        "depot",
        "DMP-VIHF-08 X-06",
        vihf("LPS_Version", "3.9.1"),
    ),
    broken(
        "dmp-connexion-par-mot-de-passe",
        "Le contexte d'authentification est celui du mot de passe du logiciel",
        "depot",
        "DMP-VIHF-09",
        put(
            f"{_VIHF}:_SMARTCARD",
            "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport",
        ),
    ),
    broken(
        "dmp-structure-de-l-editeur",
        "Identifiant_Structure est celui du site de test de l'éditeur",
        "depot",
        "DMP-VIHF-10 CD-09",
        vihf("Identifiant_Structure", _OTHER_STRUCTURE),
    ),
    broken(
        "dmp-vihf-date-dans-le-futur",
        "IssueInstant est l'heure de Paris suivie de Z",
        "depot",
        "X-09",
        around(f"{_VIHF}:wire_instant", lambda original, at: original(at + timedelta(hours=1))),
    ),
    broken(
        "dmp-existence-non-testee",
        "Le logiciel dépose sans tester l'existence du DMP",
        "depot",
        "DMP-02-01",
        put(f"{_CLIENT}:DmpClient.existence", _never_asked),
    ),
    broken(
        "dmp-depot-dans-un-dossier-ferme",
        "La réponse du test d'existence n'est pas lue : le dépôt part vers un DMP fermé",
        "depot-dmp-ferme",
        "DMP-02-02",
        nothing("reference_impl.shipping:require_active"),
    ),
    broken(
        "dmp-autorisation-ajoutee-a-chaque-fois",
        "L'autorisation est ajoutée à chaque ouverture du dossier, même valide",
        "consultation",
        "DMP-02-03",
        action("dmp.authorize", _always_authorized),
    ),
    broken(
        "dmp-depot-annonce-sans-envoi",
        "Le dépôt est annoncé fait alors que rien n'est parti",
        "depot",
        "X-01",
        put("reference_impl.shipping:DmpShipper.ship", lambda _shipper, _shipment: {}),
    ),
    broken(
        "insi-appel-a-chaque-document",
        "INSi est interrogé de nouveau à chaque document écrit",
        "depot",
        "X-02",
        action("document.write", _searched_again),
    ),
    broken(
        "dmp-recherche-apres-chaque-depot",
        "Le logiciel recherche les documents du patient juste après chaque dépôt",
        "depot",
        "DMP-21-17",
        around("reference_impl.shipping:DmpShipper.ship", _then_searched),
    ),
    broken(
        "dmp-document-renvoye",
        "Le logiciel ne retient pas ce qu'il a déposé et dépose de nouveau",
        "depot-deux-fois",
        "DMP-21-16",
        put("reference_impl.gestures.exchanges:_earlier_deposit", lambda _lgc, _document: None),
    ),
    broken(
        "dmp-recherche-sans-guillemets",
        "Le patient cherché n'est pas entre apostrophes",
        "consultation",
        "DMP-31-01",
        around(f"{_QUERIES}:_query", _unquoted),
    ),
    broken(
        "dmp-entrepot-inconnu",
        "Le document est demandé à un autre entrepôt",
        "consultation",
        "DMP-32-01",
        put(f"{_QUERIES}:REPOSITORY", "1.2.250.1.213.4.1.1.1.99"),
    ),
    broken(
        "dmp-identifiant-reconstruit",
        "L'identifiant du document lu est reconstruit et non repris de la recherche",
        "consultation",
        "X-04",
        around(f"{_QUERIES}:retrieve", _read_by_memory),
    ),
    broken(
        "dmp-reprises-en-rafale",
        "Quand le DMP est indisponible, le logiciel réessaie sans attendre",
        "depot-sans-reponse",
        "X-12",
        around(
            "reference_impl.outbox:Outbox._attempt",
            lambda original, box, shipment: [original(box, shipment) for _ in range(4)][-1],
        ),
        injection=Injection("dmp", "http-503", "TD2.1", times=None),
    ),
    broken(
        "dmp-motif-de-fermeture-suppose-connu",
        "Le motif de fermeture est cherché dans une table du logiciel",
        "acces-au-dmp",
        "DMP-02-04",
        _read_with(_one_motive),
        injection=Injection("dmp", "reponse-motif-inconnu", "TD0.2"),
    ),
    broken(
        "dmp-naissance-supposee-complete",
        "La date de naissance rendue est lue comme une date du calendrier",
        "acces-au-dmp",
        "DMP-02-04",
        _read_with(_whole_birth_date),
        injection=Injection("dmp", "reponse-naissance-sans-jour", "TD0.2"),
    ),
    broken(
        "dmp-redirection-non-suivie",
        "La bibliothèque HTTP ne suit pas les redirections d'un POST : le dépôt est dit refusé",
        "depot-redirige",
        "DMP-TLS-04",
        put(f"{_CHANNEL}:_REDIRECTIONS", frozenset()),
        injection=Injection("dmp", "redirection-302", "TD2.1"),
    ),
    broken(
        "dmp-redirection-suivie-vers-l-ancienne-adresse",
        "Après une redirection, la demande repart à l'adresse des réglages",
        "depot-redirige",
        "DMP-TLS-04",
        put(f"{_CHANNEL}:urljoin", lambda url, _location: url),
        injection=Injection("dmp", "redirection-307", "TD2.1"),
    ),
    broken(
        "dmp-certificat-du-serveur-non-verifie",
        "La vérification du certificat du DMP est restée désactivée depuis les essais",
        "depot",
        "DMP-TLS-03",
        around("reference_impl.transport:tls_context", trusting),
        injection=Injection("dmp", "tls-expire", times=None),
    ),
)
