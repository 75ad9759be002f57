"""The embedded corpus: the same sentences everywhere, sound labels, and parts that share no content word."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest

from harness.corpora.sample import ROWS, SEED, Sample, sentences
from harness.corpora.sample_frames import FAMILIES
from harness.corpora.sample_grammar import (
    CLEAR,
    DAYS,
    EXTREME_DEGREES,
    FEELING_DEGREES,
    GRADABLE_DEGREES,
    TIMES,
    VERB_DEGREES,
    compose_part,
)
from harness.corpora.sample_semantics import EMOTIONS
from harness.corpora.sample_vocabulary import PARTS, SHARED, content_words, vocabulary, words_of
from harness.errors import UsageError

FINGERPRINTS = {
    "train": "685f6679d605310fc0006b84af7f02de",
    "dev": "88baed8fb829df3f1cf794b666afb4f9",
    "test": "c40ec05c62b05e2bcac83d82b6a5e44c",
}

#: Endings that make another form of the same word.
ENDINGS = ("ations", "ingly", "ness", "ings", "ing", "edly", "ied", "ies", "ed", "er", "es", "ly", "s", "e", "d")

#: Words of different meaning, or forms of light verbs, that the endings confuse.
UNRELATED = {"call", "leav", "turn", "writ", "finish", "complet", "long", "pass", "moth", "feel", "mak", "com"}


@pytest.fixture(scope="module")
def parts():
    return {split: Sample().read(split) for split in PARTS}


def stem(word: str) -> str:
    return next((word[: -len(end)] for end in ENDINGS if word.endswith(end) and len(word) - len(end) >= 4), word)


def frame_words() -> set[str]:
    texts = [re.sub(r"\{[^}]*\}", " ", frame.text) for frames in FAMILIES.values() for frame in frames]
    return {word for text in texts for word in words_of(text)}


def degree_words() -> set[str]:
    degrees = (*GRADABLE_DEGREES, *FEELING_DEGREES, *EXTREME_DEGREES, *VERB_DEGREES)
    return {word for phrase, _ in degrees for word in words_of(phrase)}


@pytest.mark.parametrize("split", PARTS)
def test_the_sentences_are_the_pinned_ones(parts, split):
    assert parts[split].fingerprint == FINGERPRINTS[split]
    assert len(parts[split]) == ROWS[split] == Sample.card.rows[split]


def test_a_seed_repeats_and_another_seed_differs():
    once, again = (compose_part(vocabulary("dev"), 60, 11) for _ in range(2))
    assert once == again
    assert {s.text for s in once} != {s.text for s in compose_part(vocabulary("dev"), 60, 12)}


def test_composition_does_not_depend_on_string_hashing():
    code = "from harness.corpora.sample import Sample; print(Sample().read('dev').fingerprint)"
    found = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            text=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
        ).stdout.strip()
        for seed in ("1", "2")
    }
    assert found == {FINGERPRINTS["dev"]}


def test_importing_it_is_light():
    code = (
        "import sys, harness.corpora.sample as m; m.sentences('dev'); m.minimal_pairs(); "
        "print([n for n in ('numpy', 'torch', 'transformers', 'pandas', 'sklearn', 'scipy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("split", PARTS)
def test_labels_have_their_types_and_ranges(parts, split):
    examples = parts[split]
    for name in ("valence", "arousal", "dominance"):
        column = examples.labels[name]
        assert column.dtype == np.float64
        assert np.abs(column).max() <= 1
        assert column.std() > 0.2
        assert examples.scales[name] == (-1.0, 1.0)
    assert examples.labels["label"].dtype == examples.labels["emotion"].dtype == np.int64
    assert np.array_equal(examples.labels["label"], examples.labels["valence"] > 0)
    assert np.abs(examples.labels["valence"]).min() >= CLEAR
    assert examples.classes == EMOTIONS == ("anger", "disgust", "fear", "joy", "sadness", "surprise")


@pytest.mark.parametrize("split", PARTS)
def test_no_class_is_degenerate(parts, split):
    labels = parts[split].labels
    assert 0.4 < labels["label"].mean() < 0.6
    counts = np.bincount(labels["emotion"], minlength=6) / len(parts[split])
    assert counts.min() >= 0.05
    assert counts.max() <= 0.55
    joyful = labels["emotion"] == EMOTIONS.index("joy")
    assert (labels["valence"][joyful] > 0).all()
    for name in ("anger", "disgust", "fear", "sadness"):
        assert (labels["valence"][labels["emotion"] == EMOTIONS.index(name)] < 0).all()


@pytest.mark.parametrize("split", PARTS)
def test_every_family_has_both_polarities(parts, split):
    label = parts[split].labels["label"]
    groups = np.array(parts[split].groups)
    assert set(groups) == set(FAMILIES)
    for family in FAMILIES:
        assert 0.25 <= label[groups == family].mean() <= 0.75


def test_no_frame_gives_the_polarity_away():
    # Frames take their sign in turn; what is left over is at most one sentence per frame and part.
    for split in PARTS:
        for family, frames in FAMILIES.items():
            signs = [1 if s.affect.valence > 0 else -1 for s in sentences(split) if s.family == family]
            assert abs(sum(signs)) <= len(frames)


def test_texts_are_different_and_of_sensible_length(parts):
    texts = [text for part in parts.values() for text in part.texts]
    assert len({text.lower() for text in texts}) == len(texts) == sum(ROWS.values())
    assert all(3 <= len(text.split()) <= 40 for text in texts)
    assert np.mean([len(text.split()) for text in texts]) > 7


def test_texts_are_clean_english(parts):
    for part in parts.values():
        for text, family in zip(part.texts, part.groups, strict=True):
            assert "{" not in text
            assert "  " not in text
            assert "\0" not in text
            assert text == text.strip()
            if family not in ("tweet", "emoji"):
                assert text[0].isupper()
                assert not re.search(r"\bi\b|[.!?] [a-z]", text), text
            assert not re.search(r"\ba [aeiou](?!nion|se|seful|seless|ni)|\ban [^aeiou\W](?!o)", text), text
            assert not re.search(r"\b(the|my|a|was|is|were) \1\b", text), text


@pytest.mark.parametrize(("one", "other"), [("train", "test"), ("dev", "test"), ("train", "dev")])
def test_parts_share_no_content_word(one, other):
    assert not content_words(one) & content_words(other)
    stems = {stem(word) for word in content_words(one)} & {stem(word) for word in content_words(other)}
    assert stems <= UNRELATED


@pytest.mark.parametrize("part", PARTS)
def test_frames_and_degree_words_hold_no_content_word(part):
    assert not content_words(part) & (frame_words() | degree_words())


def test_shared_words_carry_no_affect():
    for part in PARTS:
        words = vocabulary(part)
        affective = [*words.qualities, *words.feelings, *words.emotions]
        assert not {entry.word for entry in affective} & SHARED
        assert not {attitude.verb.base for attitude in words.attitudes} & SHARED


def test_what_texts_of_two_parts_have_in_common_is_grammar(parts):
    common = SHARED | frame_words() | degree_words() | {w for phrase in (*TIMES, *DAYS) for w in words_of(phrase)}
    used = {split: {word for text in part.texts for word in words_of(text)} for split, part in parts.items()}
    forms = {"am", "are", "is", "were", "isn't", "aren't", "wasn't", "weren't", "didn't", "doesn't", "don't", "has"}
    forms |= {"did", "do", "been", "an", "they", "she", "he", "it", "says", "thinks", "say", "think", "would", "will"}
    for one, other in (("train", "test"), ("dev", "test"), ("train", "dev")):
        assert used[one] & used[other] <= common | forms


def test_vocabulary_is_large():
    assert len(content_words("train")) > 600
    assert len(content_words("test")) > 400
    for part in PARTS:
        emotions = Counter(quality.affect.emotion for quality in vocabulary(part).qualities)
        assert set(emotions) == set(EMOTIONS)


def test_ids_and_groups_fit(parts):
    for split, part in parts.items():
        assert part.ids[0] == f"{split}-0"
        assert len(set(part.ids)) == len(part)


def test_it_says_that_it_is_no_benchmark_of_record():
    assert "No benchmark of record" in Sample.card.notes
    assert Sample.card.sources == ()


def test_an_unknown_split_is_refused():
    with pytest.raises(UsageError, match="no split 'validation'; there are train, dev, test"):
        Sample().read("validation")


def test_a_bag_of_words_learns_little(parts):
    """The content words differ, so only function words are left, and frames are balanced."""
    counts: Counter[str] = Counter()
    train, test = parts["train"], parts["test"]
    for text, label in zip(train.texts, train.labels["label"], strict=True):
        counts.update(dict.fromkeys(set(words_of(text)), 1 if label else -1))
    guesses = np.array([sum(counts[word] for word in set(words_of(text))) > 0 for text in test.texts])
    assert 0.4 < (guesses == test.labels["label"]).mean() < 0.6


def test_the_seed_is_the_documented_one():
    assert sentences("test") == compose_part(vocabulary("test"), ROWS["test"], SEED + 2)
