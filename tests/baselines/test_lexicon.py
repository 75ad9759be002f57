"""The lexicon encoder: its word list, its rules, and the encoder contract."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baselines.lexicon import EMOTIONS, FEATURES, Lexicon, _classes, affect_file, forms, listed_words, words
from baselines.text_chunks import chunks, cut
from harness.encoder import Encoder
from harness.errors import UsageError
from harness.testing import check_encoder

ODD = [
    "",
    " ",
    "calm " * 10_000,
    "so 😀 then 👩‍👩‍👧",
    "a\x00b\x1b[31m\u200b",
    "half \ud83d",
    "x" * 5000,
    "שלום",
    "!!!",
    ":(",
]


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


def test_joyful_words_are_pleasant_and_the_others_not():
    for word, valence, _, _, emotions in rows()[1:]:
        if "joy" in emotions:
            assert float(valence) > 0, word
        if {"anger", "disgust", "fear"} & set(emotions.split(",")):
            assert float(valence) < 0, word


def test_the_list_covers_both_ends_of_every_dimension():
    values = np.array([[float(x) for x in entry[1:4]] for entry in rows()[1:]])
    assert (values.min(axis=0) < -0.6).all()
    assert (values.max(axis=0) > 0.6).all()
    assert 0.35 < (values[:, 0] > 0).mean() < 0.65


@pytest.mark.parametrize(
    ("word", "form"),
    [
        ("smile", "smiling"),
        ("cry", "cries"),
        ("happy", "happiness"),
        ("terrible", "terribly"),
        ("regret", "regretted"),
        ("bother", "bothered"),
        ("hug", "hugged"),
        ("kiss", "kisses"),
        ("nice", "nicer"),
        ("heroic", "heroically"),
        ("warm", "warmly"),
    ],
)
def test_inflected_forms(word, form):
    assert form in forms(word)


def test_forms_that_are_other_words_are_left_out():
    assert not listed_words() & {"meaning", "stranger", "thriller", "hardly", "patients", "number"}
    assert {"unfriendly", "smiles", "happiest"} <= listed_words()


def test_feature_names_are_different():
    assert len(set(FEATURES)) == len(FEATURES) == Lexicon.card.dimensions == 58


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


def test_negation_takes_the_emotion_and_arousal_away():
    assert feature("furious", "anger_total") > 0
    assert feature("not furious", "anger_total") == 0
    assert feature("not furious", "arousal_mean") < feature("furious", "arousal_mean")
    assert feature("not furious", "negated_hits") == pytest.approx(np.log(2))


def test_degree_words_scale_the_next_word_only():
    plain = feature("good", "valence_mean")
    assert feature("very good", "valence_mean") > plain > feature("slightly good", "valence_mean")
    assert feature("very very good", "valence_mean") > feature("very good", "valence_mean")
    assert feature("very, good", "valence_mean") == pytest.approx(plain)
    assert feature("extremely wonderful", "valence_max") <= 1


def test_the_unmodified_valence_ignores_modifiers():
    assert feature("not very good", "valence_unmodified") == pytest.approx(feature("good", "valence_mean"))


def test_contrast_features_tell_the_clauses_apart():
    text = "the food was awful but the music was lovely"
    assert feature(text, "valence_before_contrast") < 0 < feature(text, "valence_after_contrast")
    assert feature(text, "valence_contrast_change") > 1
    assert feature(text, "valence_first") < 0 < feature(text, "valence_last")
    assert feature(text, "valence_half_change") > 1
    assert feature("lovely music", "valence_after_contrast") == 0


def test_extremes():
    text = "horrible, good, wonderful"
    assert feature(text, "valence_min") == pytest.approx(feature("horrible", "valence_mean"))
    assert feature(text, "valence_max") == pytest.approx(feature("wonderful", "valence_mean"))


@pytest.mark.parametrize(
    ("text", "name", "number"),
    [
        ("wow!! ok!", "exclamation", 3),
        ("what? why?", "question", 2),
        ("well... so… then", "ellipsis", 2),
        ("THIS is SO bad", "capital_words", 2),
        ("if it could", "condition", 2),
        ("my friend and I", "first_person", 2),
        ("one two three", "words", 3),
        ("one two three", "characters", 13),
        ("fine 😀 :)", "marks", 2),
    ],
)
def test_counts(text, name, number):
    assert feature(text, name) == pytest.approx(np.log1p(number), rel=1e-6)


def test_drawn_out_words():
    assert (feature("sooo tired", "drawn_out"), feature("so tired", "drawn_out")) == (1, 0)


def test_every_emotion_has_words():
    table = words()
    assert (table.emotions.sum(axis=0) >= 50).all()
    assert not table.listed[[table.ids[word] for word in _classes()["negators"]]].any()


def test_it_keeps_the_contract():
    report = check_encoder(Lexicon())
    assert report.passed, report
    assert isinstance(Lexicon(), Encoder)


def test_odd_texts_are_finite_and_the_same_alone():
    encoder = Lexicon()
    together = encoder.encode(ODD)
    assert together.shape == (len(ODD), 58)
    assert together.dtype == np.float32
    assert np.isfinite(together).all()
    assert not together[0].any()
    for text, vector in zip(ODD, together, strict=True):
        assert np.array_equal(encoder.encode([text])[0], vector)


@settings(max_examples=60)
@given(st.lists(st.text(max_size=40) | st.sampled_from(["not good", "very bad but fine!", "", ":("]), max_size=8))
def test_vectors_do_not_depend_on_neighbours_or_order(texts):
    encoder = Lexicon()
    forward, backward = encoder.encode(texts), encoder.encode(texts[::-1])
    assert np.array_equal(forward, backward[::-1])
    assert np.isfinite(forward).all()
    for i, text in enumerate(texts):
        assert np.array_equal(encoder.encode([text])[0], forward[i])


def test_more_texts_than_a_run_holds():
    texts = [f"word{i} good" if i % 3 else "bad" for i in range(1300)]
    assert np.array_equal(Lexicon().encode(texts)[1299], Lexicon().encode([texts[1299]])[0])


def test_no_text_gives_no_row():
    assert Lexicon().encode([]).shape == (0, 58)


def test_maximum_length_counts_words():
    assert feature("good food, horrible place", "valence_min", max_length=2) > 0
    assert np.array_equal(Lexicon(max_length=4).encode(["a b c d e"]), Lexicon().encode(["a b c d"]))
    assert cut("one, two! three", None) == "one, two! three"
    assert cut("one", 5) == "one"


@pytest.mark.parametrize("length", [0, -1])
def test_a_maximum_length_below_one_is_refused(length):
    with pytest.raises(UsageError, match="lexicon: the maximum length is"):
        Lexicon(max_length=length)


def test_runs_are_bounded():
    runs = list(chunks(["x" * 150_000] * 5, None))
    assert [len(run) for run in runs] == [2, 2, 1]
    assert [len(run) for run in chunks(["x"] * 1100, None)] == [512, 512, 76]


def test_the_fingerprint_names_the_list_and_the_options():
    assert Lexicon().fingerprint == Lexicon().fingerprint == "5b81d070919a3cf20f4fc019c2f2f694"
    assert Lexicon(max_length=5).fingerprint != Lexicon().fingerprint


def test_it_describes_itself():
    assert Lexicon(max_length=9).describe() == {"max_length": 9, "backend": "numpy", "dtype": "float32"}
    assert Lexicon.card.name == "lexicon"
    assert Lexicon.card.family == "floor"
    assert Lexicon.card.training_data == ("authored:emotion-corpora",)
    assert Lexicon.card.pooling is None


def test_importing_it_is_light_and_reads_nothing():
    code = (
        "import sys, baselines.lexicon; heavy = ('numpy', 'scipy', 'sklearn', 'torch', 'pandas', 'transformers'); "
        "print([n for n in (*heavy, 'baselines.lexicon_words') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
