"""The texts that a configuration names: published corpora scaled by (12), rated reviews, texts without labels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from carl.config import Config
from carl.data.corpus import LabelSource, read_rated, read_unlabelled
from carl.method.sentences import scale_labels
from harness.contamination.overlap import form_hash, normal_form, sentences, text_hash
from harness.errors import UsageError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from harness.corpora.base import CorpusLibrary, Examples

#: Source of a configuration → corpora: name, split, name on a card, title, licence.
_CORPORA = {
    "emobank": (("emobank", "train", "emobank:train", "EmoBank, training split", "CC BY-SA 4.0"),),
    "facebook": (("facebook", "all", "facebook", "Facebook posts", "GPL-3.0 (repository)"),),
    "emotales": (("emotales", "all", "emotales", "EmoTales", "none stated"),),
    "ratings": (
        ("ratings-tweets", "all", "ratings-tweets", "Valence ratings of tweets (VADER)", "MIT"),
        ("ratings-editorials", "all", "ratings-editorials", "Valence ratings of editorials (VADER)", "MIT"),
    ),
}


def read_sources(config: Config, library: CorpusLibrary, *, corpus_dir: Path | None = None) -> list[LabelSource]:
    """Read the texts of a configuration; none is, or holds, a text of EmoBank's development and test splits.

    Args:
        config: which, how scaled, how many.
        library: reads the published corpora.
        corpus_dir: folder with reviews and other texts (`carl.data.corpus`), needed for `rated` and `unlabelled`.

    Raises:
        UsageError: the folder is needed and not given.
        DataMissing: a corpus is nowhere.
        DataInvalid: a file is not as published.
    """
    found: list[LabelSource] = []
    for name in config.sources:
        if name in _CORPORA:
            found += [_corpus(library, *facts, ends=config.scaling == "scale") for facts in _CORPORA[name]]
        elif corpus_dir is None:
            raise UsageError(f"the source {name} needs `--corpus-dir`, a folder with texts (*.jsonl or *.jsonl.zst)")
        elif name == "rated":
            found += read_rated(
                corpus_dir,
                config.rated_sources,
                limit=config.rated_texts,
                excerpt_count=config.rated_excerpts,
                max_length=config.max_length,
                seed=config.seed,
            )
        else:
            found += read_unlabelled(
                corpus_dir,
                config.unlabelled_sources,
                limit=config.unlabelled_texts,
                max_length=config.max_length,
                seed=config.seed,
            )
    held_out = {normal_form(text) for split in ("dev", "test") for text in library.load("emobank", split).texts}
    return [
        source.select(
            row
            for row, text in enumerate(source.texts)
            if (form := normal_form(text)) and form not in held_out and held_out.isdisjoint(sentences(text))
        )
        for source in found
    ]


def training_hashes(sources: Iterable[LabelSource]) -> list[str]:
    """Hashes of all training texts and of their sentences, sorted; with them marks of overlap by text are made."""
    texts = [text for source in sources for text in source.texts]
    return sorted({text_hash(text) for text in texts} | {form_hash(form) for text in texts for form in sentences(text)})


def scaled_labels(examples: Examples, *, ends: bool = True) -> NDArray[np.float32]:
    """Valence, arousal and dominance of a corpus by (12), float32 (n, 3), NaN where the corpus has none.

    Args:
        examples: with the label `valence`.
        ends: scale from the ends of the annotation scale; else from the observed values.
    """
    columns = np.full((len(examples), 3), np.nan, dtype=np.float32)
    for place, label in enumerate(("valence", "arousal", "dominance")):
        if label in examples.labels:
            values = examples.labels[label].astype(np.float64)
            columns[:, place] = scale_labels(values, examples.scales[label] if ends else None)
    return columns


def _corpus(
    library: CorpusLibrary, corpus: str, split: str, name: str, title: str, licence: str, *, ends: bool
) -> LabelSource:
    examples = library.load(corpus, split)
    return LabelSource(
        name=name, title=title, licence=licence, texts=examples.texts, labels=scaled_labels(examples, ends=ends)
    )
