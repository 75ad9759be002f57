"""Diagnostics on minimal pairs: does the regressed valence move the right way when one thing in a text changes?

A ridge probe learns valence from rated tweets and sentences of editorials and product reviews, and predicts it for both
texts of each pair (`minimal_pairs.tsv`): a statement and its denial, the same with an intensifier or a downtoner, two
clauses around "but" in either order, and edits that should change nothing. Half of the pairs begin pleasant and half
unpleasant, so a bag of words, for which "not" is as good or bad after any word, is right on half of them.

- `directed.accuracy`: share of the pairs with a direction whose predicted valence moves that way; chance is one half,
  and no movement at all counts as wrong. Its parts are `negation.accuracy`, `intensity.accuracy`, `contrast.accuracy`.
- `irrelevant.shift`: mean |change| under edits without meaning, in standard deviations of the predictions over the
  texts of all pairs; 0 is best, two unrelated texts differ by about 1.1.
"""

import csv
from dataclasses import dataclass
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.corpora.base import CorpusLibrary
from harness.outcome import Outcome
from harness.tasks.base import RATINGS, Prepared, Task, combined_fingerprint, mean_metric, ratings_suite
from harness.tasks.transfer import ridge
from harness.tasks.valence_arousal import scaled

_DIRECTED = ("negation", "intensity", "contrast")


class MinimalPair(NamedTuple):
    """Two texts that differ in one respect."""

    base: str
    edited: str
    kind: str
    """`negation`: a statement and its denial; `intensity`: with an intensifier or a downtoner; `contrast`: the clauses
    around "but" change places; `irrelevant`: another thing, day or addressee."""
    direction: int
    """Sign of the change in valence from `base` to `edited`: 1, -1, or 0 for none."""


def minimal_pairs() -> tuple[MinimalPair, ...]:
    """Sixty pairs of each kind, half with a pleasant and half with an unpleasant base (contrast: first clause).

    >>> minimal_pairs()[0]
    MinimalPair(base='The mechanic was witty.', edited='The mechanic was not witty.', kind='negation', direction=-1)
    """
    lines = files(__package__).joinpath("minimal_pairs.tsv").read_text("utf-8").splitlines()
    _, *rows = csv.reader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(MinimalPair(base, edited, kind, int(direction)) for base, edited, kind, direction in rows)


@dataclass(frozen=True, kw_only=True)
class MinimalPairs(Task):
    """The pairs, scored by a probe that learned from `corpora`."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load the rated texts; see `Task.prepare`."""
        rated = [library.load(corpus, "all") for corpus in self.corpora]
        valence = np.concatenate([scaled(examples, ("valence",)) for examples in rated])
        pairs = minimal_pairs()
        kinds = np.array([pair.kind for pair in pairs])
        wanted = np.array([pair.direction for pair in pairs])

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            fit, details = ridge(embeddings[: len(valence)], valence)
            base, edited = fit.predict(embeddings[len(valence) :]).reshape(2, len(pairs))
            change = edited - base
            # Equal vectors differ by the rounding of their products, which is no movement.
            change[np.abs(change) < 1e-9] = 0.0
            right = (np.sign(change) == wanted).astype(np.float64)
            metrics = {"directed.accuracy": mean_metric(right[wanted != 0])}
            metrics |= {f"{kind}.accuracy": mean_metric(right[kinds == kind]) for kind in _DIRECTED}
            spread = float(np.std([base, edited]))
            metrics["irrelevant.shift"] = mean_metric(np.abs(change[kinds == "irrelevant"]) / (spread or 1.0))
            predictions = {"base": base.astype(np.float32), "edited": edited.astype(np.float32)}
            return Outcome(
                metrics=metrics,
                details={**details, "spread": spread},
                predictions={"direction": wanted.astype(np.int8), **predictions},
                counts={"train": len(valence), "pairs": len(pairs)},
            )

        texts = [text for examples in rated for text in examples.texts]
        return Prepared(
            texts=(*texts, *(pair.base for pair in pairs), *(pair.edited for pair in pairs)),
            fingerprint=combined_fingerprint(self.protocol, *rated, *map(repr, pairs)),
            score=score,
            scored=2 * len(pairs),
        )


def variants() -> list[Task]:
    """The one task of this family."""
    return [
        MinimalPairs(
            name="diagnostics",
            corpus="minimal-pairs",
            protocol="ridge-from-ratings/1",
            split="test",
            metrics=("directed.accuracy", *(f"{kind}.accuracy" for kind in _DIRECTED), "irrelevant.shift"),
            corpora=tuple(corpus for corpus in RATINGS if ratings_suite(corpus) == "quick"),
            summary="minimal pairs: does valence follow negation, intensity and contrast, and nothing else?",
            source="affectbench, harness/tasks/minimal_pairs.tsv; made-up sentences",
        )
    ]
