"""What is checked of a directory before a library of others loads a model from it.

Our own readers run no code (`checkpoint`). Nor do the libraries that read everything else, at the versions that are
required; what decides is here, and does not depend on theirs.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import WeightsInvalid
from harness.transformer.checkpoint import read_tensors

#: Endings of files that libraries read as pickles.
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle")

#: Keys under which a model names a class: a module's, a tokeniser's, an activation's.
_CLASS_KEYS = ("type", "types", "tokenizer_class", "activation_function")

#: Classes that may be named with their module; names without a module are a library's own.
_ALLOWED = re.compile(r"sentence_transformers\.(\w+\.)*[A-Z]\w*|torch\.nn\.modules\.(activation|linear)\.[A-Z]\w*")


def check_directory(directory: Path, *, trust_remote_code: bool = False) -> None:
    """Refuse a model that could run code when it is loaded.

    Args:
        directory: the model's.
        trust_remote_code: the user lets the model run code of its own; then its modules may be of any package.
            Pickles of more than tensors are refused all the same: no model needs them.

    Raises:
        WeightsInvalid: names the file and what is wrong with it.
    """
    for path in _files(directory):
        if path.suffix in _PICKLES and not path.name.startswith("openvino"):
            read_tensors(path)
        elif path.suffix == ".json" and not trust_remote_code and path.name not in ("tokenizer.json", "vocab.json"):
            _check_classes(path)
    if not trust_remote_code and (directory / "modules.json").is_file():
        _check_modules(directory)


def _files(directory: Path) -> Iterator[Path]:
    """All files below a directory, through links too: libraries follow them."""
    seen = set()
    for place, folders, names in os.walk(directory, followlinks=True):
        real = Path(place).resolve()
        folders[:] = [] if real in seen else sorted(folders)
        seen.add(real)
        yield from (Path(place) / name for name in sorted(names))


def _check_modules(directory: Path) -> None:
    path = directory / "modules.json"
    try:
        modules: Any = json.loads(path.read_bytes())
        places = [Path(str(module.get("path", ""))) for module in modules if module["type"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise WeightsInvalid(
            f"{path}: sentence-transformers cannot load it: no list of modules ({error}); fetch the model again"
        ) from error
    for place in places:
        if place.is_absolute() or ".." in place.parts or (directory / place).is_symlink():
            raise WeightsInvalid(f"{path} names a module outside the model's directory: {str(place)[:80]}")


def _check_classes(path: Path) -> None:
    try:
        level = [json.loads(path.read_bytes())]
    except (OSError, ValueError, RecursionError):
        return  # whoever reads it says so
    while level:
        below: list[Any] = []
        for value in level:
            items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            for key, inner in items:
                below.append(inner)
                for kind in _strings(inner) if key in _CLASS_KEYS else ():
                    if "." in kind and not _ALLOWED.fullmatch(kind):
                        raise WeightsInvalid(
                            f"{path} names the class {kind[:80]}, which is none of sentence-transformers' own and "
                            "would run code of its own; `--trust-remote-code MODEL` lets it"
                        )
        level = below


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [one for one in inner if isinstance(one, str)]
