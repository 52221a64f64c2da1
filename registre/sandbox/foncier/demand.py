"""One demand for one document, from the form to the viewer."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from registre.sandbox.foncier.catalogue import Acte, Document, Fiche, Plan, PlanVersion
from registre.sandbox.foncier.ledger import Charge, Product
from registre.sandbox.foncier.options import Delivery


class Phase(StrEnum):
    """How far a demand is; it never goes back."""

    CONFIRMING = "confirming"
    PREPARING = "preparing"
    READY = "ready"
    SHOWN = "shown"


@dataclass(slots=True)
class Demand:
    """A document asked for in one session."""

    #: printed on the PDF and shown in the history
    number: str
    document: Document
    #: the plan chosen; None for index and acte
    version: PlanVersion | None
    phase: Phase
    #: last hop of the processing chain reached
    step: int = 0
    #: on the site's clock; infinity for a document that never comes
    ready_at: float = 0.0
    charge: Charge | None = None
    #: decided when the viewer is shown, so that link and answer agree
    delivery: Delivery = "attachment"
    #: GETs of the PDF since the viewer was opened
    served: int = 0
    #: one charge even when two requests display the document at once
    charging: asyncio.Lock = field(default_factory=asyncio.Lock)
    #: one rendering even when two requests want the PDF at once
    rendering: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def product(self) -> Product:
        """What is bought."""
        return product_of(self.document)

    @property
    def numero(self) -> str:
        """Lot or numéro d'inscription."""
        return self.document.numero if isinstance(self.document, Acte) else self.document.lot


def product_of(document: Document) -> Product:
    """The product a document is sold as."""
    match document:
        case Fiche():
            return "index"
        case Acte():
            return "acte"
        case Plan():
            return "plan"
        case _:
            assert_never(document)


def needs_confirmation(document: Document) -> bool:
    """Large actes and the plans marked so ask before they bill."""
    if isinstance(document, Acte):
        return document.volumineux
    return isinstance(document, Plan) and document.confirmation
