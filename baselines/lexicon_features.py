"""The features of the `lexicon` encoder, computed for many texts at once.

Each listed word of a text is a *hit* with valence, arousal and dominance after its modifiers:

- a degree word just before it scales all three (two in a row multiply);
- an odd number of negators among the three tokens before it, in the same clause, turns valence and dominance
  around at half their size, lowers arousal by a quarter, and takes the word's emotions away.

The features sum the hits up per text, for its halves, and for what stands before and after its last contrast
word ("but"), and add counts. Sums run in the order of the text, so that a vector does not depend on the batch.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from baselines.lexicon_words import EMOTIONS, tokens, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Column = NDArray[np.float64]

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


def features(texts: Sequence[str]) -> NDArray[np.float32]:
    """Features of every text.

    Args:
        texts: any strings, a few hundred at a time.

    Returns:
        float32 of shape (len(texts), len(FEATURES)), finite.
    """
    import numpy as np

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
    import numpy as np

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
    import numpy as np

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
