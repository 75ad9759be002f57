"""How a pretrained encoder was made: the record for programs and the model card for people."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from carl.pretraining.corpus import licence
from carl.pretraining.encoded import HASHES
from carl.provenance import TRAINED_ON, trained_on
from harness.transformer.checkpoint import TRAINING_TEXTS

if TYPE_CHECKING:
    import torch

    from carl.backbone import Start
    from carl.pretraining.config import PretrainingConfig
    from carl.pretraining.encoded import EncodedCorpus
    from harness.encoder import EncoderCard

#: Licence of weights that began at random: this distribution's own.
_OWN_LICENCE = "MIT"


def pretraining_record(
    config: PretrainingConfig,
    start: Start,
    corpus: EncodedCorpus,
    *,
    teacher: Start | None,
    progress: Mapping[str, Any],
    held_out: Mapping[str, float],
    filled: float,
    device: torch.device,
) -> dict[str, Any]:
    """Describe a run.

    Args:
        config: the run's configuration.
        start: what it began with.
        corpus: what it read.
        teacher: what weights or vectors were taken from.
        progress: `step`, `seconds`, `tokens` and `operations`.
        held_out: last measures on held-out texts.
        filled: share of the places of a row that hold a token.
        device: it ran on.
    """
    import numpy as np
    import tokenizers
    import torch

    seconds = max(float(progress["seconds"]), 1e-9)
    gpu = device.type == "cuda"
    record: dict[str, Any] = {
        "name": config.name,
        "config": config.as_dict(),
        "start": config.start,
        "teacher": _behind((teacher or start).card) if teacher or config.start == "transfer" else None,
        "distilled": config.distils,
        "licence": start.card.licence or _OWN_LICENCE,
        "sources": [_source(name, counts) for name, counts in sorted(corpus.sources.items())],
        "texts_digest": {"file": HASHES, "sha256": corpus.hashes_sha256},
        "hash_file": TRAINING_TEXTS,
        "rated_texts_used": len(corpus.rated_hashes) if config.rating_weight else 0,
        "parameters": sum(tensor.numel() for tensor in start.tensors.values()),
        "dimensions": start.shape.hidden,
        "layers": start.shape.layers,
        "step": progress["step"],
        "steps": config.steps,
        "tokens": progress["tokens"],
        "passes": round(progress["tokens"] / max(_training_tokens(corpus), 1), 3),
        "row_filling": round(filled, 4),
        "held_out": dict(held_out),
        "seconds": round(seconds, 1),
        "tokens_per_second": round(progress["tokens"] / seconds, 1),
        "tflops": round(progress["operations"] / seconds / 1e12, 4),
        "device": torch.cuda.get_device_name(device) if gpu else f"a CPU (threads: {torch.get_num_threads()})",
        "versions": {
            "python": platform.python_version(),
            "torch": str(torch.__version__),
            "tokenizers": tokenizers.__version__,
            "numpy": np.__version__,
        },
    }
    return {**record, TRAINED_ON: trained_on(record)}


def _behind(card: EncoderCard) -> dict[str, Any]:
    """The encoder that weights or vectors were taken from; without one, the random start itself."""
    return {
        "name": card.name,
        "title": card.shown,
        "weights": card.weights,
        "licence": card.licence,
        "training_data": None if card.training_data is None else list(card.training_data),
    }


def _source(name: str, counts: Mapping[str, int]) -> dict[str, Any]:
    title, stated = licence(name)
    return {"name": name, "title": title, "licence": stated, "rows": counts["texts"] - counts["held_out"], **counts}


def _training_tokens(corpus: EncodedCorpus) -> int:
    return int(corpus.pieces.lengths[~corpus.held_out].sum())


def pretraining_card(record: Mapping[str, Any]) -> str:
    """Write the card, Markdown with the front matter that model hubs read.

    Args:
        record: of `pretraining_record`.
    """
    config = record["config"]
    licence_id = str(record["licence"]).lower()
    sources = "\n".join(
        f"| {row['name']}: {row['title']} | {row['rows']:,} | {row['held_out']:,} | {row['rated']:,} | "
        f"{row['tokens'] / 1e6:.2f} | {row['licence']} |"
        for row in record["sources"]
    )
    measures = "\n".join(f"| {_MEASURES.get(name, name)} | {value:.4f} |" for name, value in record["held_out"].items())
    return f"""---
language: en
license: {licence_id}
library_name: sentence-transformers
tags: [sentence-transformers, feature-extraction, masked-lm]
---

