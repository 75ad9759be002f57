"""A run isolates failures, keeps what is done, and goes on where it stopped."""

import json
import time
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import pytest

from harness import registry, runner
from harness.cli.progress import SilentProgress
from harness.encoder import EncoderCard
from harness.engines import LocalEngine
from harness.errors import DataMissing, ExtraMissing, RecordNewer, StorageFault, UsageError, WeightsMissing
from harness.outcome import Metric, Outcome
from harness.record import ResultStore
from harness.registry import EncoderPlugin
from harness.units import RunOptions


@dataclass(frozen=True)
class ToyPrepared:
    texts: tuple[str, ...]
    fingerprint: str = "toy"

    def evaluate(self, embeddings, seed):
        assert embeddings.shape[0] == len(self.texts)
        return Outcome(
            metrics={"mean": Metric(float(embeddings.mean()) + seed, 0.0, 1.0)},
            predictions={"predicted": embeddings[:, 0]},
            counts={"texts": len(self.texts)},
        )


@dataclass(frozen=True)
class ToyTask:
    corpus: str
    words: tuple[str, ...]
    name: str = "toy"
    protocol: str = "p/1"
    split: str = "test"
    max_length: int | None = None
    stochastic: bool = False
    metrics: tuple[str, ...] = ("mean",)
    suites: tuple[str, ...] = ("paper",)
    summary: str = "a toy"
    source: str = "none"
    corpora: tuple[str, ...] = ()
    missing: bool = False

    def prepare(self, library):
        if self.missing:
            raise DataMissing(f"{self.corpus} is nowhere")
        return ToyPrepared(self.words)


class Counting:
    """An encoder that remembers what it was asked."""

    card = EncoderCard(name="counting", family="floor", training_data=())
    fingerprint = "counting-1"
    seen: ClassVar[list[str]] = []

    def encode(self, texts):
        self.seen.extend(texts)
        return np.array([[len(t), 1] for t in texts], dtype=np.float32).reshape(-1, 2)


class Raising(Counting):
    def encode(self, texts):
        if any("boom" in text for text in texts):
            raise RuntimeError("kaput")
        return super().encode(texts)


class NotFinite(Counting):
    def encode(self, texts):
        return super().encode(texts) * np.float32("nan")


class WrongShape(Counting):
    def encode(self, texts):
        return super().encode(texts)[:-1]


class Double(Counting):
    def encode(self, texts):
        return super().encode(texts).astype(np.float64)


class NoWeights(Counting):
    @property
    def fingerprint(self):
        raise WeightsMissing("fetch them from example.org and pass --weights-dir")


class NoExtra(Counting):
    def encode(self, texts):
        raise ExtraMissing("pip install 'affectbench[sentilare]'")


class Interrupting(Counting):
    def encode(self, texts):
        if any("boom" in text for text in texts):
            raise KeyboardInterrupt
        return super().encode(texts)


TASKS = {
    "toy/one/p/1": ToyTask("one", ("a", "bb", "a")),
    "toy/two/p/1": ToyTask("two", ("bb", "ccc", "boom")),
}


@dataclass
class Bench:
    directory: object
    tasks: dict = field(default_factory=lambda: dict(TASKS))
    plugins: dict = field(default_factory=dict)

    def run(self, *models, seeds=(0,), engine=None, watcher=None, **changes):
        options = RunOptions(results_dir=self.directory / "results", cache_dir=self.directory / "cache")
        return runner.run(
            models,
            replace(options, **changes),
            engine=engine or LocalEngine(),
            watcher=watcher or SilentProgress(),
            seeds=seeds,
        )

    def records(self):
        return {(r.model.name, r.corpus): r for r in ResultStore(self.directory / "results")}


@pytest.fixture
def bench(tmp_path, monkeypatch):
    toy = Bench(tmp_path)
    Counting.seen = []
    for cls in (Counting, Raising, NotFinite, WrongShape, Double, NoWeights, NoExtra, Interrupting):
        name = cls.__name__.lower()
        toy.plugins[name] = EncoderPlugin(name, replace(Counting.card, name=name), cls)

    def find(name):
        return toy.plugins[name] if name in toy.plugins else registry.find_encoder(name)

    monkeypatch.setattr(runner, "find_encoder", find)
    monkeypatch.setattr(runner, "select_tasks", lambda suite, patterns: toy.tasks)
    return toy


def test_each_distinct_text_is_encoded_once_however_many_tasks_want_it(bench):
    report = bench.run("counting")
    assert sorted(Counting.seen) == ["a", "bb", "boom", "ccc"]
    assert [r.status for r in report.records] == ["ok", "ok"]
    assert report.records[0].metrics["mean"].value == pytest.approx((1 + 1 + 2 + 1 + 1 + 1) / 6)


