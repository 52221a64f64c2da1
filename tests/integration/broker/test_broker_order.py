"""The broker at work: slots, order, delays, foreign messages, a clean stop."""

from __future__ import annotations

import signal
import threading
import time

from dramatiq.message import Message
from psycopg.types.json import Jsonb

from registre.broker import JobBroker, Source
from tests.integration.broker.conftest import Bench


def _most_at_once(bench: Bench, queue: str) -> int:
    now = most = 0
    for line in bench.lines():
        if line.name.startswith(queue):
            now += {"start": 1, "end": -1}.get(line.word, 0)
            most = max(most, now)
    return most


def test_slots_of_each_queue_are_filled_and_never_exceeded(bench: Bench) -> None:
    bench.fill("a.nap", 12, 0.15)
    bench.fill("b.nap", 8, 0.15)
    bench.start({"a": 3, "b": 2})
    most_held = {"a": 0, "b": 0}

    def look() -> bool:
        held = dict(
            bench.sql.execute(
                "SELECT queue_name, count(*) FROM dramatiq.queue q WHERE state = 'consumed' GROUP BY 1"
            ).fetchall()
        )
        for queue, count in held.items():
            most_held[queue] = max(most_held[queue], count)
        return bench.drained()

    bench.wait(look)
    assert (_most_at_once(bench, "a"), _most_at_once(bench, "b")) == (3, 2)
    assert bench.runs("end").total() == 20
    # a slot's message counts as consumed until its acknowledgement is written along with the next claim
    assert most_held["a"] <= 6
    assert most_held["b"] <= 4


def test_lowest_priority_number_first_then_oldest_first(bench: Bench) -> None:
    for name, priority in (("c1", 10), ("b1", 0), ("a1", -5), ("c2", 10), ("b2", 0), ("a2", -5)):
        bench.send("work.note", name, priority=priority)
        time.sleep(0.003)
    bench.start({"work": 1})
    bench.wait(bench.drained)
    assert [line.name for line in bench.lines() if line.word == "ran"] == [
        f"work:{name}" for name in ("a1", "a2", "b1", "b2", "c1", "c2")
    ]


def test_an_urgent_message_overtakes_a_backlog(bench: Bench) -> None:
    bench.fill("work.nap", 30, 0.02)
    bench.start({"work": 1})
    bench.wait(lambda: bench.runs("end").total() >= 3)
    bench.send("work.note", "urgent", priority=-1)
    bench.wait(lambda: bench.runs()["work:urgent"])
    assert bench.runs("end").total() < 30


def test_a_delayed_message_runs_after_its_time_and_never_before(bench: Bench) -> None:
    bench.start({"work": 4})
    due = {}
    for name, delay in (("slow", 1.5), ("soon", 0.3), ("now", 0.0)):
        due[f"work:{name}"] = time.time() + delay
        bench.send("work.note", name, delay=delay)
    bench.wait(bench.drained)
    for line in bench.lines():
        if line.word == "ran":
            assert line.at >= due[line.name] - 0.01
    assert bench.runs() == dict.fromkeys(due, 1)


def test_thousands_of_far_delays_do_not_stand_in_the_way_of_a_near_one(bench: Bench) -> None:
    bench.sql.execute("SELECT registre.enqueue('work', gen_random_uuid(), '1 day') FROM generate_series(1, 5000)")
    bench.start({"work": 1})
    bench.send("work.note", "near", delay=0.2)
    bench.wait(lambda: bench.runs()["work:near"])
    bench.wait(lambda: bench.states() == {"queued": 5000, "done": 1})


def _foreign(**changes: object) -> dict[str, object]:
    return {
        "queue_name": "work",
        "actor_name": "work.note",
        "args": ["x"],
        "kwargs": {},
        "options": {},
        "message_id": "0",
        "message_timestamp": 1,
        **changes,
    }


