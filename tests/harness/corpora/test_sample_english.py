"""Articles, verb forms and tenses of the embedded corpus."""

from __future__ import annotations

import pytest

from harness.corpora.sample_english import BE, FEEL, Clause, Noun, article, capitalised, verb
from harness.corpora.sample_semantics import Affect, degree, negate

BLAND = Affect(-0.4, -0.4, -0.1, "sadness", "joy")
PROUD = Affect(0.7, 0.3, 0.6, "joy", "sadness")


def quality(noun: Noun) -> Clause:
    return Clause(noun.the, noun.number, BE, "bland", BLAND, noun, "bland")


SOUP = quality(Noun("the soup", "s"))
NOODLES = quality(Noun("the noodles", "p"))
TEA = quality(Noun("the tea", "m"))
FEELING = Clause("I", "I", FEEL, "proud of it", PROUD, Noun("the plan", "s"), "proud")
BEING = Clause("I", "I", BE, "proud of it", PROUD, Noun("the plan", "s"), "proud")
HATING = Clause("I", "I", verb("hate"), "the soup", BLAND)
GIVING = Clause("my boss", "s", verb("give gave given"), "me a raise", PROUD)


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [
        ("tale", "a tale"),
        ("odd tale", "an odd tale"),
        ("honest man", "an honest man"),
        ("unique day", "a unique day"),
        ("useless drill", "a useless drill"),
        ("unfair exam", "an unfair exam"),
        ("uplifting song", "an uplifting song"),
        ("one-day trip", "a one-day trip"),
    ],
)
def test_article(phrase, expected):
    assert article(phrase) == expected


@pytest.mark.parametrize(
    ("forms", "third", "past", "participle"),
    [
        ("cry", "cries", "cried", "cried"),
        ("play", "plays", "played", "played"),
        ("hate", "hates", "hated", "hated"),
        ("miss", "misses", "missed", "missed"),
        ("go went gone", "goes", "went", "gone"),
        ("catch caught caught", "catches", "caught", "caught"),
    ],
)
def test_verb_forms(forms, third, past, participle):
    found = verb(forms)
    assert (found.third, found.past, found.participle) == (third, past, participle)


@pytest.mark.parametrize(
    ("form", "soup", "noodles", "feeling", "giving"),
    [
        ("past", "the soup was bland", "the noodles were bland", "I felt proud of it", "my boss gave me a raise"),
        ("present", "the soup is bland", "the noodles are bland", "I feel proud of it", "my boss gives me a raise"),
        (
            "past_not",
            "the soup was not bland",
            "the noodles were not bland",
            "I did not feel proud of it",
            "my boss did not give me a raise",
        ),
        (
            "past_nt",
            "the soup wasn't bland",
            "the noodles weren't bland",
            "I didn't feel proud of it",
            "my boss didn't give me a raise",
        ),
        (
            "present_nt",
            "the soup isn't bland",
            "the noodles aren't bland",
            "I don't feel proud of it",
            "my boss doesn't give me a raise",
        ),
        (
            "had",
            "the soup had been bland",
            "the noodles had been bland",
            "I had felt proud of it",
            "my boss had given me a raise",
        ),
        (
            "would_have",
            "the soup would have been bland",
            "the noodles would have been bland",
            "I would have felt proud of it",
            "my boss would have given me a raise",
        ),
        (
            "will",
            "the soup will be bland",
            "the noodles will be bland",
            "I will feel proud of it",
            "my boss will give me a raise",
        ),
        (
            "asks",
            "was the soup bland",
            "were the noodles bland",
            "did I feel proud of it",
            "did my boss give me a raise",
        ),
        (
            "asks_not",
            "wasn't the soup bland",
            "weren't the noodles bland",
            "didn't I feel proud of it",
            "didn't my boss give me a raise",
        ),
        (
            "never",
            "the soup was never bland",
            "the noodles were never bland",
            "I never felt proud of it",
            "my boss never gave me a raise",
        ),
    ],
)
def test_tenses(form, soup, noodles, feeling, giving):
    assert [getattr(clause, form) for clause in (SOUP, NOODLES, FEELING, GIVING)] == [soup, noodles, feeling, giving]


def test_first_person_of_to_be():
    assert (BEING.present, BEING.present_nt, BEING.past) == (
        "I am proud of it",
        "I'm not proud of it",
        "I was proud of it",
    )


def test_degree_words_stand_before_the_complement_or_the_verb():
    assert SOUP.graded("very", 1.5).past == "the soup was very bland"
    assert HATING.graded("really", 1.5).past == "I really hated the soup"
    assert FEELING.graded("quite", 0.85).past_nt == "I didn't feel quite proud of it"
    assert SOUP.graded("very", 1.5).affect == degree(BLAND, 1.5)


def test_a_denied_clause_says_so_and_means_it():
    assert SOUP.denied().past == "the soup was not bland"
    assert SOUP.denied().present == "the soup is not bland"
    assert HATING.denied().past == "I did not hate the soup"
    assert SOUP.denied().affect == negate(BLAND)


def test_kinds_take_an_article_only_when_they_can_be_counted():
    assert [clause.a_thing for clause in (SOUP, NOODLES, TEA)] == ["a bland soup", "bland noodles", "bland tea"]
    assert [clause.it for clause in (SOUP, NOODLES, TEA)] == ["it", "they", "it"]


def test_every_sentence_begins_with_a_capital():
    assert capitalised("the soup? bland. not a bit! why") == "The soup? Bland. Not a bit! Why"
