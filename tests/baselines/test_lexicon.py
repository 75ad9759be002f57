"""The lexicon encoder: its word list, its rules, and the encoder contract."""

import re

import numpy as np
import pytest

from baselines.lexicon import EMOTIONS, FEATURES, Lexicon, affect_file
from baselines.text_chunks import cut
from harness.encoder import Encoder
from harness.testing import check_encoder


def feature(text: str, name: str, **options: int) -> float:
    return float(Lexicon(**options).encode([text])[0, FEATURES.index(name)])


def rows() -> list[list[str]]:
    lines = affect_file().decode("utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def test_the_word_list_is_well_formed():
    header, *entries = rows()
    assert header == ["word", "valence", "arousal", "dominance", "emotions"]
    names = [entry[0] for entry in entries]
    assert names == sorted(set(names))
    assert 1000 <= len(names) <= 1500
    for word, *values, emotions in entries:
        assert re.fullmatch(r"[a-z]+", word)
        assert all(re.fullmatch(r"-?[01]\.\d\d", value) and -1 <= float(value) <= 1 for value in values)
        assert emotions == "-" or set(emotions.split(",")) <= set(EMOTIONS)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("a wonderful day", 1),
        ("a horrible day", -1),
        ("not a wonderful day", -1),
        ("it wasn’t horrible", 1),
        ("unfriendly people", -1),
        ("it rained :)", 1),
        ("it rained 😭", -1),
        ("not only not wonderful", 1),
        ("no. wonderful!", 1),
        ("the train left at nine", 0),
    ],
)
def test_valence(text, sign):
    assert np.sign(feature(text, "valence_mean")) == sign


def test_negation_halves_reaches_three_tokens_and_ends_at_the_clause():
    assert feature("not good", "valence_mean") == pytest.approx(-0.5 * feature("good", "valence_mean"))
    assert feature("not one two good", "valence_mean") < 0
    assert feature("not one two three good", "valence_mean") > 0
    assert feature("not one, good", "valence_mean") > 0
    assert feature("not", "negators") == pytest.approx(np.log(2))


def test_degree_words_scale_the_next_word_only():
    plain = feature("good", "valence_mean")
    assert feature("very good", "valence_mean") > plain > feature("slightly good", "valence_mean")
    assert feature("very very good", "valence_mean") > feature("very good", "valence_mean")
    assert feature("very, good", "valence_mean") == pytest.approx(plain)
    assert feature("extremely wonderful", "valence_max") <= 1


def test_contrast_features_tell_the_clauses_apart():
    text = "the food was awful but the music was lovely"
    assert feature(text, "valence_before_contrast") < 0 < feature(text, "valence_after_contrast")
    assert feature(text, "valence_contrast_change") > 1
    assert feature(text, "valence_first") < 0 < feature(text, "valence_last")
    assert feature(text, "valence_half_change") > 1
    assert feature("lovely music", "valence_after_contrast") == 0


def test_it_keeps_the_contract():
    report = check_encoder(Lexicon())
    assert report.passed, report
    assert isinstance(Lexicon(), Encoder)


def test_maximum_length_counts_words():
    assert feature("good food, horrible place", "valence_min", max_length=2) > 0
    assert np.array_equal(Lexicon(max_length=4).encode(["a b c d e"]), Lexicon().encode(["a b c d"]))
    assert cut("one, two! three", None) == "one, two! three"
    assert cut("one", 5) == "one"


def test_the_fingerprint_names_the_list_and_the_options():
    assert Lexicon().fingerprint == Lexicon().fingerprint == "5b81d070919a3cf20f4fc019c2f2f694"
    assert Lexicon(max_length=5).fingerprint != Lexicon().fingerprint
