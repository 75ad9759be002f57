"""The model card of a checkpoint: what it was made from, how it differs from the paper, how it scores."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from huggingface_hub import ModelCard, ModelCardData
from tabulate import tabulate

from carl.config import configuration
from carl.heads import Head, Heads
from carl.provenance import RunRecord
from harness.record import ResultStore
from harness.registry import encoder_names, find_encoder
from harness.transformer import TransformerEncoder

if TYPE_CHECKING:
    from harness.outcome import Metric

#: EmoBank's licence asks that what is derived from it carries the same one.
LICENCE = "cc-by-sa-4.0"

#: Field of the configuration → what the table "paper / this checkpoint" calls it.
_DIFFERENCES = {
    "backbone": "backbone",
    "pooling": "vector that is trained",
    "sources": "texts",
    "mixture": "batch: rated by people, with stars, unlabelled (0, 0, 0: shuffled)",
    "max_length": "tokens",
    "scaling": "ends of the label scale, (12)",
    "coordinates": "coordinates of a label",
    "similarity": "label similarity, (4)",
    "temperature": "τ of embeddings, (5)",
    "label_temperature": "τ of labels, (5)",
    "forward": "weight of CE(P_va, P_sim), (6)",
    "reverse": "weight of CE(P_sim, P_va), (6)",
    "lambda_mccl": "λ1, (11)",
    "lambda_ptd": "λ2, (11); 0: no perturbed token detection",
    "attacked_texts": "share of texts that are attacked",
    "epsilon": "ε, (9)",
    "alpha": "α, (8)",
    "relative": "ε and α relative to the embeddings' norm",
    "attack_steps": "steps of the attack (the paper names none)",
    "lambda_words": "weight of telling which listed words a text has",
    "lambda_preserve": "weight of staying near the backbone's vector",
    "teacher": "teacher",
    "lambda_teacher": "weight of the teacher's vectors",
    "lora_rank": "rank of adapters; 0: all layers are trained",
    "target": "target network",
    "momentum": "m₀, (2)",
    "dropout": "dropout",
    "learning_rate": "learning rate",
    "head_learning_rate": "learning rate of new heads",
    "restarts": "warm restarts",
}

#: Family of tasks → metrics that stand in a card; of other families the first that a record has.
_SHOWN = {
    "valence-arousal": ("valence.pearson", "arousal.pearson"),
    "emotion": ("accuracy", "macro.f1"),
    "polarity": ("accuracy",),
    "geometry": ("alignment", "uniformity", "separation"),
}


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The main numbers of one task."""

    task: str
    """Its id, `family/corpus/protocol`."""
    split: str
    contamination: str
    """`clean`, `overlap` or `unknown`."""
    metrics: Mapping[str, Metric]


def evaluations_of(checkpoint: Path, name: str, results: Path) -> list[Evaluation]:
    """What the harness measured of a checkpoint's very weights; of several seeds the first.

    Args:
        checkpoint: its directory.
        name: under which it ships.
        results: the directory of records.
    """
    plugin = find_encoder(name if name in encoder_names() else f"hf:{checkpoint}")
    encoder = plugin.create(weights_dir=checkpoint)
    assert isinstance(encoder, TransformerEncoder)
    found: dict[str, Evaluation] = {}
    for record in ResultStore(results):
        same = record.model.name == plugin.name and record.model.fingerprint == encoder.fingerprint
        if same and record.status == "ok" and record.task_id not in found:
            shown = _SHOWN.get(record.task, tuple(record.metrics)[:1])
            found[record.task_id] = Evaluation(
                task=record.task_id,
                split=record.split,
                contamination=str(record.contamination.get("state", "unknown")),
                metrics={metric: record.metrics[metric] for metric in shown if metric in record.metrics},
            )
    return list(found.values())


