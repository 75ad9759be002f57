"""The meaning rules of the embedded corpus, each worked out by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.corpora.sample_semantics import (
    EMOTIONS,
    NEUTRAL,
    Affect,
    ask,
    concede,
    contrast,
    counterfactual,
    degree,
    exclaim,
    expect,
    join,
    lapse,
    mark,
    negate,
    report,
    shift,
)

GOOD = Affect(0.8, 0.4, 0.2, "joy", "sadness")
BAD = Affect(-0.6, 0.5, -0.4, "fear", "joy")

UNARY = (negate, exclaim, ask, counterfactual, report, lapse, expect)
BINARY = (contrast, concede, join, shift, mark)

unit = st.floats(-1, 1, allow_nan=False)
affects = st.builds(Affect, unit, unit, unit, st.sampled_from(EMOTIONS), st.sampled_from(EMOTIONS))


def near(affect: Affect, v: float, a: float, d: float, emotion: str) -> None:
    assert affect[:3] == pytest.approx((v, a, d), abs=1e-4)
    assert affect.emotion == emotion


def test_negation_damps_and_flips_and_lowers_arousal():
    near(negate(GOOD), -0.4, 0.4 - 0.3 * 1.4, -0.1, "sadness")
    near(negate(BAD), 0.3, 0.5 - 0.3 * 1.5, 0.2, "joy")


def test_double_negation_returns_weakened():
    twice = negate(negate(GOOD))
    assert twice.valence == pytest.approx(0.2)
    assert twice.emotion == "joy"


def test_degree_grows_towards_the_end_of_the_scale():
    near(degree(GOOD, 2.0), 1 - 0.2**2, 1 - 0.6**2, 1 - 0.8**2, "joy")
    near(degree(BAD, 0.5), -(1 - 0.4**0.5), 1 - 0.5**0.5, -(1 - 0.6**0.5), "fear")
    assert degree(GOOD, 1.0) == GOOD


def test_exclamation_raises_arousal():
    near(exclaim(BAD), -(1 - 0.4**1.2), 0.5 + 0.3 * 0.5, -(1 - 0.6**1.2), "fear")


def test_question_costs_dominance():
    near(ask(GOOD), 0.72, 0.4 + 0.1 * 0.6, 0.2 - 0.2 * 1.2, "joy")


def test_later_clause_dominates_a_contrast():
    near(contrast(GOOD, BAD), 0.3 * 0.8 - 0.7 * 0.6, 0.3 * 0.4 + 0.7 * 0.5, 0.3 * 0.2 - 0.7 * 0.4, "fear")
    near(contrast(BAD, GOOD), -0.3 * 0.6 + 0.7 * 0.8, 0.3 * 0.5 + 0.7 * 0.4, -0.3 * 0.4 + 0.7 * 0.2, "joy")


def test_main_clause_dominates_a_concession():
    near(concede(GOOD, BAD), 0.2 * 0.8 - 0.8 * 0.6, 0.2 * 0.4 + 0.8 * 0.5, 0.2 * 0.2 - 0.8 * 0.4, "fear")


def test_joined_clauses_are_averaged_and_the_stronger_names_the_emotion():
    near(join(BAD, GOOD), 0.1, 0.45, -0.1, "joy")


def test_what_would_have_been_was_not():
    near(counterfactual(GOOD), -0.48, 0.4 - 0.2 * 1.4, -0.12, "sadness")


def test_other_peoples_feelings_weigh_less():
    near(report(BAD), -0.36, 0.3, -0.24, "fear")


def test_what_used_to_be_is_no_more():
    near(lapse(BAD), 0.24, 0.5 - 0.3 * 1.5, 0.16, "joy")


def test_what_is_to_come_weighs_less():
    near(expect(GOOD), 0.64, 0.4, 0.16, "joy")


def test_now_dominates_then():
    near(shift(BAD, GOOD), -0.2 * 0.6 + 0.8 * 0.8, 0.2 * 0.5 + 0.8 * 0.4, -0.2 * 0.4 + 0.8 * 0.2, "joy")


def test_emoticons_add_to_words_and_speak_for_neutral_ones():
    near(mark(BAD, GOOD), -0.6 * 0.6 + 0.4 * 0.8, 0.6 * 0.5 + 0.4 * 0.4, -0.6 * 0.4 + 0.4 * 0.2, "fear")
    near(mark(NEUTRAL, GOOD), 0.56, 0.28, 0.14, "joy")


@given(affects, affects, st.floats(0.1, 4))
def test_every_rule_stays_on_the_scale(x, y, k):
    for result in (*(rule(x) for rule in UNARY), *(rule(x, y) for rule in BINARY), degree(x, k)):
        assert all(-1 <= value <= 1 for value in result[:3])
        assert result.emotion in EMOTIONS


@given(affects)
def test_rules_that_deny_turn_the_valence_around(x):
    for rule in (negate, counterfactual, lapse):
        denied = rule(x)
        assert denied.valence * x.valence <= 0
        assert abs(denied.valence) <= abs(x.valence)
        assert (denied.emotion, denied.denied) == (x.denied, x.emotion)


@given(affects, st.floats(1.0, 3.0), st.floats(0.0, 0.5))
def test_stronger_degrees_never_weaken(x, k, more):
    assert abs(degree(x, k + more).valence) >= abs(degree(x, k).valence) >= abs(round(x.valence, 4)) - 1e-4
