"""The texts that a configuration names: published corpora scaled by (12), rated reviews, texts without labels.

Reviews and texts without labels lie in a folder of JSON lines with `text`, `source` and, for reviews, `rating` (0
worst, 1 best), plain or zstd. Reviews become valence labels; a rating says nothing about arousal, which stays unknown
(NaN). Of texts without a rating an excerpt is read.
"""

import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pydantic import BaseModel, Field, ValidationError

from carl.config import Config
from carl.method.sentences import scale_labels
from harness.contamination.overlap import form_hash, normal_form, sentences, text_hash
from harness.corpora.base import CorpusLibrary, Examples
from harness.errors import DataInvalid, DataMissing, UsageError

#: Source of reviews → title and licence as stated where it was found.
RATED = {
    "steam": ("Steam reviews (recommended or not)", "MIT (repositories; the reviews are by users of Steam)"),
    "movie-polarity2": ("Pang and Lee polarity v2.0 (NLTK movie_reviews)", "CC BY 4.0"),
    "pros-cons": ("Pros and cons phrases (NLTK pros_cons)", "CC BY 4.0"),
    "movie-scale": ("Pang and Lee scale data v1.0", "none stated"),
    "amazon-4domain": ("Multi-Domain Sentiment Dataset v2.0", "none stated"),
    "restaurant-reviews": ("Restaurant reviews", "none stated"),
    "app-reviews": ("Android app reviews", "none stated"),
}

#: The same for all sources that are known.
SOURCES = {
    **RATED,
    "reddit-self": ("Reddit, self posts (reddit-top-2.5-million)", "PDDL 1.0"),
    "reddit-title": ("Reddit, titles of link posts (reddit-top-2.5-million)", "PDDL 1.0"),
    "eltec-novels": ("ELTeC, English novels 1840 to 1920", "public domain (markup CC BY 4.0)"),
    "imdb-unsup": ("Large Movie Review Dataset v1.0, its unlabelled reviews", "none stated"),
    "tweeteval-text": ("TweetEval, texts of emoji and offensive without labels", "none stated"),
    "crowdflower-tweets": ("CrowdFlower tweets without labels", "none stated"),
    "abc": ("ABC rural and science news (NLTK abc)", "none stated"),
    "webtext": ("Web text (NLTK webtext)", "none stated"),
}

#: Characters of an excerpt for each token that the encoder reads; English has four to five, and excerpts that are
#: cut a little lose less than ones that leave room.
CHARACTERS = 4

#: One review in so many is held out for development scores, chosen by its hash.
_HELD_OUT = 20

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, kw_only=True)
class LabelSource:
    """Texts of one source with their labels."""

    name: str
    """As an encoder's card declares training data, e.g. `emobank:train`."""
    title: str
    licence: str
    texts: tuple[str, ...]
    labels: NDArray[np.float32]
    """(n, 2 or 3): valence, arousal and perhaps dominance in [−1, 1]; NaN where there is none."""
    kind: str = "human"
    """`human`: rated for affect by people; `rated`: stars; `unlabelled`."""
    left_out: int = 0
    """Rows that are no training text: empty, or a text of EmoBank's development or test split."""

    def __len__(self) -> int:
        return len(self.texts)

    def select(self, keep: Iterable[int]) -> Self:
        """The source with some of its rows."""
        rows = list(keep)
        return replace(
            self,
            texts=tuple(self.texts[row] for row in rows),
            labels=self.labels[rows],
            left_out=self.left_out + len(self.texts) - len(rows),
        )


class Row(BaseModel):
    """One line of a folder."""

    text: str
    source: str
    rating: float | None = Field(None, ge=0, le=1)
    """0 (worst) to 1 (best)."""


def read_rows(directory: Path) -> Iterator[Row]:
    """All texts of a folder, file by file.

    Raises:
        DataMissing: there are no files.
        DataInvalid: a file is damaged, or a line is no such object; names file and line.
    """
    files = sorted([*directory.glob("*.jsonl"), *directory.glob("*.jsonl.zst")])
    if not files:
        raise DataMissing(f"{directory} holds no *.jsonl or *.jsonl.zst; pass another `--corpus-dir`")
    for path in files:
        number = 0
        try:
            with pa.input_stream(str(path), compression="zstd" if path.suffix == ".zst" else None) as stream:
                for line in io.TextIOWrapper(stream, encoding="utf-8"):
                    number += 1
                    yield Row.model_validate_json(line, strict=True)
        except ValidationError as error:
            wrong = " ".join(f"{part}" for part in (*error.errors()[0]["loc"], error.errors()[0]["msg"]))
            raise DataInvalid(f"{path}, line {number}: {wrong}; fetch it again") from error
        except (OSError, UnicodeDecodeError) as error:
            raise DataInvalid(f"{path} is damaged after line {number} ({error}); fetch it again") from error


def is_held_out(text: str) -> bool:
    """Whether a review is kept for development scores and trains nothing."""
    return int(text_hash(text), 16) % _HELD_OUT == 0