def model_card(record: RunRecord, heads: Heads | None = None, evaluations: Sequence[Evaluation] = ()) -> str:
    """Write the card, Markdown with the front matter that model hubs read.

    Args:
        record: of the run.
        heads: the linear heads that ship with the encoder.
        evaluations: what the harness measured of these weights.
    """
    data = ModelCardData(
        language="en",
        license=LICENCE,
        library_name="peft" if record.config.get("lora_rank") else "sentence-transformers",
        tags=["sentence-transformers", "feature-extraction", "emotion", "sentiment", "valence-arousal"],
    )
    name, config, backbone = record.shipped_as or record.name, record.config, record.backbone
    assert backbone is not None
    sources = [(one.title, f"{one.rows:,}", f"{one.left_out:,}", one.licence) for one in record.sources]
    vector = "mean over tokens" if config.get("pooling", "cls") == "mean" else "vector of the first token"
    steps = f"{record.steps:,} steps, seed {config['seed']}, {record.seconds:,.0f} seconds on {record.device}"
    text = f"""---
{data.to_yaml()}
---

# {name}

A text encoder for affect, trained with CARL (continuous adversarial representation learning, arXiv 2502.20613) from
{backbone.title or backbone.name} ({backbone.weights}). The embedding of a text is the last layer's {vector},
{record.dimensions} numbers. {_taught(record)}

`bench run --models {name}` measures it, `carl predict "What a day!"` uses it, and `carl train --config {record.name}`
makes it again.

## The paper and this checkpoint

{_differences(config)}

## Training data

{_table(("source", "texts", "left out", "licence"), sources)}

Left out: empty texts, and texts of EmoBank's development and test splits. No label of IMDB, SST, MR, CR or GoEmotions
trained the encoder. Whoever scores it on EmoBank should say that its training split is among the training data.
`training_texts.txt` holds a hash of every training text.

## Training

{steps}. {_choice(record)}

{_table(("development score", "value"), [(key, f"{value:.4f}") for key, value in record.scores.items()])}

<details><summary>Configuration</summary>

```json
{json.dumps(config, indent=2, ensure_ascii=False)}
```

{", ".join(f"{library} {version}" for library, version in record.versions.items())}
</details>
{_heads(heads)}{_evaluations(evaluations)}
## Limits

English only; trained on texts cut after {config["max_length"]} tokens. Labels are averages of a few raters each and
carry their culture; vectors say how a text reads, not what a person feels. Not for decisions about people.

## Licence

Weights: CC BY-SA 4.0, as EmoBank's licence asks of works derived from it; the licences of the sources are in the table.
"""
    return str(ModelCard(text))


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return tabulate(rows, heads, tablefmt="github", disable_numparse=True) if rows else ""


def _differences(config: Mapping[str, Any]) -> str:
    paper = configuration("paper").as_dict()
    rows = [
        (title, _value(paper[field]), _value(config[field]))
        for field, title in _DIFFERENCES.items()
        if field in config and config[field] != paper[field]
    ]
    return _table(("", "paper", "this checkpoint"), rows)


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _taught(record: RunRecord) -> str:
    if record.teacher is None:
        return ""
    return f"It learned from the vectors of {record.teacher.title or record.teacher.name}, beside CARL's own loss."


def _choice(record: RunRecord) -> str:
    if record.best_step is None:
        return "The last step is shipped; no development data was looked at."
    return (
        f"The shipped weights are those of step {record.best_step:,}, the best on development data. Labels of that "
        "data chose the step and trained no weight; no test split took part in the choice."
    )


def _heads(heads: Heads | None) -> str:
    if heads is None:
        return ""
    return f"""
## Heads

Two linear maps in `heads/` turn a vector into valence and arousal in [−1, 1] (2x + 3 brings them to EmoBank's 1 to 5)
and into probabilities of Ekman's six emotions, given that a text has exactly one of them: there is no neutral class.
They were fitted after training, on training splits; test splits were read once, for these scores, and chose nothing.
{_head("Valence and arousal", heads.affect)}{_head("Emotions", heads.emotion)}"""


def _head(title: str, head: Head) -> str:
    facts = head.facts
    rows = [(name, f"{score.value:.4f}", _interval(score)) for name, score in facts.scores.items()]
    return f"""
{title}: {facts.method}.
Data: {facts.data}; fitted on {facts.fitted:,} texts, scored on {facts.scored:,} (`{facts.protocol}`).

{_table(("test score", "value", "95 % interval"), rows)}
"""


def _evaluations(evaluations: Sequence[Evaluation]) -> str:
    if not evaluations:
        return ""
    rows = [
        (f"`{one.task}`", one.split, name, f"{metric.value:.4f}", _interval(metric), one.contamination)
        for one in evaluations
        for name, metric in one.metrics.items()
    ]
    return f"""
## Evaluation

Linear probes on frozen vectors, measured with `bench run`. `overlap`: the encoder was trained on the data set or on
a part of it, so that the number says nothing about data it never saw.

{_table(("task", "split", "metric", "value", "95 % interval", "contamination"), rows)}
"""


def _interval(metric: Metric) -> str:
    return "" if metric.low is None or metric.high is None else f"{metric.low:.4f} to {metric.high:.4f}"