# {record["name"]}

A small text encoder of RoBERTa's architecture ({record["layers"]} layers, {record["dimensions"]} numbers a token,
{record["parameters"] / 1e6:.1f} million parameters, {config["vocabulary"]:,} byte-level entries).
**It holds no weights of roberta-base or of any other RoBERTa**, and its vocabulary is its own.

{_beginning(record)}

It is a backbone to train further; the vector of a text is the last layer's vector of its first token.

## Training

{_objective(record)}

{record["step"]:,} steps of {record["steps"]:,}; {record["tokens"]:,} tokens, {record["passes"]:.2f} passes over the
corpus; {record["seconds"]:,.0f} seconds on {record["device"]}: {record["tokens_per_second"]:,.0f} tokens and
{record["tflops"]:.3f} TFLOP a second (useful matrix products, counted from the sizes). Rows are filled to
{100 * record["row_filling"]:.1f} %. Seed {config["seed"]}. The last step is shipped; nothing was chosen on
development or test data.

| measured on held-out texts | value |
| --- | ---: |
{measures}

## Texts

| source | texts | held out | rated | million tokens | licence |
| --- | ---: | ---: | ---: | ---: | --- |
{sources}

{_overlap(record)}

<details><summary>Configuration</summary>

```json
{json.dumps(config, indent=2, ensure_ascii=False)}
```

Versions: {", ".join(f"{name} {version}" for name, version in record["versions"].items())}.
</details>

## Limits

English only; trained on rows of {config["max_length"]} tokens. The texts come from public forums, reviews, tweets and
old novels: they carry the views, slurs and gaps of those who wrote them, and the names of people. Not for decisions
about people.

## Licence

Weights: {record["licence"]}{_licence_reason(record)}. The licences of the texts are in the table; "none stated" means
that the text is public and that no permission was found.
"""


_MEASURES = {
    "mlm": "masked-LM, cross entropy (nats)",
    "mlm_accuracy": "masked-LM, accuracy",
    "distil": "relative squared distance to the teacher's vectors",
    "cosine_first": "cosine to the teacher's first-token vector",
    "cosine_mean": "cosine to the teacher's mean vector",
    "rating": "rating, cross entropy (nats)",
    "rating_r": "rating, correlation",
}


def _teacher(record: Mapping[str, Any]) -> str:
    teacher = record["teacher"]
    return f"{teacher['title']} ({teacher['weights'] or teacher['name']}; {teacher['licence']})"


def _beginning(record: Mapping[str, Any]) -> str:
    if record["start"] == "scratch":
        return "Start: **from scratch**, random weights."
    return (
        f"Start: **transferred** from {_teacher(record)}: all layers as they are, positions behind\nRoBERTa's offset, "
        "and for each byte-level entry the mean of the embeddings of the word pieces that spell it."
    )


def _objective(record: Mapping[str, Any]) -> str:
    config = record["config"]
    parts = []
    if config["mlm_weight"] and (not record["distilled"] or config["distil_share"] < 1):
        often = f", words of the affect lexicon {config['affect_weight']:g} times likelier than others"
        parts.append(
            f"masked-LM ({100 * config['masked']:g} % of the tokens{often if config['affect_weight'] != 1 else ''})"
        )
    if record["distilled"]:
        parts.append(
            f"distillation to the first-token and mean vectors of {record['teacher']['title']} for "
            f"{100 * config['distil_share']:g} % of the rows, weight {config['distil_weight']:g}"
        )
    if config["rating_weight"]:
        parts.append(
            f"prediction of the ratings of {record['rated_texts_used']:,} rated texts, weight "
            f"{config['rating_weight']:g}"
        )
    return f"Objective: {'; '.join(parts)}."


def _overlap(record: Mapping[str, Any]) -> str:
    digest = record["texts_digest"]
    used = record["rated_texts_used"]
    labelled = (
        f"`{record['hash_file']}` holds hashes of the {used:,} rated texts whose ratings were learned"
        if used
        else f"No labels were used, so that there is no `{record['hash_file']}`"
    )
    return (
        f"{labelled}. The other texts were read without labels; the hashes of all texts, 8 bytes each, are too many "
        f"to ship:\nthe run leaves them in `training/{digest['file']}` (SHA-256 `{digest['sha256']}`). One in 20 rated "
        "texts\nand one in 400 others are held out."
    )


def _licence_reason(record: Mapping[str, Any]) -> str:
    return ", as the weights that they began with" if record["start"] == "transfer" else ""
