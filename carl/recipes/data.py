"""The texts of a recipe with their labels: the same number of distinct texts for every recipe.

All recipes but those that need emotions or trees read the very texts that CARL reads: a draw from EmoBank's training
split, Facebook posts and excerpts of rated reviews. What a recipe does not use of their labels it never sees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from carl.configurations import configuration
from carl.label_source import LabelSource
from carl.recipes.catalogue import SQUAD
from carl.recipes.marks import Lexicon, Marks, read_vader
from carl.recipes.parts import Parts
from carl.recipes.phrases import LabelledTree, Phrases, phrases, read_trees
from carl.recipes.questions import Answer, Question, question_items, read_questions
from carl.sources import read_sources
from harness.errors import DataMissing, UsageError
from harness.transformer.tokenization import encode_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from carl.backbone import Start
    from harness.corpora import CorpusRegistry

_TREES = "sst-trees/train.txt"
_VADER = "lexicons/vader/vader_lexicon.txt"
_SENTIWORDNET = "lexicons/sentiwordnet/SentiWordNet_3.0.0.pos-recovered.txt"


@dataclass(frozen=True)
class RecipeData:
    """What a recipe is trained on."""

    sources: tuple[LabelSource, ...]
    items: Sequence[NDArray[np.int32]]
    """Token ids of every text."""
    marks: Sequence[NDArray[np.int64]]
    """What every token's word is (`marks`)."""
    valence: NDArray[np.float32]
    """(n,) in [−1, 1], NaN where unknown."""
    emotion: NDArray[np.int64]
    """(n,), −1 where unknown."""
    classes: tuple[str, ...]
    """Names of the emotions."""
    phrases: Sequence[Phrases | None]
    digest: str
    """Of token ids, labels and starting weights."""
    answers: Sequence[Answer | None]
    """Where the answer to a question stands, None for texts that are no question."""

    def __len__(self) -> int:
        return len(self.items)


@dataclass(frozen=True)
class _Texts:
    """Sources, and labels in the order of their texts."""

    sources: tuple[LabelSource, ...]
    emotion: NDArray[np.int64]
    classes: tuple[str, ...] = ()
    trees: tuple[LabelledTree, ...] = ()
    questions: tuple[Question, ...] = ()
    """They stand behind all other texts."""

    def __len__(self) -> int:
        return sum(map(len, self.sources))


