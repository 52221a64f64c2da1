"""Releases and their links, settings that replace the caller's, and what systemd and supervisor are told to keep."""

from __future__ import annotations

from configparser import RawConfigParser
from pathlib import Path

import pytest
from deploy_lib.keepers import Supervisor, Systemd, tail
from deploy_lib.place import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    made = Place(tmp_path / "to")
    made.make()
    return made


def _release(place: Place, name: str) -> Path:
    folder = place.releases / name
    (folder / ".venv").mkdir(parents=True)
    return folder


def test_going_back_skips_what_was_never_at_work(place: Place) -> None:
    first, _, third = (_release(place, name) for name in ("20260101-1", "20260102-2", "20260103-3"))
    place.switch("ocr", first)
    place.switch("ocr", third)
    assert place.release_of("ocr") == third
    assert place.before(third) == first
    assert place.before(first) is None


def test_old_releases_go_but_none_that_runs_or_lends_its_packages(place: Place) -> None:
    releases = [_release(place, f"2026010{n}-x") for n in range(1, 10)]
    (releases[-1] / ".venv").rmdir()
    (releases[-1] / ".venv").symlink_to(releases[0] / ".venv")
    place.switch("browser", releases[1])
    gone = place.prune()
    assert set(gone) == {releases[2], releases[3]}


def test_settings_are_the_folders_own_once_it_has_some(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDIS_URL", "redis://x/0#1")
    monkeypatch.setenv("OCR_WORKER_POOL_SIZE", "2")
    monkeypatch.setenv("HOME_PAGE", "stays out")
    place.write_settings()
    assert place.settings.stat().st_mode & 0o077 == 0
    given = place.given()
    assert (given["REDIS_URL"], given["OCR_WORKER_POOL_SIZE"]) == ("redis://x/0#1", "2")
    assert "HOME_PAGE" not in given
    monkeypatch.setenv("REDIS_URL", "redis://later")
    monkeypatch.setenv("REGISTRE_READERS", "9")
    environment = place.environment()
    assert environment["REDIS_URL"] == "redis://x/0#1"
    assert "REGISTRE_READERS" not in environment
    assert environment["REGISTRE_STATE"] == str(place.root / "state")


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ("", {"browser": 1, "ocr": 1, "clock": 1}),
        ("WORKER_COUNT=2\n", {"browser": 2, "ocr": 1, "clock": 1}),
        ("WORKER_COUNT=2\nREGISTRE_EXPECTED='browser=3,ocr=2'\n", {"browser": 3, "ocr": 2, "clock": 1}),
    ],
)
def test_how_many_processes_is_said_in_one_place(place: Place, given: str, counts: dict) -> None:
    place.settings.write_text(given)
    assert place.counts() == counts


def test_units_restart_limit_memory_and_order(place: Place, tmp_path: Path) -> None:
    place.settings.write_text("REGISTRE_EXPECTED='ocr=2'\nREGISTRE_MEMORY_MAX=3G\nREGISTRE_GRACE_SECONDS=30\n")
    folder = tmp_path / "units"
    folder.mkdir()
    (folder / "registre-ocr-9.service").touch()
    names = {path.name for path in Systemd(place, user=False).write(folder)}
    assert {name for name in names if name.endswith("service")} == {
        "registre-browser-1.service", "registre-ocr-1.service", "registre-ocr-2.service", "registre-clock-1.service",
    }  # fmt: skip
    assert not (folder / "registre-ocr-9.service").exists()
    unit = (folder / "registre-ocr-2.service").read_text().splitlines()
    for line in (
        "Restart=always", "RestartSec=4", "StartLimitBurst=10", "MemoryMax=3G", "KillSignal=SIGTERM",
        "TimeoutStopSec=45",
        "Environment=HONCHO_PROCESS_NAME=ocr.2", f"ExecStart=/bin/sh {place.root}/bin/launch ocr",
    ):  # fmt: skip
        assert line in unit, line
    assert "WantedBy=multi-user.target" in (folder / "registre.target").read_text()


def test_supervisor_keeps_each_role_as_often_as_told_and_rotates_its_logs(place: Place) -> None:
    place.settings.write_text("WORKER_COUNT=2\n")
    keeper = Supervisor(place)
    keeper.configure()
    read = RawConfigParser(inline_comment_prefixes=None)
    read.read(place.run / "supervisord.conf")
    browser, clock = read["program:browser"], read["program:clock"]
    assert (browser["numprocs"], browser["autorestart"], browser["startretries"]) == ("2", "true", "10")
    assert (browser["stderr_logfile_maxbytes"], browser["stderr_logfile_backups"]) == ("50MB", "7")
    assert browser["command"].endswith("bin/launch browser")
    # Who returns what others held starts first and stops last.
    assert int(clock["priority"]) < int(read["program:ocr"]["priority"]) < int(browser["priority"])
    assert float(browser["stopwaitsecs"]) > 3


def test_the_newest_lines_of_each_log_are_shown_under_its_name(tmp_path: Path) -> None:
    (tmp_path / "ocr.1.log").write_text("".join(f"line {n}\n" for n in range(500)))
    (tmp_path / "ocr.1.out.log").touch()
    assert tail(sorted(tmp_path.glob("*.log")), 2) == "── ocr.1.log\nline 498\nline 499"