_FOREIGN = {
    "null": None,
    "json_null": Jsonb(None),
    "number": Jsonb(5),
    "text": Jsonb("x"),
    "list": Jsonb([]),
    "empty": Jsonb({}),
    "field_missing": Jsonb({"queue_name": "work", "actor_name": "work.note"}),
    "field_unknown": Jsonb(_foreign(colour="red")),
    "other_queue": Jsonb(_foreign(queue_name="elsewhere")),
    "other_id": Jsonb(_foreign()),
    "unknown_actor": Jsonb(_foreign(actor_name="nobody")),
    "options_null": Jsonb(_foreign(options=None)),
    "args_null": Jsonb(_foreign(args=None)),
    "kwargs_wrong": Jsonb(_foreign(kwargs={"no_such": 1})),
    "eta_left_over": Jsonb(_foreign(options={"eta": 1})),
}


def test_messages_that_others_wrote_badly_end_and_disturb_nothing(bench: Bench) -> None:
    """They end as rejected, or as done where only the actor can tell; never a crash loop, never a lost slot."""
    process = bench.start({"work": 2})
    ids = {}
    for name, message in _FOREIGN.items():
        [ids[name]] = bench.sql.execute(
            "INSERT INTO dramatiq.queue (message_id, queue_name, state, message) "
            "VALUES (gen_random_uuid(), 'work', 'queued', %s) RETURNING message_id",
            [message],
        ).fetchone()
    bench.sql.execute('NOTIFY "dramatiq.work.enqueue"')
    bench.wait(bench.drained, 20)
    states = dict(bench.sql.execute("SELECT message_id, state::text FROM dramatiq.queue").fetchall())
    ended = {name: states[message_id] for name, message_id in ids.items()}
    undecodable = ("null", "json_null", "number", "text", "list", "empty", "field_missing", "field_unknown")
    rejected = {name for name, state in ended.items() if state == "rejected"}
    assert rejected >= {*undecodable, "other_queue", "other_id", "options_null", "unknown_actor"}
    assert bench.sql.execute("SELECT max(crashes) FROM dramatiq.queue").fetchone() == (0,)
    for number in range(2):
        bench.send("work.nap", str(number), 0.3)
    bench.wait(bench.drained)
    assert _most_at_once(bench, "work") == 2
    assert process.poll() is None


def test_delayed_messages_that_others_wrote_badly_do_not_stop_the_delays(bench: Bench) -> None:
    bench.start({"work": 1})
    foreign = [None, *map(Jsonb, ("x", 5, [], {}, *({"options": options} for options in (None, 5, "x", [1]))))]
    for message in foreign:
        bench.sql.execute(
            "INSERT INTO dramatiq.queue (message_id, queue_name, state, message) "
            "VALUES (gen_random_uuid(), 'work.DQ', 'queued', %s)",
            [message],
        )
    bench.wait(lambda: bench.states() == {"rejected": len(foreign)})
    bench.send("work.note", "good", delay=0.1)
    bench.wait(lambda: bench.runs()["work:good"], 10)


def test_a_stopped_worker_finishes_what_it_does_and_gives_back_the_rest(bench: Bench) -> None:
    bench.fill("work.nap", 20, 0.4)
    process = bench.start({"work": 4})
    bench.wait(lambda: bench.runs("start").total() >= 4)
    process.send_signal(signal.SIGTERM)
    assert process.wait(15) == 0
    finished = bench.runs("end").total()
    assert bench.runs("start").total() == finished < 20
    assert bench.states() == {"done": finished, "queued": 20 - finished}


def test_fourteen_queues_work_in_one_process_on_few_connections(bench: Bench) -> None:
    queues = {f"q{number}": 1 for number in range(14)}
    bench.start(queues)
    for queue in queues:
        bench.send(f"{queue}.note", "x")
    bench.wait(bench.drained)
    assert len(bench.runs()) == 14
    [used] = bench.sql.execute(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE application_name = 'registre-broker' AND datname = current_database()"
    ).fetchone()
    assert used <= 5


def test_forty_senders_share_the_brokers_connections(bench: Bench) -> None:
    broker = JobBroker([Source("test", bench.url)], slots={})
    failures = []

    def send() -> None:
        try:
            for _ in range(5):
                broker.enqueue(Message("work", "work.note", ("x",), {}, {}))
        except Exception as exc:  # noqa: BLE001
            failures.append(exc)

    threads = [threading.Thread(target=send) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    broker.close()
    assert failures == []
    assert bench.states() == {"queued": 200}