def test_a_second_run_encodes_and_scores_nothing(bench):
    first = bench.run("counting")
    Counting.seen = []
    watcher = SilentProgress()
    second = bench.run("counting", watcher=watcher)
    assert (Counting.seen, watcher.skipped) == ([], 2)
    assert second.records == first.records


def test_fresh_does_everything_again(bench):
    bench.run("counting")
    Counting.seen = []
    bench.run("counting", fresh=True)
    assert len(Counting.seen) == 4


def test_other_weights_are_measured_again(bench, monkeypatch):
    bench.run("counting")
    monkeypatch.setattr(Counting, "fingerprint", "counting-2")
    Counting.seen = []
    report = bench.run("counting")
    assert len(Counting.seen) == 4
    assert {r.model.fingerprint for r in report.records} == {"counting-2"}


def test_a_raising_encoder_loses_only_the_task_it_fails_on(bench):
    report = bench.run("raising", "counting")
    assert [(r.model.name, r.corpus, r.status) for r in report.records] == [
        ("raising", "one", "ok"),
        ("raising", "two", "failed"),
        ("counting", "one", "ok"),
        ("counting", "two", "ok"),
    ]
    record = bench.records()["raising", "two"]
    assert "RuntimeError" in record.failure.message
    assert "kaput" in record.failure.traceback
    assert "test_runner.py:" in record.failure.traceback
    assert str(bench.directory.parent) not in record.to_json()


@pytest.mark.parametrize(
    ("model", "words"), [("notfinite", "NaN or infinity"), ("wrongshape", "shape"), ("double", "float64")]
)
def test_a_broken_contract_is_a_failure_that_says_which(bench, model, words):
    report = bench.run(model)
    assert {r.status for r in report.records} == {"failed"}
    assert words in report.records[0].failure.message
    assert not list((bench.directory / "cache").rglob("*.npy"))


@pytest.mark.parametrize(("model", "status"), [("noweights", "weights-missing"), ("noextra", "extra-missing")])
def test_missing_weights_and_extras_are_recorded_and_no_failure(bench, model, status):
    report = bench.run(model, "counting")
    assert [r.status for r in report.records] == [status] * 2 + ["ok"] * 2
    assert report.failed == ()
    assert len(report.unavailable) == 2
    assert bench.records()[model, "one"].failure.message


def test_a_measured_result_survives_the_loss_of_the_weights(bench, monkeypatch):
    bench.run("counting")

    class Lost(Counting):
        @property
        def fingerprint(self):
            raise WeightsMissing("gone")

    bench.plugins["counting"] = replace(bench.plugins["counting"], factory=Lost)
    bench.run("counting")
    assert {r.status for r in bench.records().values()} == {"ok"}


def test_missing_data_fails_its_task_alone(bench):
    bench.tasks["toy/two/p/1"] = replace(TASKS["toy/two/p/1"], missing=True)
    report = bench.run("counting")
    assert [r.status for r in report.records] == ["ok", "data-missing"]
    assert len(report.failed) == 1
    bench.tasks["toy/two/p/1"] = TASKS["toy/two/p/1"]
    assert [r.status for r in bench.run("counting").records] == ["ok", "ok"]


def test_fail_fast_stops_and_the_next_run_goes_on(bench):
    report = bench.run("raising", "counting", fail_fast=True)
    assert [r.status for r in report.records] == ["ok", "failed"]
    bench.plugins["raising"] = replace(bench.plugins["raising"], factory=Counting)
    Counting.seen = []
    report = bench.run("raising", "counting", fail_fast=True)
    assert [r.status for r in report.records] == ["ok"] * 4
    # One fingerprint, one space: the second model of equal content needs no encoding at all.
    assert sorted(Counting.seen) == ["boom", "ccc"]


def test_an_interrupt_keeps_what_is_done(bench):
    report = bench.run("interrupting")
    assert report.interrupted
    assert {key for key, r in bench.records().items() if r.status == "ok"} == {("interrupting", "one")}
    bench.plugins["interrupting"] = replace(bench.plugins["interrupting"], factory=Counting)
    Counting.seen = []
    watcher = SilentProgress()
    assert not bench.run("interrupting", watcher=watcher).interrupted
    assert (sorted(Counting.seen), watcher.skipped) == (["boom", "ccc"], 1)


