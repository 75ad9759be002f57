"""The texts of a recipe with their labels: the same number of distinct texts for every recipe.

All recipes but those that need emotions or trees read the very texts that CARL reads: a draw from EmoBank's training
split, Facebook posts and excerpts of rated reviews. What a recipe does not use of their labels it never sees.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from baselines.sentibert_trees import Spans, Tree, read_tree, spans
from carl.config import Config
from carl.recipes.catalogue import RecipeConfig
from carl.recipes.words import Lexicons, read_lexicons
from carl.sources import LabelSource, read_sources
from harness.corpora.base import CorpusLibrary
from harness.corpora.goemotions import CARD as GOEMOTIONS
from harness.errors import DataInvalid, DataMissing, UsageError

_TREES = "sst-trees/train.txt"
_VADER = "lexicons/vader/vader_lexicon.txt"
_SENTIWORDNET = "lexicons/sentiwordnet/SentiWordNet_3.0.0.pos-recovered.txt"

_INTERNAL = re.compile(r"\(\s*([0-4])\s*(?=\()")

#: As people write the brackets of a treebank.
_WRITTEN = {"-LRB-": "(", "-RRB-": ")"}


@dataclass(frozen=True)
class Phrases:
    """Nodes of one text that lie wholly within its first tokens; column 0 is the first token."""

    spans: Spans
    labels: tuple[int, ...]
    """0 to 4 for each node."""


@dataclass(frozen=True)
class LabelledTree:
    """A tree, its brackets as people write them, with the label of every internal node, root first."""

    tree: Tree
    labels: tuple[int, ...]

    def phrases(self, pieces: Sequence[Sequence[int]], tokens: int) -> Phrases | None:
        """What is known of its nodes within the first tokens of the text.

        Args:
            pieces: token ids of each word.
            tokens: that the encoder reads, special tokens included.

        Returns:
            None where no node lies within, or the authors leave the tree out (`sentibert_trees.spans`).
        """
        found = spans(self.tree, pieces)
        if found is None:
            return None
        kept = [number for number, columns in enumerate(found.pieces) if columns[-1] < tokens - 1]
        place = {number: index for index, number in enumerate(kept)}
        inside = Spans(
            tuple(found.pieces[number] for number in kept),
            tuple(found.context_pieces[number] for number in kept),
            # A node's children lie within it.
            tuple(tuple(place[other] for other in found.context_nodes[number]) for number in kept),
        )
        return Phrases(inside, tuple(self.labels[number] for number in kept)) if kept else None


@dataclass(frozen=True)
class RecipeData:
    """What a recipe is trained on."""

    sources: tuple[LabelSource, ...]
    items: Sequence[NDArray[np.int32]]
    """Token ids of every text."""
    marks: Sequence[NDArray[np.int64]]
    """What every token's word is (`words`)."""
    valence: NDArray[np.float32]
    """(n,) in [−1, 1], NaN where unknown."""
    emotion: NDArray[np.int64]
    """(n,), −1 where unknown."""
    classes: tuple[str, ...]
    """Names of the emotions."""
    phrases: Sequence[Phrases | None]
    """Labelled phrases, None for texts without a tree."""

    def __len__(self) -> int:
        return len(self.items)

    @property
    def digest(self) -> str:
        """Of token ids and labels."""
        digest = hashlib.blake2b(self.valence.tobytes() + self.emotion.tobytes(), digest_size=16)
        for item, mark in zip(self.items, self.marks, strict=True):
            digest.update(len(item).to_bytes(4, "little") + item.tobytes() + mark.tobytes())
        digest.update(repr([found and found.labels for found in self.phrases]).encode())
        return digest.hexdigest()


@dataclass(frozen=True)
class Folders:
    """Where texts and lexicons lie."""

    library: CorpusLibrary
    data: Path | None
    """The published corpora."""
    corpus: Path | None
    """Rated reviews."""

    def file(self, path: str) -> Path:
        """A file below the data directory.

        Raises:
            DataMissing: there is no data directory.
        """
        if self.data is None:
            raise DataMissing(f"this recipe needs {path}: pass `--data-dir`, the folder that holds it")
        return self.data / path

    def lexicons(self) -> Lexicons:
        """Sentiment words and parts of speech."""
        return read_lexicons(self.file(_VADER), self.file(_SENTIWORDNET))


@lru_cache(maxsize=4)
def read_pool(folders: Folders, max_length: int, seed: int, *, reviews: bool) -> tuple[LabelSource, ...]:
    """The sources from which most recipes draw, or the rated reviews among them."""
    config = Config(
        name="pool",
        sources=("rated",) if reviews else ("emobank", "facebook", "rated"),
        rated_texts=20_000,
        max_length=max_length,
        seed=seed,
    )
    return tuple(read_sources(config, folders.library, corpus_dir=folders.corpus))


def drawn(sources: Sequence[LabelSource], texts: int, seed: int) -> list[LabelSource]:
    """A draw of texts from several sources without regard to labels; sources of which none is drawn are left away.

    Raises:
        UsageError: there are not as many texts.
    """
    sizes = [len(source) for source in sources]
    if sum(sizes) < texts:
        raise UsageError(f"the budget asks for {texts:,} texts and there are {sum(sizes):,}; pass a smaller `--budget`")
    chosen = np.sort(np.random.default_rng((seed, 1)).permutation(sum(sizes))[:texts])
    ends = np.cumsum(sizes)
    rows = np.split(chosen, np.searchsorted(chosen, ends[:-1]))
    parts = [
        source.select((part - end + size).tolist())
        for source, part, size, end in zip(sources, rows, sizes, ends, strict=True)
    ]
    return [part for part in parts if len(part)]


