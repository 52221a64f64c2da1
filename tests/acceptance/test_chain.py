"""Real processes, a real browser, the replica: what is ordered is bought once, stored, read and found."""

from __future__ import annotations

from pathlib import Path

from tests.acceptance.conftest import wait_until

CADASTRE = "Cadastre du Québec"


def test_what_is_inserted_is_bought_once_stored_and_read(house):
    house.open_site()
    house.add_accounts()
    house.start("clock", "ocr", "browser")
    scanned = house.order("index", "1425100", "Montreal", cadastre="Cadastre du Quebec")
    acte = house.order("acte", "25616321", "Montréal", acte="Acte")
    plan = house.order("plan_cadastraux", "2626043", "Montréal", cadastre=CADASTRE)
    twice = house.order("index", "1 425 100", "Montréal", cadastre=CADASTRE)
    missing = house.order("index", "9999999", "Montréal", cadastre=CADASTRE)
    similar = house.order("acte", "25616500", "Montréal", acte="Acte")
    malformed = house.order("index", "abc", "Montréal", cadastre=CADASTRE)
    unknown = house.order("index", "1425100", "Saint-Jérôme", cadastre=CADASTRE)

    for order in (scanned, acte, plan, twice):
        assert house.wait_for(order, "done", "failed", "refused")["state"] == "done"
    for order, code in (
        (missing, "not_found"),
        (similar, "ambiguous"),
        (malformed, "invalid_request"),
        (unknown, "option_not_found"),
    ):
        refused = house.wait_for(order, "done", "failed", "refused")
        assert (refused["state"], refused["error_code"], refused["status_id"]) == ("refused", code, 4)
        assert refused["attempts"] == 1
    assert house.job(missing)["error_message"] == "La fiche immobilière demandée est inexistante."

    # Statuses as the contract has them.
    assert house.history(scanned) == [1, 2, 3, 6, 5]
    assert house.history(acte) == [1, 2, 3, 6, 5]
    assert house.history(plan) == [1, 2, 5]

    # The registry charged exactly what we have, the double order once.
    ledger = house.ledger()
    documents = house.all("SELECT document_key, path, sha256 FROM registre.document")
    assert sorted(charge["numero"] for charge in ledger) == ["1425100", "25616321", "2626043"]
    assert len(documents) == 3
    assert house.job(twice)["document_id"] == house.job(scanned)["document_id"]
    ours = house.one("SELECT sum(amount_cents) AS cents, count(*) FROM registre.charge WHERE state = 'have'")
    assert ours == {"cents": sum(charge["cents"] for charge in ledger), "count": 3}

    # Evidence: the bytes are where the row says, and nothing is left in staging.
    objects = house.folder / "state" / "objects"
    for document in documents:
        assert (objects / document["path"]).read_bytes().startswith(b"%PDF")
    assert [p for p in (objects / "staging").rglob("*") if p.is_file()] == []

    # Read: text with page marks, rows as data, a party of a scan found without accents.
    assert "--- Page 1 ---" in house.job(scanned)["file_content"]
    rows = house.one(
        "SELECT jsonb_array_length(rows) AS n FROM registre.page WHERE document_id = %s",
        house.job(scanned)["document_id"],
    )
    assert rows["n"] == 9
    assert house.job(plan)["file_content"] is None


def test_a_status_set_back_to_one_answers_from_what_is_held(house):
    house.open_site()
    house.add_accounts()
    house.start("ocr", "browser")
    order = house.order("acte", "15411750", "Montréal", acte="Radiation")
    house.wait_for(order, "done")

    house.all("UPDATE extraction_queue SET status_id = 1 WHERE id = %s RETURNING id", order)
    house.wait_for(order, "running", "queued", "done")
    house.wait_for(order, "done")

    assert len(house.ledger()) == 1


def test_processes_stop_cleanly_and_hand_back_what_they_hold(house):
    house.open_site()
    house.add_accounts()
    house.start("browser")
    house.tell_site("faults", kind="slow", route="*", seconds=20, count=1)
    order = house.order("acte", "25616321", "Montréal", acte="Acte")
    house.wait_for(order, "running")

    house.kill("browser", 15)

    job = house.job(order)
    assert (job["state"], job["error_code"], job["attempts"]) == ("waiting", "released", 0)
    assert house.one("SELECT status FROM worker_status")["status"] == "stopped"
    assert house.all("SELECT id FROM worker_accounts WHERE lease_worker IS NOT NULL") == []
    assert house.ledger() == []
    # helpers of the ended process see it go and end themselves, a moment later
    wait_until(
        lambda: not _left(house.folder), "what it had started to end", seconds=20, state=lambda: _left(house.folder)
    )


def _left(folder: Path) -> list[bytes]:
    """Command lines of the house's processes but for the replica's."""
    ours = [path.parent for path in Path("/proc").glob("[0-9]*/environ") if str(folder).encode() in _read(path)]
    lines = [_read(process / "cmdline") for process in ours]
    return [line for line in lines if b"registre.sandbox" not in line]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
