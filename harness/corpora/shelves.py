"""Load corpora by name: find their files, read them, check them, once per process.

    library = Library(Path("data"), cache_root(), offline=True)
    train = library.load("emobank", "train")

Names map to lazy `module:class` strings and to entry points of the group `bench.corpora`, so that listing
corpora imports no reader and reading one imports only that one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, cast

from harness.corpora.base import Corpus, CorpusCard, Examples
from harness.corpora.download import Downloader
from harness.corpora.sources import CorpusFiles, offline_asked
from harness.corpora.status import CorpusStatus, status_of
from harness.errors import BenchError, DataMissing, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: Entry-point group of corpora that other distributions bring.
GROUP = "bench.corpora"

#: This distribution's own corpora.
BUILTIN: Mapping[str, str] = {
    "sample": "harness.corpora.sample:Sample",
    "emobank": "harness.corpora.emobank:EmoBank",
    "ratings-tweets": "harness.corpora.ratings:Tweets",
    "ratings-editorials": "harness.corpora.ratings:Editorials",
    "ratings-products": "harness.corpora.ratings:Products",
    "ratings-films": "harness.corpora.ratings:Films",
    "facebook": "harness.corpora.facebook:Facebook",
    "emotales": "harness.corpora.emotales:EmoTales",
    "goemotions": "harness.corpora.goemotions:GoEmotions",
    "mr": "harness.corpora.mr:MovieReviews",
    "cr": "harness.corpora.cr:CustomerReviews",
    "sst5": "harness.corpora.sst:SST5",
    "sst2": "harness.corpora.sst:SST2",
    "imdb": "harness.corpora.imdb:Imdb",
    "subj": "harness.corpora.subj:Subjectivity",
    "mpqa": "harness.corpora.mpqa:OpinionPolarity",
    "trec": "harness.corpora.trec:QuestionTypes",
    "isear": "harness.corpora.isear:Isear",
    "semeval2017-task4a": "harness.corpora.semeval2017:Tweets",
    "tweeteval-irony": "harness.corpora.tweeteval:TweetEvalIrony",
    "tweeteval-sentiment": "harness.corpora.tweeteval:TweetEvalSentiment",
    "isarcasmeval": "harness.corpora.isarcasmeval:ISarcasmEval",
    "meld": "harness.corpora.meld:Meld",
    "emorynlp": "harness.corpora.emorynlp:EmoryNlp",
    "iemocap": "harness.corpora.iemocap_dialogues:IemocapDialogues",
}


class Library:
    """The corpora of this installation and the places where their files are.

    Args:
        data_dir: folder with the official files (`--data-dir`), looked into first; None for none.
        cache_dir: the program's cache; fetched files go to `corpora/` in it.
        offline: never open a network connection. `AFFECTBENCH_OFFLINE=1` and `HF_HUB_OFFLINE=1` do the same.
        corpora: name → corpus, or lazy `module:class`; by default the built-in ones and those of other
            distributions.
        downloader: fetches files; only tests pass another one.
    """

    def __init__(
        self,
        data_dir: Path | None,
        cache_dir: Path,
        *,
        offline: bool = False,
        corpora: Mapping[str, Corpus | str] | None = None,
        downloader: Downloader | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.cache_dir = cache_dir / "corpora"
        self.offline = offline or offline_asked()
        self._downloader = downloader or Downloader()
        self._table: dict[str, list[Corpus | str | EntryPoint]] = (
            {name: [corpus] for name, corpus in corpora.items()} if corpora is not None else _installed()
        )
        self._corpora: dict[str, Corpus] = {}
        self._loaded: dict[tuple[str, str], Examples] = {}
        self._lock = RLock()

    def names(self) -> tuple[str, ...]:
        """Names of all corpora; imports none of them."""
        return tuple(self._table)

    def corpus(self, name: str) -> Corpus:
        """The reader of a corpus.

        Raises:
            UsageError: there is no such corpus, two distributions bring one of that name, or it is broken.
        """
        with self._lock:
            if name not in self._corpora:
                self._corpora[name] = self._make(name)
            return self._corpora[name]

    def card(self, name: str) -> CorpusCard:
        """The card of a corpus."""
        return self.corpus(name).card

    def cards(self) -> Iterator[CorpusCard]:
        """Cards of all corpora; a broken plugin is a warning with its origin, and is left out."""
        for name in self._table:
            try:
                yield self.card(name)
            except UsageError as error:
                warnings.warn(str(error), stacklevel=2)

    def load(self, name: str, split: str) -> Examples:
        """Examples of a corpus's split, read and verified once per process.

        Raises:
            UsageError: no such corpus or split.
            DataMissing: its files are nowhere; says where they were looked for and how to get them.
            DataInvalid: a file is not the published one; names file, line and column.
        """
        with self._lock:
            key = (name, split)
            if key not in self._loaded:
                corpus = self.corpus(name)
                if split not in corpus.card.rows:
                    raise UsageError(f"{name} has no split {split!r}; there are {', '.join(corpus.card.rows)}")
                self._loaded[key] = corpus.read(split, self._files(corpus))
            return self._loaded[key]

    def fetch(self, name: str) -> CorpusStatus:
        """Load every split, fetching what is missing, and say where the corpus is now.

        Raises:
            DataMissing: a file is nowhere, or its address cannot be reached.
            DataInvalid: a file is not the published one.
        """
        files = self._files(self.corpus(name))
        for source in self.card(name).optional:
            with suppress(DataMissing):
                files.path(source)
        for split in self.card(name).rows:
            self.load(name, split)
        return self.status(name)

    def matching(self, name: str) -> tuple[str, ...]:
        """The corpus of that name, or all of a collection: `ratings` → `ratings-tweets`, ..."""
        members = tuple(corpus for corpus in self._table if corpus.startswith(f"{name}-"))
        return (name,) if name in self._table or not members else members

    def status(self, name: str, *, verify: bool = False) -> CorpusStatus:
        """Say where a corpus is, without reading it.

        Args:
            name: the corpus.
            verify: also compute the files' checksums.
        """
        corpus = self.corpus(name)
        return status_of(self._files(corpus), verify=verify)

    def _files(self, corpus: Corpus) -> CorpusFiles:
        return CorpusFiles(
            card=corpus.card,
            data_dir=self.data_dir,
            cache_dir=self.cache_dir,
            offline=self.offline,
            downloader=self._downloader,
            recipes=getattr(corpus, "recipes", {}),
        )

    def _make(self, name: str) -> Corpus:
        origins = self._table.get(name)
        if origins is None:
            from difflib import get_close_matches

            near = get_close_matches(name, self._table, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(self._table)}"
            raise UsageError(f"there is no corpus {name!r}; {hint}")
        if len(origins) > 1:
            raise UsageError(
                f"the corpus {name!r} is declared more than once, by {' and by '.join(map(_origin, origins))}: "
                "uninstall one of them"
            )
        (origin,) = origins
        try:
            if isinstance(origin, str):
                module, _, attribute = origin.partition(":")
                return cast("Corpus", getattr(import_module(module), attribute)())
            if _is_entry_point(origin):
                return cast("Corpus", cast("EntryPoint", origin).load()())
        except BenchError:
            raise
        except Exception as error:
            raise UsageError(
                f"the corpus {name!r} of {_origin(origin)} cannot be loaded: {type(error).__name__}: {error}"
            ) from error
        return cast("Corpus", origin)


def _is_entry_point(origin: object) -> bool:
    from importlib.metadata import EntryPoint

    return isinstance(origin, EntryPoint)


def _origin(origin: object) -> str:
    """Name of what declares a corpus, for messages."""
    if _is_entry_point(origin):
        entry = cast("EntryPoint", origin)
        return f"the package {entry.dist.name if entry.dist else '?'} ({entry.value})"
    return f"affectbench ({origin})" if isinstance(origin, str) else repr(origin)


def _installed() -> dict[str, list[Corpus | str | EntryPoint]]:
    """All declared corpora; a name that one distribution declares twice in the same words counts once."""
    from importlib.metadata import entry_points

    table: dict[str, list[Corpus | str | EntryPoint]] = {name: [value] for name, value in BUILTIN.items()}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
        origins = table.setdefault(entry.name, [])
        if entry.value not in [
            origin if isinstance(origin, str) else getattr(origin, "value", "") for origin in origins
        ]:
            origins.append(entry)
    return table