def read_rated(
    directory: Path,
    sources: Sequence[str],
    *,
    limit: int,
    balanced: bool = True,
    excerpt_count: int = 0,
    max_length: int = 64,
    seed: int = 0,
    development: bool = False,
) -> list[LabelSource]:
    """Read rated reviews.

    Args:
        directory: see `read_rows`.
        sources: names in the field `source`; of `RATED`.
        limit: most texts of all sources together, drawn so that no source has more than an equal share while another
            one has texts left.
        balanced: thin the larger of the halves above and below 0.5 of each source to the size of the smaller.
        excerpt_count: excerpts of each text that is longer than `max_length` tokens are likely to be; 0 for none.
        max_length: tokens that the encoder reads.
        seed: of the choice.
        development: read the held-out texts in place of the others.

    Returns:
        One source for each name that has texts, valence 2 · rating − 1.

    Raises:
        UsageError: a source that is not known.
        DataMissing: none of these sources is there.
    """
    unknown = [name for name in sources if name not in RATED]
    if unknown:
        raise UsageError(f"unknown rated source {', '.join(unknown)}; there are {', '.join(RATED)}")
    found: dict[str, list[tuple[str, float]]] = {name: [] for name in sources}
    for row in read_rows(directory):
        if row.rating is not None and row.source in found and is_held_out(row.text) == development:
            found[row.source].append((row.text, row.rating))
    generator = np.random.default_rng(seed)
    pools = []
    for rows in found.values():
        kept = _balanced(rows, generator) if balanced else rows
        if excerpt_count:
            size = CHARACTERS * max_length
            kept = [(part, mark) for text, mark in kept for part in excerpts(text, excerpt_count, size, generator)]
        pools.append(kept)
    quotas = equal_shares(list(map(len, pools)), limit)
    if not sum(quotas):
        raise DataMissing(f"{directory} has no rated texts of {', '.join(sources)}; pass another `--corpus-dir`")
    drawn = []
    for name, pool, quota in zip(found, pools, quotas, strict=True):
        if quota:
            rows = [pool[place] for place in sorted(generator.permutation(len(pool))[:quota].tolist())]
            drawn.append(_source(name, [text for text, _ in rows], "rated", [2 * rating - 1 for _, rating in rows]))
    return drawn


def read_unlabelled(
    directory: Path, sources: Sequence[str], *, limit: int, max_length: int = 64, seed: int = 0
) -> list[LabelSource]:
    """Draw texts without labels, an excerpt of each, every text as likely as any other.

    Args:
        directory: see `read_rows`.
        sources: names in the field `source`.
        limit: most texts of all sources together.
        max_length: tokens that the encoder reads.
        seed: of the choice.

    Returns:
        One source for each name that has texts, labels NaN.

    Raises:
        DataMissing: none of these sources is there.
    """
    generator = np.random.default_rng(seed)
    found: dict[str, list[str]] = {name: [] for name in sources}
    for row in read_rows(directory):
        if row.source in found:
            found[row.source].append(row.text)
    total = sum(map(len, found.values()))
    if not total:
        raise DataMissing(f"{directory} has no texts of {', '.join(sources)}; pass another `--corpus-dir`")
    chosen = np.zeros(total, dtype=bool)
    chosen[generator.permutation(total)[:limit]] = True
    parts = np.split(chosen, np.cumsum([len(texts) for texts in found.values()])[:-1])
    return [
        _source(
            name,
            [
                part
                for text, wanted in zip(texts, kept, strict=True)
                if wanted
                for part in excerpts(text, 1, CHARACTERS * max_length, generator)
            ],
            "unlabelled",
        )
        for (name, texts), kept in zip(found.items(), parts, strict=True)
        if kept.any()
    ]


def equal_shares(sizes: Sequence[int], limit: int) -> list[int]:
    """Share out a number of texts: equally, and what a small source leaves to the others.

    >>> equal_shares([5, 100, 100], 45)
    [5, 20, 20]
    >>> equal_shares([5, 7], 45)
    [5, 7]
    """
    quotas = [0] * len(sizes)
    left = min(limit, sum(sizes))
    order = sorted(range(len(sizes)), key=lambda place: sizes[place])
    for done, place in enumerate(order):
        quotas[place] = min(sizes[place], left // (len(order) - done))
        left -= quotas[place]
    return quotas


def excerpts(text: str, count: int, size: int, generator: np.random.Generator) -> list[str]:
    """Pieces of a text that end where its sentences end: a rating belongs to all of a long review.

    Args:
        text: any.
        count: most pieces; neighbouring sentences are joined as long as they fit, and so many pieces are drawn.
        size: most characters of a piece; a longer sentence is a piece of its own.
        generator: draws.

    Returns:
        Pieces in the text's order; the text itself if it fits.

    >>> excerpts("Slow. Too long! But the end is lovely.", 3, 18, np.random.default_rng(0))
    ['Slow. Too long!', 'But the end is lovely.']
    """
    if len(text) <= size:
        return [text]
    pieces = [""]
    for sentence in _SENTENCE_END.split(text.strip()):
        joined = f"{pieces[-1]} {sentence}".strip()
        if len(joined) <= size or not pieces[-1]:
            pieces[-1] = joined
        else:
            pieces.append(sentence)
    if len(pieces) <= count:
        return pieces
    return [pieces[place] for place in sorted(generator.permutation(len(pieces))[:count])]


def _source(name: str, texts: Sequence[str], kind: str, valence: Sequence[float] | None = None) -> LabelSource:
    labels: NDArray[np.float32] = np.full((len(texts), 3), np.nan, dtype=np.float32)
    if valence is not None:
        labels[:, 0] = valence
    title, licence = SOURCES.get(name, (name, "not known here"))
    return LabelSource(name=name, title=title, licence=licence, texts=tuple(texts), labels=labels, kind=kind)


def _balanced(rows: Sequence[tuple[str, float]], generator: np.random.Generator) -> list[tuple[str, float]]:
    """As many reviews above 0.5 as below, the middle ones all kept."""
    ratings = np.array([rating for _, rating in rows])
    high, low = np.flatnonzero(ratings > 0.5), np.flatnonzero(ratings < 0.5)
    size = min(len(high), len(low))
    parts = [np.flatnonzero(ratings == 0.5), *(generator.permutation(half)[:size] for half in (high, low))]
    return [rows[place] for place in np.sort(np.concatenate(parts)).tolist()]


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
        corpus_dir: folder with reviews and other texts (see `read_rows`), needed for `rated` and `unlabelled`.

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