class Shelf:
    """Reads texts, each kind once, and tokenises them.

    Args:
        library: reads the corpora; trees and lexicons lie in its data directory.
        corpus_dir: folder with rated reviews.
        start: the backbone.
    """

    def __init__(self, library: CorpusRegistry, corpus_dir: Path | None, start: Start) -> None:
        self._library = library
        self._corpus_dir = corpus_dir
        self._start = start
        self._pools: dict[Any, tuple[LabelSource, ...]] = {}
        self._lexicon: Lexicon | None = None
        self._parts: Parts | None = None

    def pool(self, texts: int, max_length: int, seed: int, *, reviews: bool = False) -> tuple[LabelSource, ...]:
        """The texts that most recipes share, drawn without regard to their labels.

        Args:
            texts: how many.
            max_length: decides how long the excerpts of reviews are.
            seed: of the draw.
            reviews: of rated reviews alone.

        Raises:
            UsageError: there are not as many, or no `--corpus-dir`.
        """
        key = (texts, max_length, seed, reviews)
        if key not in self._pools:
            self._pools[key] = drawn(self._pool(max_length, seed, reviews), texts, seed)
        return self._pools[key]

    def _pool(self, max_length: int, seed: int, reviews: bool) -> list[LabelSource]:
        """The sources of the encoders that ship; no source is favoured over what it has there."""
        config = configuration("carl-minilm-cpu").changed([f"max_length={max_length}", f"seed={seed}"])
        config = replace(config, sources=("rated",)) if reviews else config
        return read_sources(config, self._library, corpus_dir=self._corpus_dir)

    def lexicon(self) -> Lexicon:
        """The sentiment words."""
        if self._lexicon is None:
            self._lexicon = read_vader(self._file(_VADER))
        return self._lexicon

    def read(self, kind: str, texts: int, max_length: int, seed: int) -> RecipeData:
        """Read, label and tokenise.

        Args:
            kind: one of `recipe.KINDS`.
            texts: how many distinct ones.
            max_length: tokens after which a text is cut.
            seed: of the draw.

        Raises:
            UsageError: there are fewer texts of this kind.
            DataMissing: a file is nowhere.
        """
        found = self._texts(kind, texts, max_length, seed)
        if len(found) < texts:
            raise UsageError(
                f"the budget asks for {texts:,} texts and there are {len(found):,} of the kind {kind}; pass a smaller "
                "`--budget`, so that every recipe gets as many"
            )
        return self._tokenised(found, max_length)

    def _texts(self, kind: str, texts: int, max_length: int, seed: int) -> _Texts:
        if kind in ("pool", "reviews"):
            sources = self.pool(texts, max_length, seed, reviews=kind == "reviews")
            return _Texts(sources, np.full(texts, -1, dtype=np.int64))
        if kind == "trees":
            return self._treebank(texts, seed)
        if kind == "emotions":
            return self._emotions(texts, seed)
        if kind == "reviews-and-questions":
            return self._questions(texts, max_length, seed)
        half = self._emotions(texts - texts // 2, seed)
        sources = self.pool(texts // 2, max_length, seed)
        return replace(
            half,
            sources=(*half.sources, *sources),
            emotion=np.concatenate([half.emotion, np.full(texts // 2, -1, dtype=np.int64)]),
        )

    def _emotions(self, texts: int, seed: int) -> _Texts:
        examples = self._library.load("goemotions", "train")
        card = self._library.card("goemotions")
        flags = np.asarray(examples.labels["emotions"], dtype=np.bool_)
        neutral = examples.classes.index("neutral")
        alone = np.flatnonzero((flags.sum(1) == 1) & ~flags[:, neutral])
        rows = np.sort(np.random.default_rng(seed).permutation(alone)[:texts])
        source = _unrated(
            "goemotions:train", f"{card.title}, training split", card.licence, [examples.texts[row] for row in rows]
        )
        kept = len(examples) - len(rows)
        return _Texts((replace(source, left_out=kept),), flags[rows].argmax(1).astype(np.int64), examples.classes)

    def _questions(self, texts: int, max_length: int, seed: int) -> _Texts:
        questions = read_questions(self._file(SQUAD))
        rows = np.sort(np.random.default_rng(seed).permutation(len(questions))[: texts - texts // 2])
        chosen = tuple(questions[row] for row in rows)
        source = _unrated(
            "squad", "SQuAD 1.1, questions of the training split", "CC BY-SA 4.0", [q.text for q in chosen]
        )
        reviews = self.pool(texts // 2, max_length, seed, reviews=True)
        emotion = np.full(texts // 2 + len(chosen), -1, dtype=np.int64)
        return _Texts((*reviews, source), emotion, questions=chosen)

    def _treebank(self, texts: int, seed: int) -> _Texts:
        trees = read_trees(self._file(_TREES))
        rows = np.sort(np.random.default_rng(seed).permutation(len(trees))[:texts])
        chosen = tuple(trees[row] for row in rows)
        source = _unrated(
            "sst5:train",
            "Stanford Sentiment Treebank, trees of the training split",
            "none stated",
            [tree.text for tree in chosen],
        )
        return _Texts((source,), np.full(len(chosen), -1, dtype=np.int64), trees=chosen)

    def _file(self, path: str) -> Path:
        if self._library.data_dir is None:
            raise DataMissing(f"this recipe needs {path}: pass `--data-dir`, the folder that holds it")
        return self._library.data_dir / path

    def _tokenised(self, found: _Texts, max_length: int) -> RecipeData:
        start = self._start
        if max_length > start.shape.max_tokens:
            raise UsageError(f"max_length is {max_length}, {start.card.name} takes {start.shape.max_tokens}")
        texts = [text for source in found.sources for text in source.texts]
        if self._parts is None:
            self._parts = Parts(self._file(_SENTIWORDNET))
        start.tokenizer.no_truncation()
        start.tokenizer.no_padding()
        marks = Marks(self.lexicon(), self._parts)
        items = list(encode_ids(start.tokenizer, texts, max_length))
        trees: list[Phrases | None] = [None] * len(texts)
        answers: list[Answer | None] = [None] * len(texts)
        if found.trees:
            items, trees = _tree_items(found.trees, start, max_length)
        if found.questions:
            behind = len(texts) - len(found.questions)
            items[behind:], answers[behind:] = question_items(found.questions, start.tokenizer, max_length)
        marked = marks.of(start.tokenizer, texts, max_length)
        marked = [
            mark if len(mark) == len(item) else np.zeros(len(item), dtype=np.int64)
            for mark, item in zip(marked, items, strict=True)
        ]
        valence = np.concatenate([source.labels[:, 0] for source in found.sources])
        digest = hashlib.blake2b(digest_size=16)
        for item, mark in zip(items, marked, strict=True):
            digest.update(len(item).to_bytes(4, "little") + item.tobytes() + mark.tobytes())
        digest.update(valence.tobytes() + found.emotion.tobytes() + repr([p and p.labels for p in trees]).encode())
        if found.questions:
            digest.update(repr(answers).encode())
        for name in sorted(start.tensors):
            digest.update(name.encode() + start.tensors[name].float().contiguous().numpy().tobytes())
        return RecipeData(
            found.sources, items, marked, valence, found.emotion, found.classes, trees, digest.hexdigest(), answers
        )


def drawn(sources: Sequence[LabelSource], texts: int, seed: int) -> tuple[LabelSource, ...]:
    """A draw of texts from several sources, each text once; sources of which none is drawn are left away.

    Raises:
        UsageError: there are not as many texts.
    """
    sizes = [len(source) for source in sources]
    if sum(sizes) < texts:
        raise UsageError(f"the budget asks for {texts:,} texts and there are {sum(sizes):,}; pass a smaller `--budget`")
    chosen = np.sort(np.random.default_rng((seed, 1)).permutation(sum(sizes))[:texts])
    ends = np.cumsum(sizes)
    parts = [
        source.select((chosen[(chosen >= end - size) & (chosen < end)] - (end - size)).tolist())
        for source, size, end in zip(sources, sizes, ends, strict=True)
    ]
    return tuple(part for part in parts if len(part))


def _unrated(name: str, title: str, licence: str, texts: Sequence[str]) -> LabelSource:
    labels = np.full((len(texts), 2), np.nan, dtype=np.float32)
    return LabelSource(name=name, title=title, licence=licence, texts=tuple(texts), labels=labels)


def _tree_items(
    trees: Sequence[LabelledTree], start: Start, max_length: int
) -> tuple[list[NDArray[np.int32]], list[Phrases | None]]:
    """Token ids and nodes of trees, every word tokenised by itself so that pieces belong to words."""
    first, last = start.tokenizer.encode("").ids
    words = sorted({word for tree in trees for word in tree.words})
    # With a blank before it, as words stand in a sentence; BERT's tokenisers drop it.
    rows = start.tokenizer.encode_batch([f" {word}" for word in words], add_special_tokens=False)
    pieces = {word: row.ids for word, row in zip(words, rows, strict=True)}
    items, found = [], []
    for tree in trees:
        parts = [pieces[word] for word in tree.words]
        inner = [piece for part in parts for piece in part][: max_length - 2]
        items.append(np.array([first, *inner, last], dtype=np.int32))
        found.append(phrases(tree, parts, len(inner) + 2))
    return items, found
