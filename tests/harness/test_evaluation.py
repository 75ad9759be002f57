"""A run isolates failures, keeps what is done, and goes on where it stopped."""

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from harness.corpora import CorpusRegistry
from harness.encoder import EncoderCard
from harness.errors import DataMissing, ExtraMissing, UsageError, WeightsMissing
from harness.evaluation import Evaluation, Evaluator, RunOptions, measure, plan, run, stopping_on_signals
from harness.outcome import Metric, Outcome
from harness.progress import Progress
from harness.record import ResultStore
from harness.registry import EncoderPlugin, with_prompts
from harness.tasks.base import Prepared


@dataclass(frozen=True)
class Task:
    corpus: str
    words: tuple[str, ...] = ()
    protocol: str = "p/1"
    name: str = "toy"
    split: str = "test"
    max_length: int | None = None
    stochastic: bool = False
    corpora: tuple[str, ...] = ()
    missing: bool = False
    score: object = None

    def prepare(self, library):
        if self.missing:
            raise DataMissing(f"{self.corpus} is nowhere")

        def mean(vectors, seed):
            return Outcome(
                metrics={"mean": Metric(float(vectors.mean()) + seed, 0.0, 1.0)},
                predictions={"predicted": vectors[:, 0]},
                counts={"texts": len(self.words)},
            )

        return Prepared(texts=self.words, fingerprint="toy", score=self.score or mean)


class Counting:
    """An encoder that remembers what it was asked."""

    card = EncoderCard(name="counting", family="floor", training_data=())
    fingerprint = "counting-1"
    seen: ClassVar[list[str]] = []

    def encode(self, texts):
        self.seen.extend(texts)
        return np.array([[len(t), 1] for t in texts], dtype=np.float32).reshape(-1, 2)


class Breaking(Counting):
    """Does what it is told when it meets the text `boom`."""

    def __init__(self, do):
        self.do = do

    def encode(self, texts):
        if "boom" in texts:
            self.do()
        return super().encode(texts)


class Panic(BaseException):
    """As a library in Rust panics."""


def throw(error):
    def do():
        raise error

    return do


@dataclass
class Bench:
    directory: Path
    tasks: dict = field(
        default_factory=lambda: {
            "toy/one/p/1": Task("one", ("a", "bb", "a")),
            "toy/two/p/1": Task("two", ("bb", "boom")),
        }
    )

    def run(self, *encoders, seeds=(0,), progress=None, **options):
        places = {"results_dir": self.directory / "results", "cache_dir": self.directory / "cache"}
        plugins = {}
        for encoder in encoders:
            made = encoder if callable(encoder) else lambda encoder=encoder: encoder
            name = getattr(encoder, "name", encoder.card.name)
            plugin = EncoderPlugin(name, replace(encoder.card, name=name), made)
            plugins[name] = encoder if isinstance(encoder, EncoderPlugin) else plugin
        todo = [Evaluation(name, task, seed) for name in plugins for task in self.tasks for seed in seeds]
        evaluator = Evaluator(RunOptions(**{**places, **options}), plugins, self.tasks, todo)
        return measure(evaluator, progress or Progress())

    def breaking(self, do, name="breaking"):
        encoder = Breaking(do)
        encoder.name = name
        return encoder

    def stored(self):
        return {(r.model.name, r.corpus): r for r in ResultStore(self.directory / "results")}


@pytest.fixture
def bench(tmp_path):
    Counting.seen = []
    return Bench(tmp_path)


def test_each_distinct_text_is_encoded_once_and_a_second_run_does_nothing(bench):
    records = bench.run(Counting)
    assert sorted(Counting.seen) == ["a", "bb", "boom"]
    assert [r.status for r in records] == ["ok", "ok"]
    assert records[0].metrics["mean"].value == pytest.approx((1 + 1 + 2 + 1 + 1 + 1) / 6)
    progress = Progress()
    assert bench.run(Counting, progress=progress) == records
    assert (len(Counting.seen), progress.known) == (3, 2)
    bench.run(Counting, fresh=True)
    assert len(Counting.seen) == 6


