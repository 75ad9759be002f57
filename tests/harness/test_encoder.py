"""A card holds what it says it holds, and says which field does not."""

import numpy as np
import pytest

from harness.encoder import EncoderCard
from harness.errors import UsageError


def test_what_means_the_same_is_taken():
    card = EncoderCard(name="m", family="f", training_data=["mr", "cr"], parameters=np.int64(5))
    assert card.training_data == ("mr", "cr")
    assert type(card.parameters) is int


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("training_data", "mr", r"`training_data` .* is 'mr'; it must be a tuple of strings, or None: write \('mr',\)"),
        ("training_data", [1], r"`training_data` .* a tuple of strings"),
        ("parameters", "22M", "`parameters` .* is '22M'; it must be a whole number from 1"),
        ("dimensions", 0, "`dimensions` .* whole number from 1"),
        ("max_length", True, "`max_length` .* whole number"),
        ("title", None, "`title` .* is None; it must be a string"),
        ("notes", "half a pair \ud83d", "`notes` "),
        ("pooling", "", "unknown pooling ''"),
        ("name", None, "may not be called None"),
    ],
)
def test_another_kind_is_refused_by_the_field_s_name(field, value, words):
    arguments = {"name": "m", "family": "f", field: value}
    with pytest.raises(UsageError, match=words):
        EncoderCard(**arguments)
