"""Results of a few made-up models on the paper's tasks, with predictions, for everything that shows results."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.contamination import judge
from harness.outcome import Metric
from harness.record import Failure, ModelFacts, Record, ResultStore
from harness.statistics.scores import metrics_of

#: Names that break what does not escape: markup, LaTeX, formulas, right-to-left, emoji, separators of lines.
HOSTILE = (
    "</script><img src=x onerror=alert(1)> a_b & 50 % $x^2 \\input{y} \u05e9\u05dc\u05d5\u05dd \U0001f600 \u2028#~"
)

EMOTIONS = ("anger", "disgust", "fear", "joy", "sadness", "surprise")

_MODELS: tuple[tuple[dict[str, Any], float], ...] = (
    ({"name": "lexicon", "title": "Lexicon", "family": "floor"}, 1.2),
    ({"name": "bert", "title": "BERT", "family": "bert", "parameters": 109_482_240}, 0.9),
    ({"name": "evil", "title": HOSTILE, "family": HOSTILE, "parameters": 22_000_000}, 0.6),
)
_TRAINING = {"evil": None, "bert": (), "lexicon": ()}

_ROWS = 120


def _regression(noise: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    found = {}
    for name, seed in (("valence", 1), ("arousal", 2)):
        gold = np.random.default_rng(seed).normal(0, 0.3, _ROWS)
        found[f"{name}.gold"] = gold.astype(np.float32)
        found[f"{name}.predicted"] = (0.5 * gold + 0.3 * noise * rng.normal(0, 0.3, _ROWS)).astype(np.float32)
    return found


def _classes(count: int, noise: float, rng: np.random.Generator) -> dict[str, np.ndarray]:
    gold = np.random.default_rng(3).integers(count, size=_ROWS)
    wrong = rng.random(_ROWS) < 0.4 * noise
    predicted = np.where(wrong, rng.integers(count, size=_ROWS), gold)
    return {"gold": gold.astype(np.int8), "predicted": predicted.astype(np.int8)}


_VALENCE = tuple(f"{d}.{m}" for d in ("valence", "arousal") for m in ("pearson", "spearman", "mae"))
_MACRO = ("accuracy", "macro.f1", "macro.precision", "macro.recall")


def _units(
    noise: float, rng: np.random.Generator
) -> list[tuple[str, str, dict[str, np.ndarray], Mapping[str, Metric]]]:
    """(task id, split, predictions, metrics) of a model."""
    found: list[tuple[str, str, dict[str, np.ndarray], Mapping[str, Metric]]] = []
    for corpus, protocol, split in (("emobank", "official/1", "test"), ("facebook", "kfold10/1", "cv10")):
        arrays = _regression(noise, rng)
        found.append((f"valence-arousal/{corpus}/{protocol}", split, arrays, metrics_of(arrays, _VALENCE)))
    for corpus, count in (("mr", 2), ("sst5", 5)):
        arrays = _classes(count, noise, rng)
        found.append((f"polarity/{corpus}/senteval-lr/1", "test", arrays, metrics_of(arrays, ("accuracy",))))
    arrays = _classes(6, noise, rng)
    found.append(("emotion/goemotions/ekman6-mapped/1", "test", arrays, metrics_of(arrays, _MACRO)))
    numbers = {"separation": 0.3 - noise / 5, "alignment": noise, "uniformity": -noise, "effective_rank": 20 * noise}
    geometry = {name: Metric(value) for name, value in numbers.items()}
    found.append(("geometry/goemotions/ekman6-mapped/1", "test", {}, geometry))
    return found


def fill(store: ResultStore) -> ResultStore:
    """Save the records of all models; one more has no weights."""
    for number, (facts, noise) in enumerate(_MODELS):
        rng = np.random.default_rng(number)
        for task_id, split, arrays, metrics in _units(noise, rng):
            task, corpus, protocol = task_id.split("/", 2)
            record = Record(
                model=ModelFacts(**facts, fingerprint=f"f{number}", pooling="cls", dtype="float32", licence="MIT"),
                task=task,
                corpus=corpus,
                protocol=protocol,
                split=split,
                seed=0,
                status="ok",
                data=f"d-{task_id}",
                metrics=metrics,
                details={"classes": list(EMOTIONS)} if task == "emotion" else {},
                contamination=judge(_TRAINING[facts["name"]], corpus),
                timings={"encode": 2.0 + number, "score": 0.1, "texts_encoded": 400.0},
                environment={"python": "3.11", "device": "cpu", "torch": HOSTILE},
                created="2026-01-02T03:04:05+00:00",
            )
            store.save(record, arrays)
    missing = Failure(kind="WeightsMissing", message=f"no weights {HOSTILE}")
    for task_id in ("polarity/mr/senteval-lr/1", "polarity/sst5/senteval-lr/1"):
        task, corpus, protocol = task_id.split("/", 2)
        store.save(
            Record(
                model=ModelFacts(name="sentix", title="SentiX", family="bert"),
                task=task,
                corpus=corpus,
                protocol=protocol,
                split="test",
                seed=0,
                status="weights-missing",
                contamination=judge((), corpus),
                failure=missing,
            )
        )
    return store


@pytest.fixture(scope="session")
def small_results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A results directory that no test may change."""
    return fill(ResultStore(tmp_path_factory.mktemp("small-results"))).directory


@pytest.fixture(scope="session")
def hostile() -> str:
    """A model's title that is no good title."""
    return HOSTILE
