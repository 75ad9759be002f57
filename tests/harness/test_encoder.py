"""A card holds what it says it holds, and says which field does not."""

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from harness.encoder import EncoderCard, checked_vectors
from harness.errors import EncoderFault


def test_what_means_the_same_is_taken():
    card = EncoderCard(name="m", family="f", training_data=["mr", "cr"])
    assert card.training_data == ("mr", "cr")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("training_data", "mr"), ("training_data", [1]), ("parameters", "22M"), ("dimensions", -1)),
        *(("max_length", True), ("title", None), ("pooling", "max")),
        *(("poolings", ("max",)), ("recommended", "max"), ("name", None), ("name", "a b"), ("name", "")),
    ],
)
def test_another_kind_is_refused_by_the_field_s_name(field, value):
    with pytest.raises(ValidationError, match=field):
        EncoderCard(**{"name": "m", "family": "f", field: value})


@pytest.mark.parametrize(
    "given",
    [
        *(np.ones((2, 3)), [[1.0, 1, 1], [1, 1, 1]], np.ma.ones((2, 3), np.float32)),
        torch.ones(2, 3, dtype=torch.bfloat16, requires_grad=True),
        [torch.ones(3, requires_grad=True)] * 2,
    ],
)
def test_other_numbers_are_cast_with_a_notice(given):
    with pytest.warns(UserWarning, match="cast to a float32 array"):
        vectors = checked_vectors(given, 2, "mine")
    assert (type(vectors), vectors.dtype) == (np.ndarray, np.float32)
    assert vectors.tolist() == [[1, 1, 1], [1, 1, 1]]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.ones((2, 3), np.float32).T, "shape"),
        (np.ones(2, np.float32), "shape"),
        (np.full((2, 3), np.nan, np.float32), "NaN or infinity for 2 of 2"),
        ([["a"], ["b"]], "no matrix of numbers"),
        ([[1, 2], [3]], "no matrix of numbers"),
        (None, "no matrix of numbers"),
    ],
)
def test_what_are_no_vectors(given, message):
    with pytest.raises(EncoderFault, match=message):
        checked_vectors(given, 2, "mine")
