"""The networks that training moves: a transformers encoder, CARL's branches and heads, and LoRA adapters."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from transformers import AutoModel
from transformers.utils import logging as transformers_logging

#: Linear layers that an adapter reaches, by the names that BERT, RoBERTa and MPNet give them.
ADAPTED = ("q", "k", "v", "o", "query", "key", "value", "dense")


@dataclass(frozen=True)
class Tokens:
    """Some texts as an encoder reads them, padded on the right to the longest."""

    ids: Tensor
    """Int64 (B, T)."""
    mask: Tensor
    """Int64 (B, T), 1 for tokens and 0 for padding."""
    special: Tensor
    """Bool (B, T), true for special and padding tokens."""

    def to(self, device: torch.device) -> Tokens:
        """The same on a device."""
        return Tokens(self.ids.to(device), self.mask.to(device), self.special.to(device))


class Encoder(nn.Module):
    """A transformers encoder that maps word embeddings to token vectors, and token vectors to one vector a text.

    Word embeddings are its input, since the attack of equations (7) to (9) works on them.

    Args:
        model: of `AutoModel`.
        pooling: `mean` over all tokens, or `cls`, the first one.
    """

    def __init__(self, model: nn.Module, pooling: str) -> None:
        super().__init__()
        self.model = model
        self.pooling = pooling

    @property
    def width(self) -> int:
        """Dimensions of a vector."""
        return int(self.model.config.hidden_size)  # type: ignore[union-attr,arg-type]

    def words(self, ids: Tensor) -> Tensor:
        """Word embeddings (B, T, d) of token ids (B, T)."""
        embedded: Tensor = self.model.get_input_embeddings()(ids)  # type: ignore[operator]
        return embedded

    def forward(self, words: Tensor, mask: Tensor) -> Tensor:
        """Token vectors (B, T, d) of word embeddings (B, T, d)."""
        states: Tensor = self.model(inputs_embeds=words, attention_mask=mask).last_hidden_state
        return states

    def pool(self, states: Tensor, mask: Tensor) -> Tensor:
        """One vector a text, float32 (B, d)."""
        states = states.float()
        if self.pooling == "cls":
            return states[:, 0]
        weights = mask[..., None].to(states.dtype)
        return (states * weights).sum(1) / weights.sum(1)

    def encode(self, tokens: Tokens) -> Tensor:
        """One vector a text, float32 (B, d), of tokens."""
        return self.pool(self(self.words(tokens.ids), tokens.mask), tokens.mask)


def load_encoder(
    directory: Path,
    *,
    pooling: str,
    dropout: float,
    lora_rank: int = 0,
    lora_alpha: int = 0,
    checkpointing: bool = False,
) -> Encoder:
    """Read a backbone that `AutoModel` knows; nothing is downloaded and no pickle is opened.

    Args:
        directory: of its checkpoint.
        pooling: `mean` or `cls`.
        dropout: of hidden states and attention.
        lora_rank: rank of the adapters that are trained in place of the weights (Hu et al. 2022); 0 trains the weights.
            Word embeddings rest in either case, position embeddings with adapters.
        lora_alpha: the adapters' scale is `lora_alpha / lora_rank`.
        checkpointing: compute activations again in the backward pass, which saves memory and costs a third more time.
    """
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]  # the training has its own
    model = AutoModel.from_pretrained(
        directory,
        local_files_only=True,
        use_safetensors=True,
        dtype=torch.float32,
        # On the CPU the fused attention's backward pass costs a third of a step of short texts.
        attn_implementation="sdpa" if torch.cuda.is_available() else "eager",
        hidden_dropout_prob=dropout,
        attention_probs_dropout_prob=dropout,
    )
    if checkpointing:
        model.gradient_checkpointing_enable()
    if lora_rank:
        from peft import LoraConfig, inject_adapter_in_model

        model.requires_grad_(False)
        targets = rf".*encoder\.layer\..*\.({'|'.join(ADAPTED)})"
        inject_adapter_in_model(LoraConfig(r=lora_rank, lora_alpha=lora_alpha, target_modules=targets), model)
    else:
        model.get_input_embeddings().requires_grad_(False)
    return Encoder(model, pooling)


def projection_head(width: int, hidden: int, size: int) -> nn.Sequential:
    """Projector or predictor: dense, batch normalisation, ReLU, dense (Grill et al. 2020, BYOL)."""
    return nn.Sequential(nn.Linear(width, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Linear(hidden, size))


class Branch(nn.Module):
    """Encoder, pooler without activation, projector: what the online and the target network share.

    Args:
        encoder: the backbone.
        hidden: width of the projector's hidden layer.
        size: width of its output.
    """

    def __init__(self, encoder: Encoder, hidden: int, size: int) -> None:
        super().__init__()
        self.encoder = encoder
        pooler = getattr(encoder.model, "pooler", None)
        self.pooler = nn.Linear(encoder.width, encoder.width)
        if pooler is not None:
            self.pooler.load_state_dict(pooler.dense.state_dict())
            encoder.model.pooler = None  # type: ignore[assignment]
        self.projector = projection_head(encoder.width, hidden, size)

    def project(self, pooled: Tensor) -> Tensor:
        """Projection (B, size) of vectors (B, d)."""
        projected: Tensor = self.projector(self.pooler(pooled))
        return projected


class Networks(nn.Module):
    """Everything that a run of CARL trains, and the target network that follows.

    Args:
        encoder: to train; the target starts as its copy.
        hidden: width of the hidden layer of projector and predictor.
        size: width of the vectors that are compared.
        words: logarithms of how frequent the words are (k,) of which the vector tells whether a text has them; None
            for no such head.
        taught: width of a teacher's vectors; 0 for no such head.
    """

    def __init__(
        self,
        encoder: Encoder,
        *,
        hidden: int,
        size: int,
        words: Tensor | None = None,
        taught: int = 0,
    ) -> None:
        super().__init__()
        self.online = Branch(encoder, hidden, size)
        self.predictor = projection_head(size, hidden, size)
        self.detector = nn.Linear(encoder.width, 1)
        self.words = None
        if words is not None:
            self.words = nn.Linear(encoder.width, len(words))
            with torch.no_grad():  # else the mean vector moves to tell what every text has in common
                self.words.bias.copy_(words)
        self.taught = nn.Linear(encoder.width, taught) if taught else None
        self.target = copy.deepcopy(self.online).requires_grad_(False)

    def train(self, mode: bool = True) -> Networks:
        """Switch between training and use; the target never drops anything."""
        super().train(mode)
        self.target.encoder.eval()
        return self

    def trainable(self) -> Iterator[tuple[str, nn.Parameter]]:
        """Name and parameter of everything that gradients reach."""
        return ((name, parameter) for name, parameter in self.named_parameters() if parameter.requires_grad)

    def moving(self) -> dict[str, Tensor]:
        """Name → tensor of everything that training moves; the rest is read from the backbone again."""
        moving = {name for name, _ in self.trainable()}
        moving |= {name.replace("online.", "target.", 1) for name in moving if name.startswith("online.")}
        moving |= {name for name, _ in self.named_buffers()}
        return {name: tensor for name, tensor in self.state_dict().items() if name in moving}
