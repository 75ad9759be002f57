"""A RoBERTa-shaped encoder from a BERT-shaped one: the same layers behind another vocabulary.

BERT's and RoBERTa's layers are the same computation; they differ in the vocabulary and in where positions start. The
teacher gives all its layers, its positions behind RoBERTa's offset, and for each byte-level entry the mean of its own
word pieces' embeddings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from tokenizers import AddedToken, ByteLevelBPETokenizer, processors
from torch import Tensor
from transformers import PreTrainedTokenizerFast, RobertaConfig, RobertaModel

from harness.errors import DataInvalid, UsageError

#: Special tokens in the order of their ids, and the teacher's; RoBERTa's, with its mask beside the others.
SPECIAL = {"<s>": "[CLS]", "<pad>": "[PAD]", "</s>": "[SEP]", "<unk>": "[UNK]", "<mask>": "[MASK]"}

_PADDING = list(SPECIAL).index("<pad>")


def train_tokenizer(texts: Iterable[str], size: int) -> Any:
    """Train a byte-level vocabulary (Sennrich et al. 2016; Radford et al. 2019), a tokeniser of transformers.

    Args:
        texts: of the corpus.
        size: entries, special tokens included; at least 261.

    Raises:
        DataInvalid: the texts do not yield so many entries.
    """
    bpe = ByteLevelBPETokenizer()
    special = [*list(SPECIAL)[:-1], AddedToken("<mask>", lstrip=True, special=True)]
    encodable = (text.encode("utf-8", "replace").decode() for text in texts)
    bpe.train_from_iterator(encodable, size, min_frequency=2, show_progress=False, special_tokens=special)
    if (found := bpe.get_vocab_size()) < size:
        raise DataInvalid(f"the texts yield a vocabulary of {found:,} entries, {size:,} are asked for: read more texts")
    bpe.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 0), add_prefix_space=False)
    roles = ("cls", "pad", "sep", "unk", "mask")
    named = {f"{role}_token": token for role, token in zip(roles, SPECIAL, strict=True)}
    named |= {"bos_token": "<s>", "eos_token": "</s>", "tokenizer_object": bpe._tokenizer}
    return PreTrainedTokenizerFast(model_max_length=512, **named)  # type: ignore[no-untyped-call]


def transferred(teacher: Any, teacher_tokenizer: Any, tokenizer: Any) -> RobertaModel:
    """A RoBERTa-shaped encoder from a `BertModel`.

    Layers and the embeddings' normalisation as they are; position p in row p + 2; the first token-type row; word
    embeddings by `transferred_embeddings`.

    Args:
        teacher: the model.
        teacher_tokenizer: its word pieces.
        tokenizer: the byte-level vocabulary.

    Raises:
        UsageError: the teacher is not of BERT's shape.
    """
    old = teacher.config
    if old.model_type != "bert":
        raise UsageError(f"{old.name_or_path} is not of BERT's shape; weights are transferred from such encoders only")
    sizes = (
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "hidden_act",
        "layer_norm_eps",
    )
    tensors = {name: tensor.clone() for name, tensor in teacher.state_dict().items() if not name.startswith("pooler.")}
    words, places, types = (f"embeddings.{kind}_embeddings.weight" for kind in ("word", "position", "token_type"))
    # The rows before the offset are read by no token.
    tensors[places] = torch.nn.functional.pad(tensors[places], (0, 0, _PADDING + 1, 0))
    tensors[types] = tensors[types][:1]
    tensors[words] = transferred_embeddings(tensors[words], teacher_tokenizer, tokenizer)
    config = RobertaConfig(
        vocab_size=len(tensors[words]),
        max_position_embeddings=len(tensors[places]),
        type_vocab_size=1,
        pad_token_id=_PADDING,
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        **{name: getattr(old, name) for name in sizes},
    )
    student = RobertaModel(config, add_pooling_layer=False)
    student.load_state_dict(tensors, strict=False)
    return student


def transferred_embeddings(words: Tensor, teacher: Any, tokenizer: Any) -> Tensor:
    """Word embeddings of byte-level entries (entries, d) from those of a teacher's word pieces (pieces, d).

    - A special token has its counterpart's row.
    - An entry has the mean of the pieces that its characters, without a leading blank, are split into; one without a
      leading blank may stand at the start of a text or within a word: where the piece `##entry` exists it has the mean
      of both readings.
    - An entry whose bytes are no whole characters (parts of emoji, say) has the row of the unknown word, as which the
      teacher reads most such characters.
    - White space alone, which the teacher does not see, has the mean of all rows.
    """
    ids, rows = teacher.get_vocab(), []
    for entry in sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get):
        string = tokenizer.convert_tokens_to_string([entry])
        if entry in SPECIAL:
            rows.append(words[ids[SPECIAL[entry]]])
        elif "\ufffd" in string:
            rows.append(words[ids["[UNK]"]])
        elif not (pieces := teacher(string, add_special_tokens=False)["input_ids"]):
            rows.append(words.mean(0))
        else:
            vector, inner = words[pieces].mean(0), ids.get(f"##{string.lower()}")
            rows.append(vector if inner is None else (vector + words[inner]) / 2)
    return torch.stack(rows)
