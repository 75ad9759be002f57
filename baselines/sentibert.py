"""SentiBERT: BERT with an attention over the nodes of a constituency tree (Yin et al. 2020).

Two encoders, never one row: `sentibert` is the encoder part alone, which others have compared against as "SentiBERT";
`sentibert-tree` is the model its authors published, with a vector of the tree's root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Unpack

from baselines.extensions import identity, load_extension, setting
from baselines.sentibert_trees import WIDTH, Spans, Tree, one_node, read_tree, spans
from harness.encoder import EncoderCard
from harness.errors import DataInvalid, ExtraMissing
from harness.transformer import Layout, Shape, TransformerEncoder
from harness.transformer.encoder import EncoderOptions, once

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from torch import Tensor

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

#: The authors divide attention scores by this whatever the width.
_SCORE_SCALE = 4.0

#: Dense layers of the composition → rows and columns, in widths of the encoder.
_DENSES = {
    "trans": (1, 1),
    "trans_2": (1, 1),
    "trans_3": (1, 1),
    "bahdanau_attention.linear_in.0": (1, 1),
    "bahdanau_attention.linear_in.3": (1, 1),
    "bahdanau_attention_3.linear_in.0": (1, 1),
    "bahdanau_attention_3.linear_in.3": (1, 1),
    "linear_out.0": (2, 2),
    "linear_out.3": (1, 2),
    "linear_out_3.0": (2, 2),
    "linear_out_3.3": (1, 2),
}


def composition_tensors(width: int) -> dict[str, tuple[int, ...]]:
    """Name → shape of the tensors that the composition uses, for an encoder of this width."""
    names: dict[str, tuple[int, ...]] = {"LayerNorm.weight": (width,), "LayerNorm.bias": (width,)}
    for dense, (rows, columns) in _DENSES.items():
        names[f"{dense}.weight"] = (rows * width, columns * width)
        names[f"{dense}.bias"] = (rows * width,)
    return names


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
        return composition_tensors(shape.hidden)

    def _cut(self, shape: Shape) -> int:
        return min(super()._cut(shape), WIDTH)

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
        return once(texts, lambda distinct: self._roots([(text, _parsed(parser, text)) for text in distinct]))

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
        from harness.transformer.tokenization import piece_ids

        ids = piece_ids(self.load().tokenizer, list(dict.fromkeys(word for words in sentences for word in words)))
        return [[ids[word] for word in words] for words in sentences]

    def _roots(self, items: Sequence[tuple[str, Tree | None]]) -> NDArray[np.float32]:
        import numpy as np

        ids, found = self.prepared(items)
        roots = [nodes[0] for nodes in self._nodes(ids, [part.for_root() for part in found])]
        return np.stack(roots) if roots else np.empty((0, self.load().dimensions), np.float32)

    def _nodes(self, ids: Sequence[NDArray[np.int32]], found: Sequence[Spans]) -> Iterator[NDArray[np.float32]]:
        composition = self._loaded_composition()
        for start in range(0, len(ids), _TEXTS_AT_ONCE):
            part = slice(start, start + _TEXTS_AT_ONCE)
            for states, spans_of_text in zip(self.states(ids[part]), found[part], strict=True):
                yield composition.nodes(states, spans_of_text).cpu().numpy()

    def _loaded_composition(self) -> Composition:
        if self._composition is None:
            from harness.transformer.packed import choose_device

            self._composition = Composition(
                self.load().tensors, epsilon=self.shape().epsilon, device=choose_device(self.device)
            )
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


class Composition:
    """SentiBERT's two-step composition over the internal nodes of a tree, ready to run.

    After `BertModel.composition` of `pytorch_pretrained_bert/modeling_new.py` (WadeYin9712/SentiBERT). The authors
    compute it on matrices 128 wide with -10000 added outside a node; those places get a weight of exactly zero in
    float32, so that only the places inside are computed here. Their constants stay: a node's sum is divided by its
    number of pieces **plus one**, attention scores by 4 whatever the width.

    Args:
        tensors: as `composition_tensors` names them.
        epsilon: of the normalisation; the encoder's.
        device: where to compute; always in float32.
    """

    def __init__(self, tensors: Mapping[str, Tensor], *, epsilon: float, device: torch.device) -> None:
        import torch

        self.device = device
        self._epsilon = epsilon
        self._tensors = {name: tensor.to(device=device, dtype=torch.float32) for name, tensor in tensors.items()}

    def nodes(self, states: Tensor, spans: Spans) -> Tensor:
        """Vectors of a text's internal nodes, root first.

        Args:
            states: last-layer vectors of its tokens, `[CLS]` and `[SEP]` included, (tokens, width).
            spans: what each node attends to. The first step is taken for every node of `spans.pieces`, the second
                for those of `spans.context_nodes`.

        Returns:
            float32 (nodes of the second step, width) on the composition's device.
        """
        import torch
        from torch.nn import functional

        with torch.inference_mode():
            tokens = self._dense("trans", states.to(self.device))
            own = [_rows(tokens, columns) for columns in spans.pieces]
            means = torch.stack([rows.sum(0) / (len(rows) + 1) for rows in own])
            first = self._step("bahdanau_attention", "linear_out", means, own)
            contexts = [
                torch.cat([_rows(tokens, columns), first[list(numbers)]])
                for columns, numbers in zip(spans.context_pieces, spans.context_nodes, strict=True)
            ]
            x = self._step("bahdanau_attention_3", "linear_out_3", first[: len(contexts)], contexts)
            for name in ("trans_2", "trans_3"):
                x = self._norm(functional.gelu(self._dense(name, x)))
            return x

    def _step(self, attention: str, merge: str, x: Tensor, contexts: Sequence[Tensor]) -> Tensor:
        """One attention of each row of `x` over its own context, and the merge of both."""
        import torch
        from torch.nn import functional

        queries = x
        for layer in ("linear_in.0", "linear_in.3"):
            queries = functional.selu(self._dense(f"{attention}.{layer}", queries))
        attended = []
        for query, context in zip(queries, contexts, strict=True):
            weights = torch.softmax(torch.tanh(context @ query / _SCORE_SCALE), dim=0)
            attended.append(weights @ context)
        x = torch.cat([x, torch.stack(attended)], dim=-1)
        for layer in ("0", "3"):
            x = functional.selu(self._dense(f"{merge}.{layer}", x))
        return x

    def _dense(self, name: str, x: Tensor) -> Tensor:
        from torch.nn import functional

        return functional.linear(x, self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"])

    def _norm(self, x: Tensor) -> Tensor:
        from torch.nn import functional

        weight, bias = self._tensors["LayerNorm.weight"], self._tensors["LayerNorm.bias"]
        return functional.layer_norm(x, (x.shape[-1],), weight, bias, eps=self._epsilon)


def _rows(tokens: Tensor, columns: Sequence[int]) -> Tensor:
    """Rows of a matrix; nearly always a contiguous run of them, and then without a copy."""
    if not columns or columns[-1] - columns[0] + 1 == len(columns):
        return tokens[columns[0] : columns[-1] + 1] if columns else tokens[:0]
    return tokens[list(columns)]
