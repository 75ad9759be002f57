"""Models that the transformers and sentence-transformers libraries run, every tensor checked."""

import inspect
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers
from numpy.typing import NDArray
from torch import Tensor

from harness import onednn
from harness.errors import WeightsInvalid, first_line
from harness.transformer import packed
from harness.transformer.checkpoint import read_config, weight_files
from harness.transformer.packed import Engine, Group
from harness.transformer.tensors import check_directory, merge_adapter, read_tensors, some
from harness.transformer.tokenization import (
    CHARACTERS_PER_TOKEN,
    DEFAULT_LENGTH,
    encodable,
    library_tokenizer,
    shortest,
)

#: Buffers of old files that today's models make themselves.
_BUFFERS = re.compile(r"(^|\.)(position_ids|inv_freq|masked_bias|attn\.bias)$")


def load_model(directory: Path, dtype: str = "float32", *, trust_remote_code: bool = False) -> Any:
    """Read an encoder by the transformers library, every tensor checked.

    Raises:
        WeightsInvalid: the library cannot read the checkpoint, or tensors of the encoder are missing, unknown or
            quantised, whose bare integers it would take for weights.
    """
    check_directory(directory, trust_remote_code=trust_remote_code)
    for path in weight_files(directory):
        for name, tensor in read_tensors(path).items():
            if tensor.dtype.itemsize == 1 and tensor.dtype != torch.bool and not _BUFFERS.search(name):
                raise WeightsInvalid(f"{path}: {name} holds {tensor.dtype}: quantised weights are not read")
    named = [str(name) for name in read_config(directory / "config.json").get("architectures") or ()]
    # The encoder alone of an encoder-decoder, saved by a class of its own (`T5EncoderModel`).
    alone = [name for name in named if name.endswith("EncoderModel") and hasattr(transformers, name)]
    kind: Any = getattr(transformers, alone[0]) if alone else transformers.AutoModel
    bars: Any = transformers.utils.logging  # its functions carry no types
    bars.disable_progress_bar()  # the run has its own
    try:
        options = {"local_files_only": True, "trust_remote_code": trust_remote_code, "output_loading_info": True}
        # Read in the file's own precision, a model keeps constants that are rounded to it (Gemma's scale).
        model, info = kind.from_pretrained(directory, dtype=getattr(torch, dtype), **options)
    except Exception as error:  # the library raises many kinds, all of which mean the files
        raise WeightsInvalid(f"{directory}: the transformers library cannot load it ({first_line(error)})") from error
    lacking = [name for name in sorted(info["missing_keys"]) if "pooler" not in name.split(".")]
    lacking += [str(entry[0]) for entry in info.get("mismatched_keys", [])]
    if lacking:
        raise WeightsInvalid(f"{directory} lacks {some(lacking)}, which would be drawn at random")
    modules, prefix = {name for name, _ in model.named_children()} - {"pooler"}, f"{model.base_model_prefix}."
    inside = [name for name in sorted(info["unexpected_keys"]) if name.removeprefix(prefix).split(".")[0] in modules]
    if unknown := [name for name in inside if not _BUFFERS.search(name)]:
        raise WeightsInvalid(f"{directory} has unknown tensors {some(unknown)} inside the encoder")
    return model


