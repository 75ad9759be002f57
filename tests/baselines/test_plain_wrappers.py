"""BERT, RoBERTa, BERT-PT, SimCSE and SentiCSE on checkpoints that the tests make, in every published layout."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from baselines.published import (
    BERT,
    BERTPTLaptop,
    BERTPTRestaurant,
    BERTReview,
    RoBERTa,
    SentiCSE,
    SimCSESupervisedBERT,
    SimCSESupervisedRoBERTa,
    SimCSEUnsupervisedBERT,
    SimCSEUnsupervisedRoBERTa,
)
from harness.errors import WeightsInvalid, WeightsMissing
from harness.testing import check_encoder

BERTS = (BERT, BERTPTRestaurant, BERTPTLaptop, BERTReview, SimCSEUnsupervisedBERT, SimCSESupervisedBERT)
ROBERTAS = (RoBERTa, SentiCSE, SimCSEUnsupervisedRoBERTa, SimCSESupervisedRoBERTa)
CONTRASTIVE = (SentiCSE, SimCSESupervisedBERT)
HEADS = ("cls.predictions.transform.dense", "cls.seq_relationship")


def network(tiny: ModuleType, kind, directory: Path):
    """A tiny network of the wrapper's architecture, its vocabulary written to the directory."""
    if kind.layout.architecture == "bert":
        return tiny.tiny_bert(vocabulary=tiny.write_wordpiece(directory))
    return tiny.tiny_roberta(vocabulary=tiny.write_bpe(directory))


def checkpoint(tiny: ModuleType, kind, directory: Path, *, weights: str = "model.safetensors"):
    """A whole checkpoint in the form most files have today; the network behind it."""
    tiny_network = network(tiny, kind, directory)
    tiny.write_config(directory / "config.json", tiny_network.config)
    tiny.write_weights(directory / weights, tiny_network.state(f"{kind.layout.architecture}."))
    return tiny_network


def reference(encoder, tiny_network, texts, pooling: str) -> np.ndarray:
    return np.stack([tiny_network.reference(ids)[pooling] for ids in encoder.inputs(texts)])


@pytest.mark.parametrize("kind", [*BERTS, *ROBERTAS])
def test_vectors_are_the_librarys_and_the_contract_is_kept(tiny: ModuleType, tmp_path: Path, kind) -> None:
    tiny_network = checkpoint(tiny, kind, tmp_path)
    for pooling in kind.card.poolings:
        encoder = kind(weights_dir=tmp_path, pooling=pooling, max_length=60, device="cpu")
        expected = reference(encoder, tiny_network, tiny.TEXTS, pooling)
        np.testing.assert_allclose(encoder.encode(tiny.TEXTS), expected, atol=1e-5)
    if kind in (BERT, RoBERTa):  # the others differ in cards and names of files alone
        report = check_encoder(kind(weights_dir=tmp_path, device="cpu"))
        assert report.passed, report


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("prefix", ["", "bert."])
@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("config", ["config.json", "bert_config.json"])
@pytest.mark.parametrize("kind", [BERT, BERTPTRestaurant])
def test_layouts_of_bert(
    tiny: ModuleType, tmp_path: Path, kind, weights: str, prefix: str, old: bool, config: str
) -> None:
    tiny_network = network(tiny, kind, tmp_path)
    tiny.write_config(tmp_path / config, tiny_network.config, "model_type", "layer_norm_eps", "pad_token_id")
    state = tiny_network.state(prefix)
    state.update(tiny.heads(HEADS))
    if kind is BERTPTRestaurant:
        state.update(tiny.heads(["qa_outputs"]))
    state[f"{prefix}embeddings.position_ids"] = torch.arange(160)[None]
    tiny.write_weights(tmp_path / weights, tiny.old_names(state) if old else state)
    encoder = kind(weights_dir=tmp_path, device="cpu", pooling="pooler")
    expected = reference(encoder, tiny_network, tiny.TEXTS, "pooler")
    np.testing.assert_allclose(encoder.encode(tiny.TEXTS), expected, atol=1e-5)


