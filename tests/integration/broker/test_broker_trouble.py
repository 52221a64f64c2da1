"""The broker in trouble: killed and frozen workers, cut connections, poison, a backlog. The lease is short here."""

from __future__ import annotations

import signal
import time

from tests.integration.broker.conftest import Bench

SHORT = {"LEASE_S": 2.0, "BEAT_S": 0.5, "POLL_S": 0.3}


def test_a_killed_workers_messages_run_again_within_a_lease_and_a_little(bench: Bench) -> None:
    victim = bench.start({"work": 4}, **SHORT)
    bench.fill("work.nap", 4, 1.0)
    bench.wait(lambda: bench.runs("start").total() == 4)
    victim.kill()
    killed = time.time()
    bench.start({"work": 4}, **SHORT)
    bench.wait(bench.drained, SHORT["LEASE_S"] + 10)
    assert bench.runs("end") == {f"work:{n}": 1 for n in range(1, 5)}
    assert bench.sql.execute("SELECT DISTINCT crashes FROM dramatiq.queue").fetchall() == [(1,)]
    again = [line.at for line in bench.lines() if line.word == "start" and line.pid != victim.pid]
    assert min(again) - killed < SHORT["LEASE_S"] + 10


def test_a_killed_worker_is_noticed_under_load_too(bench: Bench) -> None:
    victim = bench.start({"work": 2}, **SHORT)
    bench.fill("work.nap", 2, 0.8)
    bench.wait(lambda: bench.runs("start").total() == 2)
    victim.kill()
    bench.start({"work": 2}, **SHORT)
    end = time.monotonic() + 12
    number = 0
    while bench.runs("end").keys() < {"work:1", "work:2"} or not number:
        assert time.monotonic() < end
        number += 1
        bench.send("work.note", f"load{number}")
        time.sleep(0.1)


def test_a_long_job_of_a_living_worker_is_never_given_to_another(bench: Bench) -> None:
    for _ in range(2):
        bench.start({"work": 1}, LEASE_S=1.0, BEAT_S=0.25, POLL_S=0.2)
    bench.fill("work.nap", 1, 3.5)
    bench.wait(bench.drained)
    assert bench.runs("start") == {"work:1": 1}
    assert bench.sql.execute("SELECT crashes FROM dramatiq.queue").fetchone() == (0,)


def test_a_frozen_workers_late_acknowledgement_changes_nothing(bench: Bench) -> None:
    frozen = bench.start({"work": 1}, **SHORT)
    bench.fill("work.nap", 1, 0.5)
    bench.wait(lambda: bench.runs("start").total() == 1)
    frozen.send_signal(signal.SIGSTOP)
    bench.start({"work": 1}, **SHORT)
    bench.wait(lambda: bench.runs("start").total() == 2, 15)
    [claim] = bench.sql.execute("SELECT claim FROM dramatiq.queue").fetchone()
    frozen.send_signal(signal.SIGCONT)
    bench.wait(lambda: bench.runs("end").total() == 2 and bench.drained())
    assert bench.sql.execute("SELECT claim, state::text FROM dramatiq.queue").fetchone() == (claim, "done")


def test_cutting_the_connections_loses_nothing_and_doubles_nothing(bench: Bench) -> None:
    for _ in range(2):
        bench.start({"work": 4}, POLL_S=0.3)
    bench.fill("work.nap", 200, 0.02)
    for number in range(20):
        bench.send("work.note", f"delayed{number}", delay=1.5)
    for _ in range(3):
        time.sleep(0.4)
        bench.sql.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'registre-broker' AND datname = current_database()"
        )
    bench.wait(bench.drained, 30)
    assert bench.runs("start") == {f"work:{n}": 1 for n in range(1, 201)}
    assert bench.runs() == {f"work:delayed{n}": 1 for n in range(20)}


def test_a_message_sent_while_the_listener_is_cut_still_runs(bench: Bench) -> None:
    bench.start({"work": 1})
    bench.sql.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'registre-broker' AND datname = current_database()"
    )
    bench.send("work.note", "unheard")
    bench.wait(bench.drained, 10)
    assert bench.runs() == {"work:unheard": 1}


def test_messages_that_others_hold_in_queues_with_odd_names_do_not_stop_the_broker(bench: Bench) -> None:
    bench.start({"work": 1}, **SHORT)
    for name in ("x" * 200, 'quo"ted', ""):
        bench.sql.execute(
            "INSERT INTO dramatiq.queue (message_id, queue_name, state, mtime) "
            "VALUES (gen_random_uuid(), %s, 'consumed', now() - interval '1 hour')",
            [name],
        )
    bench.wait(lambda: bench.states() == {"queued": 3})
    bench.send("work.note", "x")
    bench.wait(lambda: bench.runs()["work:x"])


def test_a_message_that_kills_its_workers_ends_after_the_third_and_others_go_on(bench: Bench) -> None:
    keeper = bench.start({"other": 1}, LEASE_S=0.5, BEAT_S=0.1, POLL_S=0.1, MAX_CRASHES=3)
    bench.send("work.die", "poison")
    for death in range(1, 4):
        process = bench.start({"work": 1}, LEASE_S=0.5, BEAT_S=0.1, POLL_S=0.1, MAX_CRASHES=3)
        assert process.wait(10) == -signal.SIGKILL
        bench.wait(
            lambda death=death: bench.sql.execute("SELECT crashes FROM dramatiq.queue").fetchone() == (death,), 10
        )
    assert bench.states() == {"rejected": 1}
    bench.send("other.note", "well")
    bench.wait(lambda: bench.runs()["other:well"])
    assert keeper.poll() is None


def test_twenty_thousand_messages_drain_through_two_processes_without_a_lock_or_a_double(bench: Bench) -> None:
    bench.fill("work.note", 20_000)
    for _ in range(2):
        bench.start({"work": 8})
    locks = 0

    def look() -> bool:
        nonlocal locks
        locks += bench.sql.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()[0]
        return bench.sql.execute(
            "SELECT NOT EXISTS (SELECT FROM dramatiq.queue WHERE state IN ('queued', 'consumed'))"
        ).fetchone()[0]

    bench.wait(look, 60)
    assert locks == 0
    runs = bench.runs()
    assert len(runs) == 20_000
    assert set(runs.values()) == {1}
    shares = {line.pid for line in bench.lines() if line.word == "ran"}
    assert len(shares) == 2
