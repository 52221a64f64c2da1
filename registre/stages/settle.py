"""A person settles a doubtful field, or takes it back: one transaction from the word to the searchable row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from registre.db import document as documents
from registre.db import review as reviews
from registre.db.pool import Connection
from registre.domain.errors import Refused
from registre.domain.reading import ILLEGIBLE, PageReading
from registre.domain.review import Review
from registre.ocr.accord.answers import shown
from registre.ocr.accord.review import find_row, readings_of, take_back
from registre.shapes import to_json
from registre.stages.judgement import judge


class AlreadySettled(Refused):
    """Somebody was quicker."""

    code = "already_settled"
    message = "Ce champ est déjà tranché."
    hint = "registre review --undo NUMÉRO retire une correction; registre show ID montre la ligne."


class NoSuchField(Refused):
    """The page has no such row, field or doubt, or not any more."""

    code = "no_such_field"
    message = "La page n'a pas ce champ."
    hint = "registre review ID --list montre ce qui est à trancher."


@dataclass(frozen=True, slots=True)
class Place:
    """Which field of which page."""

    document_id: UUID
    #: the page, from 1
    number: int
    #: row of the page, from 0; None for a doubt of its text
    place: int | None
    #: which of the page's doubts, from 0
    doubt: int | None
    field: str


@dataclass(frozen=True, slots=True)
class Found:
    """A field as it stands."""

    page: PageReading
    #: the row, or the doubt, as JSON
    item: dict[str, Any]
    #: reader → what it read; the value kept first
    readings: dict[str, Any]


def find(pages: list[PageReading], at: Place) -> Found:
    """The field meant.

    Raises:
        NoSuchField: there is none.
    """
    page = next((page for page in pages if page.number == at.number), None)
    if page is None:
        raise NoSuchField(f"Le document n'a pas de page {at.number}.")
    if at.place is None:
        if at.doubt is None or not 0 <= at.doubt < len(page.doubts):
            raise NoSuchField(f"La page {at.number} n'a pas ce doute.")
        doubt = page.doubts[at.doubt]
        first, _, second = page.reader.partition("+")
        return Found(page, to_json(doubt), {first: doubt.read, second or "autre": doubt.other})
    if not 0 <= at.place < len(page.rows):
        raise NoSuchField(f"La page {at.number} a {len(page.rows)} ligne(s).")
    item = to_json(page.rows[at.place])
    return Found(page, item, readings_of(page, at.place, at.field))


async def settle(
    connection: Connection, at: Place, value: Any, *, person: str, actor: str, seen: dict[str, Any] | None = None
) -> int:
    """Keep a person's word on a field and lay it; answers the review's number. `seen`: the row or doubt as shown.

    Raises:
        AlreadySettled: another person's word stands there.
        NoSuchField: the page has no such field, or was read again meanwhile.
    """
    async with connection.transaction():
        await reviews.lock_document(connection, at.document_id)
        said = await reviews.reviews(connection, at.document_id)
        pages = await documents.pages(connection, at.document_id)
        _refuse_settled(pages, at, said, seen)
        found = find(pages, at)
        if seen is not None and _core(found.item) != _core(seen):
            raise NoSuchField("La page a changé entre-temps; rien n'est écrit.")
        review = await reviews.add_review(
            connection,
            at.document_id,
            number=at.number,
            place=at.place,
            field=at.field,
            readings=found.readings,
            value=value,
            actor=person,
            before=found.item,
        )
        await _follow(connection, at.document_id)
        data = {"review": review, "page": at.number, "row": at.place, "field": at.field}
        await reviews.note_event(connection, at.document_id, "review.settled", actor=actor, data=data)
    return review


async def undo(connection: Connection, review_id: int, *, actor: str) -> Review:
    """Take a word back: the field is as readers read it, and doubted as it was.

    Raises:
        NoSuchField: there is no such review, or it was undone already.
    """
    async with connection.transaction():
        review = await reviews.review(connection, review_id)
        if review is None:
            raise NoSuchField(f"Aucune correction ne porte le numéro {review_id}.")
        await reviews.lock_document(connection, review.document_id)
        if not await reviews.undo_review(connection, review_id, actor=actor):
            raise NoSuchField(f"La correction {review_id} est déjà retirée.")
        for page in await documents.pages(connection, review.document_id):
            if page.number == review.number:
                await reviews.revise_page(connection, review.document_id, take_back(page, review), "")
        await _follow(connection, review.document_id, touched=review.number)
        data = {"review": review_id}
        await reviews.note_event(connection, review.document_id, "review.undone", actor=actor, data=data)
    return review


async def _follow(connection: Connection, document_id: UUID, touched: int | None = None) -> None:
    """Everything that a changed word changes: the document's rows, its search form, the public rows' texts."""
    judged = await judge(connection, document_id, touched=touched)
    await reviews.note_corrections(connection, document_id, judged.corrections)
    await reviews.write_corrected(connection, document_id, corrected=judged.corrected, searchable=judged.searchable)


def _refuse_settled(pages: list[PageReading], at: Place, said: list[Review], seen: dict[str, Any] | None) -> None:
    page = next((page for page in pages if page.number == at.number), None)
    for review in said:
        if page is None or (review.number, review.field) != (at.number, at.field) or review.value == ILLEGIBLE:
            continue
        if at.place is None:
            same = review.place is None and seen is not None and review.before == seen
        else:
            index = find_row(page.rows, review)
            same = index == at.place and page.rows[at.place].is_settled(at.field)
        if same:
            what = shown(review.field, review.value)
            raise AlreadySettled(f"{review.actor} a déjà tranché: {what} (correction {review.id}).")


def _core(item: dict[str, Any]) -> dict[str, Any]:
    """What makes a row or doubt the one that was shown; who doubts it may have changed."""
    return {key: item.get(key) for key in ("date", "numero", "nature", "parties", "raw", "read", "other", "near")}