@pytest.mark.parametrize("weights", ["model.safetensors", "pytorch_model.bin"])
@pytest.mark.parametrize("prefix", ["", "roberta."])
def test_layouts_of_roberta(tiny: ModuleType, tmp_path: Path, weights: str, prefix: str) -> None:
    tiny_network = network(tiny, RoBERTa, tmp_path)
    tiny.write_config(tmp_path / "config.json", tiny_network.config, "model_type")
    state = tiny_network.state(prefix, pooler=False)
    state.update(tiny.heads(["lm_head.dense", "lm_head.decoder"]))
    state[f"{prefix}embeddings.position_ids"] = torch.arange(162)[None]
    tiny.write_weights(tmp_path / weights, state)
    encoder = RoBERTa(weights_dir=tmp_path, device="cpu")
    expected = reference(encoder, tiny_network, tiny.TEXTS, "cls")
    np.testing.assert_allclose(encoder.encode(tiny.TEXTS), expected, atol=1e-5)


@pytest.mark.parametrize("kind", CONTRASTIVE)
def test_a_training_directory_is_the_published_form(tiny: ModuleType, tmp_path: Path, kind) -> None:
    published, training = tmp_path / "published", tmp_path / "training"
    tiny_network = network(tiny, kind, published)
    network(tiny, kind, training)
    state = tiny_network.state()
    tiny.write_weights(published / "pytorch_model.bin", state)
    mlp = {name.replace("pooler.", "mlp."): value for name, value in state.items() if name.startswith("pooler.")}
    prefixed = tiny_network.state(f"{kind.layout.architecture}.", pooler=False)
    tiny.write_weights(training / "pytorch_model.bin", {**prefixed, **mlp, **tiny.heads(["lm_head.dense"])})
    for directory in (published, training):
        tiny.write_config(directory / "config.json", tiny_network.config)
        for pooling in ("cls", "pooler"):
            encoder = kind(weights_dir=directory, pooling=pooling, device="cpu")
            expected = reference(encoder, tiny_network, tiny.TEXTS, pooling)
            np.testing.assert_allclose(encoder.encode(tiny.TEXTS), expected, atol=1e-5)


@pytest.mark.parametrize("kind", CONTRASTIVE)
def test_an_untrained_or_absent_pooler_is_refused(tiny: ModuleType, tmp_path: Path, kind) -> None:
    tiny_network = checkpoint(tiny, kind, tmp_path)
    first_tokens = kind(weights_dir=tmp_path, device="cpu").encode(tiny.TEXTS)
    drawn = tiny_network.state()
    drawn["pooler.dense.weight"].normal_(0, 0.02)
    drawn["pooler.dense.bias"].zero_()
    for state in (drawn, tiny_network.state(pooler=False)):
        tiny.write_weights(tmp_path / "model.safetensors", state)
        with pytest.raises(WeightsInvalid, match="no trained pooler"):
            kind(weights_dir=tmp_path, pooling="pooler", device="cpu").encode(["a"])
        # Nothing but the pooler's vectors is affected.
        again = kind(weights_dir=tmp_path, device="cpu").encode(tiny.TEXTS)
        np.testing.assert_array_equal(again, first_tokens)


@pytest.mark.parametrize("kind", [BERT, RoBERTa])
def test_checkpoints_of_another_model_are_refused(tiny: ModuleType, tmp_path: Path, kind) -> None:
    tiny_network = checkpoint(tiny, kind, tmp_path)
    prefix = f"{kind.layout.architecture}."
    whole = tiny_network.state(prefix)

    def refused(state: dict[str, torch.Tensor], message: str) -> None:
        tiny.write_weights(tmp_path / "model.safetensors", state)
        with pytest.raises(WeightsInvalid, match=message):
            kind(weights_dir=tmp_path, device="cpu").encode(["a"])

    lacking = dict(whole)
    del lacking[f"{prefix}encoder.layer.0.attention.self.query.weight"]
    refused(lacking, r"lacks encoder\.layer\.0\.attention\.self\.query\.weight")
    refused({**whole, f"{prefix}embeddings.senti_embeddings.weight": torch.ones(3, 32)}, "senti_embeddings")
    refused({**whole, "classifier.weight": torch.ones(3, 32)}, r"unknown tensors classifier\.weight")
    wider = {**whole, f"{prefix}encoder.layer.1.output.dense.bias": torch.ones(33)}
    refused(wider, r"shape \(33,\)")


@pytest.mark.parametrize("kind", [*BERTS, *ROBERTAS])
def test_missing_files_say_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind) -> None:
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("AFFECTBENCH_OFFLINE", "1")
    for encoder in (kind(), kind(weights_dir=tmp_path)):
        with pytest.raises(WeightsMissing) as caught:
            encoder.encode(["a"])
        assert kind.hub in str(caught.value)
        assert f"--weights-dir {kind.card.name}=DIR" in str(caught.value)
        with pytest.raises(WeightsMissing):
            encoder.check_ready()
