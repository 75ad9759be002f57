"""Reading a published checkpoint safely and completely.

No code in a file is ever run, and nothing is guessed: an encoder tensor that the file does not set is an error, as is
a tensor that neither the encoder nor a known head accounts for. Plain loaders do neither, and so run SentiLARE without
its three extra tables or RoBERTa with a random pooler.
"""

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from harness.errors import WeightsInvalid, first_line
from harness.transformer.checkpoint import ADAPTER_FILES, Layout, read_config

#: What tensors are called elsewhere → their names in transformers' `BertModel`: TensorFlow's names, which published
#: BERT files still carry, MPNet's and DistilBERT's.
_OTHER_NAMES = {
    "LayerNorm.gamma": "LayerNorm.weight",
    "LayerNorm.beta": "LayerNorm.bias",
    ".attention.attn.q.": ".attention.self.query.",
    ".attention.attn.k.": ".attention.self.key.",
    ".attention.attn.v.": ".attention.self.value.",
    ".attention.attn.o.": ".attention.output.dense.",
    ".attention.LayerNorm.": ".attention.output.LayerNorm.",
    "transformer.layer.": "encoder.layer.",
    ".attention.q_lin.": ".attention.self.query.",
    ".attention.k_lin.": ".attention.self.key.",
    ".attention.v_lin.": ".attention.self.value.",
    ".attention.out_lin.": ".attention.output.dense.",
    ".sa_layer_norm.": ".attention.output.LayerNorm.",
    ".ffn.lin1.": ".intermediate.dense.",
    ".ffn.lin2.": ".output.dense.",
    ".output_layer_norm.": ".output.LayerNorm.",
}

#: Buffers of old library versions: no parameters.
_BUFFERS = ("embeddings.position_ids", "embeddings.token_type_ids")

#: Modules of the encoder: an unknown tensor in one of them is never a head.
_ENCODER_MODULES = ("embeddings.", "encoder.")

#: Settings of adapters that plain LoRA leaves unset.
_NOT_PLAIN = ("use_dora", "fan_in_fan_out", "lora_bias", "alpha_pattern")

#: Endings of files that libraries read as pickles.
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")

#: Beginnings of the names of files that no library reads a model from; most are a trainer's.
_NO_WEIGHTS = ("openvino", "training_args", "optimizer", "scheduler", "scaler", "rng_state")

#: Keys under which a model names a class: a module's, a tokeniser's, an activation's.
_CLASS_KEYS = ("type", "types", "tokenizer_class", "activation_function")

#: Classes that may be named with their module; names without a module are a library's own.
_ALLOWED = re.compile(r"sentence_transformers\.(\w+\.)*[A-Z]\w*|torch\.nn\.modules\.(activation|linear)\.[A-Z]\w*")


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read a state dict on the CPU: safetensors, or a pickle of tensors, which torch's restricted reader takes.

    Raises:
        WeightsInvalid: damaged, not a state dict, or a pickle that holds anything but tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # the readers raise many kinds, all of which mean the file
        if path.is_file() and path.stat().st_size < 1024 and path.read_bytes().startswith(b"version https://git-lfs"):
            raise WeightsInvalid(f"{path} is a pointer of Git LFS, not the file: `git lfs pull` fetches it") from error
        raise WeightsInvalid(
            f"{path} cannot be read safely ({first_line(error)}); only safetensors and pickles that "
            "hold nothing but tensors are loaded: fetch it again, or convert it with its authors' code"
        ) from error
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsInvalid(f"{path} holds more than named tensors: it is no state dict")
    return {str(name): value for name, value in state.items()}


def encoder_tensors(
    state: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], layout: Layout, origin: str
) -> dict[str, Tensor]:
    """Pick the encoder's tensors out of a file's, under their canonical names, and check them all.

    `expected` maps the canonical name of each tensor that must be there to its shape; there may be a pooler, too.

    Raises:
        WeightsInvalid: a tensor is missing, unexpected, ambiguous, quantised or of another shape.
    """
    width = expected["embeddings.word_embeddings.weight"][1]
    known = {**expected, "pooler.dense.weight": (width, width), "pooler.dense.bias": (width,)}
    found: dict[str, Tensor] = {}
    unknown: list[str] = []
    for name, tensor in state.items():
        canonical = _canonical(name, layout)
        if canonical in _BUFFERS or name.startswith(layout.heads) or canonical.startswith(layout.heads):
            continue
        if canonical not in known:
            if not layout.any_heads or canonical.startswith(_ENCODER_MODULES):
                unknown.append(name)
        elif canonical in found:
            raise WeightsInvalid(f"{origin} sets {canonical} twice (the second time as {name})")
        elif tensor.shape != known[canonical] or not tensor.is_floating_point():
            given = f"{tensor.dtype} of shape {tuple(tensor.shape)}"
            raise WeightsInvalid(f"{origin}: {name} is {given}, not floating-point numbers of {known[canonical]}")
        else:
            found[canonical] = tensor
    missing = [name for name in expected if name not in found]
    for fault, names in (("lacks", missing), ("has unknown tensors", unknown)):
        if names:
            raise WeightsInvalid(f"{origin} {fault} {some(names)}: it is a checkpoint of another model or incomplete")
    return found


