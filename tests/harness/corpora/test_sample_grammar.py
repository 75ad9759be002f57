"""Frames of the embedded corpus: each composes, and means what its rule says."""

from __future__ import annotations

import re

import pytest

from harness.corpora.sample_frames import FAMILIES, Frame, same
from harness.corpora.sample_grammar import EMOTION_SHARES, ROUND, Composer, Dice, NoWord, compose_part, fits
from harness.corpora.sample_semantics import EMOTIONS, Affect
from harness.corpora.sample_vocabulary import PARTS, vocabulary

FRAMES = [frame for frames in FAMILIES.values() for frame in frames]


def by_text(text: str, fillers: str) -> Frame:
    return next(frame for frame in FRAMES if frame.text == text and frame.fillers == fillers)


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("frame", FRAMES, ids=lambda frame: frame.text)
def test_every_frame_composes_in_every_part_for_both_polarities(frame, part):
    composer = Composer(vocabulary(part), Dice(1))
    for sign in (1, -1):
        valences = []
        for _ in range(60):
            text, affect = composer.compose(frame, (sign, None))
            assert "{" not in text
            assert affect.emotion in EMOTIONS
            valences.append(affect.valence * sign)
        assert max(valences) > 0.12


def test_frames_are_different():
    assert len({(frame.text, frame.fillers) for frame in FRAMES}) == len(FRAMES) > 150


def test_every_family_has_its_turn():
    assert set(ROUND) == set(FAMILIES)


def test_emotion_shares_sum_to_one():
    for shares in EMOTION_SHARES.values():
        assert sum(share for _, share in shares) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("text", "fillers", "direction"),
    [
        ("{x.noun.the} {x.was} anything but {x.word}.", "x~quality", -1),
        ("{x.noun.the} {x.was} nothing if not {x.word}.", "x=quality", 1),
        ("What is so {x.word} about {x.noun.the}?", "x~gradable[spgh]", -1),
        ("{x.would_have} without {p.the}.", "x~quality[pet] p?person", -1),
        ("{x.would_have} with or without {p.the}.", "x=quality[pet] p?person", 1),
        ("{x.asks_not}?", "x=quality", 1),
        ("I am no longer {x.rest}.", "x~feel", -1),
        ("Nobody can say that {x.past_nt}.", "x=quality", 1),
        ("{p.the} think{p.s} that {x.past}, but I disagree.", "x~quality p?person", -1),
    ],
)
def test_meaning_keeps_or_turns_the_valence_of_the_word(text, fillers, direction):
    frame = by_text(text, fillers)
    good = Affect(0.8, 0.3, 0.2, "joy", "sadness")
    assert frame.meaning(good).valence * direction > 0


def test_the_position_of_the_main_clause_does_not_matter_for_although():
    good, bad = Affect(0.8, 0.3, 0.2, "joy", "sadness"), Affect(-0.8, 0.3, -0.2, "fear", "joy")
    first = by_text("Although {x.past}, {y.past}.", "x!quality y=quality*")
    last = by_text("{y.past}, although {x.past}.", "x!quality y=quality*")
    assert first.meaning(good, bad) == last.meaning(good, bad)
    assert first.meaning(good, bad).valence < 0


@pytest.mark.parametrize(
    ("aim", "valence", "expected"),
    [("=", 0.5, True), ("=", -0.5, False), ("~", -0.5, True), ("~", 0.5, False), ("+", 0.5, True), ("!", -0.5, True)],
)
def test_aims(aim, valence, expected):
    affect = Affect(valence, 0.0, 0.0, "joy" if valence > 0 else "fear", "sadness" if valence > 0 else "joy")
    assert fits(affect, aim, (1, "joy")) is expected
    assert fits(affect, "?", (1, "joy"))


def test_aims_mind_the_emotion():
    fear = Affect(-0.5, 0.0, 0.0, "fear", "joy")
    assert fits(fear, "=", (-1, "fear"))
    assert not fits(fear, "=", (-1, "anger"))
    assert fits(fear, "+", (-1, "anger"))


def test_no_word_is_said_when_none_fits():
    frame = Frame("statement", "{x.past}.", "x=quality[f]", same)
    with pytest.raises(NoWord):
        Composer(vocabulary("test"), Dice(0)).compose(frame, (-1, "fear"))


def test_a_bad_slot_is_refused():
    frame = Frame("statement", "{x.past}.", "x%quality", same)
    with pytest.raises(ValueError, match="no slot: 'x%quality'"):
        Composer(vocabulary("test"), Dice(0)).compose(frame, (1, None))


def test_clauses_beside_each_other_speak_of_different_things_of_one_kind():
    composer = Composer(vocabulary("train"), Dice(3))
    frame = by_text("{x.past}, but {y.past}.", "x!quality y=quality")
    domains = vocabulary("train").things.values()
    for _ in range(50):
        text, _ = composer.compose(frame, (1, None))
        first, second = text.rstrip(".").split(", but ")
        subjects = [re.split(" was | were ", clause)[0].lower() for clause in (first, second)]
        assert subjects[0] != subjects[1]
        assert any(all(s in [noun.the for noun in nouns] for s in subjects) for nouns in domains)


def test_twins_use_two_adjectives():
    composer = Composer(vocabulary("test"), Dice(5))
    frame = by_text("{x.noun.the} {x.was} {x.word} and {y.word}.", "x=quality y+twin")
    for sign in (1, -1):
        for _ in range(80):
            text, _ = composer.compose(frame, (sign, None))
            left, right = text.rstrip(".").split(" and ")
            assert left.split()[-1] != right


def test_emoticons_keep_their_case_in_lower_case_tweets():
    texts = [s.text for s in compose_part(vocabulary("test"), 400, 3) if s.family == "emoji"]
    assert any(text.endswith(":D") for text in texts)
    assert all(text.replace(":D", "").islower() for text in texts)


def test_dice_depend_on_nothing_but_the_seed():
    dice = Dice(42)
    # random.Random(42).random() begins 0.6394, 0.0250, 0.2750: guaranteed by Python across versions.
    assert [dice.pick("abcdefghij") for _ in range(3)] == ["g", "a", "c"]
    assert sorted(Dice(1).shuffled(range(10))) == list(range(10))
    assert {Dice(i).weighted((("a", 0.0), ("b", 1.0))) for i in range(20)} == {"b"}
