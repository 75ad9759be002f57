import hashlib
import pickle

import numpy as np
import pytest

from baselines import random_bert
from baselines.random_bert import SHAPE, RandomBERT
from harness.errors import UsageError
from harness.testing import check_encoder


@pytest.fixture(scope="module")
def encoder() -> RandomBERT:
    return RandomBERT(device="cpu", max_length=64)


@pytest.mark.slow
def test_conforms(encoder: RandomBERT) -> None:
    report = check_encoder(encoder)
    assert report.passed, report
    assert len(pickle.dumps(encoder)) < 5_000


def test_the_weights_are_the_same_bits_everywhere() -> None:
    drawn = random_bert._drawn()
    assert sum(array.size for array in drawn.values()) == RandomBERT.card.parameters
    words = drawn["embeddings.word_embeddings.weight"]
    assert words.dtype == np.float32
    assert abs(float(words.std()) - 0.02) < 1e-4
    assert not drawn["encoder.layer.0.output.dense.bias"].any()
    assert (drawn["embeddings.LayerNorm.weight"] == 1).all()
    # The digest of the published recipe: a change of it is another encoder and needs another seed or name.
    digest = hashlib.sha256(words.tobytes() + drawn["encoder.layer.5.output.dense.weight"].tobytes()).hexdigest()
    assert digest == "078ad99d5bbe75f2f23ed6078e6fb7eecc9e7492468f06a95af8df702975e8a0"


def test_ids_are_hashes_of_pieces(encoder: RandomBERT) -> None:
    one, two, accents = encoder.inputs(["Kindness, rain", "rain", "KÍNDNESS ,  rain"])
    assert one.dtype == np.int32
    assert len(one) == 6  # [first] kindne ##ss , rain [last]
    assert one[0] == two[0] != one[-1] == two[-1]
    assert one[4] == two[1]
    assert one.tolist() == accents.tolist()
    assert one.max() < SHAPE.vocabulary
    # A continuation is not the same piece at the beginning of a word.
    whole, part = encoder.inputs(["abcdefabcdef", "abcdef"])
    assert whole[1] == part[1] != whole[2]


def test_texts_are_cut_with_the_specials_kept(encoder: RandomBERT) -> None:
    (long,) = encoder.inputs(["rain " * 1000])
    assert len(long) == 64
    assert long[-1] == encoder.inputs([""])[0][-1]
    assert len(encoder.inputs([""])[0]) == 2


def test_needs_nothing() -> None:
    RandomBERT().check_ready()
    with pytest.raises(UsageError, match="pooler"):
        RandomBERT(pooling="pooler")
    assert RandomBERT().fingerprint == RandomBERT(pooling="mean").fingerprint