def test_prompts_and_reductions_are_rows_of_their_own_and_reductions_share_vectors(bench):
    plain = EncoderPlugin("counting", Counting.card, Counting)
    short = replace(plain, name="counting@1d", reduction=("1d",))
    asked = with_prompts(plain, {"counting": {"toy": "x: "}})
    assert asked.name == asked.card.name == "counting@prompt-f27e54"
    one, _, two, _, three, _ = bench.run(plain, short, asked)
    assert sorted(Counting.seen) == ["a", "bb", "boom", "x: a", "x: bb", "x: boom"]
    assert [(r.model.dimensions, r.model.vector_bytes) for r in (one, two, three)] == [(2, 8), (1, 4), (2, 8)]
    assert [r.metrics["mean"].value for r in (two, three)] == pytest.approx([1, (4 + 1 + 5 + 1 + 4 + 1) / 6])
    assert (two.details, three.details) == ({"reduction": ["1d"]}, {"prompt": "x: "})
    assert len({r.model.fingerprint for r in (one, two, three)}) == 3
    with pytest.raises(UsageError, match="task family of a prompt 'toi'"):
        plan(RunOptions(models=("lexicon",), prompts={"lexicon": {"toi": ""}}))


def test_results_of_other_weights_are_replaced_only_by_fresh(bench, monkeypatch, capsys):
    bench.run(Counting)
    monkeypatch.setattr(Counting, "fingerprint", "counting-2")
    records = bench.run(Counting)
    assert {r.failure.kind for r in records} == {"NameTaken"}
    assert {r.model.fingerprint for r in bench.stored().values()} == {"counting-1"}
    assert len(records) > 1
    assert capsys.readouterr().err.count("--fresh") == 1
    bench.run(Counting, fresh=True)
    assert {r.model.fingerprint for r in bench.stored().values()} == {"counting-2"}
    assert "counting-1" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyError("kaput"), SystemExit(0), Panic("kaput"), MemoryError()])
def test_whatever_an_encoder_raises_fails_that_evaluation_alone(bench, error, capsys):
    records = bench.run(bench.breaking(throw(error)), Counting)
    assert [(r.model.name, r.corpus, r.status) for r in records] == [
        ("breaking", "one", "ok"),
        ("breaking", "two", "failed"),
        ("counting", "one", "ok"),
        ("counting", "two", "ok"),
    ]
    assert bench.stored()["breaking", "two"] == records[1]
    assert ("KeyError: 'kaput'" in capsys.readouterr().err) == isinstance(error, KeyError), "the key alone says nothing"
    assert "test_evaluation.py:" in records[1].failure.traceback
    assert str(bench.directory.parent) not in records[1].to_json()


def test_an_interrupt_that_a_library_turns_into_an_error_records_nothing(bench):
    def swallowed():
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        except KeyboardInterrupt:
            raise ImportError("cannot load module more than once per process") from None

    before = signal.getsignal(signal.SIGTERM)
    progress = Progress()
    with stopping_on_signals(progress), pytest.raises(KeyboardInterrupt):
        evaluator = Evaluator(
            RunOptions(results_dir=bench.directory / "results", cache_dir=bench.directory / "cache"),
            {"b": EncoderPlugin("b", Counting.card, lambda: Breaking(swallowed))},
            bench.tasks,
            [Evaluation("b", task, 0) for task in bench.tasks],
        )
        measure(evaluator, progress)
    assert set(bench.stored()) == {("b", "one")}
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_interrupt_keeps_what_is_done(bench):
    with pytest.raises(KeyboardInterrupt):
        bench.run(bench.breaking(throw(KeyboardInterrupt())))
    assert {key: r.status for key, r in bench.stored().items()} == {("breaking", "one"): "ok"}
    Counting.seen = []
    progress = Progress()
    assert [r.status for r in bench.run(bench.breaking(lambda: None), progress=progress)] == ["ok", "ok"]
    assert (Counting.seen, progress.known) == (["boom"], 1)


def test_a_result_out_of_range_fails(bench):
    impossible = Outcome(metrics={"valence.pearson": Metric(2.0)})
    bench.tasks["toy/one/p/1"] = Task("one", ("a",), score=lambda vectors, seed: impossible)
    assert [r.status for r in bench.run(Counting)] == ["failed", "ok"]


@pytest.mark.parametrize(
    ("cast", "words"),
    [
        (lambda v: v * np.float32("nan"), "NaN or infinity"),
        (lambda v: v[:-1], "shape"),
        (lambda v: v.astype(str), "no matrix of numbers"),
    ],
)
def test_a_broken_contract_is_a_failure_that_says_which(bench, cast, words):
    class Bad(Counting):
        def encode(self, texts):
            return cast(super().encode(texts))

    records = bench.run(Bad)
    assert {r.status for r in records} == {"failed"}
    assert words in records[0].failure.message
    assert not list((bench.directory / "cache").rglob("*.safetensors"))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: np.ones_like(v), "the same vector for all texts"),
        (lambda v: v + np.random.default_rng().random(v.shape, np.float32), "other vectors for the same texts"),
    ],
)
def test_constant_and_random_vectors_are_no_result(bench, change, words):
    class Bad(Counting):
        def encode(self, texts):
            return change(super().encode(texts))

    bench.tasks = {"toy/one/p/1": Task("one", tuple("a" * i for i in range(20)))}
    assert [r.status for r in bench.run(Counting)] == ["ok"]
    (record,) = bench.run(Bad, results_dir=bench.directory / "bad", fresh=True)
    assert words in record.failure.message


