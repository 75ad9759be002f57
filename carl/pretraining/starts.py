"""What pretraining begins with: random weights, or a teacher's weights carried over to another vocabulary.

BERT's and RoBERTa's layers are the same computation; they differ in the vocabulary and in where positions start. A
teacher of BERT's shape therefore gives all its layers, its positions behind RoBERTa's offset, and for each byte-level
entry the mean of its own word pieces' embeddings.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from carl.backbone import Start
from carl.pretraining.config import PretrainingConfig
from carl.pretraining.network import INITIAL_DEVIATION
from carl.pretraining.vocabulary import PADDING, SPECIAL, byte_strings
from harness.encoder import EncoderCard
from harness.errors import UsageError
from harness.transformer.shape import Shape

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from torch import Tensor

_WORDS = "embeddings.word_embeddings.weight"
_POSITIONS = "embeddings.position_embeddings.weight"
_TYPES = "embeddings.token_type_embeddings.weight"

#: A byte-level special token → the teacher's.
_SPECIAL_PAIRS = dict(zip(SPECIAL, ("[CLS]", "[PAD]", "[SEP]", "[UNK]", "[MASK]"), strict=True))

_ROBERTA_OFFSET = PADDING + 1


def transferred(teacher: Start, tokenizer: Tokenizer, name: str) -> Start:
    """A RoBERTa-shaped start from a teacher of BERT's shape.

    Layers and the embeddings' normalisation as they are; position p in row p + 2; the first token-type row; word
    embeddings by `transferred_embeddings`.

    Args:
        teacher: the teacher.
        tokenizer: the byte-level vocabulary.
        name: of the start.

    Raises:
        UsageError: the teacher is not of BERT's shape.
    """
    if teacher.shape.architecture != "bert":
        raise UsageError(f"{teacher.card.name} is not of BERT's shape; weights are transferred from such encoders only")
    tensors = {key: value.float().clone() for key, value in teacher.tensors.items() if not key.startswith("pooler.")}
    positions = tensors[_POSITIONS]
    # The rows before the offset are read by no token.
    tensors[_POSITIONS] = torch.cat([positions.new_zeros(_ROBERTA_OFFSET, positions.shape[1]), positions])
    tensors[_TYPES] = tensors[_TYPES][:1].clone()
    tensors[_WORDS] = transferred_embeddings(tensors[_WORDS], teacher.tokenizer, tokenizer)
    shape = teacher.shape
    return _start(
        tensors,
        tokenizer,
        _configuration(
            layers=shape.layers,
            hidden=shape.hidden,
            heads=shape.heads,
            intermediate=shape.intermediate,
            positions=len(tensors[_POSITIONS]),
            vocabulary=tokenizer.get_vocab_size(),
            epsilon=shape.epsilon,
            activation=shape.activation,
        ),
        EncoderCard(
            name=name,
            family="roberta",
            title=name,
            base=teacher.card.name,
            weights=f"transferred from {teacher.card.shown}",
            training_data=teacher.card.training_data,
            licence=teacher.card.licence,
        ),
    )


def transferred_embeddings(words: Tensor, teacher: Tokenizer, tokenizer: Tokenizer) -> Tensor:
    """Word embeddings of byte-level entries from those of a teacher's word pieces.

    - A special token has its counterpart's row.
    - An entry has the mean of the pieces that its characters, without a leading blank, are split into; one without a
      leading blank may stand at the start of a text or within a word: where the piece `##entry` exists it has the mean
      of both readings.
    - An entry whose bytes are no whole characters (parts of emoji, say) has the row of the unknown word, as which the
      teacher reads most such characters.
    - White space alone, which the teacher does not see, has the mean of all rows.

    Args:
        words: (teacher's vocabulary, d).
        teacher: the teacher's word-piece tokeniser.
        tokenizer: the byte-level one.

    Returns:
        float32 (byte-level vocabulary, d).
    """
    ids = teacher.get_vocab()
    unknown = words[ids["[UNK]"]]
    spelled = byte_strings(tokenizer)
    strings: list[str | None] = []
    for entry in spelled:
        try:
            strings.append(entry.decode("utf-8"))
        except UnicodeDecodeError:
            strings.append(None)
    encoded = teacher.encode_batch_fast([string or "" for string in strings], add_special_tokens=False)
    blank = words.mean(0)
    result = words.new_empty(len(spelled), words.shape[1])
    for index, (string, encoding) in enumerate(zip(strings, encoded, strict=True)):
        if index < len(SPECIAL):
            result[index] = words[ids[_SPECIAL_PAIRS[SPECIAL[index]]]]
        elif string is None:
            result[index] = unknown
        elif not encoding.ids:
            result[index] = blank
        else:
            vector = words[torch.tensor(encoding.ids)].mean(0)
            inner = ids.get(f"##{string.lower()}")
            result[index] = vector if inner is None else (vector + words[inner]) / 2
    return result


def random_start(config: PretrainingConfig, tokenizer: Tokenizer) -> Start:
    """A RoBERTa-shaped start with random weights: normal with deviation 0.02, normalisation 1, the rest 0."""
    settings = _configuration(
        layers=config.layers,
        hidden=config.hidden,
        heads=config.heads,
        intermediate=config.intermediate,
        positions=config.positions + _ROBERTA_OFFSET,
        vocabulary=tokenizer.get_vocab_size(),
        epsilon=1e-5,
        activation="gelu",
    )
    generator = torch.Generator().manual_seed(config.seed)
    tensors = {}
    for name, size in Shape.from_config(settings, "roberta", config.name).tensors(pooler=False).items():
        if name.endswith("LayerNorm.weight"):
            tensors[name] = torch.ones(size)
        elif name.endswith("bias"):
            tensors[name] = torch.zeros(size)
        else:
            tensors[name] = torch.randn(size, generator=generator) * INITIAL_DEVIATION
    tensors[_WORDS][PADDING] = 0
    card = EncoderCard(name=config.name, family="roberta", title=config.name, weights="random", training_data=())
    return _start(tensors, tokenizer, settings, card)


def _start(tensors: dict[str, Tensor], tokenizer: Tokenizer, config: dict[str, Any], card: EncoderCard) -> Start:
    shape = Shape.from_config(config, "roberta", card.name)
    return Start(tensors, shape, tokenizer, config, (), lower_case=False, card=card)


def _configuration(
    *,
    layers: int,
    hidden: int,
    heads: int,
    intermediate: int,
    positions: int,
    vocabulary: int,
    epsilon: float,
    activation: str,
) -> dict[str, Any]:
    return {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": heads,
        "intermediate_size": intermediate,
        "max_position_embeddings": positions,
        "type_vocab_size": 1,
        "hidden_act": activation,
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "initializer_range": INITIAL_DEVIATION,
        "layer_norm_eps": epsilon,
        "pad_token_id": PADDING,
        "bos_token_id": SPECIAL.index("<s>"),
        "eos_token_id": SPECIAL.index("</s>"),
    }
