"""Losses against those of the authors' own programs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from transformers import BertConfig, BertModel, RobertaConfig, RobertaModel

from baselines.sentibert_trees import Spans
from carl.networks import Encoder
from carl.recipes.data import Phrases
from carl.recipes.objectives.base import Setup, mean_cross_entropy
from carl.recipes.objectives.contrastive import SentiCSE, SimCSE, cosines, info_nce, opposite_word_loss, quadruple_loss
from carl.recipes.objectives.masked import BertPT, MaskedHead, second_half, word_table
from carl.recipes.objectives.sentibert import SentiBERT

GOLDEN = Path(os.environ.get("AFFECTBENCH_GOLDEN", Path(__file__).parents[4] / "shared" / "golden"))
TOLERANCE = 1e-5


def expected(model: str) -> dict[str, Tensor]:
    path = GOLDEN / model / "expected.safetensors"
    if not path.is_file():
        pytest.skip(f"no golden data at {path.parent}; AFFECTBENCH_GOLDEN names the folder")
    from safetensors.torch import load_file

    return load_file(path)


def checkpoint(model: str, weights: str, config: str, prefix: str) -> tuple[Encoder, dict[str, Tensor]]:
    """An encoder in evaluation mode, and all tensors of the file."""
    path = GOLDEN / model / weights
    state = torch.load(path, map_location="cpu", weights_only=True)
    state = {n.replace(".gamma", ".weight").replace(".beta", ".bias"): t for n, t in state.items()}
    kind, shape = (RobertaModel, RobertaConfig) if prefix == "roberta." else (BertModel, BertConfig)
    network: Any = kind(shape(**json.loads((path.parent / config).read_text("utf-8"))), add_pooling_layer=False)
    own = {n.removeprefix(prefix): t for n, t in state.items() if n.startswith(prefix)}
    assert not network.load_state_dict(own, strict=False).missing_keys
    return Encoder(network.eval(), "cls"), state


def setup_of(encoder: Encoder) -> Setup:
    return Setup(encoder, 4, frozenset({0}), torch.zeros(len(word_table(encoder)), dtype=torch.int64), 0)


def fill(module: torch.nn.Module, state: dict[str, Tensor], names: dict[str, str]) -> None:
    """Give a module its tensors: own name → name in the file."""
    module.load_state_dict({own: state[other] for own, other in names.items()}, strict=False)


def masked_head(head: MaskedHead, state: dict[str, Tensor], prefix: str, norm: str, bias: str) -> None:
    parts = {f"dense.{part}": f"{prefix}dense.{part}" for part in ("weight", "bias")}
    parts |= {f"norm.{part}": f"{prefix}{norm}.{part}" for part in ("weight", "bias")}
    fill(head, state, {**parts, "bias": bias})


def masked_lm(head: MaskedHead, table: Tensor, states: Tensor, labels: Tensor) -> Tensor:
    """Masked-LM loss over the places with a label, −1 or −100 for none."""
    chosen = labels >= 0
    return mean_cross_entropy(head(states[chosen], table), labels[chosen])


def close(found: Tensor, wanted: Tensor) -> None:
    torch.testing.assert_close(found.detach().reshape(-1), wanted.reshape(-1).to(found.dtype), atol=TOLERANCE, rtol=0)


def test_bert_pt_review_loss() -> None:
    data = expected("bert_pt")
    encoder, state = checkpoint("bert_pt", "checkpoint_drive/pytorch_model.bin", "bert_config.json", "bert.")
    objective = BertPT(setup_of(encoder))
    masked_head(objective.head, state, "cls.predictions.transform.", "LayerNorm", "cls.predictions.bias")
    for module, name in ((objective.pool, "bert.pooler.dense"), (objective.follows, "cls.seq_relationship")):
        fill(module, state, {part: f"{name}.{part}" for part in ("weight", "bias")})
    words = encoder.words(data["train.input_ids"]) + second_half(encoder, data["train.segment_ids"].bool())
    states = encoder(words, data["train.attention_mask"])
    mlm = masked_lm(objective.head, word_table(encoder), states, data["train.masked_lm_labels"])
    close(mlm + objective.next_sentence(states[:, 0], data["train.next_sentence"]), data["train.review_loss"])


def roberta(model: str, kind: type[Any]) -> tuple[dict[str, Tensor], Encoder, Any]:
    data = expected(model)
    encoder, state = checkpoint(model, "checkpoint_training/pytorch_model.bin", "config.json", "roberta.")
    objective = kind(setup_of(encoder))
    fill(objective.mlp, state, {part: f"mlp.dense.{part}" for part in ("weight", "bias")})
    head = MaskedHead(encoder.width, len(word_table(encoder)), 1e-5)
    masked_head(head, state, "lm_head.", "layer_norm", "lm_head.bias")
    ids, mask = data["train.input_ids"], data["train.attention_mask"]
    states = encoder(encoder.words(ids.flatten(0, 1)), mask.flatten(0, 1))
    # In the authors' program the decoder is not tied to the embeddings.
    data["decoder"] = state["lm_head.decoder.weight"]
    return {**data, "vectors": objective.mlp(states[:, 0]).tanh().unflatten(0, ids.shape[:2])}, encoder, head


def masked_part(data: dict[str, Tensor], encoder: Encoder) -> tuple[Tensor, Tensor]:
    """Token vectors of the hidden texts, and labels."""
    ids, labels = (data[f"train.mlm_{name}"].flatten(0, 1) for name in ("input_ids", "labels"))
    return encoder(encoder.words(ids), data["train.attention_mask"].flatten(0, 1)), labels


def test_simcse_losses() -> None:
    data, encoder, head = roberta("simcse", SimCSE)
    anchors, partners, hard = data["vectors"].unbind(1)
    candidates = torch.cat([partners, hard])
    logits = cosines(anchors, candidates) / SimCSE.TEMPERATURE
    torch.testing.assert_close(logits, data["train.logits"], atol=1e-4, rtol=0)
    contrast = info_nce(anchors, candidates, SimCSE.TEMPERATURE)
    close(contrast, data["train.loss_contrastive"])
    states, labels = masked_part(data, encoder)
    close(contrast + 0.15 * masked_lm(head, data["decoder"], states, labels), data["train.loss_full"])


def test_senticse_losses() -> None:
    data, encoder, head = roberta("senticse", SentiCSE)
    contrast, logits = quadruple_loss(data["vectors"])
    torch.testing.assert_close(logits, data["train.logits"], atol=1e-4, rtol=0)
    close(contrast, data["train.loss_contrastive"])
    _, positive, negative = data["train.sentiment_vocab"]
    # Entries with scores of both polarities are of neither.
    praise, blame = (positive > 0) & (negative == 0), (negative > 0) & (positive == 0)
    polarity = torch.where(praise, 1, torch.where(blame, 2, 0))
    states, labels = masked_part(data, encoder)
    chosen = labels >= 0
    words = opposite_word_loss(head(states[chosen], data["decoder"]), labels[chosen], polarity)
    assert float(words.detach()) > 0
    close(contrast + SentiCSE.WORD_WEIGHT * words, data["train.loss_full"])


@pytest.fixture
def sentibert() -> tuple[dict[str, Tensor], Encoder, SentiBERT]:
    data = expected("sentibert")
    encoder, state = checkpoint("sentibert", "checkpoint/sstphrase.bin", "sstphrase.json", "bert.")
    objective = SentiBERT(setup_of(encoder))
    masked_head(objective.head, state, "cls.predictions.transform.", "LayerNorm", "cls.predictions.bias")
    phrase = "cls.phrase_predictions."
    masked_head(objective.classify, state, f"{phrase}transform.", "LayerNorm", f"{phrase}decoder.bias")
    objective.classes.data = state[f"{phrase}decoder.weight"]
    fill(objective.composition, state, {name: f"bert.{name.replace('-', '.')}" for name in objective.composition})
    return data, encoder, objective


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


def test_sentibert_nodes(sentibert: tuple[dict[str, Tensor], Encoder, SentiBERT]) -> None:
    data, encoder, objective = sentibert
    items = range(len(json.loads((GOLDEN / "sentibert" / "inputs.json").read_text("utf-8"))["items"]))
    rows = [data[f"input_ids.{item}"] for item in items]
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True)
    mask = torch.nn.utils.rnn.pad_sequence([torch.ones_like(row) for row in rows], batch_first=True)
    phrases = [golden_phrases(data, item) for item in items]
    nodes = objective.nodes(encoder(encoder.words(ids), mask), [(row, part.spans) for row, part in enumerate(phrases)])
    torch.testing.assert_close(nodes, torch.cat([data[f"nodes.{item}"] for item in items]), atol=2e-5, rtol=0)


def unshifted(phrases: Phrases, last: int) -> Phrases:
    """With all columns and nodes one less, as in the authors' training; the node before the root is the last column."""
    given = phrases.spans
    pairs = zip(given.context_pieces, given.context_nodes, strict=True)
    spans = Spans(
        tuple(tuple(column - 1 for column in columns) for columns in given.pieces),
        tuple((*(column - 1 for column in columns), *([last] if 0 in numbers else [])) for columns, numbers in pairs),
        tuple(tuple(number - 1 for number in numbers if number) for numbers in given.context_nodes),
    )
    return Phrases(spans, phrases.labels)


def test_sentibert_loss(sentibert: tuple[dict[str, Tensor], Encoder, SentiBERT]) -> None:
    data, encoder, objective = sentibert
    ids = torch.nn.functional.pad(data["input_ids.2"][None], (0, 128 - len(data["input_ids.2"])))
    # The authors' network computes padding as well, and the root reads one of its vectors.
    states = encoder(encoder.words(ids), (torch.arange(128)[None] < len(data["input_ids.2"])).long())
    mlm = masked_lm(objective.head, word_table(encoder), states, data["train.masked_lm_labels"][None])
    phrases = objective.phrase_loss(states, [unshifted(golden_phrases(data, 2), 127)])
    close(mlm + phrases, data["train.loss_item2_unshifted"])