@pytest.mark.parametrize(
    ("error", "status"), [(WeightsMissing("fetch them"), "weights-missing"), (ExtraMissing("pip"), "extra-missing")]
)
def test_missing_weights_and_extras_are_recorded_and_said_once(bench, error, status, capsys):
    class Missing(Counting):
        @property
        def fingerprint(self):
            raise error

    bench.run(Counting)
    assert [r.status for r in bench.run(Missing, results_dir=bench.directory / "new")] == [status] * 2
    assert capsys.readouterr().err.count(str(error)) == 1
    # What was measured before stays.
    bench.run(Missing)
    assert {r.status for r in bench.stored().values()} == {"ok"}


def test_missing_data_costs_its_task_alone(bench):
    whole = bench.tasks["toy/two/p/1"]
    bench.tasks["toy/two/p/1"] = replace(whole, missing=True)
    assert [r.status for r in bench.run(Counting)] == ["ok", "data-missing"]
    bench.tasks["toy/two/p/1"] = whole
    assert [r.status for r in bench.run(Counting)] == ["ok", "ok"]


def test_fail_fast_stops_and_the_next_run_goes_on(bench):
    assert [r.status for r in bench.run(bench.breaking(throw(OSError())), Counting, fail_fast=True)] == ["ok", "failed"]
    assert [r.status for r in bench.run(bench.breaking(lambda: None), Counting, fail_fast=True)] == ["ok"] * 4


def test_damaged_and_unverified_records_are_measured_again_and_newer_ones_stay(bench):
    first = bench.run(Counting)[0]
    store = ResultStore(bench.directory / "results")
    path = store.path(*first.key)
    whole = path.read_text()
    bare = {name: value for name, value in json.loads(whole).items() if name != "checksum"}
    for damaged in (whole[:-40], store.path("counting", "toy/two/p/1", 0).read_text()):
        path.write_text(damaged)
        with pytest.warns(UserWarning, match="measured again"):
            bench.run(Counting)
        assert bench.stored()["counting", "one"].metrics == first.metrics
    path.write_text(json.dumps(bare))
    bench.run(Counting)
    assert bench.stored()["counting", "one"].verified
    path.write_text(json.dumps(bare | {"schema": 99}))
    assert [r.status for r in bench.run(Counting)] == ["failed", "ok"]
    assert '"schema": 99' in path.read_text()


def test_a_tasks_own_cut_reaches_the_encoder_and_the_cache(bench):
    class Cutting(Counting):
        def __init__(self, *, max_length=None):
            self.max_length = max_length
            self.fingerprint = f"cutting-{max_length}"

        def describe(self):
            return {"max_length": self.max_length}

        def encode(self, texts):
            return super().encode([text[: self.max_length] for text in texts])

    bench.tasks = {"toy/one/p/1": Task("one", ("aaaa",)), "toy/one/p/2": Task("one", ("aaaa",), "p/2", max_length=2)}
    records = bench.run(Cutting)
    assert [r.metrics["mean"].value for r in records] == [2.5, 1.5]
    assert [r.model.max_length for r in records] == [None, 2]


def test_a_record_is_the_same_whether_vectors_are_new_or_cached(bench):
    class Lazy(Counting):
        loaded = False

        def describe(self):
            return {"parameters": 7, "left_out": ["head"]} if self.loaded else {"left_out": []}

        def encode(self, texts):
            self.loaded = True
            return super().encode(texts)

    first = bench.run(Lazy)[0]
    assert (first.model.parameters, first.details["encoder"]) == (7, {"left_out": ["head"]})
    again = bench.run(Lazy, results_dir=bench.directory / "again")[0]
    assert replace(again, timings={}, created="") == replace(first, timings={}, created="")


