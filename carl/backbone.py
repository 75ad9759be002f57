"""The encoder that training starts from: any BERT- or RoBERTa-shaped plugin of the harness."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import UsageError
from harness.transformer.shape import Shape

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

    from harness.encoder import EncoderCard


@dataclass(frozen=True)
class Start:
    """What training begins with."""

    tensors: dict[str, Tensor]
    """Canonical name → tensor; the pooler where the checkpoint has one."""
    shape: Shape
    tokenizer: Tokenizer
    config: dict[str, Any]
    """The checkpoint's `config.json`."""
    vocabulary: tuple[Path, ...]
    lower_case: bool
    card: EncoderCard


def read_start(name: str, *, weights_dir: Path | None = None, tokenizer_dir: Path | None = None) -> Start:
    """Read the backbone of a run, every tensor checked.

    Args:
        name: of an encoder (`bench models`), `hf:org/model` or the directory of a checkpoint.
        weights_dir: directory of its checkpoint, when it is not where the encoder looks by itself.
        tokenizer_dir: directory of its vocabulary, when the checkpoint has none.

    Raises:
        UsageError: no such encoder, or none of BERT's or RoBERTa's shape.
        WeightsMissing: its weights are nowhere.
        WeightsInvalid: they do not fit.
    """
    from harness.registry import find_encoder
    from harness.transformer import TransformerEncoder
    from harness.transformer.checkpoint import encoder_tensors, read_config, read_tensors

    encoder = find_encoder(f"hf:{name}" if Path(name).is_dir() else name).create(
        weights_dir=weights_dir, tokenizer_dir=tokenizer_dir
    )
    if not isinstance(encoder, TransformerEncoder) or not getattr(encoder, "packed", True):
        raise UsageError(f"{name} is no encoder of BERT's or RoBERTa's shape; CARL trains only those")
    files = encoder.files()
    config = read_config(files.config)
    shape = Shape.from_config(config, encoder.layout.architecture, str(files.config))
    expected = shape.tensors(pooler=False)
    pooler = {name: size for name, size in shape.tensors(pooler=True).items() if name not in expected}
    picked = encoder_tensors(read_tensors(files.weights), expected, encoder.layout, str(files.weights), optional=pooler)
    tokenizer = encoder.tokenizer(files)
    normaliser = tokenizer.normalizer
    lower_case = bool(getattr(normaliser, "lowercase", False))
    return Start(picked.tensors, shape, tokenizer, config, files.vocabulary, lower_case, encoder.card)
