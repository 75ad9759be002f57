"""The dimensions of a BERT-, RoBERTa- or MPNet-shaped encoder, read from its configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.errors import WeightsInvalid

ACTIVATIONS = ("gelu", "gelu_new", "relu")

#: Largest size that is believed: a file that claims more would only take memory.
_LARGEST = 10_000_000


@dataclass(frozen=True, kw_only=True)
class Shape:
    """Sizes and constants of the encoder."""

    architecture: str
    """`bert`, `roberta` or `mpnet`; they differ in where positions start and what attention adds."""
    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    """Rows of the position table."""
    types: int
    """Rows of the token-type table; every token has type 0. MPNet has no such table."""
    epsilon: float
    activation: str
    padding: int
    """Id of the padding token."""
    buckets: int = field(default=0, repr=False)
    """Distances between tokens that MPNet's attention tells apart; 0 for the others. Left out of the `repr`, which is
    part of `random-bert`'s fingerprint and older than MPNet."""

    @property
    def offset(self) -> int:
        """Position of the first token: 0 for BERT, padding id + 1 for the others (fairseq's convention)."""
        return 0 if self.architecture == "bert" else self.padding + 1

    @property
    def max_tokens(self) -> int:
        """Longest input, special tokens included; 514 rows of RoBERTa serve 512 tokens."""
        return self.positions - self.offset

    @classmethod
    def from_config(cls, config: Mapping[str, Any], architecture: str, origin: str) -> Shape:
        """Read a published `config.json` (or `bert_config.json`).

        Missing constants take the architecture's published defaults: configurations written before
        2020 lack `layer_norm_eps` and `pad_token_id`.

        Args:
            config: the decoded file.
            architecture: `bert`, `roberta` or `mpnet`; given by the wrapper, since several published files do not
                name it.
            origin: path, for the error message.

        Raises:
            WeightsInvalid: a size is missing or makes no sense, or the encoder has other positions or another
                activation than these architectures.
        """

        def size(key: str, least: int = 1) -> int:
            value = config.get(key)
            if type(value) is not int or not least <= value <= _LARGEST:
                raise WeightsInvalid(f"{origin}: `{key}` is {str(value)[:40]}; an integer from {least} is needed")
            return value

        hidden, heads = size("hidden_size"), size("num_attention_heads")
        if hidden % heads:
            raise WeightsInvalid(f"{origin}: hidden_size {hidden} is not a multiple of num_attention_heads {heads}")
        activation = config.get("hidden_act", "gelu")
        if activation not in ACTIVATIONS:
            raise WeightsInvalid(f"{origin}: activation {activation!r} is none of {', '.join(ACTIVATIONS)}")
        positions = config.get("position_embedding_type") or "absolute"
        if positions != "absolute" or config.get("is_decoder") or config.get("embedding_size"):
            raise WeightsInvalid(f"{origin}: not a BERT- or RoBERTa-shaped encoder; load it as `hf:` instead")
        padding = config.get("pad_token_id")
        shape = cls(
            architecture=architecture,
            hidden=hidden,
            layers=size("num_hidden_layers"),
            heads=heads,
            intermediate=size("intermediate_size"),
            vocabulary=size("vocab_size"),
            positions=size("max_position_embeddings"),
            types=0 if architecture == "mpnet" else size("type_vocab_size"),
            epsilon=float(config.get("layer_norm_eps", 1e-5 if architecture == "roberta" else 1e-12)),
            activation=activation,
            padding=padding if type(padding) is int else 0 if architecture == "bert" else 1,
            buckets=size("relative_attention_num_buckets", 4) if architecture == "mpnet" else 0,
        )
        if not 0 <= shape.padding < shape.vocabulary or shape.max_tokens < 2:
            raise WeightsInvalid(f"{origin}: `pad_token_id` is {padding}, which leaves no room for a text")
        return shape

    def tensors(self) -> dict[str, tuple[int, ...]]:
        """Name → shape of every tensor of the encoder but the pooler, in the names of transformers' `BertModel`."""
        d, f = self.hidden, self.intermediate
        names: dict[str, tuple[int, ...]] = {
            "embeddings.word_embeddings.weight": (self.vocabulary, d),
            "embeddings.position_embeddings.weight": (self.positions, d),
            **({"embeddings.token_type_embeddings.weight": (self.types, d)} if self.types else {}),
            **({"encoder.relative_attention_bias.weight": (self.buckets, self.heads)} if self.buckets else {}),
        }

        def dense(name: str, rows: int, columns: int) -> None:
            names[f"{name}.weight"], names[f"{name}.bias"] = (rows, columns), (rows,)

        def norm(name: str) -> None:
            names[f"{name}.weight"] = names[f"{name}.bias"] = (d,)

        norm("embeddings.LayerNorm")
        for i in range(self.layers):
            layer = f"encoder.layer.{i}."
            for part in ("self.query", "self.key", "self.value", "output.dense"):
                dense(f"{layer}attention.{part}", d, d)
            dense(f"{layer}intermediate.dense", f, d)
            dense(f"{layer}output.dense", d, f)
            norm(f"{layer}attention.output.LayerNorm")
            norm(f"{layer}output.LayerNorm")
        return names
