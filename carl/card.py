"""The model card of a trained checkpoint: what it was made from, how, and what it may be used for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

#: EmoBank's licence asks that what is derived from it carries the same one.
LICENCE = "cc-by-sa-4.0"


def model_card(record: Mapping[str, Any]) -> str:
    """Write the card, Markdown with the front matter that model hubs read.

    Args:
        record: `record.run_record`: name, configuration, backbone, sources, steps, device, seconds, scores, versions.
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

# {record["name"]}

A text encoder for affect, trained with CARL (continuous adversarial representation learning, arXiv 2502.20613) from
{backbone["title"]} ({backbone["weights"] or backbone["name"]}).
The embedding of a text is the last layer's vector of its first token, {record["dimensions"]} numbers; pooler, projector
and predictor are not part of the checkpoint.

```python
from sentence_transformers import SentenceTransformer
vectors = SentenceTransformer("path/to/this/folder").encode(["What a day!"])
```

## Training data

| source | texts | left out | licence |
| --- | ---: | ---: | --- |
{sources}

Left out: empty texts, and texts of EmoBank's development and test splits. Labels are valence and arousal in [−1, 1];
rated reviews have valence alone. `{record["hash_file"]}` holds a hash of the normal form of every training text, for
marks of overlap. No labels of IMDB, SST, MR, CR or GoEmotions were used.

## Training

{record["step"]:,} of {record["steps"]:,} steps with {config["batch"] * config["accumulation"]:,} texts each.
Seed {config["seed"]}; {record["seconds"]:,.0f} seconds on {record["device"]}.
{_choice(record)}

{scores}

<details><summary>Configuration</summary>

```json
{json.dumps(config, indent=2, ensure_ascii=False)}
```

Versions: {", ".join(f"{name} {version}" for name, version in record["versions"].items())}.
</details>

## Limits

English only; trained on texts cut after {config["max_length"]} tokens. Labels are averages of a few raters each and
carry their culture; vectors say how a text reads, not what a person feels. Not for decisions about people.

## Licence

Weights: CC BY-SA 4.0, as EmoBank's licence asks of works derived from it; the licences of the sources are in the table.
"""


def _choice(record: Mapping[str, Any]) -> str:
    if record["best_step"] is None:
        return "The last step is shipped; no development data was looked at."
    return (
        f"The shipped weights are those of step {record['best_step']:,}, the best on development data,\nwhich was "
        f"looked at every {record['config']['evaluate_every']:,} steps; no test split took part in the choice."
    )


def _scores(record: Mapping[str, Any]) -> str:
    if not record["scores"]:
        return ""
    rows = "\n".join(f"| {name} | {value:.4f} |" for name, value in record["scores"].items() if value is not None)
    return f"Development scores of that step:\n\n| score | value |\n| --- | ---: |\n{rows}"
