"""Where the affect labels come from: the paper's corpora, and rated reviews.

No text of EmoBank's development or test split is ever returned, whatever source holds it; labels of IMDB, SST, MR,
CR and GoEmotions are no source at all: they are evaluated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from carl.config import Config
from carl.label_source import LabelSource
from carl.labels import scale_labels
from carl.normal_form import normal_form, text_hash
from harness.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples


def read_sources(
    config: Config,
    library: CorpusLibrary,
    *,
    corpus_dir: Path | None = None,
    iemocap_dir: Path | None = None,
) -> list[LabelSource]:
    """Read the label sources of a configuration.

    Args:
        config: which, how scaled, how many rated reviews.
        library: reads the published corpora.
        corpus_dir: folder with rated reviews (`rated.read_rated`) and other texts, needed for `rated` and `unlabelled`.
        iemocap_dir: the unpacked IEMOCAP release, needed for `iemocap`.

    Raises:
        UsageError: a folder is needed and not given.
        DataMissing: a corpus is nowhere.
        DataInvalid: a file is not as published.
    """
    ends = config.scaling == "scale"
    readers: dict[str, Callable[[], list[LabelSource]]] = {
        "emobank": lambda: [
            _corpus(library, "emobank", "train", "emobank:train", "EmoBank, training split", ends=ends)
        ],
        "facebook": lambda: [_corpus(library, "facebook", "all", "facebook", "Facebook posts", ends=ends)],
        "emotales": lambda: [_corpus(library, "emotales", "all", "emotales", "EmoTales", ends=ends)],
        "iemocap": lambda: [_iemocap(iemocap_dir, ends=ends)],
        "rated": lambda: _rated(corpus_dir, config),
        "unlabelled": lambda: _unlabelled(corpus_dir, config),
    }
    found = [source for name in config.sources for source in readers[name]()]
    held_out = {normal_form(text) for split in ("dev", "test") for text in library.load("emobank", split).texts}
    return [_training_rows(source, held_out) for source in found]


def training_hashes(sources: Iterable[LabelSource]) -> list[str]:
    """Hashes of all training texts, sorted, each once; they go into the checkpoint for marks of overlap by text."""
    return sorted({text_hash(text) for source in sources for text in source.texts})


def _training_rows(source: LabelSource, held_out: set[str]) -> LabelSource:
    forms = map(normal_form, source.texts)
    return source.select(row for row, form in enumerate(forms) if form and form not in held_out)


_LICENCES = {
    "emobank": "CC BY-SA 4.0",
    "facebook": "GPL-3.0 (repository)",
    "emotales": "none stated",
}


def _corpus(library: CorpusLibrary, corpus: str, split: str, name: str, title: str, *, ends: bool) -> LabelSource:
    examples = library.load(corpus, split)
    return LabelSource(
        name=name,
        title=title,
        licence=_LICENCES[corpus],
        texts=examples.texts,
        labels=scaled_labels(examples, ends=ends),
    )


def scaled_labels(examples: Examples, *, ends: bool = True) -> NDArray[np.float32]:
    """Valence and arousal of a corpus by (12), float32 (n, 2).

    Args:
        examples: with labels `valence` and `arousal`.
        ends: scale from the ends of the annotation scale; else from the observed values.
    """
    columns = [
        scale_labels(examples.labels[label].astype(np.float64), examples.scales[label] if ends else None)
        for label in ("valence", "arousal")
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def _iemocap(directory: Path | None, *, ends: bool) -> LabelSource:
    from carl.iemocap import SCALE, read_iemocap

    if directory is None:
        raise UsageError("the source iemocap needs `--iemocap-dir`, the unpacked release (Session1 to Session5)")
    texts, ratings = read_iemocap(directory)
    columns = [scale_labels(column, SCALE if ends else None) for column in ratings.T]
    return LabelSource(
        name="iemocap",
        title="IEMOCAP transcripts",
        licence="by agreement with its authors; not to be passed on",
        texts=texts,
        labels=np.stack(columns, axis=1).astype(np.float32),
    )


def _rated(directory: Path | None, config: Config) -> list[LabelSource]:
    from carl.rated import read_rated

    if directory is None:
        raise UsageError("the source rated needs `--corpus-dir`, a folder with rated reviews (*.jsonl or *.jsonl.zst)")
    return read_rated(
        directory,
        config.rated_sources,
        limit=config.rated_texts,
        balanced=config.rated_balanced,
        excerpt_count=config.rated_excerpts,
        max_length=config.max_length,
        seed=config.seed,
    )


def _unlabelled(directory: Path | None, config: Config) -> list[LabelSource]:
    from carl.unlabelled import read_unlabelled

    if directory is None:
        raise UsageError("the source unlabelled needs `--corpus-dir`, a folder with texts (*.jsonl or *.jsonl.zst)")
    return read_unlabelled(
        directory,
        config.unlabelled_sources,
        limit=config.unlabelled_texts,
        max_length=config.max_length,
        seed=config.seed,
    )
