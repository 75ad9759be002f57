"""What is checked of a directory before a library of others loads a model from it.

Our own readers run no code (`checkpoint`). Nor do the libraries that read everything else, in their newest versions;
what decides is here, and does not depend on theirs.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness import strict_json
from harness.errors import WeightsInvalid
from harness.transformer.checkpoint import read_tensors

#: Files that the libraries read as pickles, where there are no safetensors beside them.
_PICKLES = "pytorch_model*.bin"

#: Packages whose classes a model may name as its modules.
_MODULES = ("sentence_transformers.", "torch.nn.")


def check_directory(directory: Path, *, trust_remote_code: bool = False) -> None:
    """Refuse a model that could run code when it is loaded.

    Args:
        directory: the model's.
        trust_remote_code: the user lets the model run code of its own; then its modules may be of any package.
            Pickles of more than tensors are refused all the same: no model needs them.

    Raises:
        WeightsInvalid: names the file and what is wrong with it.
    """
    for path in sorted(directory.rglob(_PICKLES)):
        if not any(path.parent.glob("*.safetensors")):
            read_tensors(path)
    if not trust_remote_code:
        _check_modules(directory)


def _check_modules(directory: Path) -> None:
    path = directory / "modules.json"
    if not path.is_file():
        return
    try:
        modules: Any = strict_json.loads(path.read_bytes())
        kinds = [str(module["type"]) for module in modules]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsInvalid(
            f"{path}: sentence-transformers cannot load it: no list of modules ({error}); fetch the model again"
        ) from error
    for kind in kinds:
        if not kind.startswith(_MODULES):
            raise WeightsInvalid(
                f"{path} names the class {kind} as a module, which is none of sentence-transformers' own and would run "
                "code of its own; `--trust-remote-code MODEL` lets it"
            )