class LibraryEngine(Engine):
    """A model of the transformers library, with a LoRA adapter or without, ready to run.

    Its own Python code runs only where the user trusts it.

    Raises:
        WeightsInvalid: see `load_model`, or the model does not encode texts.
    """

    def __init__(
        self,
        directory: Path,
        device: str | None,
        dtype: str,
        *,
        adapter: Path | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        model = load_model(directory, dtype, trust_remote_code=trust_remote_code)
        if adapter is not None:
            model.float().load_state_dict(merge_adapter(model.state_dict(), adapter))
        if getattr(model.config, "is_encoder_decoder", False) and hasattr(model, "decoder"):
            model = model.get_encoder()
        own = (tensor for name, tensor in model.named_parameters() if "pooler" not in name.split("."))
        self.parameters = sum(tensor.numel() for tensor in own)
        self.max_tokens = position_limit(model)
        self.device = packed.choose_device(device, dtype)
        self.model = _ready(model, self.device, getattr(torch, dtype), own_code=trust_remote_code)
        self._masked = "attention_mask" in inspect.signature(self.model.forward).parameters
        try:
            words = int(model.get_input_embeddings().weight.shape[0])
            padding = getattr(model.config, "pad_token_id", None)
            first, second, third = [index for index in range(min(words, 4)) if index != padding][:3]
            trial = torch.tensor([[first, second], [first, third], [third, second]], device=self.device)
            states = self._states(trial)
            if torch.equal(states[0, 1], states[2, 1]):
                raise ValueError("its last token sees nothing of the first")
        except Exception as error:  # whatever a model of images or sounds raises
            raise WeightsInvalid(
                f"{directory}: the model does not encode a pair of token ids ({first_line(error)}): wrap it in an "
                "encoder class of your own (path/to/file.py:Class)"
            ) from error
        #: Whether the first token's vector is blind to the second.
        self.causal = bool(torch.equal(states[0, 0], states[1, 0]))
        super().__init__(self.device, int(states.shape[-1]), words)

    def _states(self, ids: Tensor) -> Tensor:
        masks = {"attention_mask": torch.ones_like(ids)} if self._masked else {}
        with torch.inference_mode():
            states: Tensor = self.model(input_ids=ids, **masks).last_hidden_state.float()
        return states

    def tokens(self, ids: NDArray[np.int32], groups: list[Group]) -> Tensor:
        """Last-layer vectors of a batch's tokens; see `Engine.tokens`."""
        sent = self.sent(torch.from_numpy(ids[0].astype(np.int64)))
        return torch.cat([self._states(g.of(sent)).flatten(0, 1) for g in groups])


def position_limit(model: Any) -> int | None:
    """Most tokens that a model has positions for; None where positions have no end.

    In RoBERTa's convention, which many models follow, positions begin behind the padding id: their table says so.
    """
    limits = [getattr(model.config, name, None) for name in ("max_position_embeddings", "n_positions")]
    for name, module in model.named_modules():
        weight = getattr(module, "weight", None)  # computed positions have none
        if "position" in name.rpartition(".")[2] and hasattr(module, "padding_idx") and weight is not None:
            limits.append(len(weight) - (0 if module.padding_idx is None else module.padding_idx + 1))
    return shortest(*limits)


def _ready(model: Any, device: torch.device, dtype: torch.dtype, *, own_code: bool) -> Any:
    """A model in its place and precision; linear layers by oneDNN where that serves, which is a fifth faster.

    Left as they are: those of a model's own code, and Mamba's `dt_proj`, whose weights are read by other means.
    """
    model = model.to(device=device, dtype=dtype).eval()
    fused = (torch.nn.Linear,) if packed.backend(device, dtype) == "onednn-packed" and not own_code else ()
    for name, module in model.named_modules():
        if type(module) in fused and not name.endswith("dt_proj"):
            module.weight = torch.nn.Parameter(onednn.reordered(module.weight.detach()), requires_grad=False)
            module.forward = partial(onednn.product, weight=module.weight, bias=module.bias)
        elif hasattr(module, "set_attention_type") and hasattr(module, "embeddings"):
            # BigBird would read all texts in full after one short one.
            chosen = partial(module.set_attention_type, module.attention_type)
            module.register_forward_pre_hook(lambda *_, chosen=chosen: chosen())
    return model


class SentenceEngine:
    """A model of the sentence-transformers library, ready to run; arguments as of `SentenceTransformerEncoder`.

    Raises:
        WeightsInvalid: the library cannot read it, or tensors are missing.
    """

    def __init__(
        self, directory: Path, device: str | None, dtype: str, max_length: int | None, *, trust_remote_code: bool
    ) -> None:
        from sentence_transformers import SentenceTransformer

        check_directory(directory, trust_remote_code=trust_remote_code)
        for config in sorted(directory.rglob("config.json")):
            if "model_type" in read_config(config) and weight_files(config.parent):
                load_model(config.parent, trust_remote_code=trust_remote_code)
                library_tokenizer(config.parent, trust_remote_code=trust_remote_code)
        self.device = packed.choose_device(device, dtype)
        options: dict[str, Any] = {"local_files_only": True, "trust_remote_code": trust_remote_code}
        try:
            model: Any = SentenceTransformer(str(directory), device=str(self.device), **options)
            self.model = _ready(model, self.device, getattr(torch, dtype), own_code=trust_remote_code)
        except Exception as error:  # the library raises many kinds, all of which mean the files
            raise WeightsInvalid(f"{directory}: sentence-transformers cannot load it ({first_line(error)})") from error
        networks = [part.auto_model for part in self.model.modules() if hasattr(part, "auto_model")]
        limit = shortest(self.model.max_seq_length, *map(position_limit, networks)) or DEFAULT_LENGTH * bool(networks)
        #: Tokens after which a text is cut; 0 where there is no limit.
        self.max_length = min(max_length or limit, limit)
        if limit:
            self.model.max_seq_length = self.max_length
        self.dimensions = int(self.model.get_embedding_dimension())
        self.parameters = sum(tensor.numel() for tensor in self.model.parameters())

    def encode(self, texts: Sequence[str], batch_tokens: int | None) -> NDArray[np.float32]:
        """Vectors of texts, float32 (len(texts), dimensions)."""
        if not texts:
            return np.empty((0, self.dimensions), np.float32)
        cut = [encodable(text[: self.max_length * CHARACTERS_PER_TOKEN or None]) for text in texts]

        def attempt(size: int) -> Any:
            return self.model.encode(cut, batch_size=size, show_progress_bar=False, convert_to_numpy=True)

        size = max(1, (batch_tokens or packed.tokens_of_batch(self.device)) // (self.max_length or DEFAULT_LENGTH))
        return np.asarray(packed.find_executable_batch_size(attempt, size, least=1), dtype=np.float32)
