"""Our encoders behind the interfaces of mteb and of the SentEval toolkit."""

import importlib.util

import numpy as np
import pytest
import torch

import harness
from harness.encoder import EncoderCard, fingerprint_of
from harness.interop import MtebEncoder, SentEvalAdapter

MTEB = importlib.util.find_spec("mteb") is not None


class Length:
    card = EncoderCard(name="length", family="floor", base="bert", training_data=("mr",), max_length=64)

    def encode(self, texts):
        return np.array([[len(text), text.count(" "), 1] for text in texts], dtype=np.float32).reshape(-1, 3)


def test_mteb_s_batches_become_rows_in_order():
    encoder = MtebEncoder(Length())
    batches = [{"text": ["a b", "c"]}, {"text": ["dd"], "title": ["ignored"]}]
    vectors = encoder.encode(batches, task_metadata=None, hf_split="test", hf_subset="default", batch_size=8)
    assert vectors.tolist() == [[3, 1, 1], [1, 0, 1], [2, 0, 1]]
    assert vectors.dtype == np.float32


def test_similarities_are_cosines_of_arrays_and_tensors():
    encoder = MtebEncoder(Length())
    a = np.array([[1.0, 0.0], [3.0, 4.0]])
    b = torch.tensor([[2.0, 0.0], [0.0, 0.5], [0.0, 0.0]])
    np.testing.assert_allclose(encoder.similarity(a, b), [[1, 0, 0], [0.6, 0.8, 0]], atol=1e-6)
    np.testing.assert_allclose(encoder.similarity(a[0], a), [[1, 0.6]], atol=1e-6)
    np.testing.assert_allclose(encoder.similarity_pairwise(a, a[::-1].copy()), [0.6, 0.6], atol=1e-6)


def test_mteb_s_cache_tells_poolings_and_weights_apart():
    names = {MtebEncoder("random-bert").name, MtebEncoder("random-bert@mean").name}
    assert names == {"random-bert", "random-bert@mean"}
    made = harness.load_encoder("random-bert@mean")
    assert MtebEncoder(made).name == "random-bert@mean"


@pytest.mark.skipif(not MTEB, reason="mteb is not installed (pip install 'affectbench[mteb]')")
def test_mteb_takes_it_for_an_encoder():
    from mteb.models import EncoderProtocol

    encoder = MtebEncoder(Length())
    assert isinstance(encoder, EncoderProtocol)
    meta = encoder.mteb_model_meta
    assert meta.revision == fingerprint_of(Length())
    assert (meta.name, meta.adapted_from, meta.training_datasets) == ("affectbench/length", "bert", {"mr"})


class Toolkit:
    """What `senteval.engine.SE` does with the two functions: prepare once, then batches of token lists."""

    def __init__(self, batcher, prepare):
        self.batcher, self.prepare = batcher, prepare

    def embeddings(self, samples, batch_size=2):
        self.prepare(self, samples)
        batches = [samples[start : start + batch_size] for start in range(0, len(samples), batch_size)]
        return np.vstack([self.batcher(self, batch) for batch in batches])


def test_the_toolkit_s_token_lists_are_joined_with_blanks():
    adapter = SentEvalAdapter(Length())
    samples = [["so", "it", "goes", "."], ["fine"], [], ["a", "b"]]
    found = Toolkit(adapter.batcher, adapter.prepare).embeddings(samples)
    np.testing.assert_array_equal(found, Length().encode(["so it goes .", "fine", "", "a b"]))
    np.testing.assert_array_equal(adapter.batcher(None, ["a plain string"]), Length().encode(["a plain string"]))
