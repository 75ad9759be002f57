"""The `lexicon` encoder: what a word list with negation and degree rules makes of a text.

Each listed word of a text is a *hit* with valence, arousal and dominance after its modifiers:

- a degree word just before it scales all three (two in a row multiply);
- an odd number of negators among the three tokens before it, in the same clause, turns valence and dominance
  around at half their size, lowers arousal by a quarter, and takes the word's emotions away.

The features sum the hits up per text, for its halves, and for what stands before and after its last contrast
word ("but"), and add counts. Sums run in the order of the text, so that a vector does not depend on the batch.

The affect words and their values (`data/affect_words.tsv`), the word classes and the strengths of the modifiers
(`data/lexicon_words.toml`) were written for this project from general knowledge of English. How far they agree with
VADER's list, which is of the same words, the card says.
"""

import hashlib
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.text_chunks import CountingEncoder
from harness.encoder import EncoderCard

Column = NDArray[np.float64]
Row = tuple[float, float, float, str]

EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")

#: Raised with every change that changes vectors.
VERSION = 1


_COUNTED = (
    *("contrast", "condition", "question_word", "first_person", "second_person", "third_person"),
    *("exclamation", "question", "ellipsis", "comma"),
)

#: Names of the dimensions. Totals are sums over hits divided by the square root of their number, so that long
#: texts stay comparable; numbers of things are log(1 + n).
FEATURES = (
    *("valence_mean", "valence_max", "valence_min", "valence_total", "positive_total", "negative_total"),
    *("arousal_mean", "arousal_max", "arousal_min", "dominance_mean", "dominance_max", "dominance_min"),
    *("valence_unmodified", "valence_first", "valence_last"),
    *("valence_first_half", "valence_second_half", "valence_half_change"),
    *("valence_before_contrast", "valence_after_contrast", "valence_contrast_change"),
    *(f"{emotion}_total" for emotion in EMOTIONS),
    *(f"{emotion}_share" for emotion in EMOTIONS),
    *("hits", "positive_hits", "negative_hits", "negated_hits", "negators", "intensifiers", "downtoners"),
    *_COUNTED,
    *("capital_words", "drawn_out", "mark_valence", "marks", "words", "characters", "token_length", "hit_share"),
)

_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")
_DRAWN_OUT = re.compile(r"([^\W\d_])\1\1")

_NEGATION_REACH = 3

#: What "un-" leaves of a pleasant word's valence.
_UN = -0.6

_TOKEN_WORD = r"[^\W\d_]+(?:'[^\W\d_]+)?"


@dataclass(frozen=True, slots=True)
class Words:
    """The tables, indexed by token id; id 0 is any word that is not listed."""

    ids: dict[str, int]
    affect: NDArray[np.float64]
    """(ids, 3): valence, arousal, dominance."""
    emotions: NDArray[np.float64]
    """(ids, 6): 1 where the word names that emotion."""
    listed: NDArray[np.bool_]
    degree: NDArray[np.float64]
    """Factor on the next word, 1 for most."""
    negator: NDArray[np.bool_]
    boundary: NDArray[np.bool_]
    mark: NDArray[np.bool_]
    word: NDArray[np.bool_]
    classes: dict[str, NDArray[np.bool_]]
    """Word classes that are only counted."""


def affect_file() -> bytes:
    """The bytes of the affect word list."""
    return files("baselines").joinpath("data", "affect_words.tsv").read_bytes()


@cache
def _classes() -> dict[str, Any]:
    """Word classes by name, and the factors of degree words."""
    content = tomllib.loads(files("baselines").joinpath("data", "lexicon_words.toml").read_text("utf-8"))
    degrees = {word: float(factor) for factor, group in content.pop("degrees").items() for word in group.split()}
    marks = content.pop("marks")
    return {**{name: frozenset(group.split()) for name, group in content.items()}, "degrees": degrees, "marks": marks}


