"""Data sets: what each holds, where it comes from, and how its official files are read and checked.

One module per data set, found by being here. `CorpusRegistry` loads them by name.
"""

from harness.corpora.base import Corpus, CorpusCard, CorpusLibrary, Examples, Source
from harness.corpora.files import Files
from harness.corpora.registry import CorpusRegistry

__all__ = ["Corpus", "CorpusCard", "CorpusLibrary", "CorpusRegistry", "Examples", "Files", "Source"]
