"""An encoder that does not name its content gets a name that changes with every bit of it."""

import numpy as np
import pytest

from harness.encoder import EncoderCard
from harness.errors import EncoderFault, WeightsMissing
from harness.fingerprint import fingerprint_of


class Plain:
    card = EncoderCard(name="plain", family="floor")

    def __init__(self, scale=1.0):
        self.scale = scale

    def encode(self, texts):
        return np.array([[len(t) * self.scale] for t in texts], dtype=np.float32).reshape(-1, 1)


class Named(Plain):
    fingerprint = "abc"


class Raising(Plain):
    def encode(self, texts):
        raise RuntimeError("kaput")


class Missing(Plain):
    def encode(self, texts):
        raise WeightsMissing("nowhere")


def test_an_own_fingerprint_is_taken():
    assert fingerprint_of(Named()) == "abc"


def test_equal_content_equal_name_and_any_change_shows():
    assert fingerprint_of(Plain()) == fingerprint_of(Plain())
    assert fingerprint_of(Plain()) != fingerprint_of(Plain(np.nextafter(np.float32(1), np.float32(2))))
    other = Plain()
    other.card = EncoderCard(name="plain", family="floor", revision="2")
    assert fingerprint_of(other) != fingerprint_of(Plain())


def test_an_encoder_that_cannot_encode_says_why():
    with pytest.raises(EncoderFault, match="kaput"):
        fingerprint_of(Raising())
    with pytest.raises(WeightsMissing):
        fingerprint_of(Missing())
