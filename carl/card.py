"""The model card of a checkpoint: what it was made from, how it differs from the paper, how it scores."""

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from huggingface_hub import ModelCard, ModelCardData
from tabulate import tabulate

from carl.config import Config, configuration, configuration_names
from carl.heads import Head, Heads
from carl.provenance import RunRecord
from harness.contamination.evidence import apply_evidence, read_evidence
from harness.outcome import Metric
from harness.record import Record, ResultStore
from harness.registry import encoder_names, find_encoder
from harness.transformer import TransformerEncoder

#: EmoBank's licence asks that what is derived from it carries the same one.
LICENCE = "cc-by-sa-4.0"

#: Fields that decide nothing about the weights.
_WATCHING = {"name", "seed", "log_every", "evaluate_every", "save_every", "development_texts"}

#: Family of tasks → metrics that stand in a card; of other families the first that a record has.
_SHOWN = {
    "valence-arousal": ("valence.pearson", "arousal.pearson"),
    "emotion": ("accuracy", "macro.f1"),
    "polarity": ("accuracy",),
    "geometry": ("alignment", "uniformity", "separation"),
}


def evaluations_of(checkpoint: Path, name: str, results: Path) -> list[Record]:
    """What the harness measured of a checkpoint's very weights; of several seeds the first.

    Args:
        checkpoint: its directory.
        name: under which it ships.
        results: the directory of records.
    """
    plugin = find_encoder(name if name in encoder_names() else f"hf:{checkpoint}")
    encoder = plugin.create(weights_dir=checkpoint)
    assert isinstance(encoder, TransformerEncoder)
    found: dict[str, Record] = {}
    for record in apply_evidence(ResultStore(results), read_evidence(results)):
        if (record.model.name, record.model.fingerprint, record.status) == (plugin.name, encoder.fingerprint, "ok"):
            found.setdefault(record.task_id, record)
    return list(found.values())


def model_card(record: RunRecord, heads: Heads | None = None, evaluations: Sequence[Record] = ()) -> str:
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

`bench run --models {name}` measures it, `carl predict --model {name} "What a day!"` uses it, and
`carl train --config {record.name}{_settings(record)}` makes it again.

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


def _settings(record: RunRecord) -> str:
    """What a run set beside its named configuration."""
    named = configuration(record.name).as_dict() if record.name in configuration_names() else {}
    changed = [name for name in named if name in record.config and record.config[name] != named[name]]
    values = {name: _value(record.config[name]).replace(", ", ",") for name in changed if name not in _WATCHING}
    return "".join(f" --set {name}={value}" for name, value in values.items())


def _table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    return tabulate(rows, heads, tablefmt="github", disable_numparse=True) if rows else ""


def _differences(config: Mapping[str, Any]) -> str:
    paper = configuration("paper").as_dict()
    rows = [
        (f"`{name}`: {_first_sentence(field.description or '')}", _value(paper[name]), _value(config[name]))
        for name, field in Config.model_fields.items()
        if name in config and config[name] != paper[name] and name not in _WATCHING
    ]
    return _table(("", "paper", "this checkpoint"), rows)


def _first_sentence(text: str) -> str:
    return re.split(r"\.\s", " ".join(text.split()) + " ")[0]


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
    rows = [(name, f"{score.value:.4f}") for name, score in facts.scores.items()]
    return f"""
{title}: {facts.method}; vectors in {facts.dtype}.
Data: {facts.data}; fitted on {facts.fitted:,} texts, scored on {facts.scored:,} (`{facts.protocol}`).

{_table(("test score", "value"), rows)}
"""


def _evaluations(evaluations: Sequence[Record]) -> str:
    if not evaluations:
        return ""
    rows = [
        (f"`{one.task_id}`", one.split, name, f"{metric.value:.4f}", _interval(metric), one.contamination.get("state"))
        for one in evaluations
        for name, metric in one.metrics.items()
        if name in _SHOWN.get(one.task, tuple(one.metrics)[:1])
    ]
    return f"""
## Evaluation

Linear probes on frozen vectors, measured with `bench run`. `overlap`: the encoder was trained on the data set or on
a part of it, so that the number says nothing about data it never saw.

{_table(("task", "split", "metric", "value", "95 % interval", "contamination"), rows)}
"""


def _interval(metric: Metric) -> str:
    return "" if metric.low is None or metric.high is None else f"{metric.low:.4f} to {metric.high:.4f}"
