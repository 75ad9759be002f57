"""The model card of a trained checkpoint: what it was made from, how, and what it may be used for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carl.provenance import RUN_RECORD
from harness.errors import WeightsInvalid

if TYPE_CHECKING:
    from carl.heads import Head, Heads
    from harness.outcome import Metric

#: EmoBank's licence asks that what is derived from it carries the same one.
LICENCE = "cc-by-sa-4.0"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The main numbers of one task."""

    task: str
    """Its id, `family/corpus/protocol`."""
    split: str
    contamination: str
    """`clean`, `overlap` or `unknown`."""
    metrics: Mapping[str, Metric]


def model_card(record: Mapping[str, Any], heads: Heads | None = None, evaluations: Sequence[Evaluation] = ()) -> str:
    """Write the card, Markdown with the front matter that model hubs read.

    Args:
        record: `record.run_record`: name, configuration, backbone, sources, steps, device, seconds, scores, versions;
            `shipped_as` is the name where a run ships under another one.
        heads: the linear heads that ship with the encoder.
        evaluations: what the harness measured of these weights.
    """
    config = record["config"]
    backbone = record["backbone"]
    front = "\n".join(
        [
            "---",
            "language: en",
            f"license: {LICENCE}",
            "library_name: sentence-transformers",
            "tags: [sentence-transformers, feature-extraction, emotion, sentiment, valence-arousal]",
            "---",
        ]
    )
    sources = "\n".join(
        f"| {source['title']} | {source['rows']:,} | {source['left_out']:,} | {source['licence']} |"
        for source in record["sources"]
    )
    scores = _scores(record)
    return f"""{front}

# {record.get("shipped_as", record["name"])}

A text encoder for affect, trained with CARL (continuous adversarial representation learning, arXiv 2502.20613) from
{backbone["title"]} ({backbone["weights"] or backbone["name"]}).
The embedding of a text is the last layer's vector of its first token, {record["dimensions"]} numbers; pooler, projector
and predictor are not part of the checkpoint.

```python
from sentence_transformers import SentenceTransformer

vectors = SentenceTransformer("path/to/this/folder").encode(["What a day!"])
```

The weights lie in float16 and are computed with in float32; `AutoModel.from_pretrained` reads them as well.

## Training data

| source | texts | left out | licence |
| --- | ---: | ---: | --- |
{sources}

Left out: empty texts, and texts of EmoBank's development and test splits. Labels are valence and arousal in [−1, 1];
rated reviews have valence alone. `{record["hash_file"]}` holds a hash of the normal form of every training text, for
marks of overlap. No labels of IMDB, SST, MR, CR or GoEmotions trained the encoder. Whoever scores it on EmoBank should
say that it was trained on EmoBank's training split.

## Training

Configuration `{record["name"]}`.
{record["step"]:,} of {record["steps"]:,} steps with {config["batch"] * config["accumulation"]:,} texts each.
Seed {config["seed"]}; {record["seconds"]:,.0f} seconds on {record["device"]}.
{_choice(record)}
{_teacher(config)}{scores}
<details><summary>Configuration</summary>

```json
{json.dumps(config, indent=2, ensure_ascii=False)}
```

Versions: {", ".join(f"{name} {version}" for name, version in record["versions"].items())}.
</details>
{_heads(heads)}{_evaluations(evaluations)}
## Limits

English only; trained on texts cut after {config["max_length"]} tokens. Labels are averages of a few raters each and
carry their culture; vectors say how a text reads, not what a person feels. Not for decisions about people.

## Licence

Weights: CC BY-SA 4.0, as EmoBank's licence asks of works derived from it; the licences of the sources are in the table.
"""


def card_from(
    directory: Path, record: Mapping[str, Any], heads: Heads | None = None, evaluations: Sequence[Evaluation] = ()
) -> str:
    """The card of a record that was read from a checkpoint.

    Args:
        directory: the checkpoint, for the error message.
        record: see `model_card`.
        heads: the same.
        evaluations: the same.

    Raises:
        WeightsInvalid: the record lacks something that a card says.
    """
    try:
        return model_card(record, heads, evaluations)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise WeightsInvalid(
            f"{directory / RUN_RECORD} does not say all that a card needs ({type(error).__name__}: {error}); train "
            "again, or fetch the checkpoint again"
        ) from error


