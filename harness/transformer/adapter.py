"""Low-rank adapters (LoRA, Hu et al. 2021) as the `peft` library saves them, merged into a backbone's weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.errors import WeightsInvalid
from harness.transformer.checkpoint import read_config, read_tensors

if TYPE_CHECKING:
    from torch import Tensor

ADAPTER_FILES = ("adapter_config.json", "adapter_model.safetensors")

#: Settings of other kinds of adapters → the value that plain LoRA has.
_PLAIN: dict[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "bias": ("none", None),
    "use_dora": (False, None),
    "fan_in_fan_out": (False, None),
    "lora_bias": (False, None),
    "modules_to_save": (None, []),
    "alpha_pattern": (None, {}),
}


def is_adapter(directory: Path) -> bool:
    """Whether a directory holds an adapter, and not a model of its own."""
    return (directory / ADAPTER_FILES[0]).is_file()


def merge_adapter(tensors: Mapping[str, Tensor], directory: Path) -> dict[str, Tensor]:
    """Add an adapter to its backbone: W + scaling · B A for every adapted matrix, in float32.

    Args:
        tensors: of the backbone, as its file names them.
        directory: the adapter's, with `adapter_config.json` and `adapter_model.safetensors`.

    Returns:
        All tensors of the backbone, the adapted ones replaced.

    Raises:
        WeightsInvalid: not a plain LoRA adapter, or one of another backbone.
    """
    config = read_config(directory / ADAPTER_FILES[0])
    path = directory / ADAPTER_FILES[1]
    for setting, plain in _PLAIN.items():
        if config.get(setting) not in plain:
            raise WeightsInvalid(f"{directory}: `{setting}` is {config.get(setting)!r}; only plain LoRA is merged")
    adapter = read_tensors(path)
    merged = dict(tensors)
    matrices = {name.removesuffix(".lora_A.weight") for name in adapter if name.endswith(".lora_A.weight")}
    alpha = config.get("lora_alpha")
    if not isinstance(alpha, int | float):
        raise WeightsInvalid(f"{directory}: `lora_alpha` is {alpha!r}, a number is needed")
    if not matrices or len(adapter) != 2 * len(matrices):
        raise WeightsInvalid(f"{path} holds other tensors than the pairs lora_A and lora_B of adapted matrices")
    for matrix in sorted(matrices):
        name = matrix.removeprefix("base_model.model.") + ".weight"
        a, b = adapter[f"{matrix}.lora_A.weight"].float(), adapter.get(f"{matrix}.lora_B.weight")
        if b is None or name not in tensors or tensors[name].shape != (len(b), a.shape[1]) or b.shape[1] != len(a):
            raise WeightsInvalid(f"{path}: {matrix} fits no matrix of the backbone; it belongs to another model")
        rank = len(a) ** 0.5 if config.get("use_rslora") else len(a)
        merged[name] = tensors[name].float() + alpha / rank * (b.float() @ a)
    return merged