def forms(word: str) -> list[str]:
    """Inflected and derived forms of a word, by rule.

    >>> forms("hug")[:5]
    ['hugs', 'hugged', 'hugging', 'hugly', 'hugger']
    >>> forms("happy")[2:]
    ['happying', 'happily', 'happier', 'happiest', 'happiness']
    """
    stem = word
    if re.search(r"[^aeiou]y$", word):
        stem = f"{word[:-1]}i"
        bases = (f"{stem}ed", f"{word}ing", f"{stem}ly", f"{stem}er", f"{stem}est", f"{stem}ness")
        return [f"{stem}es", *bases]
    if word.endswith("e"):
        adverb = f"{word[:-1]}y" if word.endswith("le") else f"{word}ly"
        return [f"{word}s", f"{word}d", f"{word[:-1]}ing", adverb, f"{word}r", f"{word}st", f"{word}ness"]
    if re.fullmatch(r"[^aeiou]*[aeiou][^aeiouwxy]", word):
        stem = word + word[-1]
    plural = f"{word}es" if re.search(r"(s|x|z|ch|sh)$", word) else f"{word}s"
    adverb = f"{word}ally" if word.endswith("ic") else f"{word}ly"
    found = [plural, f"{stem}ed", f"{stem}ing", adverb, f"{stem}er", f"{stem}est", f"{word}ness"]
    if stem == word and re.search(r"[^aeiou][aeiou][^aeiouwxy]$", word):
        # Whether longer words double their last letter depends on the stress: regretted, bothered.
        found += [f"{word}{word[-1]}ed", f"{word}{word[-1]}ing"]
    return found


def _listed() -> dict[str, Row]:
    rows = {}
    for line in affect_file().decode("utf-8").splitlines():
        if not line.startswith("#") and not line.startswith("word\t"):
            word, v, a, d, emotions = line.split("\t")
            rows[word] = (float(v), float(a), float(d), emotions)
    return rows


def _marks() -> dict[str, Row]:
    items = _classes()["marks"].split()
    return {
        items[i]: (int(items[i + 1]) / 100, int(items[i + 2]) / 100, int(items[i + 3]) / 100, items[i + 4])
        for i in range(0, len(items), 5)
    }


def _with_forms(listed: dict[str, Row]) -> dict[str, Row]:
    grown = dict(listed)
    for word, row in listed.items():
        for form in forms(word):
            if form not in _classes()["not_forms"] and len(word) > 2:
                grown.setdefault(form, row)
    for word, (v, a, d, _) in listed.items():
        if v > 0:
            grown.setdefault(f"un{word}", (_UN * v, 0.5 * a, _UN * d, "-"))
    return grown


@cache
def tokens() -> re.Pattern[str]:
    """What counts as a token: words, emoticons, the listed emoji, punctuation."""
    emoji = "".join(mark for mark in _marks() if len(mark) == 1)
    return re.compile(rf"{_TOKEN_WORD}|[:;=][-'^]?[()dpo/|*](?!\w)|<3|[{emoji}]|\.\.\.|[.,;:!?…]")


@cache
def words() -> Words:
    """Read the word list and build the tables (a few hundredths of a second, once per process)."""
    affect = _with_forms(_listed())
    marks = _marks()
    classes = _classes()
    negators, degrees = classes["negators"], classes["degrees"]
    counted = {name: classes[name] for name in _COUNTED}
    modifiers = negators | frozenset(degrees)
    rows = {word: row for word, row in (affect | marks).items() if word not in modifiers}
    others = sorted(modifiers.union(classes["boundaries"], *counted.values()) - rows.keys())
    names = ["", *sorted(rows), *others]
    ids = {name: i for i, name in enumerate(names)}

    def members(group: frozenset[str]) -> NDArray[np.bool_]:
        return np.array([name in group for name in names])

    none = (0.0, 0.0, 0.0, "-")
    return Words(
        ids=ids,
        affect=np.array([rows.get(name, none)[:3] for name in names], dtype=np.float64),
        emotions=np.array(
            [[emotion in rows.get(name, none)[3].split(",") for emotion in EMOTIONS] for name in names],
            dtype=np.float64,
        ),
        listed=members(frozenset(rows)),
        degree=np.array([degrees.get(name, 1.0) for name in names], dtype=np.float64),
        negator=members(negators),
        boundary=members(classes["boundaries"] | classes["ellipsis"] | classes["contrast"]),
        mark=members(frozenset(marks)),
        word=np.array([not name or name[0].isalpha() for name in names]),
        classes={name: members(group) for name, group in counted.items()},
    )


