"""Labelled phrases of a text: the nodes of its tree, and what SentiBERT's composition attends to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from baselines.sentibert_trees import Spans, Tree, read_tree, spans
from harness.errors import DataInvalid, DataMissing

if TYPE_CHECKING:
    from numpy.typing import NDArray

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
    """A tree with the label of every internal node, root first."""

    tree: Tree
    labels: tuple[int, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """The sentence's words, brackets as people write them."""
        return tuple(_WRITTEN.get(word, word) for word in self.tree.words)

    @property
    def text(self) -> str:
        """The words, joined by blanks."""
        return " ".join(self.words)

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
            found.append(LabelledTree(tree, labels))
    return found


def tree_items(
    trees: Sequence[LabelledTree], tokenizer: Any, max_length: int
) -> tuple[list[NDArray[np.int32]], list[Phrases | None]]:
    """Token ids and nodes of trees, every word tokenised by itself so that pieces belong to words."""
    first, last = tokenizer("")["input_ids"]
    words = sorted({word for tree in trees for word in tree.words})
    # With a blank before it, as words stand in a sentence; BERT's tokenisers drop it.
    rows = tokenizer([f" {word}" for word in words], add_special_tokens=False)["input_ids"]
    pieces = dict(zip(words, rows, strict=True))
    items, found = [], []
    for tree in trees:
        parts = [pieces[word] for word in tree.words]
        inner = [piece for part in parts for piece in part][: max_length - 2]
        items.append(np.array([first, *inner, last], dtype=np.int32))
        found.append(tree.phrases(parts, len(inner) + 2))
    return items, found
