"""The dimensions of a BERT-, RoBERTa- or MPNet-shaped encoder, read from its configuration file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import WeightsInvalid

ACTIVATIONS = ("gelu", "gelu_new", "relu")

_TENSOR_PARTS = ("query", "key", "value")


#: Largest sizes that are believed: a file that claims more would only take memory.
_LARGE = 10_000_000
_LARGEST = {"num_hidden_layers": 1000, "hidden_size": 100_000, "intermediate_size": 1_000_000}


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
    buckets: int = 0
    """Distances between tokens that MPNet's attention tells apart; 0 for the others."""

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
            WeightsInvalid: a size is missing or makes no sense, or the encoder has another form of
                positions or activation than BERT's and RoBERTa's.
        """
        mpnet = architecture == "mpnet"
        sizes: dict[str, int] = {}
        for key in (
            "hidden_size",
            "num_hidden_layers",
            "num_attention_heads",
            "intermediate_size",
            "vocab_size",
            "max_position_embeddings",
            *(("relative_attention_num_buckets",) if mpnet else ("type_vocab_size",)),
        ):
            value = config.get(key)
            most = _LARGEST.get(key, _LARGE)
            if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= most:
                raise WeightsInvalid(
                    f"{origin}: `{key}` is {str(value)[:40]}, a positive integer up to {most:,} is needed"
                )
            sizes[key] = value
        if sizes["hidden_size"] % sizes["num_attention_heads"]:
            raise WeightsInvalid(
                f"{origin}: hidden_size {sizes['hidden_size']} is not a multiple of "
                f"num_attention_heads {sizes['num_attention_heads']}"
            )
        activation = config.get("hidden_act", "gelu")
        if not isinstance(activation, str) or activation not in ACTIVATIONS:
            raise WeightsInvalid(f"{origin}: activation {activation!r} is none of {', '.join(ACTIVATIONS)}")
        positions = config.get("position_embedding_type") or "absolute"
        if positions != "absolute" or config.get("is_decoder") or config.get("embedding_size"):
            raise WeightsInvalid(f"{origin}: not a BERT- or RoBERTa-shaped encoder; load it as `hf:` instead")
        roberta = architecture != "bert"
        padding = config.get("pad_token_id")
        padding = padding if isinstance(padding, int) else (1 if roberta else 0)
        epsilon = config.get("layer_norm_eps", 1e-5 if architecture == "roberta" else 1e-12)
        if not isinstance(epsilon, int | float) or not 0 <= epsilon < 1:
            raise WeightsInvalid(f"{origin}: `layer_norm_eps` is {str(epsilon)[:40]}, a small number is needed")
        if not 0 <= padding < sizes["vocab_size"] or (roberta and padding + 3 > sizes["max_position_embeddings"]):
            raise WeightsInvalid(f"{origin}: `pad_token_id` is {padding}, which leaves no room for a text")
        return cls(
            architecture=architecture,
            hidden=sizes["hidden_size"],
            layers=sizes["num_hidden_layers"],
            heads=sizes["num_attention_heads"],
            intermediate=sizes["intermediate_size"],
            vocabulary=sizes["vocab_size"],
            positions=sizes["max_position_embeddings"],
            types=sizes.get("type_vocab_size", 0),
            epsilon=float(epsilon),
            activation=activation,
            padding=int(padding),
            buckets=sizes.get("relative_attention_num_buckets", 0),
        )

    def tensors(self, *, pooler: bool) -> dict[str, tuple[int, ...]]:
        """Name → shape of every tensor of the encoder, in the names of transformers' `BertModel`."""
        d, f = self.hidden, self.intermediate
        names: dict[str, tuple[int, ...]] = {
            "embeddings.word_embeddings.weight": (self.vocabulary, d),
            "embeddings.position_embeddings.weight": (self.positions, d),
            "embeddings.LayerNorm.weight": (d,),
            "embeddings.LayerNorm.bias": (d,),
        }
        if self.types:
            names["embeddings.token_type_embeddings.weight"] = (self.types, d)
        if self.buckets:
            names["encoder.relative_attention_bias.weight"] = (self.buckets, self.heads)
        for i in range(self.layers):
            layer = f"encoder.layer.{i}."
            for part in _TENSOR_PARTS:
                names[f"{layer}attention.self.{part}.weight"] = (d, d)
                names[f"{layer}attention.self.{part}.bias"] = (d,)
            for dense, rows, columns in (
                ("attention.output.dense", d, d),
                ("intermediate.dense", f, d),
                ("output.dense", d, f),
            ):
                names[f"{layer}{dense}.weight"] = (rows, columns)
                names[f"{layer}{dense}.bias"] = (rows,)
            for norm in ("attention.output.LayerNorm", "output.LayerNorm"):
                names[f"{layer}{norm}.weight"] = (d,)
                names[f"{layer}{norm}.bias"] = (d,)
        if pooler:
            names["pooler.dense.weight"] = (d, d)
            names["pooler.dense.bias"] = (d,)
        return names
