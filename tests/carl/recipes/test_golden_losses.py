"""Losses against those of the authors' own programs."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from baselines.sentibert_trees import Spans
from carl.batches import Batch
from carl.model import Backbone
from carl.recipes.objectives.base import Setup
from carl.recipes.objectives.bert_pt import BertPT, BertPTSquad, second_half
from carl.recipes.objectives.contrastive import cosines, info_nce
from carl.recipes.objectives.masking import MaskedHead, mean_cross_entropy
from carl.recipes.objectives.sentibert import SentiBERT
from carl.recipes.objectives.senticse import WORD_WEIGHT, SentiCSE, opposite_word_loss, quadruple_loss
from carl.recipes.objectives.simcse import TEMPERATURE, SimCSE
from carl.recipes.phrases import Phrases
from harness.transformer.shape import Shape

GOLDEN = Path(os.environ.get("AFFECTBENCH_GOLDEN", Path(__file__).parents[4] / "shared" / "golden"))
TOLERANCE = 1e-5


def expected(model: str) -> dict[str, Tensor]:
    path = GOLDEN / model / "expected.safetensors"
    if not path.is_file():
        pytest.skip(f"no golden data at {path.parent}; AFFECTBENCH_GOLDEN names the folder")
    from safetensors.torch import load_file

    return load_file(path)


def checkpoint(model: str, weights: str, config: str, prefix: str) -> tuple[Backbone, dict[str, Tensor]]:
    """An encoder in evaluation mode, and all tensors of the file."""
    folder = (GOLDEN / model / weights).parent
    state = torch.load(GOLDEN / model / weights, map_location="cpu", weights_only=True)
    state = {n.replace(".gamma", ".weight").replace(".beta", ".bias"): t for n, t in state.items()}
    architecture = "roberta" if prefix == "roberta." else "bert"
    shape = Shape.from_config(json.loads((folder / config).read_text("utf-8")), architecture, config)
    backbone = Backbone(shape)
    names = shape.tensors(pooler=False)
    backbone.load({name: state[prefix + name] for name in names})
    return backbone.eval(), state


def setup_of(backbone: Backbone, polarity: Tensor | None = None, *, as_released: bool = True) -> Setup:
    entries = torch.zeros(backbone.shape.vocabulary, dtype=torch.int64) if polarity is None else polarity
    return Setup(backbone, 4, frozenset({backbone.shape.padding}), entries, 0, as_released)


def batch_of(ids: Tensor, mask: Tensor) -> Batch:
    real = mask.bool()
    return Batch(ids, real, real, real.flatten().nonzero().squeeze(1), torch.zeros(len(ids), 2))


def fill(module: torch.nn.Module, state: dict[str, Tensor], names: dict[str, str]) -> None:
    """Give a module its tensors: own name → name in the file."""
    module.load_state_dict({own: state[other] for own, other in names.items()})


def masked_head(head: MaskedHead, state: dict[str, Tensor], prefix: str, norm: str, bias: str) -> None:
    fill(
        head,
        state,
        {
            **{f"dense.{part}": f"{prefix}dense.{part}" for part in ("weight", "bias")},
            **{f"norm.{part}": f"{prefix}{norm}.{part}" for part in ("weight", "bias")},
            "bias": bias,
        },
    )


def masked_lm(head: MaskedHead, table: Tensor, states: Tensor, labels: Tensor) -> Tensor:
    """Masked-LM loss over the places with a label, −1 or −100 for none."""
    chosen = labels >= 0
    return mean_cross_entropy(head(states[chosen], table), labels[chosen])


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found.detach().reshape(-1), wanted.reshape(-1).to(found.dtype), atol=TOLERANCE, rtol=0)


def test_bert_pt_review_loss() -> None:
    data = expected("bert_pt")
    backbone, state = checkpoint("bert_pt", "checkpoint_drive/pytorch_model.bin", "bert_config.json", "bert.")
    objective = BertPT(setup_of(backbone))
    masked_head(objective.head, state, "cls.predictions.transform.", "LayerNorm", "cls.predictions.bias")
    for module, name in ((objective.pool, "bert.pooler.dense"), (objective.follows, "cls.seq_relationship")):
        fill(module, state, {part: f"{name}.{part}" for part in ("weight", "bias")})
    batch = batch_of(data["train.input_ids"], data["train.attention_mask"])
    words = backbone.words(batch.ids) + second_half(backbone, data["train.segment_ids"].bool())
    states = backbone(batch, words)
    mlm = masked_lm(objective.head, backbone.embeddings.word_embeddings.weight, states, data["train.masked_lm_labels"])
    close(mlm + objective.next_sentence(states, data["train.next_sentence"]), data["train.review_loss"])


def test_bert_pt_squad_loss() -> None:
    from transformers import BertConfig, BertModel

    data = expected("bert_pt")
    backbone, state = checkpoint("bert_pt", "checkpoint_drive/pytorch_model.bin", "bert_config.json", "bert.")
    objective = BertPTSquad(setup_of(backbone))
    fill(objective.spans, state, {part: f"qa_outputs.{part}" for part in ("weight", "bias")})
    # Their loss counts padding among the places; ours has no vectors there.
    config = BertConfig.from_json_file(GOLDEN / "bert_pt" / "checkpoint_drive" / "bert_config.json")
    whole = BertModel(config, add_pooling_layer=False).eval()
    whole.load_state_dict({n.removeprefix("bert."): t for n, t in state.items() if n.startswith("bert.")}, strict=False)
    ids, mask, segments = (data[f"train.{name}"] for name in ("input_ids", "attention_mask", "segment_ids"))
    with torch.no_grad():
        states = whole(ids, attention_mask=mask, token_type_ids=segments).last_hidden_state
    close(objective.span_loss(states, data["train.start"], data["train.end"]), data["train.squad_loss"])

    # Where there is no padding both are the same, in our own encoder as well.
    full = mask.bool().all(1)
    batch = batch_of(ids[full], mask[full])
    own = backbone(batch, backbone.words(batch.ids) + second_half(backbone, segments[full].bool()))
    first, last = data["train.start"][full], data["train.end"][full]
    close(objective.span_loss(own, first, last, batch.real), objective.span_loss(states[full], first, last))


def first_tokens(mlp: torch.nn.Linear, backbone: Backbone, ids: Tensor, mask: Tensor) -> Tensor:
    """tanh-dense vectors (rows, sentences, d) of sentences (rows, sentences, tokens)."""
    states = backbone(batch_of(ids.flatten(0, 1), mask.flatten(0, 1)))
    return mlp(states[:, 0]).tanh().unflatten(0, ids.shape[:2])


def roberta(model: str, kind: type[Any]) -> tuple[dict[str, Tensor], Backbone, Any]:
    data = expected(model)
    backbone, state = checkpoint(model, "checkpoint_training/pytorch_model.bin", "config.json", "roberta.")
    objective = kind(setup_of(backbone))
    fill(objective.mlp, state, {part: f"mlp.dense.{part}" for part in ("weight", "bias")})
    head = objective.head if hasattr(objective, "head") else MaskedHead(32, backbone.shape.vocabulary, 1e-5)
    masked_head(head, state, "lm_head.", "layer_norm", "lm_head.bias")
    # In the authors' program the decoder is not tied to the embeddings.
    data["decoder"] = state["lm_head.decoder.weight"]
    return (
        {
            **data,
            "vectors": first_tokens(objective.mlp, backbone, data["train.input_ids"], data["train.attention_mask"]),
        },
        backbone,
        head,
    )


def test_simcse_losses() -> None:
    data, backbone, head = roberta("simcse", SimCSE)
    anchors, partners, hard = data["vectors"].unbind(1)
    candidates = torch.cat([partners, hard])
    torch.testing.assert_close(cosines(anchors, candidates) / TEMPERATURE, data["train.logits"], atol=1e-4, rtol=0)
    contrast = info_nce(anchors, candidates, TEMPERATURE)
    close(contrast, data["train.loss_contrastive"])
    ids, labels = (data[f"train.mlm_{name}"].flatten(0, 1) for name in ("input_ids", "labels"))
    states = backbone(batch_of(ids, data["train.attention_mask"].flatten(0, 1)))
    close(contrast + 0.15 * masked_lm(head, data["decoder"], states, labels), data["train.loss_full"])


def test_senticse_losses() -> None:
    data, backbone, head = roberta("senticse", SentiCSE)
    contrast, logits = quadruple_loss(data["vectors"])
    torch.testing.assert_close(logits, data["train.logits"], atol=1e-4, rtol=0)
    close(contrast, data["train.loss_contrastive"])
    _, positive, negative = data["train.sentiment_vocab"]
    # Entries with scores of both polarities are of neither.
    praise, blame = (positive > 0) & (negative == 0), (negative > 0) & (positive == 0)
    polarity = torch.where(praise, 1, torch.where(blame, 2, 0))
    ids, labels = (data[f"train.mlm_{name}"].flatten(0, 1) for name in ("input_ids", "labels"))
    states = backbone(batch_of(ids, data["train.attention_mask"].flatten(0, 1)))
    chosen = labels >= 0
    words = opposite_word_loss(head(states[chosen], data["decoder"]), labels[chosen], polarity)
    assert float(words.detach()) > 0
    close(contrast + WORD_WEIGHT * words, data["train.loss_full"])


@pytest.fixture
def sentibert() -> tuple[dict[str, Tensor], Backbone, SentiBERT]:
    data = expected("sentibert")
    backbone, state = checkpoint("sentibert", "checkpoint/sstphrase.bin", "sstphrase.json", "bert.")
    objective = SentiBERT(setup_of(backbone))
    masked_head(objective.head, state, "cls.predictions.transform.", "LayerNorm", "cls.predictions.bias")
    masked_head(
        objective.classify,
        state,
        "cls.phrase_predictions.transform.",
        "LayerNorm",
        "cls.phrase_predictions.decoder.bias",
    )
    objective.classes.data = state["cls.phrase_predictions.decoder.weight"]
    dense = {
        **{f"trans{number}": f"trans{number}" for number in ("", "_2", "_3")},
        **{
            f"{own}{number}.{place}": f"{other}{number}{inner}.{theirs}"
            for own, other, inner in (("query", "bahdanau_attention", ".linear_in"), ("merge", "linear_out", ""))
            for number in ("", "_3")
            for place, theirs in ((0, 0), (2, 3))
        },
        "norm": "LayerNorm",
    }
    names = {f"{own}.{part}": f"bert.{other}.{part}" for own, other in dense.items() for part in ("weight", "bias")}
    fill(objective.composition, state, names)
    return data, backbone, objective


def golden_phrases(data: dict[str, Tensor], item: int) -> Phrases:
    labels = tuple(data[f"node_labels.{item}"].tolist())
    first, second = (data[f"{name}.{item}"].tolist() for name in ("span", "span_3"))

    def columns(pairs: list[list[int]], node: int) -> list[int]:
        return sorted(column for number, column in pairs if number == node)

    nodes = range(len(labels))
    return Phrases(
        Spans(
            tuple(tuple(columns(first, node)) for node in nodes),
            tuple(tuple(column for column in columns(second, node) if column < 128) for node in nodes),
            tuple(tuple(column - 128 for column in columns(second, node) if column >= 128) for node in nodes),
        ),
        labels,
    )


def test_sentibert_nodes(sentibert: tuple[dict[str, Tensor], Backbone, SentiBERT]) -> None:
    data, backbone, objective = sentibert
    items = range(len(json.loads((GOLDEN / "sentibert" / "inputs.json").read_text("utf-8"))["items"]))
    rows = [data[f"input_ids.{item}"] for item in items]
    width = max(map(len, rows))
    ids = torch.stack([torch.nn.functional.pad(row, (0, width - len(row))) for row in rows])
    mask = torch.stack([torch.arange(width) < len(row) for row in rows])
    phrases = [golden_phrases(data, item) for item in items]
    nodes, labels = objective.composition(backbone(batch_of(ids, mask)), phrases, True)
    torch.testing.assert_close(nodes, torch.cat([data[f"nodes.{item}"] for item in items]), atol=2e-5, rtol=0)
    assert labels.tolist() == [label for part in phrases for label in part.labels]


def test_sentibert_loss_as_released(sentibert: tuple[dict[str, Tensor], Backbone, SentiBERT]) -> None:
    data, backbone, objective = sentibert
    tokens = len(data["input_ids.2"])
    ids = torch.nn.functional.pad(data["input_ids.2"][None], (0, 128 - tokens))
    real = torch.arange(128)[None] < tokens
    # The authors' network computes padding as well, and the root reads one of its vectors.
    states = backbone(Batch(ids, real, real, torch.arange(128), torch.zeros(1, 2)))
    table = backbone.embeddings.word_embeddings.weight
    mlm = masked_lm(objective.head, table, states, data["train.masked_lm_labels"][None])
    phrases = objective.phrase_loss(states, [golden_phrases(data, 2)], shift=False)
    close(mlm + phrases, data["train.loss_item2_unshifted"])
    repaired = objective.phrase_loss(states, [golden_phrases(data, 2)], shift=True)
    assert abs(float((repaired - phrases).detach())) > 1e-3