def _choice(record: Mapping[str, Any]) -> str:
    if record["best_step"] is None:
        return "The last step is shipped; no development data was looked at."
    return (
        f"The shipped weights are those of step {record['best_step']:,}, the best on development data, which was\n"
        f"looked at every {record['config']['evaluate_every']:,} steps. Labels of the development data below chose the "
        "step and trained no\nweight; no test split took part in the choice."
    )


def _teacher(config: Mapping[str, Any]) -> str:
    if not config.get("teacher"):
        return ""
    return (
        f"\nBeside CARL's own losses the first token learned to tell the vector that the encoder `{config['teacher']}` "
        "gives a text,\nby a linear head that is thrown away: this is no part of the paper. Texts of sources without "
        "labels served this alone.\n"
    )


def _scores(record: Mapping[str, Any]) -> str:
    if not record["scores"]:
        return ""
    rows = "\n".join(f"| {name} | {value:.4f} |" for name, value in record["scores"].items() if value is not None)
    return f"\nDevelopment scores of that step:\n\n| score | value |\n| --- | ---: |\n{rows}\n"


_SCORE_NAMES = {
    "valence.pearson": "valence, Pearson r",
    "valence.mae": "valence, mean absolute error",
    "arousal.pearson": "arousal, Pearson r",
    "arousal.mae": "arousal, mean absolute error",
    "accuracy": "accuracy",
    "macro.f1": "macro F1",
    "largest.class": "share of the most frequent class",
    "calibration.error": "expected calibration error",
}


def _heads(heads: Heads | None) -> str:
    if heads is None:
        return ""
    return f"""
## Heads

`carl predict "What a day!"` gives valence, arousal and emotion probabilities, by two linear maps from the encoder's
vector in `heads/`. They were fitted after training, on the frozen encoder and on training splits; test splits were read
once, for the scores below, and chose nothing.

### Valence and arousal
{_head(heads.affect)}

Valence and arousal are cut to -1 to 1, where 0 is the middle of the raters' scale; 2x + 3 brings them to 1 to 5.

### Emotions
{_head(heads.emotion)}

Unlike the encoder, this head is fitted on GoEmotions' labels. Its probabilities are those of Ekman's six emotions given
that a text has exactly one of them: there is no neutral class, and a neutral text gets them as well. They are as
calibrated as the error above says, on Reddit comments; expect less on other text.
"""


def _head(head: Head) -> str:
    scores = "\n".join(
        f"| {_SCORE_NAMES.get(name, name)} | {score.value:.4f} | {_interval(score)} |"
        for name, score in head.scores.items()
    )
    return f"""
| | |
| --- | --- |
| gives | {", ".join(head.outputs)} |
| data | {head.data}; fitted on {head.fitted:,} texts, scored on {head.scored:,} |
| protocol | `{head.protocol}` |
| method | {head.method} |

| test score | value | 95 % interval |
| --- | ---: | --- |
{scores}"""


def _evaluations(evaluations: Sequence[Evaluation]) -> str:
    if not evaluations:
        return ""
    rows = "\n".join(
        f"| `{one.task}` | {one.split} | {name} | {metric.value:.4f} | {_interval(metric)} | {one.contamination} |"
        for one in evaluations
        for name, metric in one.metrics.items()
    )
    return f"""
## Evaluation

Linear probes on frozen vectors, measured with `bench run`. `overlap`: the encoder was trained on the data set or on
a part of it, so that the number says nothing about data it never saw.

| task | split | metric | value | 95 % interval | contamination |
| --- | --- | --- | ---: | --- | --- |
{rows}
"""


def _interval(metric: Metric) -> str:
    return "" if metric.low is None or metric.high is None else f"{metric.low:.4f} to {metric.high:.4f}"
