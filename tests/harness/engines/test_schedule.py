"""Which job is done next, and what becomes of those that go wrong; the crew is made of paper."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness.engines import schedule
from harness.engines.jobs import Began, Encode, Look, Lost, Score, perform
from harness.engines.schedule import ATTEMPTS, Schedule
from harness.locks import Lock
from harness.runner import planned
from harness.units import RunOptions

MODELS = ["lexicon", "tfidf-svd"]
#: That the two tasks need, together.
TEXTS = 1700


class Paper:
    """Some workers, all at one workbench, that do a job in one go when they are waited for."""

    in_order = False
    separate = False

    def __init__(self, bench, workers=2):
        self.bench = bench
        self.encoders = workers
        self.begun = []
        self.most = 0
        self._jobs = []
        self._last = []
        #: (kind of job, how many of them are lost)
        self.lose = Counter()

    def room(self, job):
        return len(self._jobs) < self.encoders

    def holds(self, model):
        return model in self._last

    def start(self, job):
        assert self.room(job)
        self.begun.append(job)
        self._jobs.append(job)
        self.most = max(self.most, len(self._jobs))

    def wait(self, seconds):
        job = self._jobs.pop(0)
        self._last = [job.model]
        if self.lose[type(job)] > 0:
            self.lose[type(job)] -= 1
            return [(job, Lost("a worker vanished"))]
        return [(job, event) for event in perform(job, self.bench)]

    def stop(self, job):
        self._jobs.remove(job)

    def close(self):
        pass


@pytest.fixture
def arranged(tmp_path):
    """A plan of two models and two tasks of one corpus, its workbench, and a crew."""
    options = RunOptions(results_dir=tmp_path / "r", cache_dir=tmp_path / "c")
    plan, bench = planned(MODELS, options, suite="sample", tasks=["geometry", "valence-arousal"])
    return plan, bench, Paper(bench)


@pytest.fixture
def done(arranged, told):
    """Do the plan, and give the records."""
    plan, bench, crew = arranged
    return lambda: Schedule(plan, bench, told, crew).run()


def test_records_come_in_the_plan_s_order_whatever_was_done_first(arranged, done, told, runs):
    plan, _, crew = arranged
    records = done()
    assert [record.key for record in records] == [
        (unit.model, unit.task, unit.seed) for units in plan.units.values() for unit in units
    ]
    assert {record.status for record in records} == {"ok"}
    assert (crew.most, told.done) == (2, 4)
    assert runs.left(".") == []


def test_a_model_is_looked_at_then_encoded_then_scored(arranged, done):
    _, _, crew = arranged
    done()
    for model in MODELS:
        kinds = [type(job) for job in crew.begun if job.model == model]
        assert kinds[0] is Look
        assert kinds.index(Encode) < kinds.index(Score)
        # Both tasks need the same corpus: the second finds everything there.
        assert kinds.count(Encode) == 2
    assert sum(job.encoded for job in crew.begun if isinstance(job, Score)) == 2 * TEXTS


def test_a_large_task_is_divided_among_the_workers(arranged, done, told, monkeypatch):
    _, bench, crew = arranged
    monkeypatch.setattr(schedule, "_PART", 1e6)
    records = done()
    parts = {(job.model, job.task): job.parts for job in crew.begun if isinstance(job, Encode)}
    assert set(parts.values()) == {2}
    assert {record.status for record in records} == {"ok"}
    # Every text once, though several jobs wanted it.
    assert sum(told.shards) == 2 * TEXTS
    assert [len(bench.missing(model, task)) for model, task in parts] == [0] * 4


def test_a_lost_job_is_done_again(arranged, done, told):
    _, _, crew = arranged
    crew.lose = Counter({Look: 1, Encode: ATTEMPTS - 1, Score: 1})
    records = done()
    assert {record.status for record in records} == {"ok"}
    assert "it is done again" in told.notices[0]


def test_a_job_that_is_lost_again_and_again_fails_and_the_others_go_on(arranged, done, told, runs):
    _, _, crew = arranged
    crew.encoders = 1
    crew.lose = Counter({Encode: ATTEMPTS})
    records = done()
    failed = [record for record in records if record.status == "failed"]
    assert len(failed) == 1
    assert failed[0].failure.kind == "WorkerLost"
    assert f"{ATTEMPTS} times" in failed[0].failure.message
    assert sum(record.status == "ok" for record in records) == 3
    assert runs.left(".") == []


def test_the_first_failure_ends_the_run_where_that_is_asked(arranged, done):
    _, bench, crew = arranged
    bench.options = replace(bench.options, fail_fast=True)
    crew.lose = Counter({Look: 2 * ATTEMPTS})
    assert {record.status for record in done()} == {"failed"}


def test_what_another_run_does_is_put_off_until_nothing_else_is_left(arranged, done, told, monkeypatch):
    plan, bench, crew = arranged
    unit = plan.units["lexicon"][0]
    lock = Lock(bench.results.path(unit.model, unit.task, unit.seed).with_suffix(".lock"), "another run")
    assert lock.acquire()
    waited = []

    def let_go(seconds):
        waited.append([job.unit for job in crew.begun if isinstance(job, Score)])
        lock.release()

    monkeypatch.setattr(schedule, "time", SimpleNamespace(monotonic=time.monotonic, sleep=let_go))
    records = done()
    assert {record.status for record in records} == {"ok"}
    assert len(waited) == 1
    assert len(waited[0]) == 3
    assert unit not in waited[0]
    assert "waiting" in told.notices[0]


def test_what_another_run_finished_meanwhile_is_not_done_again(arranged, done, told):
    plan, bench, crew = arranged
    wait = crew.wait

    def another_was_here(seconds):
        for unit in plan.units["lexicon"]:
            if isinstance(crew._jobs[0], Score) and bench.done(unit) is None:
                bench.score(unit)
        return wait(seconds)

    crew.wait = another_was_here
    records = done()
    assert {record.status for record in records} == {"ok"}
    assert told.skipped == 2


def test_what_takes_too_long_is_stopped_and_fails(arranged, done, told, monkeypatch):
    _, bench, crew = arranged
    bench.options = replace(bench.options, unit_timeout=5.0)
    clock = SimpleNamespace(now=0.0)
    monkeypatch.setattr(schedule, "time", SimpleNamespace(monotonic=lambda: clock.now, sleep=None))
    crew.encoders = 1
    wait, stop, hung, stopped = crew.wait, crew.stop, [], []

    def hang_once(seconds):
        job = crew._jobs[0]
        if hung == [job]:
            clock.now += 3
            return []
        if isinstance(job, Encode) and not hung:
            hung.append(job)
            return [(job, Began())]
        return wait(seconds)

    crew.wait = hang_once
    crew.stop = lambda job: (stopped.append(job), stop(job))
    records = done()
    assert stopped == hung
    (failed,) = [record for record in records if record.status == "failed"]
    assert failed.key == (hung[0].model, hung[0].task, 0)
    assert failed.failure.kind == "TimeLimit"
    assert "--unit-timeout" in failed.failure.message
    assert clock.now == 6
    assert len(told.notices) == 1


def test_several_workers_do_the_longest_first(arranged, done):
    _, bench, crew = arranged
    crew.encoders = 1
    crew.holds = lambda model: False
    bench.plugins["tfidf-svd"] = replace(
        bench.plugins["tfidf-svd"], card=replace(bench.plugins["tfidf-svd"].card, parameters=10**9)
    )
    done()
    assert [(type(job), job.model) for job in crew.begun[:3]] == [
        (Look, "lexicon"),
        (Look, "tfidf-svd"),
        (Encode, "tfidf-svd"),
    ]


def test_one_worker_keeps_the_plan_s_order(arranged, done):
    plan, _, crew = arranged
    crew.encoders, crew.in_order = 1, True
    done()
    scored = [job.unit for job in crew.begun if isinstance(job, Score)]
    assert scored == [unit for units in plan.units.values() for unit in units]
