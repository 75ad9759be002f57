"""Binary trees in brackets, and the spans that SentiBERT's composition attends to.

The rules are those of the authors' preprocessing (`preprocessing/sstphrase_st.py`, `sst2_st.py` of
WadeYin9712/SentiBERT) followed by the shift for `[CLS]` of their fine-tuning: internal nodes are numbered
depth-first from the root, leaves get no number, and a node's word pieces are those of the **first** place where its
piece sequence occurs in the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.errors import DataInvalid

#: Width of the authors' matrices: a sentence has at most this many pieces, `[CLS]` and `[SEP]` included.
WIDTH = 128

#: Labels of brackets that parsers put around a whole tree.
_WRAPPERS = ("", "ROOT", "TOP", "S1")

#: ASCII white space alone parts words: three sentences of SST's trees write a number as "8 1/2" with a no-break space.
_TOKEN = re.compile(r"\s*(?:(\()\s*([^\s()]*)|(\))|([^\s()]+))", re.ASCII)


@dataclass(frozen=True)
class Node:
    """An internal node and the words it covers, from `start` up to `end`."""

    start: int
    end: int
    children: tuple[int | None, ...]
    """Number of each child, None for a leaf."""


@dataclass(frozen=True)
class Tree:
    """A bracketed tree as words and internal nodes, root first, then depth-first, left to right."""

    words: tuple[str, ...]
    nodes: tuple[Node, ...]

    @property
    def binary(self) -> bool:
        """Whether every internal node has exactly two children."""
        return all(len(node.children) == 2 for node in self.nodes)

    @property
    def text(self) -> str:
        """The words, joined by blanks: what the authors feed to BERT."""
        return " ".join(self.words)


@dataclass(frozen=True)
class Spans:
    """What one text's composition attends to; columns count `[CLS]`, so that the first piece is column 1."""

    pieces: tuple[tuple[int, ...], ...]
    """Per node: columns of its word pieces (first attention)."""
    context_pieces: tuple[tuple[int, ...], ...]
    """Per node: columns of word pieces in the second attention."""
    context_nodes: tuple[tuple[int, ...], ...]
    """Per node: numbers of the nodes in the second attention, the node itself first."""

    def for_root(self) -> Spans:
        """The part that the root's vector depends on: the first step of the root and of its internal children."""
        numbers = self.context_nodes[0]
        return Spans(
            tuple(self.pieces[number] for number in numbers),
            self.context_pieces[:1],
            (tuple(range(len(numbers))),),
        )


def read_tree(brackets: str, origin: str = "the tree") -> Tree:
    """Read a tree in Penn Treebank brackets.

    Labels are ignored; an outer pair of brackets without a label, or `(ROOT ...)` and `(TOP ...)` around a single
    tree, is taken off.

    Args:
        brackets: e.g. `(3 (2 so) (4 (2 very) (4 kind)))`.
        origin: what the error message calls the tree.

    Raises:
        DataInvalid: the brackets do not match, or a node is empty.

    >>> tree = read_tree("(3 (2 so) (4 (2 very) (4 kind)))")
    >>> tree.words, tree.binary, [(n.start, n.end, n.children) for n in tree.nodes]
    (('so', 'very', 'kind'), True, [(0, 3, (None, 1)), (1, 3, (None, None))])
    """

    def invalid(column: int, fault: str) -> DataInvalid:
        return DataInvalid(f"{origin}, column {column + 1}: {fault}; trees look like (3 (2 so) (4 (2 very) (4 kind)))")

    words: list[str] = []
    opened: list[_Open] = []
    nodes: list[tuple[str, Node] | None] = []
    position, end = 0, len(brackets.rstrip(" \t\r\n\f\v"))
    while position < end:
        match = _TOKEN.match(brackets, position)
        assert match is not None  # whatever is no bracket is a word
        opening, label, _, word = match.groups()
        position = match.end()
        if opening:
            if opened:
                parent = opened[-1]
                if parent.number is None:
                    # A bracket inside makes it an internal node; these are numbered as they open.
                    parent.number = len(nodes)
                    nodes.append(None)
            elif words:
                raise invalid(match.start(1), "a second tree begins here")
            opened.append(_Open(label, len(words)))
        elif word is not None:
            if not opened or opened[-1].children:
                raise invalid(match.start(4), f"the word {word!r} is not alone in its brackets")
            words.append(word)
            opened[-1].children.append(None)
        else:
            if not opened:
                raise invalid(match.start(3), "this bracket closes nothing")
            node = opened.pop()
            if not node.children:
                raise invalid(match.start(3), "the brackets hold no word")
            if node.number is not None:
                nodes[node.number] = node.label, Node(node.start, len(words), tuple(node.children))
            if opened:
                opened[-1].children.append(node.number)
    if opened:
        raise invalid(end, f"{len(opened)} brackets are not closed")
    if not words:
        raise invalid(0, "there is no word")
    return _without_wrapper(words, [node for node in nodes if node is not None])


@dataclass
class _Open:
    """A bracket that is not closed yet."""

    label: str
    start: int
    number: int | None = None
    children: list[int | None] = field(default_factory=list)


def _without_wrapper(words: list[str], labelled: list[tuple[str, Node]]) -> Tree:
    """Take off `(ROOT ...)` and the like around a single tree."""
    first = 0
    while first < len(labelled):
        label, root = labelled[first]
        if label not in _WRAPPERS or len(root.children) != 1 or root.children[0] is None:
            break
        first += 1
    nodes = tuple(
        Node(node.start, node.end, tuple(None if child is None else child - first for child in node.children))
        for _, node in labelled[first:]
    )
    return Tree(tuple(words), nodes)


def spans(tree: Tree, pieces: Sequence[Sequence[int]]) -> Spans | None:
    """What the composition attends to in a tree.

    Args:
        tree: from `read_tree`.
        pieces: ids of the word pieces of each word.

    Returns:
        None for the texts that the authors leave out: one word, a node without exactly two children, more than
        126 words or pieces, a node without any piece.
    """
    sentence = [piece for word in pieces for piece in word]
    limit = WIDTH - 2
    if not tree.binary or not tree.nodes or len(tree.words) > limit or len(sentence) > limit:
        return None
    places = [_first_place(sentence, [p for word in pieces[n.start : n.end] for p in word]) for n in tree.nodes]
    if not all(places):
        return None
    context_pieces, context_nodes = [], []
    for number, node in enumerate(tree.nodes):
        inner = [child for child in node.children if child is not None]
        # Two leaves: the node's own pieces; one: those outside the internal child; none: no piece at all.
        covered = set(places[inner[0]]) if inner else set()
        context_pieces.append(tuple(c for c in places[number] if c not in covered) if len(inner) < 2 else ())
        context_nodes.append((number, *inner))
    return Spans(tuple(places), tuple(context_pieces), tuple(context_nodes))


def one_node(pieces: int) -> Spans:
    """The stand-in for a text without a usable tree: one node over all its pieces.

    Args:
        pieces: number of word pieces; a text without any takes `[CLS]` and `[SEP]` as its pieces.
    """
    columns = tuple(range(1, pieces + 1)) if pieces else (0, 1)
    return Spans((columns,), (columns,), ((0,),))


def _first_place(sentence: Sequence[int], phrase: Sequence[int]) -> tuple[int, ...]:
    """Columns, `[CLS]` counted, of the first place where a phrase's pieces occur; empty for an empty phrase."""
    length = len(phrase)
    for start in range(len(sentence) - length + 1 if length else 0):
        if sentence[start : start + length] == phrase:
            return tuple(range(start + 1, start + 1 + length))
    return ()