def read_data(kind: str, config: RecipeConfig, folders: Folders, tokenizer: Any) -> RecipeData:
    """Read, label and tokenise the texts of a run.

    Args:
        kind: `pool`, `reviews`, `emotions`, `trees`, or `emotions-and-pool`, half of each.
        config: how many texts, how long, and the seed of the draw.
        folders: where they are.
        tokenizer: the backbone's.

    Raises:
        UsageError: there are fewer texts of this kind.
        DataMissing: a file is nowhere.
    """
    texts, seed, length = config.texts, config.seed, config.max_length
    half = texts // 2 if kind == "emotions-and-pool" else texts
    sources: list[LabelSource] = []
    emotion: NDArray[np.int64] = np.zeros(0, dtype=np.int64)
    classes: tuple[str, ...] = ()
    trees = _some(read_trees(folders.file(_TREES)), texts, seed) if kind == "trees" else []
    if trees:
        title = "Stanford Sentiment Treebank, trees of the training split"
        sources.append(_unlabelled("sst5:train", title, "none stated", [tree.tree.text for tree in trees]))
    if "emotions" in kind:
        source, emotion, classes = _emotions(folders, half, seed)
        sources.append(source)
    if "pool" in kind or kind == "reviews":
        wanted = texts - sum(map(len, sources))
        sources += drawn(read_pool(folders, length, seed, reviews=kind == "reviews"), wanted, seed)
    read = [text for source in sources for text in source.texts]
    if len(read) < texts:
        raise UsageError(f"the budget asks for {texts:,} texts and there are {len(read):,}; pass a smaller `--budget`")
    encoded = tokenizer(read, truncation=True, max_length=length, return_offsets_mapping=True)
    items = [np.array(ids, dtype=np.int32) for ids in encoded["input_ids"]]
    lexicons = folders.lexicons()
    marks = [lexicons.marks(text, offsets) for text, offsets in zip(read, encoded["offset_mapping"], strict=True)]
    phrases: list[Phrases | None] = [None] * len(read)
    if trees:
        items, phrases = tree_items(trees, tokenizer, length)
        # Tokenised word by word; where that gives other tokens than the text, their words are not known.
        marks = [m if len(m) == len(i) else np.zeros(len(i), np.int64) for m, i in zip(marks, items, strict=True)]
    valence = np.concatenate([source.labels[:, 0] for source in sources])
    emotion = np.concatenate([emotion, np.full(len(read) - len(emotion), -1)])
    return RecipeData(tuple(sources), items, marks, valence, emotion, classes, phrases)


def _emotions(folders: Folders, texts: int, seed: int) -> tuple[LabelSource, NDArray[np.int64], tuple[str, ...]]:
    """Comments of GoEmotions' training split with one emotion, neutral ones left out."""
    examples = folders.library.load("goemotions", "train")
    flags = np.asarray(examples.labels["emotions"], dtype=np.bool_)
    alone = np.flatnonzero((flags.sum(1) == 1) & ~flags[:, examples.classes.index("neutral")])
    rows = np.sort(np.random.default_rng(seed).permutation(alone)[:texts])
    chosen = [examples.texts[row] for row in rows]
    source = _unlabelled("goemotions:train", "GoEmotions, training split", GOEMOTIONS.licence, chosen)
    left_out = len(examples.texts) - len(rows)
    return replace(source, left_out=left_out), flags[rows].argmax(1).astype(np.int64), tuple(examples.classes)


def _some(found: Sequence[Any], count: int, seed: int) -> list[Any]:
    return [found[row] for row in np.sort(np.random.default_rng(seed).permutation(len(found))[:count])]


def _unlabelled(name: str, title: str, licence: str, texts: Sequence[str]) -> LabelSource:
    labels = np.full((len(texts), 3), np.nan, dtype=np.float32)
    return LabelSource(name=name, title=title, licence=licence, texts=tuple(texts), labels=labels, kind="unlabelled")


def read_trees(path: Path) -> list[LabelledTree]:
    """Trees of a file of the Stanford Sentiment Treebank, one a line, those of one word left out.

    Raises:
        DataMissing: it is not there.
        DataInvalid: a line is no labelled binary tree; names it.
    """
    if not path.is_file():
        raise DataMissing(f"{path} is not there; unpack trainDevTestTrees_PTB.zip of nlp.stanford.edu/sentiment to it")
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        tree = read_tree(line, f"{path}, line {number}")
        labels = tuple(map(int, _INTERNAL.findall(line)))
        if len(labels) != len(tree.nodes) or not tree.binary:
            raise DataInvalid(f"{path}, line {number}: not a binary tree with labels 0 to 4; unpack the file again")
        if tree.nodes:
            words = tuple(_WRITTEN.get(word, word) for word in tree.words)
            found.append(LabelledTree(replace(tree, words=words), labels))
    return found


def tree_items(
    trees: Sequence[LabelledTree], tokenizer: Any, max_length: int
) -> tuple[list[NDArray[np.int32]], list[Phrases | None]]:
    """Token ids and nodes of trees, every word tokenised by itself so that pieces belong to words."""
    first, last = tokenizer("")["input_ids"]
    words = sorted({word for tree in trees for word in tree.tree.words})
    # With a blank before it, as words stand in a sentence; BERT's tokenisers drop it.
    rows = tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
    pieces = dict(zip(words, rows, strict=True))
    items, found = [], []
    for tree in trees:
        parts = [pieces[word] for word in tree.tree.words]
        inner = [piece for part in parts for piece in part][: max_length - 2]
        items.append(np.array([first, *inner, last], dtype=np.int32))
        found.append(tree.phrases(parts, len(inner) + 2))
    return items, found
