"""How tables call and order families, corpora, protocols and states. The words stand in `tables.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def specification() -> dict[str, Any]:
    """What `tables.toml` says."""
    return tomllib.loads((files("harness.leaderboard") / "tables.toml").read_text("utf-8"))


def words(kind: str) -> Any:
    """One of the lists and tables of words: `families`, `corpora`, `tasks`, `protocols`, `reasons`."""
    return specification()["words"][kind]


def reason(status: str) -> str:
    """What a cell without a number shows."""
    return str(words("reasons").get(status, (status,))[0])


def family_title(family: str) -> str:
    """Heading of a family's block."""
    return str(words("families").get(family, family or "Other"))


def corpus_title(corpus: str) -> str:
    """Name of a corpus in a column head."""
    return str(words("corpora").get(corpus, corpus))


def _rank(name: str, known: Sequence[str]) -> int:
    return known.index(name) if name in known else len(known)


def family_order(family: str) -> tuple[int, str]:
    """Sort key of a family."""
    return (_rank(family, list(words("families"))), family)


def protocol_version(protocol: str) -> tuple[str, int]:
    """Split a protocol's name from its version; one without a number has version 0.

    >>> protocol_version("senteval-lr/10")
    ('senteval-lr', 10)
    """
    match = re.fullmatch(r"(.*)/(\d+)", protocol)
    return (match[1], int(match[2])) if match else (protocol, 0)


def protocol_order(protocol: str) -> tuple[int, str, int]:
    """Sort key of a protocol: known ones in their order, newest version first."""
    name, version = protocol_version(protocol)
    return (_rank(name, words("protocols")), name, -version)


def task_order(task: str, corpus: str, protocol: str) -> tuple[object, ...]:
    """Sort key of a task when a suite does not give its order."""
    corpora = list(words("corpora"))
    return (_rank(task, words("tasks")), task, protocol_order(protocol), _rank(corpus, corpora), corpus)
