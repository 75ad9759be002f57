"""SentiBERT's composition of a tree's nodes from the vectors of its word pieces."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from baselines.sentibert_trees import Spans

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

        return functional.linear(x, self._tensors[f"{name}.weight"], self._tensors[f"{name}.bias"])

    def _norm(self, x: Tensor) -> Tensor:

        weight, bias = self._tensors["LayerNorm.weight"], self._tensors["LayerNorm.bias"]
        return functional.layer_norm(x, (x.shape[-1],), weight, bias, eps=self._epsilon)


def _rows(tokens: Tensor, columns: Sequence[int]) -> Tensor:
    """Rows of a matrix; nearly always a contiguous run of them, and then without a copy."""
    if not columns or columns[-1] - columns[0] + 1 == len(columns):
        return tokens[columns[0] : columns[-1] + 1] if columns else tokens[:0]
    return tokens[list(columns)]
