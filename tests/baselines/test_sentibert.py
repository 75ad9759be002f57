from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from baselines.sentibert import PARSER_VARIABLE, SentiBERT, SentiBERTTree
from baselines.sentibert_composition import composition_tensors
from baselines.sentibert_trees import WIDTH
from harness.errors import ExtraMissing, UsageError, WeightsMissing
from harness.testing import check_encoder


def comb(text: str) -> str | None:
    """A parser: right-branching trees; none for texts with `unparsable`."""
    words = text.replace("(", "-LRB-").replace(")", "-RRB-").split()
    if "unparsable" in words:
        return None
    brackets = ""
    for word in reversed(words):
        brackets = f"(3 (2 {word}) {brackets})" if brackets else f"(2 {word})"
    return brackets


@pytest.fixture(scope="module")
def checkpoint(tiny: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """What the released pre-training writes, and the network and the composition's tensors behind it."""
    directory = tmp_path_factory.mktemp("sentibert")
    network = tiny.tiny_bert(vocabulary=tiny.write_wordpiece(directory), positions=130)
    generator = torch.Generator().manual_seed(5)
    composition = {
        name: torch.randn(size, generator=generator) * 0.15 + (1 if name == "LayerNorm.weight" else 0)
        for name, size in composition_tensors(32).items()
    }
    unused = tiny.heads(
        [
            "pooler_phrase.dense",
            *(f"bahdanau_attention{n}.linear_{p}" for n in ("", "_3") for p in ("encoder", "decoder")),
        ]
    )
    state = network.state("bert.")
    state.update({f"bert.{name}": tensor for name, tensor in {**composition, **unused}.items()})
    state.update(tiny.heads(["cls.predictions.transform.dense", "cls.phrase_predictions.decoder"]))
    tiny.write_weights(directory / "sstphrase.bin", state)
    tiny.write_config(directory / "sstphrase.json", network.config, "model_type")
    return SimpleNamespace(directory=directory, network=network, composition=composition, state=state)


def dense_composition(checkpoint: SimpleNamespace, states: np.ndarray, first: np.ndarray, second: np.ndarray):
    """The composition on matrices 128 wide with -10000 outside, as the paper's released model computes it."""
    tensors = checkpoint.composition

    def dense(name: str, x: torch.Tensor) -> torch.Tensor:
        return nn.functional.linear(x, tensors[f"{name}.weight"], tensors[f"{name}.bias"])

    def stack(names: list[str], x: torch.Tensor) -> torch.Tensor:
        for name in names:
            x = nn.SELU()(dense(name, x))
        return x

    padded = torch.zeros(WIDTH, 32)
    padded[: len(states)] = torch.from_numpy(states)
    mask, mask_3 = torch.from_numpy(first).float(), torch.from_numpy(second).float()
    trans = dense("trans", padded)
    mean = mask @ trans / (mask.sum(-1, keepdim=True) + 1)
    query = stack(["bahdanau_attention.linear_in.0", "bahdanau_attention.linear_in.3"], mean)
    weights = torch.softmax(torch.tanh(query @ trans.T / 4) + (1 - mask) * -10000.0, -1)
    nodes = stack(["linear_out.0", "linear_out.3"], torch.cat([mean, weights @ trans], -1))
    both = torch.cat([trans, nodes])
    query = stack(["bahdanau_attention_3.linear_in.0", "bahdanau_attention_3.linear_in.3"], nodes)
    weights = torch.softmax(torch.tanh(query @ both.T / 4) + (1 - mask_3) * -10000.0, -1)
    nodes = stack(["linear_out_3.0", "linear_out_3.3"], torch.cat([nodes, weights @ both], -1))
    for name in ("trans_2", "trans_3"):
        normed = nn.functional.gelu(dense(name, nodes))
        nodes = nn.functional.layer_norm(
            normed, (32,), tensors["LayerNorm.weight"], tensors["LayerNorm.bias"], eps=1e-12
        )
    return nodes.numpy()


def masks(part) -> tuple[np.ndarray, np.ndarray]:
    first, second = np.zeros((WIDTH, WIDTH)), np.zeros((WIDTH, 2 * WIDTH))
    for node, columns in enumerate(part.pieces):
        first[node, list(columns)] = 1
    for node, (columns, others) in enumerate(zip(part.context_pieces, part.context_nodes, strict=True)):
        second[node, list(columns)] = 1
        second[node, [WIDTH + other for other in others]] = 1
    return first, second


def tree_encoder(checkpoint: SimpleNamespace, **options) -> SentiBERTTree:
    return SentiBERTTree(weights_dir=checkpoint.directory, device="cpu", **options)


def test_the_encoder_alone_is_bert(tiny: ModuleType, checkpoint: SimpleNamespace) -> None:
    sentibert = SentiBERT(weights_dir=checkpoint.directory, device="cpu")
    expected = [checkpoint.network.reference(ids)["cls"] for ids in sentibert.inputs(tiny.TEXTS)]
    np.testing.assert_allclose(sentibert.encode(tiny.TEXTS), np.stack(expected), atol=1e-5)
    report = check_encoder(sentibert)
    assert report.passed, report
    with pytest.raises(UsageError, match="pooler"):
        SentiBERT(pooling="pooler")


def test_the_composition_is_the_dense_one(tiny: ModuleType, checkpoint: SimpleNamespace) -> None:
    from baselines.sentibert_trees import read_tree

    encoder = tree_encoder(checkpoint)
    read = [read_tree(brackets) for brackets in tiny.TREES]
    ids, parts = encoder.prepared([(tree.text, tree) for tree in read])
    for nodes, row, part in zip(encoder.tree_nodes(tiny.TREES), ids, parts, strict=True):
        states = checkpoint.network.reference(row)["states"]
        expected = dense_composition(checkpoint, states, *masks(part))
        np.testing.assert_allclose(nodes, expected[: len(nodes)], atol=1e-5)


def test_the_shape_of_the_tree_matters(checkpoint: SimpleNamespace) -> None:
    encoder = tree_encoder(checkpoint)
    left = "(3 (2 (2 never) (2 so)) (2 cold))"
    right = "(3 (2 never) (2 (2 so) (2 cold)))"
    a, b = encoder.encode_trees([left, right])
    assert np.abs(a - b).max() > 1e-3
    plain = SentiBERT(weights_dir=checkpoint.directory, device="cpu").encode(["never so cold"])[0]
    assert np.abs(a - plain).max() > 0.1


def test_texts_take_their_trees_from_the_parser(checkpoint: SimpleNamespace) -> None:
    encoder = tree_encoder(checkpoint, parser=comb)
    vectors = encoder.encode(["the rain was cold", "never (so) late"])
    expected = encoder.encode_trees([comb("the rain was cold"), comb("never (so) late")])
    np.testing.assert_array_equal(vectors, expected)
    assert (encoder.encoded, encoder.fallbacks) == (4, 0)


def test_texts_without_a_usable_tree_are_counted(checkpoint: SimpleNamespace) -> None:
    encoder = tree_encoder(checkpoint, parser=comb)
    long = "late " * 200
    texts = ["the rain was cold", "rain", "unparsable so cold", "", long, "rain"]
    vectors = encoder.encode(texts)
    assert (encoder.encoded, encoder.fallbacks) == (6, 5)
    assert encoder.describe()["fallbacks"] == 5
    assert np.isfinite(vectors).all()
    np.testing.assert_array_equal(vectors[1], vectors[5])
    # The stand-in is one node over all pieces: of a word, and of the first 126 pieces.
    np.testing.assert_array_equal(vectors[1], encoder.encode_trees(["(2 rain)"])[0])
    np.testing.assert_array_equal(vectors[4], tree_encoder(checkpoint, parser=lambda text: None).encode([long])[0])


@pytest.mark.slow
def test_conforms_with_a_parser(checkpoint: SimpleNamespace) -> None:
    report = check_encoder(tree_encoder(checkpoint, parser=comb))
    assert report.passed, report


def test_without_a_parser(checkpoint: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(PARSER_VARIABLE, raising=False)
    encoder = tree_encoder(checkpoint)
    encoder.load()
    assert encoder.encode_trees(["(3 (2 a) (2 b))"]).shape == (1, 32)
    with pytest.raises(ExtraMissing, match=f"{PARSER_VARIABLE}=module:function"):
        encoder.encode(["a"])
    with pytest.raises(ExtraMissing):
        assert encoder.fingerprint
    with pytest.raises(ExtraMissing):
        encoder.check_ready()
    with pytest.raises(WeightsMissing):
        SentiBERTTree(weights_dir=tmp_path).check_ready()
