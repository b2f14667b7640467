"""The professional's CPS and the patient's carte Vitale."""

from __future__ import annotations

from reference_impl.cards.session import CardView
from reference_impl.cards.values import Beneficiary, Situation, VitaleCard
from reference_impl.contract import NoParameters
from reference_impl.contract_cards import (
    BeneficiaryJson,
    ChooseSituation,
    CloseCps,
    CpsAnswer,
    CpsJson,
    HolderJson,
    ReadCps,
    SituationJson,
    UnblockCps,
    VitaleAnswer,
    VitaleJson,
)
from reference_impl.lgc import Lgc


def read_cps(lgc: Lgc, asked: ReadCps) -> CpsAnswer:
    """``card.read_cps``: the session of the card is open afterwards."""
    return _answer(lgc.cards.read(asked.professionnel, asked.code))


def choose_situation(lgc: Lgc, asked: ChooseSituation) -> CpsAnswer:
    """``card.choose_situation``: for the rest of the session."""
    return _answer(lgc.cards.choose(asked.professionnel, asked.situation))


def unblock(lgc: Lgc, asked: UnblockCps) -> CpsAnswer:
    """``card.unblock``: the session has to be opened again, with the new code."""
    view = lgc.cards.unblock(asked.professionnel, asked.code_deblocage, asked.nouveau_code)
    return _answer(view)


def close(lgc: Lgc, asked: CloseCps) -> CpsAnswer:
    """``card.close``: situations are forgotten, the card loses its power."""
    return _answer(lgc.cards.close(asked.professionnel))


def read_vitale(lgc: Lgc, _asked: NoParameters) -> VitaleAnswer:
    """``card.read_vitale``."""
    card = lgc.vitale.read()
    return VitaleAnswer(vitale=vitale_view(card))


def vitale_view(card: VitaleCard) -> VitaleJson:
    """A carte Vitale as the driver sees it."""
    return VitaleJson.model_validate(
        {
            "lecteur": card.reader,
            "moyen": card.means,
            "type": card.kind,
            "numero_serie": card.serial,
            "beneficiaires": [_beneficiary(one) for one in card.beneficiaries],
        }
    )


def _beneficiary(one: Beneficiary) -> BeneficiaryJson:
    return BeneficiaryJson(
        position=one.position,
        nom_usuel=one.used_name,
        nom_naissance=one.birth_name,
        prenom=one.given_name,
        date_naissance=one.birth_date,
        rang_gemellaire=one.rank,
        nir_certifie=one.certified_nir,
        nir_ouvrant_droit=one.insured_nir,
        qualite=one.quality,
    )


def _answer(view: CardView) -> CpsAnswer:
    card = view.card
    carte = CpsJson.model_validate(
        {
            "lecteur": card.reader,
            "famille": card.family,
            "emetteur": card.issuer,
            "numero": card.number,
            "type": card.kind,
            "test": card.test,
            "debut": card.begins,
            "fin": card.ends,
            "essais_restants": view.tries_left,
            "titulaire": HolderJson(
                identifiant_national=card.national_id,
                nom=card.family_name,
                prenom=card.given_name,
                profession=card.profession,
                specialite=card.speciality,
            ),
            "situations": [_situation(one) for one in card.situations],
            "situation": view.situation,
        }
    )
    return CpsAnswer(carte=carte)


def _situation(one: Situation) -> SituationJson:
    return SituationJson(
        numero=one.number,
        mode_exercice=one.mode,
        remplacant=one.substitute,
        raison_sociale=one.structure_name,
        structure=one.structure_id,
        secteur=one.sector,
        identifiant_facturation=one.billing_id,
    )
