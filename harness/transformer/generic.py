"""Any encoder of the transformers library, in padded batches.

For shapes that `packed` does not know. Loading is safe (safetensors, or pickles that hold nothing but tensors) and
complete: an encoder tensor that the checkpoint does not set is an error, where the library would draw it at random.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from harness.errors import WeightsInvalid
from harness.transformer.safety import check_directory
from harness.transformer.tokenization import encodable

if TYPE_CHECKING:
    from numpy.typing import NDArray


class GenericEngine:
    """A model of the transformers library, ready to run.

    Args:
        directory: checkpoint as the library reads it.
        device: where to compute.
        dtype: of weights and arithmetic; vectors are float32 whatever it is.
        trust_remote_code: let the checkpoint's own Python code run.

    Raises:
        WeightsInvalid: the library cannot read the checkpoint, or the checkpoint lacks tensors of the encoder.
    """

    def __init__(
        self, directory: Path, *, device: torch.device, dtype: torch.dtype, trust_remote_code: bool = False
    ) -> None:
        from transformers import AutoModel

        check_directory(directory, trust_remote_code=trust_remote_code)
        try:
            with without_progress_bar():
                model, info = AutoModel.from_pretrained(
                    directory,
                    local_files_only=True,
                    trust_remote_code=trust_remote_code,
                    output_loading_info=True,
                )
        except Exception as error:  # the library raises many kinds, all of which mean the files
            raise WeightsInvalid(
                f"{directory}: the transformers library cannot load it ({_first_line(error)})"
            ) from error
        missing = sorted(info["missing_keys"])
        lacking = [name for name in missing if "pooler" not in name.split(".")]
        mismatched = [str(entry[0]) for entry in info.get("mismatched_keys", [])]
        if lacking or mismatched:
            raise WeightsInvalid(
                f"{directory}: the checkpoint lacks {', '.join((lacking + mismatched)[:4])}"
                f"{' and more' if len(lacking + mismatched) > 4 else ''}, which would be drawn at random"
            )
        if getattr(model.config, "is_encoder_decoder", False):
            model = model.get_encoder()
        self.has_pooler = not missing and _pooler_trained(model)
        self.left_out: tuple[str, ...] = tuple(sorted(info["unexpected_keys"]))
        self.model = model.to(device=device, dtype=dtype).eval()
        self.device = device
        self.padding = int(getattr(model.config, "pad_token_id", None) or 0)
        self.dimensions = int(getattr(model.config, "hidden_size", None) or model.config.d_model)
        self.parameters = sum(
            tensor.numel() for name, tensor in model.named_parameters() if "pooler" not in name.split(".")
        )

    @property
    def bytes_per_token(self) -> int:
        """Memory that one token of a batch takes, for a network four times as wide inside as outside."""
        return 16 * self.dimensions * 4

    @torch.inference_mode()
    def pooled(self, items: Sequence[NDArray[np.int32]], pooling: str, batch_tokens: int) -> NDArray[np.float32]:
        """One vector per item; see `PackedEncoder.pooled`."""
        result = torch.empty(len(items), self.dimensions)
        for rows, mask, output in self._outputs(items, batch_tokens):
            states = output.last_hidden_state
            if pooling == "pooler":
                vectors = output.pooler_output.float()
            elif pooling == "cls":
                vectors = states[:, 0].float()
            elif pooling == "last":
                vectors = states[torch.arange(len(rows)), mask.sum(1) - 1].float()
            else:
                weights = mask[:, :, None].float()
                vectors = (states.float() * weights).sum(1) / weights.sum(1)
            result[rows] = vectors.cpu()
        return result.numpy()

    @torch.inference_mode()
    def states(self, items: Sequence[NDArray[np.int32]], batch_tokens: int) -> list[Tensor]:
        """Last-layer vectors of all tokens; see `PackedEncoder.states`."""
        result: list[Tensor] = [torch.empty(0)] * len(items)
        for rows, _, output in self._outputs(items, batch_tokens):
            for row, states in zip(rows, output.last_hidden_state, strict=True):
                result[row] = states[: len(items[row])].float().cpu().clone()
        return result

    def _outputs(
        self, items: Sequence[NDArray[np.int32]], batch_tokens: int
    ) -> Iterator[tuple[list[int], Tensor, Any]]:
        """Model outputs of right-padded batches, longest texts first: rows, attention mask, output."""
        order = sorted(range(len(items)), key=lambda i: -len(items[i]))
        start = 0
        while start < len(order):
            length = len(items[order[start]])
            rows = order[start : start + max(1, batch_tokens // length)]
            start += len(rows)
            ids = np.full((len(rows), length), self.padding, dtype=np.int64)
            mask = np.zeros((len(rows), length), dtype=np.int64)
            for i, row in enumerate(rows):
                ids[i, : len(items[row])] = items[row]
                mask[i, : len(items[row])] = 1
            on_device = torch.from_numpy(mask).to(self.device)
            yield rows, on_device, self.model(input_ids=torch.from_numpy(ids).to(self.device), attention_mask=on_device)


class GenericTokenizer:
    """A tokeniser of the transformers library.

    Args:
        directory: holds its files.
        trust_remote_code: let the checkpoint's own Python code run.

    Raises:
        WeightsInvalid: the library cannot read it.
    """

    def __init__(self, directory: Path, *, trust_remote_code: bool = False) -> None:
        from transformers import AutoTokenizer

        try:
            self._tokenizer: Any = AutoTokenizer.from_pretrained(
                directory, local_files_only=True, trust_remote_code=trust_remote_code
            )
        except Exception as error:  # the library raises many kinds, all of which mean the files
            raise WeightsInvalid(
                f"{directory}: the transformers library finds no tokeniser there ({_first_line(error)})"
            ) from error
        self._tokenizer.truncation_side = "right"

    @property
    def limit(self) -> int | None:
        """Most tokens of a text as the tokeniser's files say; None where they do not."""
        limit = int(min(self._tokenizer.model_max_length, 1_000_000))
        return limit if limit < 1_000_000 else None

    def encode(self, texts: Sequence[str], max_length: int) -> list[NDArray[np.int32]]:
        """Token ids of each text with the model's special tokens, at least one token each."""
        if not texts:
            return []
        rows = self._tokenizer(
            [encodable(text) for text in texts], truncation=True, max_length=max_length, padding=False
        )["input_ids"]
        tokenizer = self._tokenizer
        ends = (tokenizer.eos_token_id, tokenizer.bos_token_id, tokenizer.pad_token_id)
        stand_in = next((token for token in ends if token is not None), 0)
        # Tokenisers without special tokens leave nothing of an empty text.
        return [np.asarray(row or [stand_in], dtype=np.int32) for row in rows]


@contextmanager
def without_progress_bar() -> Iterator[None]:
    """Keep the library's bars off the screen, where the run has its own."""
    from transformers.utils import logging

    bars: Any = logging  # its functions carry no types
    shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            bars.enable_progress_bar()


def _pooler_trained(model: Any) -> bool:
    """Whether the model has a pooler, and its bias is not exactly zero, as initialisation leaves it."""
    biases = [
        tensor for name, tensor in model.named_parameters() if "pooler" in name.split(".") and name.endswith("bias")
    ]
    return bool(biases) and all(bool(bias.any()) for bias in biases)


def _first_line(error: BaseException) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"[:200]
