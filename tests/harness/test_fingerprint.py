"""An encoder that does not name its content gets a name that changes with every bit of it."""

import numpy as np
import pytest

from harness.encoder import EncoderCard, fingerprint_of
from harness.errors import EncoderFault, WeightsMissing


class Plain:
    card = EncoderCard(name="plain", family="floor")

    def __init__(self, scale=1.0):
        self.scale = scale

    def encode(self, texts):
        if isinstance(self.scale, Exception):
            raise self.scale
        return np.array([[len(t) * self.scale] for t in texts], dtype=np.float32).reshape(-1, 1)


class Named(Plain):
    fingerprint = "abc"


def test_equal_content_equal_name_and_any_change_shows():
    assert fingerprint_of(Named()) == "abc"
    assert fingerprint_of(Plain()) == fingerprint_of(Plain())
    assert fingerprint_of(Plain()) != fingerprint_of(Plain(np.nextafter(np.float32(1), np.float32(2))))
    other = Plain()
    other.card = EncoderCard(name="plain", family="floor", revision="2")
    assert fingerprint_of(other) != fingerprint_of(Plain())


def test_a_class_of_a_notebook_is_named_by_its_code_and_state():
    source = """
import numpy as np
from harness import EncoderCard
class Cell:
    card = EncoderCard(name="cell", family="floor")
    def __init__(self, rare): self.rare = rare
    def encode(self, texts):
        rows = [[{rule}, 1.0] for text in texts]
        return np.array(rows, dtype=np.float32).reshape(-1, 2)
"""

    def cell(rule, rare=0):
        # As in a notebook: the module has no file.
        names = {"__name__": "a_notebook"}
        exec(source.format(rule=rule), names)
        return fingerprint_of(names["Cell"](rare))

    assert cell("len(text)") == cell("len(text)")
    assert len({cell("len(text)"), cell("len(text) + ('zebra' in text)"), cell("len(text)", rare=1)}) == 3


def test_an_encoder_that_cannot_encode_says_why():
    with pytest.raises(EncoderFault, match="kaput"):
        fingerprint_of(Plain(RuntimeError("kaput")))
    with pytest.raises(WeightsMissing):
        fingerprint_of(Plain(WeightsMissing("nowhere")))
