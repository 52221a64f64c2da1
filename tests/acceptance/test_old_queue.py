"""The nineteen: documents that the old system stored and never read, in every form it left them, are read at last."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql as compose

from registre.db.migrate import migrate
from tests import services
from tests.acceptance.conftest import ROOT, House, wait_until
from tests.integration.ocr.ocr_papers import STYLES, acte_pdf, history, index_pdf
from tests.migrations.old_system import ORDER, TABLES

GOLDEN = Path(__file__).parent / "golden"
READING = """ALTER TABLE public.extraction_queue ADD ocr_worker_id text, ADD ocr_started_at timestamptz,
  ADD ocr_completed_at timestamptz, ADD ocr_attempts integer DEFAULT 0, ADD ocr_max_attempts integer DEFAULT 3,
  ADD ocr_error text, ADD ocr_last_error_at timestamptz"""
#: What `supabase_path` looked like over the old system's life.
PATHS = (
    "{bucket}/{name}",
    "{name}",
    "https://exemple.invalid/storage/v1/object/public/{bucket}/{name}",
    "https://exemple.invalid/storage/v1/object/sign/{bucket}/{name}?token=abc",
)
#: What it left on rows that wait to be read.
LEFT = (
    {},
    {"worker_id": "worker-1", "ocr_worker_id": "ocr-3"},
    {"attemtps": 4, "ocr_attempts": 3, "ocr_error": "Gemini: 429"},
    {"attemtps": None, "max_attempts": None, "ocr_started_at": "2025-10-12T10:00:00+00"},
)


@pytest.fixture
def old_house(servers, browser_path, tmp_path):
    url = asyncio.run(services.clone(servers.database_url))
    made = House(url, tmp_path, browser_path)
    yield made
    made.close()
    asyncio.run(services.drop(url))


def fill(house) -> list[dict]:
    """Nineteen rows at status 3, index and acte in turn, with their objects where the old system put them."""
    pages = {"index": index_pdf(history(6), STYLES["middle_in_grid"]),
             "actes": acte_pdf()}  # fmt: skip
    rows = []
    with psycopg.connect(house.url, autocommit=True) as connection:
        connection.execute(TABLES)
        connection.execute("INSERT INTO public.extraction_status VALUES (6, 'OCR en traitement')")
        connection.execute(READING)
        for n in range(19):
            bucket = ("index", "actes")[n % 2]
            name = f"{2_784_100 + n}-Montr_al-17593000000{n:02d}.pdf"
            row = {**ORDER, "status_id": 3, "document_number": str(2_784_100 + n), **LEFT[n // 2 % 4]}
            row |= {"document_source": "acte", "acte_type": "Acte", "cadastre": None} if n % 2 else {}
            row["supabase_path"] = PATHS[n // 4 % 4].format(bucket=bucket, name=name)
            connection.execute(
                compose.SQL("INSERT INTO public.extraction_queue ({}) VALUES ({})").format(
                    compose.SQL(", ").join(map(compose.Identifier, row)),
                    compose.SQL(", ").join(compose.Placeholder() * len(row)),
                ),
                list(row.values()),
            )
            place = house.folder / "state/objects" / bucket / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(pages[bucket])
            rows.append(row)
    asyncio.run(migrate(house.url))
    return rows


def test_nineteen_old_rows_are_read_whatever_their_form(old_house):
    rows = fill(old_house)
    assert {(row["supabase_path"].count("/") > 1, "/" in row["supabase_path"]) for row in rows} == {
        (True, True), (False, True), (False, False)}  # fmt: skip
    old_house.start("ocr")
    assert old_house.all("SELECT id FROM registre.job WHERE state <> 'imported'") == []

    done = subprocess.run(
        [sys.executable, "-m", "registre", "requeue", "--imported", "--yes"],
        cwd=ROOT, env=old_house.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    query = "SELECT status_id, document_source AS source, file_content AS text FROM extraction_queue"
    log = old_house.folder / "ocr.log"
    wait_until(lambda: {row["status_id"] for row in old_house.all(query)} <= {4, 5}, "all to end", log)

    read = old_house.all(query)
    assert [row["status_id"] for row in read] == [5] * 19
    for source in ("index", "acte"):
        texts = {row["text"] for row in read if row["source"] == source}
        assert texts == {(GOLDEN / f"{source}.txt").read_text(encoding="utf-8")}, source
    assert old_house.all("SELECT id FROM registre.charge") == []
    # a line is written once its row has changed
    wait_until(lambda: log.read_text().count('"event": "ocr.completed"') >= 19, "the last line", log, 20)
    _told_in_three_words(old_house, log)


def _told_in_three_words(house, log: Path) -> None:
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    for job in house.all("SELECT id, request ->> 'document_number' AS number FROM registre.job"):
        mine = [line for line in lines if line.get("job") == str(job["id"]) and line["event"].startswith("ocr.")]
        assert [line["event"] for line in mine] == ["ocr.claimed", "ocr.processing", "ocr.completed"]
        assert {(line["environment"], line["number"]) for line in mine} == {("dev", job["number"])}
        assert (mine[-1]["duration_s"] > 0, mine[-1]["tokens"]) == (True, 0)
