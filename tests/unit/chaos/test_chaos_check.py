"""The judge of chaos can fail: healthy evidence is clean, each doctored kind is named for what it is."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from chaos_lib.check import CLASSES, Evidence, judge
from pypdfium2 import PdfDocument

from registre.sandbox.foncier.ledger import Charge


def a_pdf() -> bytes:
    document, content = PdfDocument.new(), io.BytesIO()
    for _ in range(2):
        document.new_page(100, 100)
    document.save(content)
    return content.getvalue()


def bill(number: int = 1, **changes: object) -> Charge:
    line = {
        "number": number,
        "at": "2026-01-01T00:00:00.000Z",
        "account": "21B4101",
        "product": "index",
        "circonscription": "Montréal",
        "cadastre": "Cadastre du Québec",
        "numero": "2784195",
        "demande": f"D{number}",
        "session": "s1",
    }
    return Charge.model_validate({**line, **changes})


@pytest.fixture
def evidence(tmp_path: Path) -> Evidence:
    """One order bought, stored, read; one refused; nothing wrong."""
    content = a_pdf()
    sha = hashlib.sha256(content).hexdigest()
    for place in (f"objects/{sha[:2]}/{sha}.pdf", "index/2784195.pdf"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_bytes(content)
    order = {
        "id": "o1", "status_id": 5, "error_message": None, "ocr_error": None, "has_text": True, "job": "j1",
        "state": "done", "stage": "ocr", "kind": "index", "error_code": None, "fresh": False, "number": "2 784 195",
        "document_id": "d1",
    }  # fmt: skip
    refused = {
        **order, "id": "o2", "job": "j2", "status_id": 4, "state": "refused", "error_code": "not_found",
        "error_message": "n'existe pas", "has_text": False, "document_id": None,
    }  # fmt: skip
    charge = {
        "id": "c1", "document_key": bill().key, "state": "have", "demande": "D1", "document_id": "d1",
        "amount_cents": 150, "job_state": "done", "error_code": None, "fresh": False, "account_works": True,
    }  # fmt: skip
    document = {
        "id": "d1", "document_key": bill().key, "kind": "index", "target": {"number": "2784195"}, "sha256": sha,
        "size": len(content), "pages": 2, "object_key": f"objects/{sha[:2]}/{sha}.pdf", "path": "index/2784195.pdf",
    }  # fmt: skip
    return Evidence(
        [bill()],
        tmp_path,
        {
            "order": [order, refused],
            "charge": [charge],
            "document": [document],
            "page": [{"document_id": "d1", "number": n, "state": "read"} for n in (1, 2)],
            "event": [
                {"job_id": "j1", "name": "job.running", "fence": 1},
                {"job_id": "j1", "name": "job.queued", "fence": 1},
                {"job_id": "j1", "name": "job.running", "fence": 2},
                {"job_id": "j1", "name": "job.fenced", "fence": 1},
            ],
            "figures": [{"leases_expired": 0}],
        },
    )


def first(table: str, **changes: object) -> Callable[[Evidence], object]:
    return lambda evidence: evidence.tables[table][0].update(changes)


def file(change: Callable[[Path], object]) -> Callable[[Evidence], object]:
    return lambda evidence: change(evidence.objects / "index/2784195.pdf")


def second_charge(**changes: object) -> Callable[[Evidence], object]:
    return lambda evidence: evidence.tables["charge"].append(
        {**evidence.tables["charge"][0], "id": "c2", "demande": None, **changes}
    )


def both(*doctorings: Callable[[Evidence], object]) -> Callable[[Evidence], object]:
    return lambda evidence: [doctor(evidence) for doctor in doctorings]


DOCTORED = {
    "an order without a job": ("lost", "no job", first("order", job=None)),
    "a failure without a reason": ("lost", "no reason", first("order", state="failed", status_id=4, error_code=None)),
    "money nobody knows of": ("lost", "known of 0", lambda e: e.ledger.append(bill(2, numero="1425100"))),
    "a bill that a void charge hides": ("lost", "known of 0", first("charge", state="void", demande=None)),
    "another amount": ("lost", "150 cents", first("charge", amount_cents=140)),
    "an open charge nobody will look at": ("lost", "nobody will look", first("charge", state="paid")),
    "an unproven charge that the history tells": ("lost", "history tells", first("charge", state="unproven",
                                                                                job_state="failed")),
    "the same document billed twice": ("bought twice", "2 times", both(lambda e: e.ledger.append(bill(2)),
                                                                       second_charge(state="void"))),
    "two documents of one purchase": ("stored twice", "2 documents", lambda e: e.tables["document"].append(
        {**e.tables["document"][0], "id": "d2"})),
    "an object nobody knows": ("stored twice", "no document", file(
        lambda path: path.with_name("other.pdf").write_bytes(b"%PDF"))),
    "an order that still moves": ("stuck", "waiting", first("order", state="waiting", status_id=1)),
    "a status that says something else": ("stuck", "says 2", first("order", status_id=2)),
    "half the bytes": ("half-written", "bytes", file(lambda path: path.write_bytes(path.read_bytes()[:100]))),
    "no file": ("half-written", "0 of", file(Path.unlink)),
    "another number of pages": ("half-written", "pages", first("document", pages=3)),
    "a page that never ended": ("half-written", "[1]", lambda e: e.tables["page"].pop()),
    "a page that failed": ("half-written", "[2]", first("page", state="failed")),
    "no text on the public row": ("half-written", "done with", first("order", has_text=False)),
    "done without a document": ("half-written", "without a document", first("order", document_id=None)),
    "a fence that goes back": ("fence", "from 2 to 1", lambda e: e.tables["event"].append(
        {"job_id": "j1", "name": "job.done", "fence": 1})),
    "two claims under one fence": ("fence", "from 2 to 2", lambda e: e.tables["event"].append(
        {"job_id": "j1", "name": "job.running", "fence": 2})),
    "another document than ordered": ("wrong", "got", first("document", target={"number": "1"})),
    "had and never billed": ("wrong", "never billed", lambda e: e.ledger.clear()),
    "another purchase's number": ("wrong", "number D9", first("charge", demande="D9")),
}  # fmt: skip


def test_healthy_evidence_is_clean(evidence: Evidence) -> None:
    judged = judge(evidence)

    assert judged.violations == []
    assert judged.ends == {"done": 1, "refused not_found": 1}


@pytest.mark.parametrize("name", DOCTORED)
def test_each_violation_is_named(evidence: Evidence, name: str) -> None:
    kind, words, doctor = DOCTORED[name]
    doctor(evidence)

    found = judge(evidence).violations

    assert [what for what_kind, what in found if what_kind == kind and words in what], found


def test_every_class_has_been_tried() -> None:
    assert {kind for kind, _, _ in DOCTORED.values()} == set(CLASSES)


def test_what_a_person_must_settle_is_a_figure(evidence: Evidence) -> None:
    """An intent whose order failed, and an unproven one whose account is benched: told, and no violation."""
    evidence.tables["order"][0].update(state="failed", status_id=4, error_code="charge_unproven", error_message="x")
    evidence.tables["charge"][0].update(state="unproven", job_state="failed", account_works=False)
    evidence.tables["document"].clear()
    for place in evidence.objects.rglob("*.pdf"):
        place.unlink()

    judged = judge(evidence)

    assert judged.violations == []
    assert (judged.unproven, judged.figures["for_a_person"]) == ([bill().key], 1)


def test_a_version_bought_anew_on_purpose_is_not_twice(evidence: Evidence) -> None:
    evidence.ledger.append(bill(2))
    second_charge(fresh=True, demande="D2")(evidence)
    evidence.tables["document"].append({**evidence.tables["document"][0], "id": "d2", "path": "index/2784195_b.pdf"})
    source = evidence.objects / "index/2784195.pdf"
    source.with_name("2784195_b.pdf").write_bytes(source.read_bytes())

    assert judge(evidence).violations == []
