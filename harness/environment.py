"""What a record says of the software and the machine; no host name, no path, no variable of the environment."""

from __future__ import annotations

import hashlib
import os
import platform
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

_PACKAGES = ("affectbench", "numpy", "scipy", "scikit-learn", "torch", "tokenizers", "transformers")


@cache
def code_digest() -> str:
    """Digest of this package's source files: which code made a number, whatever its version says."""
    root = Path(__file__).parent
    digest = hashlib.blake2b(digest_size=8)
    for path in sorted(root.rglob("*.py")):
        digest.update(f"{path.relative_to(root).as_posix()}\n".encode() + path.read_bytes())
    return digest.hexdigest()


def environment() -> dict[str, str]:
    """Versions of what the numbers depend on, and the kind of machine."""
    return {
        "python": platform.python_version(),
        "platform": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count() or 0),
        "code": code_digest(),
        **_versions(),
    }


@cache
def _versions() -> dict[str, str]:
    """Of the packages that are installed; looked up once, since each costs milliseconds and every record has them."""
    found = {}
    for package in _PACKAGES:
        with suppress(PackageNotFoundError):
            found[package] = version(package)
    return found
