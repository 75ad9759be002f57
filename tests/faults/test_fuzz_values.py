"""Values that users give from Python or on the command line: taken, or refused in the project's own words."""

from __future__ import annotations

import contextlib
import json
from dataclasses import asdict, fields
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from harness.report.cards import _rows
from hypothesis import given, settings
from hypothesis import strategies as st

from carl.config import Config
from carl.configurations import configuration
from carl.pieces import size_in_bytes
from carl.pretraining.config import PretrainingConfig
from carl.pretraining.configurations import pretraining
from harness.cli.models import _card, _facts
from harness.cli.options import size
from harness.contamination.judgement import inherited, judge
from harness.encoder import POOLINGS, EncoderCard
from harness.errors import BenchError, NotApplicable
from harness.fingerprint import fingerprint_of
from harness.interop.foreign_models import as_encoder
from harness.leaderboard import build_tables, render
from harness.outcome import Metric
from harness.planning import Estimator, Shard
from harness.printing import one_line as clean
from harness.printing import visible
from harness.record import Record, ResultStore
from harness.registry import EncoderPlugin
from harness.units import RunOptions, Workbench

FAULTS = settings.get_profile("faults")


class Shy:
    """Fails when it is looked at."""

    def __repr__(self):
        raise RuntimeError("not for you")


words = st.text(max_size=12) | st.sampled_from(
    [
        "m",
        "mr",
        "emobank:train",
        "hf:org/model",
        "../x",
        "/etc/passwd",
        "a\0b",
        "\ud800",
        "<script>",
        "a/b.py:C",
        "@mean",
    ]
)
numbers = st.sampled_from([1, 0, -1, 7, 384, 2**31, 2**63, 10**5000, np.int64(5), np.int8(-5), np.uint64(2**64 - 1)])
others = st.one_of(
    st.none(),
    st.booleans(),
    st.floats(),
    st.binary(max_size=4),
    st.sampled_from([np.float32(3), np.array([1, 2]), np.str_("m"), Path("x"), Shy(), object(), EncoderCard, b"m", 1j]),
    st.dictionaries(words, words, max_size=2),
)
sequences = st.lists(words | others, max_size=3) | st.sets(st.sampled_from(["mr", "cr"]))
anything = words | numbers | others | sequences | sequences.map(tuple)

#: What fits a field, by its annotation.
FITTING = {
    "str": words,
    "str | None": st.none() | words,
    "int | None": st.none() | st.integers(1, 10**9),
    "tuple[str, ...]": st.lists(words, max_size=2).map(tuple),
    "tuple[str, ...] | None": st.none() | st.lists(words, max_size=2).map(tuple),
}
POOLED = {"pooling": st.none() | st.sampled_from(POOLINGS), "poolings": st.lists(st.sampled_from(POOLINGS)).map(tuple)}


@st.composite
def given_to_cards(draw):
    """Arguments of a card, a few of them of the wrong kind."""
    found = {"name": "m", "family": "floor"}
    for field in fields(EncoderCard):
        if draw(st.integers(0, 2)) == 0:
            found[field.name] = draw(POOLED.get(field.name, FITTING[str(field.type)]))
    for name in draw(st.lists(st.sampled_from([field.name for field in fields(EncoderCard)]), max_size=2)):
        found[name] = draw(anything)
    return found


@pytest.fixture
def workbench(quick_path):
    """What a run of one unit asks of a card."""
    task = SimpleNamespace(name="toy", corpus="mr", protocol="p/1", split="test", corpora=("mr",), max_length=None)
    return Workbench(RunOptions(results_dir=quick_path / "results", cache_dir=quick_path), {}, {"toy/mr/p/1": task})


@settings(FAULTS)
@given(arguments=given_to_cards())
def test_a_card_that_is_taken_serves_everywhere(workbench, arguments):
    try:
        declared = EncoderCard(**arguments)
    except BenchError as error:
        str(error).encode()
        return

    class Encoder:
        card = declared

        def encode(self, texts):
            return np.ones((len(texts), 2), np.float32)

    plugin = EncoderPlugin(declared.name, declared, Encoder)
    visible(_card(_facts(plugin))).encode()
    fingerprint_of(plugin.create())
    judge(inherited(declared, {declared.name: declared}), "mr")
    workbench.plugins = {declared.name: plugin}
    estimator = Estimator({declared.name: declared}, workbench.tasks, workbench.corpora)
    estimator.encoding(declared.name, "mr", 128)
    estimator.scoring(declared.name, "toy/mr/p/1")
    with contextlib.suppress(NotApplicable):
        workbench.backbone(declared.name)
    facts = workbench.bare_facts(declared.name)
    for _, value in _rows(facts, declared):
        clean(value).encode()
    record = Record(
        model=facts,
        task="emotion",
        corpus="goemotions",
        protocol="ekman6-mapped/1",
        split="test",
        seed=0,
        status="ok",
        metrics={"accuracy": Metric(0.5)},
        contamination=judge(declared.training_data, "mr").as_record(),
    )
    path = workbench.results.save(record)
    assert path.is_relative_to(workbench.results.directory)
    (read,) = ResultStore(workbench.results.directory)
    path.unlink()
    assert read.model == facts
    tables = build_tables([read], suite="paper", tasks={"emotion/goemotions/ekman6-mapped/1": ("accuracy",)})
    for fmt in ("plain", "html", "latex"):
        render(tables, fmt).encode()


@settings(FAULTS)
@given(training_data=anything, name=words)
def test_a_model_of_another_library_is_named_or_refused(training_data, name):
    model = SimpleNamespace(encode=lambda texts: np.ones((len(texts), 2), np.float32))
    with contextlib.suppress(BenchError, *([] if isinstance(training_data, str | list | tuple | set) else [TypeError])):
        card = as_encoder(model, name=name, training_data=training_data).card
        json.dumps(asdict(card), ensure_ascii=False).encode()


CONFIGURATIONS = (configuration("carl-minilm"), pretraining("roberta-small"))
written = st.one_of(
    words,
    st.integers().map(str),
    st.floats().map(str),
    st.lists(words).map(",".join),
    st.sampled_from(["true", "none", "NONE", "inf", "nan", "1e999", "-0", "٣", "1_0", "9" * 5000, "", ",", "cosine"]),
)


@settings(FAULTS)
@given(data=st.data(), config=st.sampled_from(CONFIGURATIONS))
def test_settings_on_the_command_line(data, config):
    names = st.sampled_from([field.name for field in fields(config)])
    pairs = data.draw(st.lists(st.tuples(names | words, written), min_size=1, max_size=3))
    try:
        changed = config.changed([f"{name}={value}" for name, value in pairs])
    except BenchError as error:
        str(error).encode("utf-8", "surrogateescape" if "\ud800" in str(error) else "strict")
        return
    kind = {Config: Config, PretrainingConfig: PretrainingConfig}[type(config)]
    again = json.dumps(changed.as_dict(), allow_nan=False)
    assert kind.from_dict(json.loads(again)) == changed


@settings(FAULTS)
@given(text=written | st.from_regex(r"\s*\d+[/.]?\d*\s*[kmgt]?i?b?\s*", fullmatch=True))
def test_shards_and_sizes_on_the_command_line(text):
    for read in (Shard.parse, size_in_bytes, lambda given: size(given, "--max-memory")):
        with contextlib.suppress(BenchError):
            assert read(text)