def features(texts: Sequence[str]) -> NDArray[np.float32]:
    """Features of every text.

    Args:
        texts: any strings, a few hundred at a time.

    Returns:
        float32 of shape (len(texts), len(FEATURES)), finite.
    """
    n = len(texts)
    ids, find = words().ids, tokens().findall
    flat: list[int] = []
    lengths: list[int] = []
    for text in texts:
        found = [ids.get(token, 0) for token in find(text.lower().replace("’", "'"))]
        flat += found
        lengths.append(len(found))
    token = np.array(flat, dtype=np.intp)
    length = np.array(lengths, dtype=np.intp)
    surface = np.array(
        [
            (len(text), 0 if text.islower() else len(_CAPITALS.findall(text)), _DRAWN_OUT.search(text) is not None)
            for text in texts
        ],
        dtype=np.float64,
    ).reshape(n, 3)
    columns = _columns(token, length, surface)
    return np.stack([columns[name] for name in FEATURES], axis=1).astype(np.float32)


def _columns(token: NDArray[np.intp], length: NDArray[np.intp], surface: Column) -> dict[str, Column]:

    table = words()
    n = len(length)
    text = np.repeat(np.arange(n), length)
    start = np.cumsum(length) - length

    def count(mask: NDArray[np.bool_]) -> Column:
        return np.bincount(text[mask], minlength=n).astype(np.float64)

    hit = np.flatnonzero(table.listed[token])
    at = text[hit]
    plain = table.affect[token[hit]]
    scale, negated = _modifiers(token, text)
    v, a, d = np.clip(plain * scale[hit, None], -1.0, 1.0).T
    turned = negated[hit]
    v, d = np.where(turned, -0.5 * v, v), np.where(turned, -0.5 * d, d)
    a = np.where(turned, a - 0.25 * (1 + a), a)
    hits = np.bincount(at, minlength=n).astype(np.float64)
    root = np.sqrt(np.maximum(hits, 1.0))

    def total(values: Column, where: NDArray[np.bool_] | None = None) -> Column:
        chosen = values if where is None else np.where(where, values, 0.0)
        return np.bincount(at, weights=chosen, minlength=n).astype(np.float64)

    def mean(values: Column, where: NDArray[np.bool_]) -> Column:
        return total(values, where) / np.maximum(np.bincount(at[where], minlength=n), 1)

    everywhere = np.ones(len(hit), dtype=bool)
    second_half = 2 * (hit - start[at]) >= length[at]
    contrasts = table.classes["contrast"][token]
    passed = np.cumsum(contrasts)
    before = np.concatenate([[0], passed])[start]
    n_contrasts = count(contrasts)
    has_contrast = n_contrasts[at] > 0
    after_contrast = has_contrast & (passed[hit] - before[at] == n_contrasts[at])
    column: dict[str, Column] = {
        "valence_mean": mean(v, everywhere),
        "valence_total": total(v) / root,
        "positive_total": total(v, v > 0) / root,
        "negative_total": total(v, v < 0) / root,
        "arousal_mean": mean(a, everywhere),
        "dominance_mean": mean(d, everywhere),
        "valence_unmodified": mean(plain[:, 0], everywhere),
        "valence_first_half": mean(v, ~second_half),
        "valence_second_half": mean(v, second_half),
        "valence_before_contrast": mean(v, has_contrast & ~after_contrast),
        "valence_after_contrast": mean(v, after_contrast),
        "hits": np.log1p(hits),
        "positive_hits": np.log1p(np.bincount(at[v > 0], minlength=n)),
        "negative_hits": np.log1p(np.bincount(at[v < 0], minlength=n)),
        "negated_hits": np.log1p(np.bincount(at[turned], minlength=n)),
        "negators": np.log1p(count(table.negator[token])),
        "intensifiers": np.log1p(count(table.degree[token] > 1)),
        "downtoners": np.log1p(count(table.degree[token] < 1)),
        **{name: np.log1p(count(table.classes[name][token])) for name in _COUNTED},
        "capital_words": np.log1p(surface[:, 1]),
        "drawn_out": surface[:, 2],
        "mark_valence": mean(v, table.mark[token[hit]]),
        "marks": np.log1p(count(table.mark[token])),
        "words": np.log1p(count(table.word[token])),
        "characters": np.log1p(surface[:, 0]),
        "token_length": np.log1p(surface[:, 0] / np.maximum(length, 1)),
        "hit_share": hits / np.maximum(length, 1),
    }
    column["valence_half_change"] = column["valence_second_half"] - column["valence_first_half"]
    column["valence_contrast_change"] = column["valence_after_contrast"] - column["valence_before_contrast"]

    # Hits lie in the order of the texts: the first of each text begins its run.
    having, first = np.unique(at, return_index=True)
    for name, values in (("valence", v), ("arousal", a), ("dominance", d)):
        for end, ufunc in (("max", np.maximum), ("min", np.minimum)):
            column[f"{name}_{end}"] = np.zeros(n)
            if len(having):
                column[f"{name}_{end}"][having] = ufunc.reduceat(values, first)
    column["valence_first"], column["valence_last"] = np.zeros(n), np.zeros(n)
    column["valence_first"][having] = v[first]
    column["valence_last"][having] = v[first + hits[having].astype(np.intp) - 1]

    named = table.emotions[token[hit]] * (np.abs(v) * ~turned)[:, None]
    strength = np.maximum(total(np.abs(v)), 1e-9)
    for i, emotion in enumerate(EMOTIONS):
        felt = total(named[:, i])
        column[f"{emotion}_total"] = felt / root
        column[f"{emotion}_share"] = np.minimum(felt / strength, 1.0)
    return column


