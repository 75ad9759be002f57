"""Linear heads: arithmetic, files, and what is refused."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import softmax

from carl.heads import Head, Heads, read_heads, write_heads
from harness.errors import WeightsInvalid, WeightsMissing
from harness.outcome import Metric


def head(rows, width=4, seed=0, size=1.0):
    generator = np.random.default_rng(seed)
    return Head(
        weight=(size * generator.normal(size=(rows, width))).astype(np.float32),
        bias=generator.normal(size=rows).astype(np.float32),
        outputs=tuple(f"output-{row}" for row in range(rows)),
        data="made up",
        protocol="family/corpus/protocol/1",
        method="drawn at random",
        fitted=10,
        scored=5,
        scores={"accuracy": Metric(0.5, 0.4, 0.6), "calibration.error": Metric(0.1)},
    )


@pytest.fixture
def checkpoint(tmp_path):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    return tmp_path


def test_what_is_written_is_read(checkpoint):
    heads = Heads(affect=head(2), emotion=head(6, seed=1))
    write_heads(checkpoint, heads)
    found = read_heads(checkpoint)
    for name in ("affect", "emotion"):
        mine, read = getattr(heads, name), getattr(found, name)
        assert np.array_equal(mine.weight, read.weight)
        assert np.array_equal(mine.bias, read.bias)
        assert replace(mine, weight=read.weight, bias=read.bias) == read
    assert not list(checkpoint.glob("*.safetensors"))[1:], "a second file of tensors would hide the encoder's"


@given(st.integers(0, 2**32 - 1), st.floats(1e-3, 1e4))
def test_probabilities_are_those_of_a_float64_softmax_and_sum_to_one(seed, size):
    heads = Heads(affect=head(2, size=size), emotion=head(6, seed=1, size=size))
    vectors = np.random.default_rng(seed).normal(size=(7, 4)).astype(np.float32)
    found = heads.probabilities(vectors)
    logits = vectors.astype(np.float64) @ heads.emotion.weight.astype(np.float64).T + heads.emotion.bias
    assert found == pytest.approx(softmax(logits, axis=1), abs=1e-12)
    assert found.sum(axis=1) == pytest.approx(np.ones(7), abs=1e-12)
    affect = heads.valence_arousal(vectors)
    raw = vectors.astype(np.float64) @ heads.affect.weight.astype(np.float64).T + heads.affect.bias
    assert affect == pytest.approx(np.clip(raw, -1, 1), abs=1e-12)


def test_no_text_no_row():
    heads = Heads(affect=head(2), emotion=head(6))
    empty = np.empty((0, 4), np.float32)
    assert heads.valence_arousal(empty).shape == (0, 2)
    assert heads.probabilities(empty).shape == (0, 6)


def test_a_checkpoint_without_heads_says_how_to_get_them(checkpoint):
    with pytest.raises(WeightsMissing, match=r"has no heads .*`carl ship RUN --name NAME --data-dir DATA` fits them"):
        read_heads(checkpoint)


def test_heads_of_other_weights_are_refused(checkpoint):
    write_heads(checkpoint, Heads(affect=head(2), emotion=head(6)))
    (checkpoint / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(WeightsInvalid, match="were fitted on other weights"):
        read_heads(checkpoint)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda facts: facts.update(version=2), "version 2 is not 1"),
        (lambda facts: facts["heads"].pop("emotion"), "emotion"),
        (lambda facts: facts["heads"]["affect"]["outputs"].append("more"), "2, 4.* for 3 outputs"),
        (lambda facts: facts["heads"]["affect"].update(new_field=1), "new_field"),
        (lambda facts: facts.pop("weights_sha256"), "weights_sha256"),
    ],
)
def test_damaged_descriptions_are_refused(checkpoint, damage, said):
    write_heads(checkpoint, Heads(affect=head(2), emotion=head(6)))
    path = checkpoint / "heads/heads.json"
    facts = json.loads(path.read_text())
    damage(facts)
    path.write_text(json.dumps(facts))
    with pytest.raises(WeightsInvalid, match=f"cannot be read .*{said}"):
        read_heads(checkpoint)


def test_damaged_tensors_are_refused(checkpoint):
    write_heads(checkpoint, Heads(affect=head(2), emotion=head(6)))
    path = checkpoint / "heads/heads.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(WeightsInvalid, match="cannot be read"):
        read_heads(checkpoint)
