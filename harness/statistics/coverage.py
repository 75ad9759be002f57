"""Do the intervals hold what they promise? Simulated data whose truth is known, the harness's own intervals on them.

    python -m harness.statistics.coverage [--draws 1000] [--seed 0]

Every line is one situation: how often the 95 % interval of each simulated evaluation set contains the truth. The
difference of a model and an equally good copy must be told from zero in 5 % of the sets at most; that of a noisier
copy in as many as the interval says, since being told apart is defined by the interval.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from harness.statistics.paired import Contestant, Difference, difference
from harness.statistics.scores import Scored
from harness.statistics.seeds import seed_interval, standard_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.random import Generator
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Groups = NDArray[np.generic] | None

#: Simulated evaluation sets, as the project's own criterion has it, and the bounds of that criterion.
DRAWS = 1000
LOWEST, HIGHEST = 0.93, 0.97

#: Sizes like those of the smallest evaluation set: EmoBank's test has 1,000 rows, and its documents are 136.
ROWS = 1000
DOCUMENTS, DOCUMENT_ROWS = 125, 8
SEEDS = 4


@dataclass(frozen=True)
class Line:
    """One simulated situation."""

    name: str
    covered: float
    """Share of the intervals that contain the truth."""
    separated: float | None = None
    """Share of the sets in which the interval excludes zero; None where no difference is looked at."""
    rejected: float | None = None
    """Share of the sets in which the test's p-value is below 5 %."""
    agree: float | None = None
    """Share of the sets in which interval and test say the same."""


def _score(metric: str, gold: NDArray[np.generic], predicted: NDArray[np.generic], groups: Groups = None) -> Scored:
    return Scored(metric, gold, predicted, groups, classes=0 if metric in ("pearson", "mae") else int(gold.max()) + 1)


Sample = Callable[["Generator"], Iterator["Scored"]]


def _normal(metric: str, *noises: float, documents: bool = False) -> Sample:
    """Labels and predictions: labels plus noise of the given deviations, by row or with a part by document."""

    def sample(rng: Generator) -> Iterator[Scored]:
        import numpy as np

        n = DOCUMENTS * DOCUMENT_ROWS if documents else ROWS
        groups = np.repeat(np.arange(DOCUMENTS), DOCUMENT_ROWS) if documents else None

        def noise() -> Floats:
            if groups is None:
                return rng.normal(size=n)
            return math.sqrt(0.5) * (rng.normal(size=DOCUMENTS)[groups] + rng.normal(size=n))

        gold = noise()
        for deviation in noises:
            yield _score(metric, gold, gold + deviation * noise(), groups)

    return sample


#: Shares of the classes in the simulated emotion task: skewed, as in GoEmotions.
_SHARES = (0.55, 0.17, 0.14, 0.08, 0.04, 0.02)


def _classes(metric: str, *rights: float) -> Sample:
    """Labels in skewed classes; predictions are right with the given chances, else drawn by the same shares."""

    def sample(rng: Generator) -> Iterator[Scored]:
        import numpy as np

        gold = rng.choice(len(_SHARES), size=ROWS, p=_SHARES)
        for right in rights:
            guess = rng.choice(len(_SHARES), size=ROWS, p=_SHARES)
            yield _score(metric, gold, np.where(rng.random(ROWS) < right, gold, guess))

    return sample


def _pearson(noise: float) -> float:
    return 1 / math.sqrt(1 + noise**2)


def _accuracy(right: float) -> float:
    return right + (1 - right) * sum(share**2 for share in _SHARES)


def _macro_f1(right: float) -> float:
    """Precision and recall of a class of share s are both right + (1 − right)·s."""
    return sum(right + (1 - right) * share for share in _SHARES) / len(_SHARES)


def _mae(noise: float) -> float:
    return noise * math.sqrt(2 / math.pi)


def single(name: str, sample: Sample, truth: float, draws: int, seed: int) -> Line:
    """Coverage of the interval of one number."""
    import numpy as np

    inside = 0
    for number in range(draws):
        score = next(sample(np.random.default_rng([seed, number])))
        interval = score.interval_of(score.value, score.draws())
        inside += not interval.excludes(truth)
    return Line(name, inside / draws)


