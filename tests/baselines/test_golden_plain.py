"""BERT, RoBERTa, BERT-PT, SimCSE and SentiCSE against the outputs of their authors' code."""

import numpy as np
import pytest

from baselines.published import (
    BERT,
    BERTPTLaptop,
    BERTPTRestaurant,
    BERTReview,
    RoBERTa,
    SentiCSE,
    SimCSESupervisedRoBERTa,
    SimCSEUnsupervisedRoBERTa,
)
from harness.errors import UsageError

# Float noise between implementations is about 2e-6 here; the contract allows 1e-4.
TOLERANCE = 1e-5

CASES = [
    (BERT, "bert", "checkpoint", {"cls": "cls", "mean": "mean", "pooler": "pooler"}),
    (RoBERTa, "roberta", "checkpoint", {"cls": "cls", "mean": "mean"}),
    *(
        (kind, "bert_pt", layout, {"cls": "cls", "mean": "mean", "pooler": "pooler"})
        for kind in (BERTPTRestaurant, BERTPTLaptop, BERTReview)
        for layout in ("checkpoint", "checkpoint_drive")
    ),
    *(
        (kind, model, layout, {"cls": "cls", "pooler": "mlp"})
        for kind, model in (
            (SimCSESupervisedRoBERTa, "simcse"),
            (SimCSEUnsupervisedRoBERTa, "simcse"),
            (SentiCSE, "senticse"),
        )
        for layout in ("checkpoint", "checkpoint_training")
    ),
]


@pytest.mark.parametrize(("kind", "model", "layout", "vectors"), CASES)
def test_ids_and_vectors(golden, kind, model: str, layout: str, vectors: dict[str, str]) -> None:
    data = golden(model)
    texts, length = data.inputs["texts"], data.inputs["max_length"]
    for pooling, name in vectors.items():
        encoder = kind(weights_dir=data.directory / layout, max_length=length, pooling=pooling, device="cpu")
        for ids, expected in zip(encoder.inputs(texts), data.rows("input_ids"), strict=True):
            assert ids.tolist() == expected.tolist()
        np.testing.assert_allclose(encoder.encode(texts), np.stack(data.rows(name)), atol=TOLERANCE, rtol=0)
    states = encoder.states(encoder.inputs(texts))
    for state, expected in zip(states, data.rows("hidden"), strict=True):
        np.testing.assert_allclose(state.numpy(), expected, atol=TOLERANCE, rtol=0)


@pytest.mark.parametrize("name", ["model.safetensors", "pytorch_model.bin"])
def test_both_weight_files(golden, tmp_path, name: str) -> None:
    data = golden("bert")
    for path in (data.directory / "checkpoint").iterdir():
        if path.suffix not in (".safetensors", ".bin") or path.name == name:
            (tmp_path / path.name).write_bytes(path.read_bytes())
    encoder = BERT(weights_dir=tmp_path, max_length=data.inputs["max_length"], device="cpu")
    assert encoder.files().weights.name == name
    np.testing.assert_allclose(encoder.encode(data.inputs["texts"]), np.stack(data.rows("cls")), atol=TOLERANCE, rtol=0)


def test_roberta_has_no_pooler(golden) -> None:
    with pytest.raises(UsageError, match="pooler"):
        RoBERTa(weights_dir=golden("roberta").directory / "checkpoint", pooling="pooler")
