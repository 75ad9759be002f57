from collections.abc import Callable, Mapping
from typing import Any

import pytest

from harness.contamination import judge
from harness.outcome import Metric
from harness.record import Failure, ModelFacts, Record

MakeRecord = Callable[..., Record]


def make_record(
    model: str = "bert",
    task: str = "polarity/mr/senteval-lr/1",
    metrics: Mapping[str, float | Metric] | None = None,
    *,
    status: str = "ok",
    seed: int = 0,
    family: str = "bert",
    title: str = "",
    base: str | None = None,
    pooling: str | None = None,
    parameters: int | None = None,
    fingerprint: str = "f",
    data: str = "d",
    training: tuple[str, ...] | None = (),
    details: Mapping[str, Any] | None = None,
    split: str = "cv10",
) -> Record:
    """A made-up record; accuracy 0.8 unless metrics are given."""
    name, corpus, protocol = task.split("/", 2)
    numbers = {"accuracy": 0.8} if metrics is None else metrics
    ok = status == "ok"
    return Record(
        model=ModelFacts(
            name=model,
            title=title,
            family=family,
            base=base,
            pooling=pooling,
            parameters=parameters,
            fingerprint=fingerprint if ok else "",
        ),
        task=name,
        corpus=corpus,
        protocol=protocol,
        split=split,
        seed=seed,
        status=status,
        data=data,
        metrics={k: v if isinstance(v, Metric) else Metric(v) for k, v in numbers.items()} if ok else {},
        details=details or {},
        contamination=judge(training, corpus),
        failure=None if ok else Failure(kind="Error", message="it did not work"),
    )


@pytest.fixture
def make() -> MakeRecord:
    return make_record


def regression(valence: float = 0.5, arousal: float = 0.4) -> dict[str, float]:
    """The numbers of a valence and arousal task."""
    found: dict[str, float] = {}
    for name, r in (("valence", valence), ("arousal", arousal), ("dominance", 0.2)):
        found |= {f"{name}.pearson": r, f"{name}.spearman": r - 0.01, f"{name}.mae": 0.2 - r / 10}
        found |= {f"{name}.ccc": r / 2, f"{name}.r2": r * r}
    return found


EMOTION = {
    "accuracy": 0.7384,
    **{f"{kind}.{name}": 0.6 for kind in ("macro", "weighted") for name in ("f1", "precision", "recall")},
}
GEOMETRY = {"alignment": 0.4, "uniformity": -1.1, "separation": 0.12, "effective_rank": 31.4}

TASKS = {
    "valence-arousal/emobank/official/1": regression(),
    "valence-arousal/emobank/document-grouped/1": regression(0.45),
    "valence-arousal/facebook/kfold10/1": regression(0.6),
    "valence-arousal/emotales/kfold10/1": regression(0.55),
    "valence-arousal/pooled/pooled/1": regression(0.7, 0.6),
    "polarity/cr/senteval-lr/1": {"accuracy": 0.85},
    "polarity/mr/senteval-lr/1": {"accuracy": 0.8},
    "polarity/sst5/senteval-lr/1": {"accuracy": 0.45},
    "polarity/imdb/senteval-lr-128/1": {"accuracy": 0.86},
    "emotion/goemotions/ekman6-mapped/1": EMOTION,
    "geometry/goemotions/ekman6-mapped/1": GEOMETRY,
}


@pytest.fixture
def suite() -> list[Record]:
    """A whole paper suite: floors, families, marks, missing weights, a failure, an undeclared model."""
    models: list[dict[str, Any]] = [
        {"model": "lexicon", "family": "floor", "title": "Lexicon"},
        {"model": "bert", "title": "BERT", "parameters": 109_482_240},
        {"model": "bert-pt-rest", "title": "BERT-PT (restaurants)", "base": "bert", "training": ("yelp", "squad")},
        {"model": "sentix", "title": "SentiX", "base": "bert", "training": ("amazon", "yelp")},
        {"model": "roberta", "family": "roberta", "title": "RoBERTa"},
        {"model": "senticse", "family": "roberta", "title": "SentiCSE", "base": "roberta", "training": ("mr",)},
        {
            "model": "carl-roberta",
            "family": "roberta",
            "title": "CARL",
            "base": "roberta-small",
            "training": ("emobank:train", "facebook", "emotales"),
        },
        {"model": "hf:a_b|c", "family": "gpt", "title": "a_b|c <script>", "training": None},
    ]
    records = []
    for i, facts in enumerate(models):
        for task, numbers in TASKS.items():
            status = "weights-missing" if facts["model"] == "sentix" else "ok"
            if (facts["model"], task) == ("roberta", "polarity/imdb/senteval-lr-128/1"):
                status = "failed"
            metrics = {name: Metric(x + i / 100, x + i / 100 - 0.01, x + i / 100 + 0.01) for name, x in numbers.items()}
            split = "test" if task.split("/")[1] in ("emobank", "sst5", "imdb", "goemotions") else "cv10"
            details = {"mae_observed": {"valence": 0.11, "arousal": 0.12}} if "valence" in task else {}
            records.append(
                make_record(task=task, metrics=metrics, status=status, split=split, details=details, data=task, **facts)
            )
    return records
