"""What a file for others must not say: secrets of the environment, and whose machine it was.

Messages of libraries, and what a plugin says of itself, may hold anything: an address with a password in it, a token
that a server did not like, a path below somebody's home.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

#: Names of variables that hold secrets.
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|AUTH|COOKIE|(^|_)KEY($|_)|APIKEY|_PAT$", re.IGNORECASE)

#: Shorter values are words and numbers that stand in records for reasons of their own.
_SHORTEST = 8

#: User name and password in an address.
_USER = re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+@")


def redacted(document: Any, environment: Mapping[str, str] | None = None) -> Any:
    """A JSON-able document without the values of secret variables, passwords in addresses, and the user's home.

    >>> redacted({"message": "401 for hf_abcdefgh"}, {"HF_TOKEN": "hf_abcdefgh"})
    {'message': '401 for [HF_TOKEN]'}

    Args:
        document: strings, numbers, lists and objects.
        environment: name → value; the process's own when None.
    """
    variables = os.environ if environment is None else environment
    # Longest first: one value may begin with another.
    secrets = sorted(
        ((value, name) for name, value in variables.items() if len(value) >= _SHORTEST and _SECRET.search(name)),
        key=lambda secret: -len(secret[0]),
    )
    home = variables.get("HOME") or (str(Path.home()) if environment is None else "")
    place = re.compile(re.escape(home.rstrip("/\\")) + r"(?=[/\\]|\b)") if len(home.strip("/\\")) > 2 else None

    def clean(text: str) -> str:
        for value, name in secrets:
            text = text.replace(value, f"[{name}]")
        text = _USER.sub("[user]@", text)
        return place.sub("~", text) if place is not None else text

    def walk(value: Any) -> Any:
        if isinstance(value, str):
            return clean(value)
        if isinstance(value, Mapping):
            return {clean(name) if isinstance(name, str) else name: walk(item) for name, item in value.items()}
        return [walk(item) for item in value] if isinstance(value, list | tuple) else value

    return walk(document)