def some(names: list[str]) -> str:
    """The first names of a list, and how many more there are."""
    return ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")


def _canonical(name: str, layout: Layout) -> str:
    old, new = next((pair for pair in layout.renames if name.startswith(pair[0])), ("", ""))
    name = new + name.removeprefix(old)
    name = name.removeprefix(next(filter(name.startswith, layout.prefixes), ""))
    for old, new in _OTHER_NAMES.items():
        name = name.replace(old, new)
    return name


def merge_adapter(tensors: Mapping[str, Tensor], directory: Path) -> dict[str, Tensor]:
    """Add a LoRA adapter (Hu et al. 2021) to its backbone: W + scaling · B A for every adapted matrix, in float32.

    The adapter's directory is as `peft` saves it. The backbone's tensors are named as in its file or in its model, and
    either name may begin with that of a model around the other (`bert.`, `model.`). Modules that were saved whole take
    the place of the backbone's; heads, which it does not have, are left out.

    Raises:
        WeightsInvalid: not a plain LoRA adapter, or one of another backbone.
    """
    config, path = read_config(directory / ADAPTER_FILES[0]), directory / ADAPTER_FILES[1]
    alpha, plain = config.get("lora_alpha"), {"peft_type": ("LORA",), "bias": ("none", None)}
    other = [setting for setting in _NOT_PLAIN if config.get(setting)]
    other += [setting for setting, values in plain.items() if config.get(setting) not in values]
    if other or not isinstance(alpha, int | float):
        raise WeightsInvalid(f"{directory}: `{(other or ['lora_alpha'])[0]}` is not that of a plain LoRA adapter")
    adapter = read_tensors(path)
    matrices = {name.removesuffix(".lora_A.weight") for name in adapter if name.endswith(".lora_A.weight")}
    whole = [name for name in adapter if ".lora_" not in name]
    if not matrices or len(adapter) != 2 * len(matrices) + len(whole):
        raise WeightsInvalid(f"{path} holds other tensors than the pairs lora_A and lora_B of adapted matrices")

    def found(name: str) -> list[str]:
        theirs = name.replace("base_model.model", "", 1)
        return [own for own in tensors if theirs.endswith(f".{own}") or f".{own}".endswith(theirs)]

    foreign = f"{path}: {{}} fits no matrix of the backbone; it belongs to another model"
    merged = dict(tensors) | {own: adapter[name] for name in whole for own in found(name)}
    if odd := [name for name, tensor in tensors.items() if merged[name].shape != tensor.shape]:
        raise WeightsInvalid(foreign.format(odd[0]))
    for matrix in sorted(matrices):
        names = found(f"{matrix}.weight")
        a, b = adapter[f"{matrix}.lora_A.weight"].float(), adapter.get(f"{matrix}.lora_B.weight")
        if b is None or [tensors[name].shape for name in names] != [(len(b), a.shape[1])] or b.shape[1] != len(a):
            raise WeightsInvalid(foreign.format(matrix))
        rank = len(a) ** 0.5 if config.get("use_rslora") else len(a)
        merged[names[0]] = tensors[names[0]].float() + alpha / rank * (b.float() @ a)
    return merged


# What is checked of a directory before a library of others loads a model from it. The libraries run no code either, at
# the versions that are required; what decides is here, and does not depend on theirs.


def check_directory(directory: Path, *, trust_remote_code: bool = False) -> None:
    """Refuse a model that could run code when it is loaded.

    With `trust_remote_code` its modules may be of any package; pickles of more than tensors are refused all the same.

    Raises:
        WeightsInvalid: names the file and what is wrong with it.
    """
    for path in sorted(directory.rglob("*")):
        if path.is_dir():
            if path.is_symlink() and (directory / "modules.json").is_file():
                raise WeightsInvalid(f"{path} is a link to a folder, which may lie outside the model's directory")
        elif path.suffix in _PICKLES and not path.name.startswith(_NO_WEIGHTS):
            read_tensors(path)
        elif path.suffix == ".json" and not trust_remote_code and path.name not in ("tokenizer.json", "vocab.json"):
            _check_names(path)


def _check_names(path: Path) -> None:
    def check(found: dict[str, Any]) -> dict[str, Any]:
        place = Path(str(found.get("path", "")))
        if path.name == "modules.json" and (place.is_absolute() or ".." in place.parts):
            raise WeightsInvalid(f"{path} names a module outside the model's directory: {str(place)[:80]}")
        for value in (found[key] for key in _CLASS_KEYS if key in found):
            inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else (value,)
            for kind in inner:
                if isinstance(kind, str) and "." in kind and not _ALLOWED.fullmatch(kind):
                    raise WeightsInvalid(
                        f"{path} names the class {kind[:80]}, which is none of sentence-transformers' own and "
                        "would run code of its own; `--trust-remote-code MODEL` lets it"
                    )
        return found

    with suppress(OSError, ValueError, RecursionError):  # its reader reports it
        json.loads(path.read_bytes(), object_hook=check)
