"""`TransformerEncoder`: what every wrapper inherits."""

import dataclasses
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch

from harness.encoder import EncoderCard
from harness.transformer import Layout, TransformerEncoder
from harness.transformer.packed import Engine


class Plain(TransformerEncoder):
    """A BERT with every pooling."""

    card = EncoderCard(
        name="plain",
        family="bert",
        weights="example.org/plain.zip",
        revision="abc",
        pooling="cls",
        poolings=("cls", "mean", "pooler", "last"),
    )
    layout = Layout(architecture="bert", vocabulary=(("vocab.txt",),))


@pytest.fixture
def encoder(bert_directory: Path) -> Plain:
    return Plain(weights_dir=bert_directory, device="cpu")


@pytest.mark.parametrize("pooling", ["cls", "mean", "pooler", "last"])
def test_vectors_are_the_librarys(tiny: ModuleType, bert_directory: Path, pooling: str) -> None:
    encoder = Plain(weights_dir=bert_directory, pooling=pooling, max_length=40, device="cpu")
    network = tiny.tiny_bert(vocabulary=encoder.shape().vocabulary)
    vectors = encoder.encode(tiny.TEXTS)
    expected = [network.reference(ids)[pooling] for ids in encoder.inputs(tiny.TEXTS)]
    np.testing.assert_allclose(vectors, np.stack(expected), atol=1e-5)
    states = encoder.states(encoder.inputs(tiny.TEXTS[:2]))
    np.testing.assert_allclose(states[0].numpy(), network.reference(encoder.inputs(tiny.TEXTS)[0])["states"], atol=1e-5)


def test_a_long_text_is_cut_where_asked(bert_directory: Path) -> None:
    short = Plain(weights_dir=bert_directory, max_length=10, device="cpu")
    assert short.describe()["max_length"] == 10
    assert np.array_equal(short.encode(["late " * 500]), short.encode(["late " * 8]))
    # No further than there are positions.
    assert Plain(weights_dir=bert_directory, max_length=5000).effective_max_length() == 160


def test_the_fingerprint_follows_every_file(tiny: ModuleType, bert_directory: Path, tmp_path: Path) -> None:
    def fingerprint() -> str:
        return Plain(weights_dir=tmp_path).fingerprint

    for path in bert_directory.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    seen = [Plain(weights_dir=bert_directory).fingerprint]
    assert fingerprint() == seen[0]
    (tmp_path / "tokenizer_config.json").write_text('{"do_lower_case": false}')
    seen.append(fingerprint())
    (tmp_path / "config.json").write_text((tmp_path / "config.json").read_text() + "\n")
    seen.append(fingerprint())
    with (tmp_path / "vocab.txt").open("a") as file:
        file.write("surplus\n")
    seen.append(fingerprint())
    network = tiny.tiny_bert(vocabulary=40, seed=9)
    tiny.write_weights(tmp_path / "model.safetensors", network.state())
    seen.append(fingerprint())
    assert len(set(seen)) == 5


@pytest.mark.parametrize(
    "error",
    [
        torch.cuda.OutOfMemoryError("too much"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 5 bytes"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_batch_too_large_for_the_memory_is_halved(
    encoder: Plain, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    asked: list[int] = []

    class Small(Engine):
        def tokens(self, ids, groups):
            asked.append(ids.shape[1])
            if ids.shape[1] > 300:
                raise error
            return torch.zeros(ids.shape[1], 32)

    small = dataclasses.replace(encoder.load(), engine=Small(torch.device("cpu"), 32, 1))
    monkeypatch.setattr(encoder, "_loaded", small)
    monkeypatch.setattr(encoder, "pooling", "mean")
    items = [np.zeros(100, np.int32)] * 10
    assert encoder.encode_inputs(items).shape == (10, 32)
    assert asked == [1000, 500, 200, 200, 200, 200, 200]
    asked.clear()
    with pytest.raises(type(error)):
        encoder.encode_inputs([np.zeros(1000, np.int32)])
    assert asked == [1000, 1000]
