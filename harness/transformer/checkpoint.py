"""Reading a published checkpoint safely and completely.

Two rules: no code in a file is ever run (safetensors, or pickles through torch's restricted reader), and nothing
is guessed: an encoder tensor that the file does not set is an error, as is a tensor that neither the encoder nor
a known head accounts for. Plain loaders do neither, and so run SentiLARE without its three extra tables or
RoBERTa with a random pooler.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import WeightsInvalid, first_line

if TYPE_CHECKING:
    from torch import Tensor

#: What tensors are called elsewhere → their names in transformers' `BertModel`: TensorFlow's names, which published
#: BERT files still carry, and MPNet's.
_OTHER_NAMES = {
    "LayerNorm.gamma": "LayerNorm.weight",
    "LayerNorm.beta": "LayerNorm.bias",
    ".attention.attn.q.": ".attention.self.query.",
    ".attention.attn.k.": ".attention.self.key.",
    ".attention.attn.v.": ".attention.self.value.",
    ".attention.attn.o.": ".attention.output.dense.",
    ".attention.LayerNorm.": ".attention.output.LayerNorm.",
}

#: Buffers of old library versions: no parameters.
_BUFFERS = ("embeddings.position_ids", "embeddings.token_type_ids")

#: Modules of the encoder: an unknown tensor in one of them is never a head.
_ENCODER_MODULES = ("embeddings.", "encoder.")

#: Hashes of the texts that a checkpoint was trained on, one a line; see `read_training_texts`.
TRAINING_TEXTS = "training_texts.txt"

#: What peft writes of an adapter.
ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")

#: Settings that make other adapters than plain LoRA → the values that plain LoRA has.
_PLAIN_LORA: dict[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "bias": ("none", None),
    "use_dora": (False, None),
    "fan_in_fan_out": (False, None),
    "lora_bias": (False, None),
    "modules_to_save": (None, []),
    "alpha_pattern": (None, {}),
}


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How the authors of a model name its files and tensors."""

    architecture: str
    """`bert`, `roberta` or `mpnet`."""
    weights: tuple[str, ...] = ("model.safetensors", "pytorch_model.bin")
    """File names, the first that exists is read."""
    config: tuple[str, ...] = ("config.json",)
    """File names, the first that exists is read."""
    vocabulary: tuple[tuple[str, ...], ...] = (("tokenizer.json",), ("vocab.txt",), ("vocab.json", "merges.txt"))
    """Sets of files, the first complete set is read."""
    prefixes: tuple[str, ...] = ("bert.", "roberta.", "mpnet.")
    """Prefixes that encoder tensors may carry."""
    renames: tuple[tuple[str, str], ...] = ()
    """Tensor-name beginnings and what they become, e.g. `mlp.` → `pooler.`; applied before prefixes."""
    heads: tuple[str, ...] = ("cls.", "lm_head.")
    """Beginnings of tensors that belong to training heads and are left out; compared before and after a prefix is
    taken off."""
    any_heads: bool = False
    """Leave out whatever lies outside the encoder's own modules, for models nobody described here."""
    lower_case: bool | None = None
    """Whether a `vocab.txt` is lower-cased; None takes what its directory declares."""


def read_config(path: Path) -> dict[str, Any]:
    """Decode a JSON configuration file.

    Raises:
        WeightsInvalid: not a JSON object.
    """
    try:
        config = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise WeightsInvalid(f"{path} is no JSON file ({error}); fetch the checkpoint again") from error
    if not isinstance(config, dict):
        raise WeightsInvalid(f"{path} holds no JSON object; fetch the checkpoint again")
    return config


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a state dict on the CPU.

    Args:
        path: `*.safetensors`, or a pickled state dict of tensors.

    Raises:
        WeightsInvalid: damaged, not a state dict, or a pickle that holds anything but tensors.
    """
    import torch
    from safetensors.torch import load_file

    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the readers raise many kinds, all of which mean the file
        raise WeightsInvalid(
            f"{path} cannot be read safely ({first_line(error)}); only safetensors and pickles that "
            "hold nothing but tensors are loaded: fetch it again, or convert it with its authors' code"
        ) from error
    if not isinstance(state, Mapping):
        raise WeightsInvalid(f"{path} holds a {type(state).__name__}, not a state dict")
    other = sorted(str(name) for name, value in state.items() if not isinstance(value, torch.Tensor))
    if other:
        raise WeightsInvalid(f"{path} holds more than tensors ({', '.join(other[:3])}): not a state dict")
    return {str(name): value for name, value in state.items()}


@dataclass(frozen=True)
class Picked:
    """The encoder's part of a state dict."""

    tensors: dict[str, Tensor]
    """Canonical name → tensor, for every expected name and the optional ones found."""
    left_out: tuple[str, ...]
    """Names, as the file has them, of the heads that are not used."""


