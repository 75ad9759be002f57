"""Models of other libraries keep the contract once wrapped."""

import numpy as np
import pytest
import torch

import harness
from harness.encoder import fingerprint_of
from harness.errors import EncoderFault, UsageError
from harness.interop import SentEvalAdapter, as_encoder
from harness.testing import check_encoder


def as_it_is(rows):
    return rows


class Sentences:
    """As sentence-transformers: `encode(texts, …)`."""

    def __init__(self, factor=1.0, form=as_it_is):
        self.factor, self.form, self.seen = factor, form, []

    def encode(self, sentences, normalize_embeddings=False):
        self.seen.append((len(sentences), normalize_embeddings))
        rows = np.array([[len(s), s.count("e"), 1.0] for s in sentences], dtype=np.float64).reshape(-1, 3) * self.factor
        return self.form(rows / np.linalg.norm(rows, axis=1, keepdims=True) if normalize_embeddings else rows)


FORMS = {
    "float64": as_it_is,
    "list": lambda rows: rows.tolist(),
    "bfloat16 tensor": lambda rows: torch.tensor(rows, dtype=torch.bfloat16),
    "tensor with gradient": lambda rows: torch.tensor(rows, requires_grad=True),
    "reversed view": lambda rows: rows[::-1].copy()[::-1],
}


@pytest.mark.parametrize("form", FORMS)
def test_whatever_comes_back_becomes_float32_rows(form):
    encoder = as_encoder(Sentences(form=FORMS[form]), name="mine")
    vectors = encoder.encode(["eel", "a"])
    assert vectors.dtype == np.float32
    assert vectors.tolist() == [[3, 2, 1], [1, 0, 1]]
    assert encoder.encode([]).shape == (0, 3)


def test_a_wrapped_model_keeps_every_rule_of_the_contract():
    report = check_encoder(as_encoder(Sentences(), name="mine", training_data=()))
    assert report.passed, str(report)


def test_other_weights_have_another_fingerprint():
    one, same, other = (as_encoder(Sentences(factor), name="mine") for factor in (1.0, 1.0, 2.0))
    assert fingerprint_of(one) == fingerprint_of(same) != fingerprint_of(other)


def test_what_is_no_model_is_refused():
    with pytest.raises(UsageError, match="dict has no method `encode`"):
        as_encoder({}, name="mine")
    with pytest.raises(UsageError, match="name"):
        as_encoder(Sentences(), name="my model")
    with pytest.raises(EncoderFault, match="no matrix of numbers"):
        as_encoder(Sentences(form=lambda rows: ["x"] * len(rows)), name="mine").encode(["a", "b"])


def test_a_wrapped_model_is_measured_like_any_other(tmp_path):
    board = harness.run(
        as_encoder(Sentences(), name="mine"),
        "geometry/sample",
        suite="sample",
        results_dir=tmp_path / "results",
        cache_dir=tmp_path / "cache",
        quiet=True,
    )
    (record,) = board.records
    assert record.status == "ok"
    assert record.contamination["basis"] == "not declared"
    assert record.model.backend.endswith("Sentences")


class Toolkit:
    """What `senteval.engine.SE` does with the two functions: prepare once, then batches of token lists."""

    def __init__(self, batcher, prepare):
        self.batcher, self.prepare = batcher, prepare

    def embeddings(self, samples, batch_size=2):
        self.prepare(self, samples)
        batches = [samples[start : start + batch_size] for start in range(0, len(samples), batch_size)]
        return np.vstack([self.batcher(self, batch) for batch in batches])


def test_the_toolkit_s_token_lists_are_joined_with_blanks():
    encoder = as_encoder(Sentences(), name="letters")
    adapter = SentEvalAdapter(encoder)
    samples = [["so", "it", "goes", "."], ["fine"], [], ["a", "b"]]
    found = Toolkit(adapter.batcher, adapter.prepare).embeddings(samples)
    np.testing.assert_array_equal(found, encoder.encode(["so it goes .", "fine", "", "a b"]))
    np.testing.assert_array_equal(adapter.batcher(None, ["a plain string"]), encoder.encode(["a plain string"]))
