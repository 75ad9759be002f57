"""Do the 95 % intervals contain the truth in 95 % of simulated evaluation sets?

`python benchmarks/coverage.py [DRAWS]`; the exit code is 1 when a coverage lies outside 93 to 97 %.
"""

import math
import sys
from collections.abc import Callable

import numpy as np

from harness.statistics.bootstrap import seed_p, standard_error
from harness.statistics.differences import Contestant, difference
from harness.statistics.scores import Scored

ROWS, DOCUMENTS = 1000, np.repeat(np.arange(125), 8)  # like EmoBank's test split
SHARES = np.array([0.55, 0.17, 0.14, 0.08, 0.04, 0.02])  # as skewed as GoEmotions
Sample = Callable[[np.random.Generator, int], list[Scored]]


def normal(metric: str, noises: tuple[float, ...], groups: np.ndarray | None = None) -> Sample:
    """Labels, and predictions that are labels plus noise; with groups half of each variance is the document's."""

    def sample(rng: np.random.Generator, count: int) -> list[Scored]:
        parts = rng.normal(size=(count + 1, ROWS))
        if groups is not None:
            parts = math.sqrt(0.5) * (parts + rng.normal(size=(count + 1, groups.max() + 1))[:, groups])
        return [Scored(metric, parts[0], parts[0] + noises[k] * parts[k + 1], groups) for k in range(count)]

    return sample


def classes(metric: str, rights: tuple[float, ...]) -> Sample:
    """Labels in skewed classes; a prediction is right with the given chance, else drawn by the same shares."""

    def sample(rng: np.random.Generator, count: int) -> list[Scored]:
        gold, *guesses = rng.choice(len(SHARES), size=(count + 1, ROWS), p=SHARES)
        predicted = [np.where(rng.random(ROWS) < p, gold, guess) for p, guess in zip(rights, guesses, strict=False)]
        return [Scored(metric, gold, own, None, len(SHARES)) for own in predicted]

    return sample


def main(draws: int = 1000) -> int:
    """Print the table."""
    noise = {good: 1 / math.sqrt(1 + good**2) for good in (1.0, 1.15)}
    right = {good: good + (1 - good) * float((SHARES**2).sum()) for good in (0.6, 0.53)}
    f1 = {good: good + (1 - good) / len(SHARES) for good in (0.6, 0.53)}
    situations: list[tuple[str, Callable[..., Sample], dict[float, float]]] = [
        ("accuracy", lambda *pair: classes("accuracy", pair), right),
        ("macro F1", lambda *pair: classes("macro.f1", pair), f1),
        ("Pearson's r", lambda *pair: normal("pearson", pair), noise),
        ("Pearson's r, by document", lambda *pair: normal("pearson", pair, DOCUMENTS), noise),
    ]
    outside = 0
    for name, make, truths in situations:
        good, worse = truths
        for second in (None, good, worse):
            inside = apart = 0
            for number in range(draws):
                one, *two = make(good, second)(np.random.default_rng([0, number]), 1 if second is None else 2)
                if not two:
                    _, low, high = vars(one.with_intervals([one.metric])[one.metric]).values()
                else:
                    low, high = difference(*(Contestant((model.value,), (model,)) for model in (one, *two)))[1:3]
                inside += low <= truths[second or good] - (truths[good] if two else 0) <= high
                apart += not low <= 0 <= high
            words = f"difference {good}, {second}; excludes 0 {apart / draws:.1%}" if second else "one number"
            print(f"{name}: {inside / draws:.1%} ({words})", flush=True)
            outside += not 0.93 <= inside / draws <= 0.97
    error, inside = math.sqrt(0.21 / ROWS), 0
    for rng in (np.random.default_rng([0, number]) for number in range(draws)):
        values = 0.7 + error * (rng.normal() + rng.normal(size=4))
        inside += seed_p(values.mean() - 0.7, error, [(standard_error(values.tolist()), 3)]) >= 0.05
    print(f"mean accuracy of 4 seeds: {inside / draws:.1%}")
    return int(outside > 0)


if __name__ == "__main__":
    raise SystemExit(main(*map(int, sys.argv[1:2])))
