"""Whatever part of a run is there already, the next run does the rest and nothing else."""

import shutil
import warnings
from dataclasses import dataclass, replace
from typing import ClassVar
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.cli.progress import SilentProgress
from harness.encoder import EncoderCard
from harness.engines import LocalEngine, Plan
from harness.outcome import Metric, Outcome
from harness.record import ResultStore
from harness.registry import EncoderPlugin
from harness.units import RunOptions, Unit, Workbench

FAULTS = settings.get_profile("costly faults")


class Letters:
    """Counts letters, and remembers what it was asked."""

    card = EncoderCard(name="letters", family="floor", training_data=())
    fingerprint = "letters-1"
    seen: ClassVar[list[str]] = []

    def encode(self, texts):
        self.seen.extend(texts)
        return np.array([[len(text), text.count("a")] for text in texts], dtype=np.float32).reshape(-1, 2)


@dataclass(frozen=True)
class Prepared:
    texts: tuple[str, ...]
    fingerprint: str

    def evaluate(self, embeddings, seed):
        value = float(embeddings.sum()) + seed
        return Outcome(metrics={"sum": Metric(value)}, predictions={"predicted": embeddings[:, 0]})


@dataclass(frozen=True)
class Task:
    corpus: str
    words: tuple[str, ...]
    name: str = "toy"
    protocol: str = "p/1"
    split: str = "test"
    max_length: int | None = None
    stochastic: bool = True
    corpora: tuple[str, ...] = ()

    def prepare(self, library):
        return Prepared(self.words, self.corpus)


TASKS = {
    f"toy/{corpus}/p/1": Task(corpus, words)
    for corpus, words in (("one", ("a", "bb", "a")), ("two", ("bb", "banana", "")), ("three", ("x",)))
}
MODELS = ("m1", "m2")
UNITS = [Unit(model, task, seed) for model in MODELS for task in TASKS for seed in (0, 1)]


def run(directory):
    options = RunOptions(results_dir=directory / "results", cache_dir=directory / "cache", processes=1)
    plugins = {name: EncoderPlugin(name, replace(Letters.card, name=name), Letters) for name in MODELS}
    plan = Plan({model: tuple(unit for unit in UNITS if unit.model == model) for model in MODELS})
    Letters.seen = []
    # What costs most of the time and is not the subject: the way to the disk, versions of packages, and plugins.
    with (
        mock.patch("os.fsync", lambda _: None),
        mock.patch("harness.units.environment", dict),
        mock.patch("harness.corpora.registry.entry_points", lambda **_: ()),
    ):
        return LocalEngine().execute(plan, Workbench(options, plugins, TASKS), SilentProgress())


def bare(records):
    return [replace(record, timings={}, environment={}, created="") for record in records]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The directory of a whole run, and its records."""
    directory = tmp_path_factory.mktemp("whole")
    records = bare(run(directory))
    assert {record.status for record in records} == {"ok"}
    return directory, records


def paths(directory):
    return sorted(path.relative_to(directory) for path in directory.rglob("*") if path.is_file())


@settings(FAULTS)
@given(data=st.data())
def test_any_part_that_is_done_is_kept_and_the_rest_is_done(quick_path, whole, data):
    source, records = whole
    kept = data.draw(st.sets(st.sampled_from(paths(source))))
    directory = quick_path / "part"
    shutil.rmtree(directory, ignore_errors=True)
    for path in kept:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source / path, directory / path)
    store = ResultStore(directory / "results")
    done = {}
    for unit in UNITS:
        path = store.path(unit.model, unit.task, unit.seed)
        if path.exists() and path.with_suffix(".npz").exists():
            done[unit] = path.stat().st_ino
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of records without their predictions, of shards without their vectors
        assert bare(run(directory)) == records
    assert bare(store) == sorted(records, key=lambda record: store.path(*record.key))
    for unit, inode in done.items():
        assert store.path(unit.model, unit.task, unit.seed).stat().st_ino == inode
    left = {unit.task for unit in UNITS if unit not in done}
    needed = {word for task in left for word in TASKS[task].words}
    assert set(Letters.seen) <= needed, "what is done was encoded again"
    assert len(Letters.seen) == len(set(Letters.seen)), "a text was encoded twice: both models have one space"
