"""Load corpora by name: find their files, read them, check them, once per process.

    corpora = CorpusRegistry(Path("data"), cache_root(), offline=True)
    train = corpora.load("emobank", "train")

A corpus is one module of this package with a tuple `CORPORA`, or an entry point of the group `bench.corpora` of another
distribution (a class that takes no argument, or an object, with `card` and `read`).
"""

import pkgutil
import warnings
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np

from harness.corpora.base import Corpus, CorpusCard, Examples
from harness.corpora.files import CorpusStatus, Files, status_of
from harness.errors import BenchError, DataInvalid, DataMissing, UsageError, unknown_name
from harness.files import offline as is_offline

#: Entry-point group of corpora that other distributions bring.
GROUP = "bench.corpora"


@cache
def builtin() -> dict[str, Corpus]:
    """This distribution's own corpora by name."""
    modules = sorted(module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]))
    found: Iterable[Corpus] = (
        corpus for name in modules for corpus in getattr(import_module(f"harness.corpora.{name}"), "CORPORA", ())
    )
    return {corpus.card.name: corpus for corpus in found}


def _plugins() -> dict[str, Corpus]:
    """Corpora of other distributions by name; one that is broken, or has another's name, is a warning and left out."""
    found: dict[str, Corpus] = {}
    for entry in entry_points(group=GROUP):
        try:
            made = entry.load()
            corpus = made() if isinstance(made, type) else made
            if corpus.card.name in builtin() | found:
                raise UsageError("a corpus of this name exists already; uninstall one of them")
            found[corpus.card.name] = corpus
        except Exception as error:  # a plugin may fail in any way
            warnings.warn(f"the corpus {entry.name!r} ({entry.value}) cannot be loaded: {error}", stacklevel=3)
    return found


class CorpusRegistry:
    """The corpora of this installation and the places where their files are.

    Args:
        data_dir: folder with the official files (`--data-dir`), looked into first; None for none.
        cache_dir: the program's cache; fetched files go to `corpora/` in it.
        offline: never open a network connection. `AFFECTBENCH_OFFLINE=1` and `HF_HUB_OFFLINE=1` do the same.
        corpora: name → corpus; by default the built-in ones and those of other distributions.
        limit: load at most this many texts of each split, spread evenly over it, to try things out.
    """

    def __init__(
        self,
        data_dir: Path | None,
        cache_dir: Path,
        *,
        offline: bool = False,
        corpora: Mapping[str, Corpus] | None = None,
        limit: int | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.cache_dir = cache_dir / "corpora"
        self.offline = offline or is_offline()
        self.limit = limit
        self._corpora = dict(builtin() | _plugins() if corpora is None else corpora)
        self._loaded: dict[tuple[str, str], Examples] = {}
        self._missing: dict[str, DataMissing] = {}
        """What is nowhere: a run looks once, since each look may wait for a network."""

    def names(self) -> tuple[str, ...]:
        """Names of all corpora."""
        return tuple(self._corpora)

    def matching(self, name: str) -> tuple[str, ...]:
        """The corpus of that name, or all of a collection: `ratings` → `ratings-tweets`, ..."""
        members = tuple(corpus for corpus in self._corpora if corpus.startswith(f"{name}-"))
        return (name,) if name in self._corpora or not members else members

    def corpus(self, name: str) -> Corpus:
        """The reader of a corpus.

        Raises:
            UsageError: there is no such corpus.
        """
        if name not in self._corpora:
            raise unknown_name("corpus", name, list(self._corpora))
        return self._corpora[name]

    def card(self, name: str) -> CorpusCard:
        """The card of a corpus."""
        return self.corpus(name).card

    def load(self, name: str, split: str) -> Examples:
        """Examples of a corpus's split, read and verified once per process.

        Raises:
            UsageError: no such corpus or split.
            DataMissing: its files are nowhere; says where they were looked for and how to get them.
            DataInvalid: a file is not the published one.
        """
        if (name, split) in self._loaded:
            return self._loaded[name, split]
        corpus = self.corpus(name)
        if split not in corpus.card.rows:
            raise UsageError(f"{name} has no split {split!r}; there are {', '.join(corpus.card.rows)}")
        if name in self._missing:
            raise self._missing[name]
        try:
            examples = read_checked(corpus, split, self._files(corpus.card))
        except DataMissing as error:
            self._missing[name] = error
            raise
        if self.limit is not None and len(examples) > self.limit:
            examples = examples.at(np.linspace(0, len(examples) - 1, self.limit).round().astype(np.int64))
        self._loaded[name, split] = examples
        return examples

    def fetch(self, name: str) -> CorpusStatus:
        """Load every split, fetching what is missing, and say where the corpus is now.

        Raises:
            DataMissing: a file is nowhere, or its address cannot be reached.
            DataInvalid: a file is not the published one.
        """
        card = self.card(name)
        for source in card.optional:
            with suppress(DataMissing):
                self._files(card).path(source)
        for split in card.rows:
            self.load(name, split)
        return self.status(name)

    def status(self, name: str) -> CorpusStatus:
        """Say where a corpus is, without reading it."""
        return status_of(self._files(self.card(name)))

    def _files(self, card: CorpusCard) -> Files:
        return Files(card=card, data_dir=self.data_dir, cache_dir=self.cache_dir, offline=self.offline)


def read_checked(corpus: Corpus, split: str, files: Files) -> Examples:
    """Read a split and hold it to the card: the checksum of its content, or its rows where none is known.

    Raises:
        DataMissing: a file is nowhere, or cannot be read.
        DataInvalid: the files are not the published ones.
    """
    card = corpus.card
    try:
        examples = corpus.read(split, files)
    except BenchError:
        raise
    except OSError as error:
        raise DataMissing(f"{card.name}: cannot read {error.filename}: {error.strerror or error}") from error
    except Exception as error:  # parsers raise many kinds for a damaged file
        raise _not_published(card, split, files, f"{type(error).__name__}: {error}") from error
    expected = card.rows[split]
    if len(examples) != expected:
        raise _not_published(card, split, files, f"expected {expected:,} rows, found {len(examples):,}")
    if card.checksums and examples.fingerprint != card.checksums[split]:
        raise _not_published(card, split, files, "its texts or labels were edited, reordered or re-encoded")
    return examples


def _not_published(card: CorpusCard, split: str, files: Files, reason: str) -> DataInvalid:
    forms = (source for form in (card.sources, *card.others) for source in form)
    paths = ", ".join(str(path) for path in map(files.find, forms) if path is not None)
    return DataInvalid(
        f"{card.name}: {split} is not as published: {reason}. Replace {paths} by the published files "
        f"({card.homepage or 'see its authors'}), or remove them and run `bench data --fetch {card.name}`."
    )
