"""Cross-corpus transfer: a valence-arousal probe of one corpus, tested on another.

From EmoBank's training split to all Facebook posts and all EmoTales sentences, and from each of those back to
EmoBank's test split; and between the four domains of the rating corpora. A probe that learned what a corpus is about,
and not what a text expresses, falls here. Labels of both corpora are scaled to [−1, 1] from the ends of each
annotation scale, so that 1 to 5 and 1 to 9 mean the same; correlations do not depend on it, errors do.

Two probes under two names: `least-squares-from-…`, the probe of `valence-arousal`, and `ridge-from-…`, whose penalty
is chosen by ten folds of the source. With EmoTales' 1,395 rows and 768 dimensions the first has hardly two rows for a
weight: read the second there. EmoBank with Affective Text is left out: EmoBank contains it.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import probes
from harness.corpora.base import CorpusLibrary
from harness.metrics import REGRESSION
from harness.outcome import Outcome
from harness.tasks.base import RATINGS, Prepared, Task, combined_fingerprint, fit_facts, folds, ratings_suite
from harness.tasks.valence_arousal import DIMENSIONS, regression_outcome, scaled

#: Penalties of the ridge, in shares of the features' mean variance times the rows: free of the vectors' scale.
PENALTIES = tuple(10.0**power for power in range(-8, 4))


def ridge(X: NDArray[np.float32], Y: NDArray[np.float64]) -> tuple[probes.linear.Linear, dict[str, Any]]:
    """The ridge whose penalty has the least mean squared error over folds of the rows, and the facts of the choice."""
    penalties = [share * probes.linear.penalty_unit(X) for share in PENALTIES]
    errors = ((probes.linear.cross_predict(X, Y, folds(len(X)), penalties) - Y) ** 2).mean(axis=(1, 2))
    best = int(np.argmin(errors))
    (fit,) = probes.linear.fit(X, Y, [penalties[best]])
    facts = fit_facts("penalty_share", [PENALTIES[best]], PENALTIES)
    return fit, {"probe": "ridge", **facts, "source_errors": errors.tolist()}


@dataclass(frozen=True, kw_only=True)
class Transfer(Task):
    """One source, one target, one probe."""

    source_corpus: str
    dimensions: tuple[str, ...]
    probe: str
    """`least-squares` or `ridge`."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Load source and target; see `Task.prepare`."""
        source = library.load(self.source_corpus, _split(self.source_corpus, "train"))
        target = library.load(self.corpus, _split(self.corpus, "test"))
        first = len(source)
        Y, gold = (scaled(examples, self.dimensions) for examples in (source, target))

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            X, asked = embeddings[:first], embeddings[first:]
            if self.probe == "ridge":
                fit, details = ridge(X, Y)
            else:
                (fit,) = probes.linear.fit(X, Y)
                details = {"probe": "ordinary least squares with intercept", "rank": fit.rank}
            return regression_outcome(self.dimensions, gold, fit.predict(asked), target.groups, details, first)

        return Prepared(
            texts=(*source.texts, *target.texts),
            fingerprint=combined_fingerprint(self.protocol, ",".join(self.dimensions), source, target),
            score=score,
            scored=len(target),
        )


def _split(corpus: str, wanted: str) -> str:
    return wanted if corpus == "emobank" else "all"


def variants() -> list[Task]:
    """The tasks of this family."""
    titles = {"emobank": "EmoBank", "facebook": "Facebook posts", "emotales": "EmoTales", **RATINGS}
    pairs = ("emobank", "facebook"), ("emobank", "emotales"), ("facebook", "emobank"), ("emotales", "emobank")
    stated: list[tuple[str, str, tuple[str, ...], str]] = [
        (source, corpus, DIMENSIONS[:2] if "facebook" in (source, corpus) else DIMENSIONS, probe)
        for source, corpus in pairs
        for probe in ("least-squares", "ridge")
    ]
    stated += [(source, corpus, DIMENSIONS[:1], "ridge") for source, corpus in permutations(RATINGS, 2)]
    return [
        Transfer(
            name="transfer",
            corpus=corpus,
            protocol=f"{probe}-from-{source}/1",
            split=_split(corpus, "test"),
            metrics=tuple(f"{dimension}.{number}" for dimension in dimensions for number in REGRESSION),
            suites=(ratings_suite(source, corpus),),
            summary=f"the probe of {titles[source]} on {titles[corpus]}, {probe.replace('-', ' ')}",
            source="Son et al. 2025 (arXiv:2502.20613), equation (12) for the scales",
            corpora=(source, corpus),
            source_corpus=source,
            dimensions=dimensions,
            probe=probe,
        )
        for source, corpus, dimensions, probe in stated
    ]
