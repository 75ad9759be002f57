"""SentiBERT: BERT with an attention over the nodes of a constituency tree (Yin et al. 2020).

Two encoders, never one row: `sentibert` is the encoder part alone, which others have compared against as "SentiBERT";
`sentibert-tree` is the model its authors published, with a vector of the tree's root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from baselines.extensions import identity, load_extension, setting
from baselines.sentibert_trees import WIDTH, Spans, Tree, one_node, read_tree, spans
from harness.encoder import EncoderCard
from harness.errors import DataInvalid, ExtraMissing
from harness.transformer import Layout, Shape, TransformerEncoder
from harness.transformer.encoder import EncoderOptions
from harness.transformer.tokenization import piece_ids

if TYPE_CHECKING:
    from baselines.sentibert_composition import Composition

#: Turns a text into its binary constituency tree in Penn Treebank brackets, or None when it finds none.
Parser = Callable[[str], str | None]

#: The environment variable that names a parser.
PARSER_VARIABLE = "AFFECTBENCH_PARSER"

_UNUSED = (
    "cls.",
    "pooler_phrase.",
    *(f"bahdanau_attention{n}.linear_{part}." for n in ("", "_3") for part in ("encoder", "decoder")),
)
_COMPOSITION = ("trans.", "trans_2.", "trans_3.", "LayerNorm.", "linear_out", "bahdanau_attention")

#: Texts whose token vectors are held at once.
_TEXTS_AT_ONCE = 512

_PAGE = "drive.google.com/file/d/1YjQxMfTQV14LSu3-I7br3vmP71ojjPsQ"


class SentiBERT(TransformerEncoder):
    """The encoder part of SentiBERT, first token; needs neither tree nor parser."""

    card = EncoderCard(
        name="sentibert",
        family="bert",
        title="SentiBERT (encoder)",
        base="bert",
        weights=_PAGE,
        pooling="cls",
        poolings=("cls", "mean", "last"),
        max_length=512,
        dimensions=768,
        parameters=108_891_648,
        training_data=("wikipedia", "bookcorpus", "sst5:train", "sentiwordnet"),
        training_notes="From BERT; masked words (candidates by SentiWordNet) and the five-way sentiment of every "
        "phrase of SST's 8,367 distinct training sentences, 6,695 of which are MR sentences.",
        citation="Yin, Meng and Chang 2020. SentiBERT: A Transferable Transformer-Based Architecture for Compositional "
        "Sentiment Semantics. ACL. arXiv:2005.04114",
        url="https://github.com/WadeYin9712/SentiBERT",
        notes="The encoder alone, first token, which is what others compared against; the authors' vector is the "
        "root of the tree (`sentibert-tree`). The pooler has no trained use and is not offered.",
    )
    layout = Layout(
        architecture="bert",
        weights=("sstphrase.safetensors", "sstphrase.bin", "model.safetensors", "pytorch_model.bin"),
        config=("sstphrase.json", "config.json", "bert_config.json"),
        vocabulary=(("vocab.txt",),),
        heads=(*_UNUSED, *_COMPOSITION),
        lower_case=True,
    )


class SentiBERTTree(SentiBERT):
    """SentiBERT as its authors published it: the vector of a tree's root.

    Trees are given (`encode_trees`) or come from a parser (`encode`). A text without a usable tree takes the stated
    stand-in: a tree of one node over all its word pieces. That holds for the texts that the authors left out (one
    word, more than 126 words or pieces, a node without exactly two children) and those for which the parser returns
    None or something that is no tree; `fallbacks` counts them.

    Args:
        parser: a callable text → brackets, or `module:attribute`; by default the environment variable
            AFFECTBENCH_PARSER.
        options: see `TransformerEncoder`.
    """

    card = replace(
        SentiBERT.card,
        name="sentibert-tree",
        title="SentiBERT (tree)",
        pooling=None,
        poolings=(),
        max_length=WIDTH,
        parameters=120_109_824,
        notes="The authors' vector: root node of the composition over a binary constituency tree. Trees are passed to "
        "`encode_trees`, or made by a parser named with AFFECTBENCH_PARSER=module:function; the authors used CoreNLP "
        "2018-10-05, and users report about half the accuracy with a newer one. Without a parser texts cannot be "
        "encoded. A text without a usable tree (one word, over 126 words or pieces, not binary) takes one node over "
        "all its pieces; how often is counted.",
    )
    layout = replace(SentiBERT.layout, heads=_UNUSED)

    def __init__(self, *, parser: Parser | str | None = None, **options: Unpack[EncoderOptions]) -> None:
        super().__init__(**options)
        self._parser = setting(parser, PARSER_VARIABLE)
        self._composition: Composition | None = None
        #: Texts encoded so far, and those among them that took the stand-in.
        self.encoded = 0
        self.fallbacks = 0

    def __getstate__(self) -> dict[str, Any]:
        """Leave the weights out: a worker process reads them itself."""
        return {**super().__getstate__(), "_composition": None}

    def extra_tensors(self, shape: Shape) -> dict[str, tuple[int, ...]]:
        """The composition's tensors."""
        from baselines.sentibert_composition import composition_tensors  # imports torch, which listing must not

        return composition_tensors(shape.hidden)

    def effective_max_length(self) -> int:
        """Tokens after which a text is cut: no more than the composition was trained on."""
        return min(super().effective_max_length(), WIDTH)

    def parser(self) -> Parser:
        """The parser that was named.

        Raises:
            ExtraMissing: none was named.
            UsageError: it cannot be imported.
        """
        parser: Parser | None = load_extension(self._parser, "parser")
        if parser is None:
            raise ExtraMissing(
                f"{self.card.name} needs a binary constituency tree of every text: set "
                f"{PARSER_VARIABLE}=module:function (text → Penn Treebank brackets), or pass trees to `encode_trees`; "
                "`sentibert` is the encoder part, which needs none"
            )
        return parser

    def check_ready(self) -> None:
        """Raise what encoding would raise for want of weights or a parser."""
        super().check_ready()
        self.parser()

    def fingerprint_parts(self) -> list[str]:
        """Digests of the checkpoint, and the parser's name."""
        return [*super().fingerprint_parts(), f"parser:{identity(self.parser())}"]

    def describe(self) -> dict[str, Any]:
        """What a record should say; with the number of texts that took the stand-in."""
        return {**super().describe(), "pooling": "root", "texts": self.encoded, "fallbacks": self.fallbacks}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts by the trees that the parser gives them.

        Raises:
            ExtraMissing: there is no parser.
            WeightsMissing, WeightsInvalid: see `TransformerEncoder.encode`.
        """
        parser = self.parser()
        self.load()
        return self._roots([(text, _parsed(parser, text)) for text in texts])

    def encode_trees(self, trees: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts given as trees.

        Args:
            trees: binary trees in Penn Treebank brackets; labels are ignored.

        Returns:
            Vectors of the roots, float32 (len(trees), dimensions).

        Raises:
            DataInvalid: brackets that do not match; names the tree and the column.
        """
        return self._roots([(tree.text, tree) for tree in _read(trees)])

    def tree_nodes(self, trees: Sequence[str]) -> list[NDArray[np.float32]]:
        """Vectors of all internal nodes of each tree, root first, float32 (nodes, dimensions) per tree."""
        ids, found = self.prepared([(tree.text, tree) for tree in _read(trees)])
        return list(self._nodes(ids, found))

    def prepared(self, items: Sequence[tuple[str, Tree | None]]) -> tuple[list[NDArray[np.int32]], list[Spans]]:
        """Token ids of each text, and what its composition attends to; counts the stand-ins.

        Args:
            items: text and tree; a usable tree's words take the text's place, as in the authors' preprocessing.
        """
        pieces = self._pieces([tree.words if tree is not None else () for _, tree in items])
        usable = [
            spans(tree, part) if tree is not None else None for (_, tree), part in zip(items, pieces, strict=True)
        ]
        ids = self.inputs(
            [
                tree.text if found is not None and tree is not None else text
                for (text, tree), found in zip(items, usable, strict=True)
            ]
        )
        result: list[Spans] = []
        for row, part, found in zip(ids, pieces, usable, strict=True):
            whole = found is not None and sum(map(len, part)) == len(row) - 2  # not cut
            self.encoded += 1
            self.fallbacks += not whole
            result.append(found if whole and found is not None else one_node(len(row) - 2))
        return ids, result

    def _pieces(self, sentences: Sequence[Sequence[str]]) -> list[list[list[int]]]:
        """Ids of the word pieces of each word of each sentence."""
        ids = piece_ids(self.load().tokenizer, list(dict.fromkeys(word for words in sentences for word in words)))
        return [[ids[word] for word in words] for words in sentences]

    def _roots(self, items: Sequence[tuple[str, Tree | None]]) -> NDArray[np.float32]:
        ids, found = self.prepared(items)
        roots = [nodes[0] for nodes in self._nodes(ids, [part.for_root() for part in found])]
        return np.stack(roots) if roots else np.empty((0, self.load().engine.dimensions), np.float32)

    def _nodes(self, ids: Sequence[NDArray[np.int32]], found: Sequence[Spans]) -> Iterator[NDArray[np.float32]]:
        composition = self._loaded_composition()
        for start in range(0, len(ids), _TEXTS_AT_ONCE):
            part = slice(start, start + _TEXTS_AT_ONCE)
            for states, spans_of_text in zip(self.states(ids[part]), found[part], strict=True):
                yield composition.nodes(states, spans_of_text).cpu().numpy()

    def _loaded_composition(self) -> Composition:
        if self._composition is None:
            from baselines.sentibert_composition import Composition

            loaded = self.load()
            device = loaded.engine.device
            self._composition = Composition(loaded.tensors, epsilon=self.shape().epsilon, device=device)
        return self._composition


def _read(trees: Sequence[str]) -> list[Tree]:
    return [read_tree(brackets, f"tree {i}") for i, brackets in enumerate(trees)]


def _parsed(parser: Parser, text: str) -> Tree | None:
    brackets = parser(text)
    if brackets is None:
        return None
    try:
        return read_tree(brackets)
    except DataInvalid:
        return None
