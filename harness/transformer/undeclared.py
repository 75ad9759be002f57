"""From what a user typed to an encoder that no plugin declares: `hf:org/model`, `st:org/model`, a directory."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from harness.encoder import Encoder, EncoderCard
from harness.errors import UsageError
from harness.transformer.hub import HubEncoder, hub_card
from harness.transformer.sentences import SentenceTransformerEncoder


def hub_plugin(spec: str) -> tuple[str, EncoderCard, Callable[..., Encoder]]:
    """What the registry needs for a model that no plugin declares.

    Args:
        spec: `hf:org/model`, `st:org/model`, either with a directory in place of the id, or a directory alone, which
            is read by sentence-transformers when it holds a `modules.json`.

    Returns:
        Name for records, card, and the class with the model filled in.

    Raises:
        UsageError: neither a directory nor a hub id.
    """
    kind, target = (spec[:2], spec[3:]) if spec.startswith(("hf:", "st:")) else ("", spec)
    if not kind:
        kind = "st" if (Path(target) / "modules.json").is_file() else "hf"
    card = hub_card(target, kind)
    if kind == "st":
        return card.name, card, partial(_sentence_transformer, target)
    return card.name, card, partial(HubEncoder, target)


def _sentence_transformer(
    model: str,
    *,
    weights_dir: str | Path | None = None,
    tokenizer_dir: str | Path | None = None,
    max_length: int | None = None,
    device: str | None = None,
    dtype: str | None = None,
    pooling: str | None = None,
    batch_tokens: int | None = None,
    trust_remote_code: bool = False,
) -> Encoder:
    """The model's own sentence vector; with a pooling the model's transformer alone."""
    if pooling is not None:
        return HubEncoder(
            model,
            weights_dir=weights_dir,
            tokenizer_dir=tokenizer_dir,
            max_length=max_length,
            device=device,
            dtype=dtype,
            pooling=pooling,
            batch_tokens=batch_tokens,
            trust_remote_code=trust_remote_code,
        )
    if tokenizer_dir is not None:
        raise UsageError("a sentence-transformers model has its own tokeniser; `--tokenizer-dir` does not apply")
    return SentenceTransformerEncoder(
        model,
        weights_dir=weights_dir,
        max_length=max_length,
        device=device,
        dtype=dtype,
        batch_tokens=batch_tokens,
        trust_remote_code=trust_remote_code,
    )
