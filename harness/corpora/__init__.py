"""Data sets: what each holds, where it comes from, and how its official files are read and checked.

One module per data set, imported only when it is loaded. `Library` loads them by name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.corpora.base import Corpus, CorpusCard, CorpusLibrary, Examples, Files, Source

if TYPE_CHECKING:
    from harness.corpora.shelves import Library

__all__ = ["Corpus", "CorpusCard", "CorpusLibrary", "Examples", "Files", "Library", "Source"]


def __getattr__(name: str) -> Any:
    if name == "Library":
        from harness.corpora.shelves import Library

        return Library
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
