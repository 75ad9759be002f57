"""Diagnostics on minimal pairs: does the regressed valence move the right way when one thing in a text changes?

A ridge probe learns valence from the training sentences of the embedded sample and predicts it for both texts of each
pair (`harness.corpora.sample`): a statement and its denial, the same with an intensifier or a downtoner, two
clauses around "but" in either order, and edits that should change nothing. No content word of a pair occurs in the
training sentences, so a bag of words has nothing to go by, and an encoder has to bring the words with it.

- `directed.accuracy`: share of the pairs with a direction whose predicted valence moves that way; chance is one half,
  and no movement at all counts as wrong. Its parts are `negation.accuracy`, `intensity.accuracy`, `contrast.accuracy`.
- `irrelevant.shift`: mean |change| under edits without meaning, in standard deviations of the predictions over the
  texts of all pairs; 0 is best, two unrelated texts differ by about 1.1.

The penalty is chosen on the development sentences, whose words are again others, by squared error.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from harness import probes
from harness.corpora.sample import minimal_pairs
from harness.outcome import Outcome
from harness.tasks.base import Prepared, Task, combined_fingerprint, fit_facts, mean_metric
from harness.tasks.transfer import PENALTIES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary

_DIRECTED = ("negation", "intensity", "contrast")


@dataclass(frozen=True, kw_only=True)
class MinimalPairs(Task):
    """The pairs of the embedded sample."""

    def prepare(self, library: CorpusLibrary) -> Prepared:
        """Compose the sentences; see `Task.prepare`."""
        train, dev = (library.load(self.corpus, split) for split in ("train", "dev"))
        pairs = minimal_pairs()
        kinds = np.array([pair.kind for pair in pairs])
        wanted = np.array([pair.direction for pair in pairs])
        first, second = len(train), len(train) + len(dev)

        def score(embeddings: NDArray[np.float32], _seed: int) -> Outcome:
            X, unit = embeddings[:first], probes.linear.penalty_unit(embeddings[:first])
            valence = np.asarray(train.labels["valence"], dtype=np.float64)
            path = probes.linear.ridge_path(X, valence, [share * unit for share in PENALTIES])
            guesses = np.concatenate([fit.predict(embeddings[first:]) for fit in path], axis=1)
            errors = ((guesses[: second - first] - np.asarray(dev.labels["valence"])[:, None]) ** 2).mean(axis=0)
            best = int(np.argmin(errors))
            base, edited = guesses[second - first :, best].reshape(2, len(pairs))
            change = edited - base
            # Equal vectors differ by the rounding of their products, which is no movement.
            change[np.abs(change) < 1e-9] = 0.0
            right = (np.sign(change) == wanted).astype(np.float64)
            metrics = {"directed.accuracy": mean_metric(right[wanted != 0])}
            for kind in _DIRECTED:
                metrics[f"{kind}.accuracy"] = mean_metric(right[kinds == kind])
            spread = float(np.std(np.concatenate([base, edited])))
            shifts = np.abs(change[kinds == "irrelevant"]) / (spread or 1.0)
            metrics["irrelevant.shift"] = mean_metric(shifts)
            return Outcome(
                metrics=metrics,
                details={
                    **fit_facts("penalty_share", [PENALTIES[best]], PENALTIES),
                    "development_errors": errors.tolist(),
                    "spread": spread,
                },
                predictions={
                    "direction": wanted.astype(np.int8),
                    "base": base.astype(np.float32),
                    "edited": edited.astype(np.float32),
                },
                counts={"train": first, "dev": second - first, "pairs": len(pairs)},
            )

        texts = (*train.texts, *dev.texts, *(pair.base for pair in pairs), *(pair.edited for pair in pairs))
        return Prepared(
            texts=texts,
            fingerprint=combined_fingerprint(self.protocol, train, dev, *map(repr, pairs)),
            score=score,
            scored=2 * len(pairs),
        )


def variants() -> list[Task]:
    """The one task of this family."""
    return [
        MinimalPairs(
            name="diagnostics",
            corpus="sample",
            protocol="minimal-pairs/1",
            split="test",
            metrics=("directed.accuracy", *(f"{kind}.accuracy" for kind in _DIRECTED), "irrelevant.shift"),
            summary="minimal pairs: does valence follow negation, intensity and contrast, and nothing else?",
            source="affectbench, harness/corpora/sample.py; made-up sentences",
        )
    ]