def pair(name: str, sample: Sample, truth: float, draws: int, seed: int) -> Line:
    """Coverage of the interval of a difference, and how often interval and test tell the two apart."""
    import numpy as np

    found: list[Difference] = []
    for number in range(draws):
        first, second = (Contestant(s.value, (s,)) for s in sample(np.random.default_rng([seed, number])))
        found.append(difference(first, second))
    inside = sum(one.low <= truth <= one.high for one in found)
    separated = sum(one.separated for one in found)
    rejected = sum(one.p < 0.05 for one in found)
    agree = sum(one.separated == (one.p < 0.05) for one in found)
    return Line(name, inside / draws, separated / draws, rejected / draws, agree / draws)


def seeds(name: str, draws: int, seed: int) -> Line:
    """Coverage of the interval of a mean over seeds: accuracy, seeds that differ as much as samples of rows do."""
    import numpy as np

    truth, inside = 0.7, 0
    error = math.sqrt(truth * (1 - truth) / ROWS)
    for number in range(draws):
        rng = np.random.default_rng([seed, number])
        values = truth + error * rng.normal() + error * rng.normal(size=SEEDS)
        interval = seed_interval(float(values.mean()), error, [(standard_error(list(values)), SEEDS - 1)])
        inside += not interval.excludes(truth)
    return Line(name, inside / draws)


def simulate(draws: int = DRAWS, seed: int = 0) -> Iterator[Line]:
    """Every situation in turn.

    Args:
        draws: simulated evaluation sets of each.
        seed: of the simulation; the bootstrap's own seed is the harness's.
    """
    yield single("accuracy", _classes("accuracy", 0.6), _accuracy(0.6), draws, seed)
    yield single("macro F1 (BCa)", _classes("macro.f1", 0.6), _macro_f1(0.6), draws, seed)
    yield single("Pearson's r", _normal("pearson", 1.0), _pearson(1.0), draws, seed)
    yield single("MAE", _normal("mae", 1.0), _mae(1.0), draws, seed)
    yield single("Pearson's r, by document", _normal("pearson", 1.0, documents=True), _pearson(1.0), draws, seed)
    yield seeds(f"mean accuracy of {SEEDS} seeds", draws, seed)
    for metric, sampler, truth, good, worse in (
        ("accuracy", _classes, _accuracy, 0.6, 0.53),
        ("macro F1", _classes, _macro_f1, 0.6, 0.53),
        ("Pearson's r", _normal, _pearson, 1.0, 1.15),
        ("Pearson's r, by document", lambda m, *x: _normal(m, *x, documents=True), _pearson, 1.0, 1.15),
    ):
        key = {"accuracy": "accuracy", "macro F1": "macro.f1"}.get(metric, "pearson")
        for other, words in ((good, "an equal copy"), (worse, "a noisier copy")):
            apart = truth(other) - truth(good)
            yield pair(f"{metric}: difference to {words}", sampler(key, good, other), apart, draws, seed)


def show(lines: Iterator[Line]) -> Iterator[str]:
    """A Markdown table, line by line."""
    yield "| situation | 95 % interval contains the truth | interval excludes 0 | p < 0.05 | interval and test agree |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for line in lines:
        more = ("" if share is None else f"{share:.1%}" for share in (line.separated, line.rejected, line.agree))
        yield f"| {line.name} | {line.covered:.1%} | {' | '.join(more)} |"


def main() -> int:
    """Print the table; the exit code is 1 when a coverage lies outside 93 to 97 %."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--draws", type=int, default=DRAWS, help="simulated evaluation sets of each situation")
    parser.add_argument("--seed", type=int, default=0, help="of the simulation")
    asked = parser.parse_args()
    covered: list[float] = []

    def watched() -> Iterator[Line]:
        for line in simulate(asked.draws, asked.seed):
            covered.append(line.covered)
            yield line

    for text in show(watched()):
        print(text, flush=True)
    return int(not all(LOWEST <= share <= HIGHEST for share in covered))


if __name__ == "__main__":
    raise SystemExit(main())
