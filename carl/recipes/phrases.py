"""Labelled phrases of a text: the nodes of its tree, and what SentiBERT's composition attends to."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from baselines.sentibert_trees import Spans, Tree, read_tree, spans
from harness.errors import DataInvalid, DataMissing

_INTERNAL = re.compile(r"\(\s*([0-4])\s*(?=\()")

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


def read_trees(path: Path) -> list[LabelledTree]:
    """Trees of a file of the Stanford Sentiment Treebank, one a line, those of one word left out.

    Raises:
        DataMissing: it is not there.
        DataInvalid: a line is no labelled binary tree; names it.
    """
    try:
        lines = path.read_text("utf-8").splitlines()
    except OSError as error:
        raise DataMissing(
            f"{path} is not there; unpack trainDevTestTrees_PTB.zip of nlp.stanford.edu/sentiment to its folder: "
            "phrase labels are in its trees alone"
        ) from error
    except UnicodeDecodeError as error:
        raise DataInvalid(f"{path} is not UTF-8 (byte {error.start}); unpack the published file again") from error
    found = []
    for number, line in enumerate(lines, start=1):
        tree = read_tree(line, f"{path}, line {number}")
        labels = tuple(map(int, _INTERNAL.findall(line)))
        if len(labels) != len(tree.nodes) or not tree.binary:
            raise DataInvalid(
                f"{path}, line {number}: not a binary tree with labels 0 to 4 at every node; unpack the published file "
                "again"
            )
        if tree.nodes:
            found.append(LabelledTree(tree, labels))
    return found


def phrases(tree: LabelledTree, pieces: Sequence[Sequence[int]], tokens: int) -> Phrases | None:
    """What is known of a tree's nodes within the first tokens of its text.

    Args:
        tree: with labels.
        pieces: token ids of each word.
        tokens: that the encoder reads, special tokens included.

    Returns:
        None where no node lies within, or the authors leave the tree out (`sentibert_trees.spans`).
    """
    found = spans(tree.tree, pieces)
    if found is None:
        return None
    kept = [number for number, columns in enumerate(found.pieces) if columns[-1] < tokens - 1]
    place = {number: index for index, number in enumerate(kept)}
    if not kept:
        return None
    return Phrases(
        Spans(
            tuple(found.pieces[number] for number in kept),
            tuple(found.context_pieces[number] for number in kept),
            # A node's children lie within it.
            tuple(tuple(place[other] for other in found.context_nodes[number]) for number in kept),
        ),
        tuple(tree.labels[number] for number in kept),
    )
