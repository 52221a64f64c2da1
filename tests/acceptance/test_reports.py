"""What Sentry is told by real processes: one envelope a broken job, none for the rest, nothing it must not know."""

from __future__ import annotations

import gzip
import json
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from registre.sandbox.foncier.options import NORMAL_ACCOUNTS
from tests.acceptance.conftest import wait_until

ACCOUNT = NORMAL_ACCOUNTS[0]
SENTENCE = "Le dossier de TREMBLAY, Éloïse (514 555-0199) a déménagé."
PLANTED = (
    ACCOUNT.code,
    ACCOUNT.password,
    "TREMBLAY",
    "Éloïse",
    "555-0199",
    "9 999 998",
    "9999998",
    "Montréal",
    "Québec",
)


class Receiver:
    """A DSN endpoint. `hangs` takes the envelope and never answers."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.envelopes: list[bytes] = []
        self.released = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                body = gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body
                receiver.envelopes.append(body)
                if hangs:
                    receiver.released.wait(60)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_words: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.dsn = f"http://cle@127.0.0.1:{self._server.server_port}/7"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()


def opened(envelope: bytes) -> list[tuple[dict, bytes]]:
    """Header and payload of each item, as the envelope's format has them."""
    _, rest = envelope.split(b"\n", 1)
    items = []
    while rest.strip():
        line, rest = rest.split(b"\n", 1)
        header = json.loads(line)
        items.append((header, rest[: header["length"]]))
        rest = rest[header["length"] + 1 :]
    return items


@pytest.fixture
def receiver():
    made = Receiver()
    yield made
    made.close()


def test_a_job_broken_by_the_site_is_one_event_with_its_masked_page_and_a_refused_one_is_none(house, receiver):
    house.open_site()
    house.add_accounts((ACCOUNT.code, ACCOUNT.password))
    house.tell_site("options", not_found={"index": SENTENCE})
    broken = house.order("index", "9 999 998", "Montréal", cadastre="Cadastre du Québec")
    refused = house.order("acte", "99999999", "Montréal", acte="Acte")
    malformed = house.order("index", "TREMBLAY", "Montréal", cadastre="Cadastre du Québec")
    house.all("UPDATE registre.job SET max_attempts = 1 RETURNING id")

    house.start("browser", SENTRY_DSN=receiver.dsn, REGISTRE_ENVIRONMENT="prod")
    for order, state in ((broken, "failed"), (refused, "refused"), (malformed, "refused")):
        assert house.wait_for(order, "failed", "refused", "done")["state"] == state
    # a stop gives what is on its way two seconds; this machine may need more
    wait_until(lambda: receiver.envelopes, "the report", house.folder / "browser.log", 30)
    process = house.processes["browser"]
    house.kill("browser", signal.SIGTERM)

    assert process.returncode == 0
    [envelope] = receiver.envelopes
    [(_, event), *attached] = opened(envelope)
    event = json.loads(event)
    job = house.job(broken)
    assert event["tags"].pop("group") == job["fault"] == "/".join(event["fingerprint"])
    assert event["tags"] == {
        "site": "foncier",
        "stage": job["stage"],
        "code": "unexpected_message",
        "job": str(job["id"]),
        "kind": "index",
    }
    assert event["environment"] == "prod"
    assert event["release"].startswith("registre@")
    pages = {header["filename"]: content for header, content in attached}
    assert pages["page.png"].startswith(b"\x89PNG")
    assert "Le dossier de xxxxxxxx" in pages["page.html"].decode()
    # What was kept with the try is what was sent.
    tried = house.one("SELECT snapshot FROM registre.attempt WHERE job_id = %s AND verdict = 'drift'", job["id"])
    assert (house.folder / "state" / "objects" / tried["snapshot"]).read_bytes() == pages["page.html"]
    text = envelope.decode(errors="replace")
    assert [planted for planted in (*PLANTED, house.url) if planted in text] == []


def test_a_job_that_killed_its_workers_is_one_event_from_the_clock(house, receiver):
    poisoned, resumed = (
        house.order("plan_cadastraux", "1", "Montréal", cadastre="Cadastre du Québec") for _ in range(2)
    )
    _die(house, poisoned, crashes=2)
    _die(house, resumed, crashes=0)

    house.start("clock", SENTRY_DSN=receiver.dsn)
    assert house.wait_for(poisoned, "failed")["error_code"] == "poison_job"
    house.wait_for(resumed, "queued")
    wait_until(lambda: receiver.envelopes, "the report", house.folder / "clock.log", 30)
    house.kill("clock", signal.SIGTERM)

    [envelope] = receiver.envelopes
    [(_, event)] = opened(envelope)
    event = json.loads(event)
    assert event["fingerprint"] == house.job(poisoned)["fault"].split("/") == ["foncier", "download", "poison_job"]
    assert event["tags"]["job"] == str(house.job(poisoned)["id"])


@pytest.mark.parametrize("hangs", [True, False], ids=["hangs", "refuses"])
def test_an_endpoint_that_is_down_harms_no_job_and_no_stop(house, hangs):
    endpoint = Receiver(hangs=hangs)
    if not hangs:
        endpoint.close()
    try:
        orders = [house.order("plan_cadastraux", str(n), "Montréal", cadastre="Mirabel") for n in range(3)]
        for order in orders:
            _die(house, order, crashes=2)
        house.start("clock", SENTRY_DSN=endpoint.dsn)
        for order in orders:
            house.wait_for(order, "failed")
        # The clock goes on: a later death is noticed as well.
        late = house.order("plan_cadastraux", "9", "Montréal", cadastre="Mirabel")
        _die(house, late, crashes=0)
        wait_until(lambda: house.job(late)["crashes"] == 1, "the clock to go on")
        process = house.processes["clock"]
        house.kill("clock", signal.SIGTERM)
        assert process.returncode == 0
    finally:
        if hangs:
            assert len(endpoint.envelopes) == 1  # the others stood behind it
            endpoint.close()


def _die(house, order, *, crashes: int) -> None:
    """As a worker that is gone leaves its job."""
    house.all(
        "UPDATE registre.job SET state = 'running', stage = 'download', worker = 'w', crashes = %s, attempts = 1, "
        "lease_until = now() - interval '1 s' WHERE order_id = %s RETURNING id",
        crashes,
        order,
    )
