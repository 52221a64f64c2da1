"""The site's sentences and the errors they mean."""

from __future__ import annotations

import pytest

from registre.domain.errors import (
    AccountBenched,
    InactiveLot,
    LoginFailed,
    NotFound,
    SimilarOnly,
    SiteError,
    SiteUnavailable,
    UnexpectedMessage,
)
from registre.sites.foncier import messages


@pytest.mark.parametrize(
    ("sentence", "error"),
    [
        ("Le document demandé est inexistant", NotFound),
        ("La fiche immobilière demandée est inexistante.", NotFound),
        ("Aucune information ne correspond aux critères de sélection", NotFound),
        ("Le lot n’existe pas dans la circonscription foncière demandée.", NotFound),
        ("Nous vous proposons une liste de document(s) dont le numéro est semblable.", SimilarOnly),
        ("Le lot 1 987 654 est inactif.", InactiveLot),
    ],
)
def test_a_known_refusal_keeps_the_sites_own_sentence(sentence, error):
    found = messages.refusal(sentence)

    assert type(found) is error
    assert found.text == sentence


def test_an_unknown_sentence_is_carried_not_guessed():
    found = messages.refusal("Le ciel est bleu.")

    assert isinstance(found, UnexpectedMessage)
    assert "Le ciel est bleu." in found.text


@pytest.mark.parametrize(
    ("sentence", "error"),
    [
        ("Le code d'utilisateur ou le mot de passe est invalide.", LoginFailed),
        ("Une phrase que personne ne connaît.", LoginFailed),
        ("Votre compte est verrouillé.", AccountBenched),
        ("Votre mot de passe est expiré.", AccountBenched),
        ("Aucune carte de crédit valide n'est inscrite à votre dossier.", AccountBenched),
        ("Une session est déjà ouverte avec ce code d'utilisateur.", SiteError),
        ("Le service est temporairement indisponible.", SiteUnavailable),
    ],
)
def test_a_refused_login_is_told_from_an_account_that_needs_a_person(sentence, error):
    assert type(messages.login_refusal(sentence)) is error