def test_no_model_is_measured_in_the_modes_random_states_or_directory_of_another(bench):
    import torch

    def disturb():
        os.chdir(bench.directory)
        for draw in (random.random, np.random.random, lambda: torch.rand(1)):
            draw()
        torch.set_num_threads(torch.get_num_threads() + 1)
        torch.set_default_dtype(torch.float64)
        torch.set_float32_matmul_precision("medium")
        torch.set_grad_enabled(False)

    states = os.getcwd, random.getstate, lambda: str(np.random.get_state()), lambda: torch.get_rng_state().tolist()
    modes = torch.get_num_threads, torch.get_default_dtype, torch.get_float32_matmul_precision, torch.is_grad_enabled
    asked = (*states, *modes)
    seen, before = [], [one() for one in asked]
    following = bench.breaking(lambda: seen.extend(one() for one in asked), "next")
    following.fingerprint = "next"  # or it would have the first one's vectors
    bench.run(bench.breaking(disturb), following)
    assert seen == before

    class Early(Counting):
        card = replace(Counting.card, name="early")

        def __init__(self):
            disturb()

    # Made to find out whether its record on the first task still holds.
    two = bench.tasks.pop("toy/two/p/1")
    bench.run(Early)
    bench.tasks["toy/two/p/1"] = two
    later = bench.breaking(lambda: seen.extend(one() for one in asked), "later")
    later.fingerprint = "later"
    bench.run(Early, later)
    assert seen == 2 * before


def test_another_runs_work_is_waited_for(bench, capsys):
    """The other run measures the evaluation first, and is then found to have."""
    code = (
        "import sys, time, pathlib; from filelock import FileLock\n"
        "with FileLock(sys.argv[1]): print('held', flush=True); time.sleep(1)"
    )
    options = RunOptions(results_dir=bench.directory / "results", cache_dir=bench.directory / "cache")
    evaluation = Evaluation("c", "toy/one/p/1", 0)
    evaluator = Evaluator(options, {"c": EncoderPlugin("c", Counting.card, Counting)}, bench.tasks, [evaluation])
    with evaluator.lock(evaluation, Progress()):
        pass
    (path,) = (bench.directory / "cache").rglob("*.lock")
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        assert measure(evaluator, Progress())[0].status == "ok"
        assert other.wait() == 0
    assert capsys.readouterr().err.count("waiting") == 1


def test_wrong_usage_is_found_before_any_work(tmp_path):
    places = {"results_dir": tmp_path / "r", "cache_dir": tmp_path / "c"}
    for models, changes in (((), {}), ("lexicn", {}), ("./nodir", {}), ("lexicon", {"shard": "3/2"})):
        with pytest.raises(UsageError):
            plan(RunOptions(models=models, **places, **changes))
    with pytest.raises(UsageError, match="'bert', which is not an encoder"):
        plan(RunOptions(models="lexicon", weights_dirs={"bert": tmp_path}, **places))
    with pytest.raises(UsageError, match="give it for minilm, all of its vectors"):
        plan(RunOptions(models="minilm@mean", prompts={"minilm@mean": {"": "x: "}}, **places))
    assert not list(tmp_path.iterdir())


def test_shards_are_the_whole_plan_and_keep_the_texts_of_a_corpus_together(tmp_path):
    options = RunOptions(
        models=["lexicon", "random-bert"], suite="extended", seeds=(0, 1), results_dir=tmp_path, cache_dir=tmp_path
    )
    whole = plan(options)
    parts = [plan(options.model_copy(update={"shard": f"{i}/3"})).evaluations for i in (1, 2, 3)]
    assert sorted(map(str, whole.evaluations)) == sorted(str(one) for part in parts for one in part)
    pieces = [set(map(whole.piece, part)) for part in parts]
    assert not pieces[0] & pieces[1] | pieces[0] & pieces[2] | pieces[1] & pieces[2]


def test_a_limit_takes_some_texts_of_each_split(tmp_path):
    library = CorpusRegistry(None, tmp_path, offline=True)
    limited = CorpusRegistry(None, tmp_path, offline=True, limit=10)
    whole, some = library.load("sample", "train"), limited.load("sample", "train")
    assert (len(some), len(limited.load("sample", "test"))) == (10, 10)
    assert (some.texts[0], some.texts[-1]) == (whole.texts[0], whole.texts[-1])
    rows = [whole.texts.index(text) for text in some.texts]
    assert some.labels["label"].tolist() == [whole.labels["label"][i] for i in rows]
    options = RunOptions(models="lexicon", tasks="geometry/sample", limit=300, results_dir=tmp_path, cache_dir=tmp_path)
    (record,) = run(plan(options), Progress())
    assert record.status == "ok"
    assert (record.details["limit"], record.protocol) == (300, "ekman6-single/1+limit-300")
