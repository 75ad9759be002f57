"""Tasks that compare a model with the one it was made from: whose vectors, when they are stale, when there are none."""

from dataclasses import replace

import numpy as np
import pytest

from harness import registry, runner, units
from harness.cli.progress import SilentProgress
from harness.corpora.base import CorpusCard, Examples
from harness.encoder import EncoderCard
from harness.engines import LocalEngine
from harness.errors import UsageError, WeightsMissing
from harness.record import ResultStore
from harness.registry import EncoderPlugin
from harness.tasks.drift import variants
from harness.units import RunOptions

(TASK,) = variants()
TEXTS = ("good day", "bad luck", "rain again", "so it goes")


class Base:
    """An encoder of text lengths."""

    card = EncoderCard(name="base", family="toy", training_data=(), pooling="cls", poolings=("cls",))
    fingerprint = "base-1"
    shift = 0.0
    width = 2

    def encode(self, texts):
        rows = [[len(text) + self.shift, text.count("o") + self.shift, 1.0] for text in texts]
        return np.array(rows, dtype=np.float32)[:, : self.width]


class Tuned(Base):
    card = EncoderCard(name="tuned", family="toy", base="base", training_data=(), pooling="cls")
    fingerprint = "tuned-1"
    shift = 0.5


class Wider(Tuned):
    card = replace(Tuned.card, name="wider")
    fingerprint = "wider-1"
    width = 3


class Pooled(Tuned):
    card = replace(Tuned.card, name="pooled", pooling="mean")
    fingerprint = "pooled-1"


class Corpus:
    card = CorpusCard(name="emobank", title="", rows={"test": 4}, labels="", licence="", citation="")

    def read(self, split, files):
        return Examples(texts=TEXTS, ids=tuple(map(str, range(4))), labels={})


@pytest.fixture
def bench(tmp_path, monkeypatch):
    plugins = {cls.card.name: EncoderPlugin(cls.card.name, cls.card, cls) for cls in (Base, Tuned, Wider, Pooled)}

    def find(spec):
        name, _, pooling = spec.partition("@")
        if name not in plugins:
            return registry.find_encoder(spec)
        if pooling and pooling not in (plugins[name].card.pooling, *plugins[name].card.poolings):
            raise UsageError(f"{name} has no pooling {pooling!r}")
        return plugins[name]

    for module in (runner, units):
        monkeypatch.setattr(module, "find_encoder", find)
    monkeypatch.setattr(units, "encoder_names", lambda: list(plugins))
    monkeypatch.setattr(runner, "select_tasks", lambda suite, patterns: {"drift/emobank/backbone/1": TASK})
    library = units.CorpusRegistry(None, tmp_path, offline=True, corpora={"emobank": Corpus()})
    monkeypatch.setattr(units, "CorpusRegistry", lambda *_, **__: library)

    def run(*models, watcher=None, **changes):
        options = RunOptions(results_dir=tmp_path / "results", cache_dir=tmp_path / "cache", **changes)
        return runner.run(models, options, engine=LocalEngine(), watcher=watcher or SilentProgress()).records

    run.plugins = plugins
    run.store = ResultStore(tmp_path / "results")
    return run


def test_the_backbone_is_encoded_and_named_in_the_record(bench):
    (record,) = bench("tuned")
    assert record.status == "ok"
    assert record.metrics["delta_emb"].value == pytest.approx(0.25)
    assert record.details["backbone"] == {"name": "base", "fingerprint": "base-1"}
    assert record.model.fingerprint == "tuned-1"


def test_a_second_run_does_nothing_and_another_backbone_is_measured_again(bench, monkeypatch):
    bench("tuned")
    watcher = SilentProgress()
    bench("tuned", watcher=watcher)
    assert watcher.skipped == 1
    monkeypatch.setattr(Base, "fingerprint", "base-2")
    monkeypatch.setattr(Base, "shift", 0.1)
    (record,) = bench("tuned")
    assert record.metrics["delta_emb"].value == pytest.approx(0.16)


def test_a_measured_drift_survives_the_loss_of_the_backbone(bench):
    bench("tuned")

    class Lost(Base):
        @property
        def fingerprint(self):
            raise WeightsMissing("gone")

    bench.plugins["base"] = EncoderPlugin("base", Base.card, Lost)
    watcher = SilentProgress()
    assert bench("tuned", watcher=watcher)[0].status == "ok"
    assert watcher.skipped == 1


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("base", "base: not applicable: it was made from no other model"),
        ("wider", "3 dimensions and the backbone's 2"),
        ("pooled", "no such vectors of its backbone base"),
    ],
)
def test_what_is_not_applicable_is_skipped_and_no_failure(bench, model, message):
    (record,) = bench(model)
    assert record.status == "skipped"
    assert message in record.failure.message
    assert record.failure.traceback == ""
    assert not record.metrics


def test_a_backbone_without_weights_is_missing_and_says_whose(bench):
    class NoWeights(Base):
        def encode(self, texts):
            raise WeightsMissing("base: fetch them from example.org")

    bench.plugins["base"] = EncoderPlugin("base", Base.card, NoWeights)
    (record,) = bench("tuned")
    assert record.status == "weights-missing"
    assert "base: fetch them" in record.failure.message


def test_the_backbone_s_own_directory_may_be_given(bench, tmp_path):
    class FromDirectory(Base):
        def __init__(self, *, weights_dir=None):
            self.shift = 0.0 if weights_dir else 1.0

    bench.plugins["base"] = EncoderPlugin("base", Base.card, FromDirectory)
    (record,) = bench("tuned", weights_dirs={"base": tmp_path})
    assert record.metrics["delta_emb"].value == pytest.approx(0.25)
    with pytest.raises(UsageError, match="'other', which is not among the models"):
        bench("tuned", weights_dirs={"other": tmp_path})