def test_a_damaged_record_is_measured_again_and_a_newer_one_is_left_alone(bench):
    bench.run("counting")
    path = ResultStore(bench.directory / "results").path("counting", "toy/one/p/1", 0)
    whole = path.read_text()
    path.write_text(whole[:-40])
    watcher = SilentProgress()
    with pytest.warns(UserWarning, match="measured again"):
        report = bench.run("counting", watcher=watcher)
    assert ([r.status for r in report.records], watcher.skipped) == (["ok", "ok"], 1)
    # A newer program's checksum is not ours to judge; this one states none.
    newer = {name: value for name, value in json.loads(whole).items() if name != "checksum"} | {"schema": 99}
    path.write_text(json.dumps(newer))
    with pytest.raises(RecordNewer, match="upgrade"):
        bench.run("counting")
    assert '"schema": 99' in path.read_text()


def test_seeds_multiply_only_what_is_random(bench):
    bench.tasks["toy/two/p/1"] = replace(TASKS["toy/two/p/1"], stochastic=True)
    report = bench.run("counting", seeds=(0, 1, 1, 2))
    assert [(r.corpus, r.seed) for r in report.records] == [("one", 0), ("two", 0), ("two", 1), ("two", 2)]


def test_unwritable_results_are_found_before_any_work(bench):
    (bench.directory / "results").write_text("a file")
    with pytest.raises(StorageFault, match="--results-dir"):
        bench.run("counting")
    assert Counting.seen == []


def test_an_unwritable_cache_loses_nothing(bench):
    (bench.directory / "cache").mkdir()
    (bench.directory / "cache" / "embeddings").write_text("a file")
    with pytest.warns(UserWarning, match="in memory"):
        report = bench.run("counting")
    assert [r.status for r in report.records] == ["ok", "ok"]


def test_wrong_usage(bench):
    with pytest.raises(UsageError, match="no model"):
        bench.run()
    with pytest.raises(UsageError, match="unknown model"):
        bench.run("countin")
    with pytest.raises(UsageError, match="'bert', which is not among"):
        bench.run("counting", weights_dirs={"bert": bench.directory})


def test_a_task_s_own_cut_reaches_the_encoder_and_the_cache(bench):
    class Cutting(Counting):
        def __init__(self, *, max_length=None):
            self.max_length = max_length

        @property
        def fingerprint(self):
            return f"cutting-{self.max_length}"

        def describe(self):
            return {"max_length": self.max_length, "dtype": "float32"}

        def encode(self, texts):
            return super().encode([text[: self.max_length] for text in texts])

    bench.plugins["cutting"] = EncoderPlugin("cutting", replace(Counting.card, name="cutting"), Cutting)
    bench.tasks = {
        "toy/one/p/1": ToyTask("one", ("aaaa",)),
        "toy/one/p-2/1": ToyTask("one", ("aaaa",), protocol="p-2/1", max_length=2),
    }
    report = bench.run("cutting")
    assert [r.metrics["mean"].value for r in report.records] == [2.5, 1.5]
    assert [r.model.max_length for r in report.records] == [None, 2]
    watcher = SilentProgress()
    bench.run("cutting", watcher=watcher)
    assert watcher.skipped == 2


def test_several_processes_leave_the_same_records_and_no_process(bench):
    import multiprocessing

    alone = bench.run("lexicon", results_dir=bench.directory / "alone", cache_dir=bench.directory / "alone")
    several = bench.run("lexicon", processes=2)
    assert [r.metrics for r in several.records] == [r.metrics for r in alone.records]
    assert {r.environment["processes"] for r in several.records} == {"2"}
    assert "processes" not in alone.records[0].environment
    for child in multiprocessing.active_children():
        # The pool's own thread may collect the child first; for a moment it then looks alive from here.
        deadline = time.monotonic() + 30
        while child.is_alive() and time.monotonic() < deadline:
            child.join(0.1)
        assert not child.is_alive()


def test_the_rest_is_judged_by_the_characters_that_a_cut_off_leaves(bench, monkeypatch):
    told = []

    class Watching(SilentProgress):
        def model(self, name, units, texts, characters):
            told.append(("model", texts, characters))

        def encoded(self, texts, seconds, characters):
            told.append(("encoded", texts, characters))

    class Cutting(Counting):
        def describe(self):
            return {"max_length": 4}

    bench.tasks = {"toy/one/p/1": ToyTask("one", ("a" * 50, "bb", "a" * 50))}
    bench.plugins["cutting"] = EncoderPlugin("cutting", replace(Counting.card, name="cutting"), Cutting)
    bench.run("cutting", watcher=Watching())
    assert told == [("model", 2, 22), ("encoded", 2, 22)]