def _modifiers(token: NDArray[np.intp], text: NDArray[np.intp]) -> tuple[Column, NDArray[np.bool_]]:
    """What stands before each token in its clause: the factor on its affect, and whether it is negated."""
    table = words()
    new_text = np.diff(text, prepend=-1) != 0
    clause = np.cumsum(new_text | table.boundary[token])

    def earlier(values: Column, k: int, default: float) -> Column:
        """Values `k` tokens before, the default beyond the clause."""
        shifted = np.full(len(values), default)
        shifted[k:] = np.where(clause[k:] == clause[:-k], values[:-k], default)
        return shifted

    degree = table.degree[token]
    one, two = earlier(degree, 1, 1.0), earlier(degree, 2, 1.0)
    scale = one * np.where(one != 1.0, two, 1.0)
    negators = table.negator[token].astype(np.float64)
    in_reach = sum((earlier(negators, k, 0.0) for k in range(1, _NEGATION_REACH + 1)), np.zeros(len(token)))
    return scale, in_reach % 2 == 1


class Lexicon(CountingEncoder):
    """A floor for affect: 58 features of a text's listed words (`FEATURES`).

    An encoder that does not beat it has not learned more about affect than a word list says.

    Args:
        max_length: number of words after which a text is cut; None takes the whole text.

    >>> vector = Lexicon().encode(["not a happy ending"])[0]
    >>> len(vector), bool(vector[0] < 0)
    (58, True)
    """

    card = EncoderCard(
        name="lexicon",
        family="floor",
        title="Lexicon",
        weights="this distribution, baselines/data/affect_words.tsv",
        dimensions=58,
        training_data=("authored:emotion-corpora",),
        training_notes="Nothing is fitted; the word values are this project's own judgement, made with the six "
        "evaluated emotions in view: it is no clean model of them.",
        licence="MIT, as this distribution",
        citation="affectbench, baselines/lexicon.py",
        notes="Affect words with negation, degree and contrast rules, and counts. 1,051 of its 1,447 words stand in "
        "VADER's list too, with valences that correlate at .97: on ratings that came with VADER it is no stranger.",
    )

    @cached_property
    def fingerprint(self) -> str:
        """Digest of the word list, the version of the code and the options."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(f"lexicon/{VERSION}/{self.max_length}/".encode())
        digest.update(affect_file())
        return digest.hexdigest()

    def vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """The features of a few hundred texts, float32 (len(texts), 58); see `features`."""
        return features(texts)
