"""The packed engine: the library's arithmetic, and the same bits for a text alone, in any batch and in any order."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import numpy as np
import pytest
import torch

from harness import onednn
from harness.errors import UsageError
from harness.transformer.checkpoint import ACTIVATIONS, Layout, Shape
from harness.transformer.packed import ROW_MULTIPLE, Linear, PackedEncoder, choose_device
from harness.transformer.tensors import encoder_tensors

POOLINGS = ("cls", "mean", "last", "pooler")


@contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def engine(network, dtype: torch.dtype = torch.float32) -> PackedEncoder:
    shape = Shape.from_config(network.config, network.architecture, "config")
    tensors = encoder_tensors(network.state(), shape.tensors(), Layout(architecture=network.architecture), "state")
    return PackedEncoder(tensors, shape, device=torch.device("cpu"), dtype=dtype)


def random_items(vocabulary: int, lengths: list[int], seed: int) -> list[np.ndarray]:
    generator = np.random.default_rng(seed)
    return [generator.integers(5, vocabulary, length).astype(np.int32) for length in lengths]


@pytest.fixture(scope="module")
def networks(tiny: ModuleType):
    """Wide enough that the kernels of real models are reached."""
    return {
        "bert": tiny.tiny_bert(vocabulary=300, width=128),
        "roberta": tiny.tiny_roberta(vocabulary=300, width=128),
        "mpnet": tiny.tiny_mpnet(vocabulary=300, width=128),
        # Its positions begin at 2 all the same.
        "mpnet-padding-0": tiny.tiny_mpnet(vocabulary=300, width=128, padding=0),
    }


@pytest.mark.parametrize("architecture", ["bert", "roberta", "mpnet", "mpnet-padding-0"])
def test_agrees_with_the_library(networks, architecture: str) -> None:
    network = networks[architecture]
    items = random_items(300, [1, 2, 3, 7, 7, 31, 64, 128], seed=1)
    packed = engine(network)
    expected = [network.reference(ids) for ids in items]
    for pooling in POOLINGS:
        vectors = packed.pooled(items, pooling, 256)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(vectors, np.stack([row[pooling] for row in expected]), atol=1e-5)
    for states, row in zip(packed.states(items, 256), expected, strict=True):
        np.testing.assert_allclose(states.numpy(), row["states"], atol=1e-5)


@pytest.mark.parametrize("count", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.parametrize("architecture", ["bert", "roberta", "mpnet"])
def test_the_same_bits_alone_in_any_batch_and_in_any_order(networks, architecture: str, count: int) -> None:
    packed = engine(networks[architecture])
    draw = random.Random(count)
    lengths = [1, 2, 3, 128, 127, 1, 17, 17] + [draw.randint(1, 128) for _ in range(16 if count == 1 else 6)]
    items = random_items(300, lengths, seed=count)
    with threads(count):
        # Two threads on a busy machine wait for one another: fewer poolings there.
        for pooling in POOLINGS if count == 1 else ("cls", "mean"):
            together = packed.pooled(items, pooling, 1024)
            for i in range(0, len(items), 3):
                assert np.array_equal(packed.pooled([items[i]], pooling, 1024)[0], together[i]), (pooling, lengths[i])
            for budget in (300, 100_000):
                order = list(range(len(items)))
                draw.shuffle(order)
                some = order[: draw.randint(2, len(order))]
                shuffled = packed.pooled([items[i] for i in some], pooling, budget)
                assert np.array_equal(shuffled, together[some]), (pooling, budget)


def test_bfloat16_is_close(networks) -> None:
    items = random_items(300, [1, 9, 64, 128, 30], seed=2)
    exact = engine(networks["bert"]).pooled(items, "cls", 1024).astype(np.float64)
    rough = engine(networks["bert"], torch.bfloat16).pooled(items, "cls", 1024).astype(np.float64)
    cosines = (exact * rough).sum(1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(rough, axis=1)
    assert cosines.min() >= 0.999


def test_extra_tables_are_summed_at_the_input(tiny: ModuleType) -> None:
    network = tiny.tiny_roberta(vocabulary=50)
    state = network.state()
    tables = torch.randn(3, 32), torch.randn(5, 32)
    state["a"], state["b"] = tables
    shape = Shape.from_config(network.config, "roberta", "config")
    packed = PackedEncoder(
        state, shape, tables=("embeddings.word_embeddings.weight", "a", "b"), device=torch.device("cpu")
    )
    item = np.array([[4, 9, 12, 7], [0, 2, 1, 1], [4, 3, 0, 2]], dtype=np.int32)
    embedded = network.model.embeddings.word_embeddings.weight[item[0]] + tables[0][item[1]] + tables[1][item[2]]
    with torch.inference_mode():
        expected = network.model(inputs_embeds=embedded[None]).last_hidden_state[0]
    np.testing.assert_allclose(packed.states([item], 1024)[0].numpy(), expected.numpy(), atol=1e-5)


@pytest.mark.parametrize("fused", [False, True])
def test_products_equal_float64_and_a_row_has_the_same_bits_beside_any_others(fused: bool) -> None:
    if fused and not onednn.serves(torch.float32):
        pytest.skip("this torch has no oneDNN for this processor")
    generator = torch.Generator().manual_seed(0)
    x, weight, bias, residual = (
        torch.randn(size, generator=generator) for size in ((96, 96), (64, 96), (64,), (96, 64))
    )
    with torch.inference_mode():
        layer = Linear(weight, bias, fused=fused)
        exact = x.double() @ weight.double().T + bias
        torch.testing.assert_close(layer(x), exact.float(), atol=1e-4, rtol=0)
        torch.testing.assert_close(layer.added(x, residual), (exact + residual).float(), atol=1e-4, rtol=0)
        plain = Linear(weight, bias, fused=False)
        for activation in ACTIVATIONS:
            torch.testing.assert_close(layer(x, activation), plain(x, activation), atol=1e-5, rtol=1e-5)
        whole = layer(x)
        for rows in (ROW_MULTIPLE, 3 * ROW_MULTIPLE):
            assert torch.equal(layer(x[:rows].contiguous()), whole[:rows])


@pytest.mark.parametrize("activation", ["gelu_new", "relu"])
def test_every_activation(tiny: ModuleType, activation: str) -> None:
    from transformers import BertConfig, BertModel

    network = tiny.tiny_bert(vocabulary=50)
    model = BertModel(BertConfig(**{**network.config, "hidden_act": activation})).eval()
    model.load_state_dict(network.state())
    other = tiny.Tiny("bert", model, {**network.config, "hidden_act": activation})
    items = random_items(50, [6, 11], seed=0)
    expected = np.stack([other.reference(ids)["cls"] for ids in items])
    np.testing.assert_allclose(engine(other).pooled(items, "cls", 64), expected, atol=1e-5)


@pytest.mark.parametrize("name", ["mps", "cuda:99", "nonsense"])
def test_a_device_that_is_not_here_is_refused_in_one_line(name: str) -> None:
    with pytest.raises(UsageError, match=f"device '{name}' cannot be used here") as refused:
        choose_device(name)
    assert len(str(refused.value)) < 300
    assert "\n" not in str(refused.value)


def test_a_precision_that_the_processor_lacks_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onednn, "emulates", lambda dtype: dtype == torch.bfloat16)
    with pytest.warns(UserWarning, match="computes bfloat16 in software"):
        choose_device("cpu", "bfloat16")
    choose_device("cpu", "float32")