def encoder_tensors(
    state: Mapping[str, Tensor],
    expected: Mapping[str, tuple[int, ...]],
    layout: Layout,
    origin: str,
    optional: Mapping[str, tuple[int, ...]] | None = None,
) -> Picked:
    """Pick the encoder's tensors out of a state dict, under their canonical names, and check them all.

    Args:
        state: tensors as the file names them.
        expected: canonical name → shape of each tensor that must be there (`Shape.tensors`).
        layout: the model's renamings and known heads.
        origin: path, for the error message.
        optional: tensors that are taken when there (the pooler of files that may lack it).

    Raises:
        WeightsInvalid: a tensor is missing, unexpected, ambiguous or of another shape; all names are given.
    """
    known = {**expected, **(optional or {})}
    found: dict[str, Tensor] = {}
    unexpected: list[str] = []
    left_out: list[str] = []
    for name, tensor in state.items():
        canonical = _canonical(name, layout)
        if canonical in _BUFFERS:
            continue
        if name.startswith(layout.heads) or canonical.startswith(layout.heads):
            left_out.append(name)
        elif canonical not in known:
            foreign = layout.any_heads and not canonical.startswith(_ENCODER_MODULES)
            (left_out if foreign else unexpected).append(name)
        elif canonical in found:
            raise WeightsInvalid(f"{origin} sets {canonical} twice (the second time as {name})")
        elif tuple(tensor.shape) != known[canonical]:
            raise WeightsInvalid(
                f"{origin}: {name} has shape {tuple(tensor.shape)}, the configuration asks for {known[canonical]}"
            )
        else:
            found[canonical] = tensor
    missing = [name for name in expected if name not in found]
    if missing or unexpected:
        parts = [
            f"{label} {', '.join(names[:4])}{f' and {len(names) - 4} more' if len(names) > 4 else ''}"
            for label, names in (("lacks", missing), ("has unknown tensors", unexpected))
            if names
        ]
        raise WeightsInvalid(f"{origin} {' and '.join(parts)}: it is a checkpoint of another model or incomplete")
    return Picked(found, tuple(sorted(left_out)))


def _canonical(name: str, layout: Layout) -> str:
    for old, new in layout.renames:
        if name.startswith(old):
            name = new + name[len(old) :]
            break
    for prefix in layout.prefixes:
        if name.startswith(prefix):
            name = name[len(prefix) :]
            break
    for old, new in _OTHER_NAMES.items():
        name = name.replace(old, new)
    return name


def check_pooler(tensors: Mapping[str, Tensor], origin: Path, name: str) -> None:
    """Refuse a pooler that is missing, or that still is what initialisation made it: a bias of exactly zero.

    Libraries that find no pooler draw one at random, and some published files were saved after that; its
    vectors differ from run to run of whoever saved it and mean nothing.

    Raises:
        WeightsInvalid: there is no trained pooler.
    """
    bias = tensors.get("pooler.dense.bias")
    if bias is None:
        raise WeightsInvalid(f"{origin} has no pooler: {name}@pooler does not exist; use {name}@cls")
    if not bias.any():
        raise WeightsInvalid(
            f"the pooler in {origin} was never trained (its bias is zero): its vectors mean nothing; use {name}@cls"
        )


def is_adapter(directory: Path) -> bool:
    """Whether a directory holds a LoRA adapter, and not a model of its own."""
    return (directory / ADAPTER_FILES[0]).is_file()


def merge_adapter(tensors: Mapping[str, Tensor], directory: Path) -> dict[str, Tensor]:
    """Add a LoRA adapter (Hu et al. 2021) to its backbone: W + scaling · B A for every adapted matrix, in float32.

    Args:
        tensors: of the backbone, as its file names them.
        directory: the adapter's, as `peft` saves it.

    Returns:
        All tensors of the backbone, the adapted ones replaced.

    Raises:
        WeightsInvalid: not a plain LoRA adapter, or one of another backbone.
    """
    config = read_config(directory / ADAPTER_FILES[0])
    path = directory / ADAPTER_FILES[1]
    for setting, plain in _PLAIN_LORA.items():
        if config.get(setting) not in plain:
            raise WeightsInvalid(f"{directory}: `{setting}` is {config.get(setting)!r}; only plain LoRA is merged")
    alpha = config.get("lora_alpha")
    if not isinstance(alpha, int | float):
        raise WeightsInvalid(f"{directory}: `lora_alpha` is {alpha!r}, a number is needed")
    adapter = read_tensors(path)
    matrices = {name.removesuffix(".lora_A.weight") for name in adapter if name.endswith(".lora_A.weight")}
    if not matrices or len(adapter) != 2 * len(matrices):
        raise WeightsInvalid(f"{path} holds other tensors than the pairs lora_A and lora_B of adapted matrices")
    merged = dict(tensors)
    for matrix in sorted(matrices):
        name = matrix.removeprefix("base_model.model.") + ".weight"
        a, b = adapter[f"{matrix}.lora_A.weight"].float(), adapter.get(f"{matrix}.lora_B.weight")
        if b is None or name not in tensors or tensors[name].shape != (len(b), a.shape[1]) or b.shape[1] != len(a):
            raise WeightsInvalid(f"{path}: {matrix} fits no matrix of the backbone; it belongs to another model")
        rank = len(a) ** 0.5 if config.get("use_rslora") else len(a)
        merged[name] = tensors[name].float() + alpha / rank * (b.float() @ a)
    return merged


def read_training_texts(directory: Path) -> frozenset[str] | None:
    """Hashes of the labelled texts that a checkpoint was trained on.

    The file `training_texts.txt` holds one line a text: the first 16 hexadecimal digits of the SHA-256 of the text's
    normal form (lower case, the tokens `-lrb-` and `-rrb-` dropped, a-z and 0-9 kept). It shows which evaluated texts
    were trained on without giving any text away.

    Returns:
        The hashes; None where the checkpoint has no such list, which says nothing about its training.

    Raises:
        WeightsInvalid: a line is no hash.
    """
    path = directory / TRAINING_TEXTS
    if not path.is_file():
        return None
    lines = path.read_bytes().decode("ascii", "replace").removesuffix("\n").split("\n")
    for number, line in enumerate(lines if lines != [""] else [], start=1):
        if not re.fullmatch(r"[0-9a-f]{16}", line):
            raise WeightsInvalid(
                f"{path}, line {number}: expected 16 hexadecimal digits, found {line[:40]!r}; the list of training "
                "texts is damaged, fetch the checkpoint again"
            )
    return frozenset(lines) - {""}
