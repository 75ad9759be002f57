"""A small RoBERTa-shaped encoder from a BERT-shaped one: the same layers behind another vocabulary, then distillation.

BERT's and RoBERTa's layers are the same computation; they differ in the vocabulary and in where positions start. The
teacher gives all its layers, its positions behind RoBERTa's offset, and for each byte-level entry the mean of its own
word pieces' embeddings. Then the encoder learns the teacher's vectors, in the loop of `carl.train`.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import AddedToken, ByteLevelBPETokenizer, processors
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer, PreTrainedTokenizerFast, RobertaConfig, RobertaModel

from carl.config import Config
from carl.networks import Encoder, Tokens
from carl.provenance import RUN_RECORD
from carl.run import backbone, record_of, save_encoder
from carl.sources import SOURCES, read_unlabelled
from carl.train import Measures, Trainer
from carl.training_data import Stream, pad, tokenized
from harness.errors import DataInvalid, UsageError
from harness.files import write_text

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


class Pretraining:
    """Vocabulary, transfer and distillation; also the objective of the run.

        L = mean over the first token and the mean of ‖s − t‖² / ‖t‖²

    over texts that both vocabularies read to the end, s and t the student's and the teacher's vectors.

    Args:
        corpus_dir: raw text, JSON lines.
        output: of the run.
        texts: how many train the vocabulary, of so many entries, and the encoder.
        vocabulary: entries.
        steps: of the optimiser, 32 texts each.
        seed: decides the choice and order of texts.
        teacher: MiniLM's checkpoint, where it is not where its encoder looks.
    """

    def __init__(
        self,
        corpus_dir: Path,
        output: Path,
        *,
        texts: int,
        vocabulary: int,
        steps: int,
        seed: int,
        teacher: Path | None,
    ) -> None:
        fixed: dict[str, Any] = {"batch": 32, "max_length": 128, "lora_rank": 0, "dropout": 0.0, "lambda_words": 0.0}
        self.config = Config(
            name="roberta-small",
            backbone="minilm",
            sources=("unlabelled",),
            unlabelled_texts=texts,
            steps=steps,
            seed=seed,
            learning_rate=1e-4,
            head_learning_rate=1e-3,
            evaluate_every=10**9,
            **fixed,
        )
        self.output = output
        directory, self.card = backbone("minilm", teacher)
        theirs = AutoTokenizer.from_pretrained(directory, local_files_only=True)
        bert = AutoModel.from_pretrained(directory, local_files_only=True, dtype=torch.float32)
        self.sources = read_unlabelled(corpus_dir, tuple(SOURCES), limit=texts, max_length=128, seed=seed)
        strings = [text for source in self.sources for text in source.texts]
        self.tokenizer = train_tokenizer(strings, vocabulary)
        self.teacher = Encoder(bert.requires_grad_(False).eval(), "mean")
        self.encoder = Encoder(transferred(bert, theirs, self.tokenizer).requires_grad_(True), "mean")
        # The word embeddings, which have most to learn, stand first and so get the learning rate of heads.
        words = self.encoder.model.get_input_embeddings()  # type: ignore[operator]
        self.networks: nn.Module = nn.ModuleDict({"words": words, "encoder": self.encoder})
        self.items = [(tokenized(one, strings, 128), int(one.pad_token_id)) for one in (self.tokenizer, theirs)]
        digest = f"{corpus_dir.name} {len(strings)} {sum(map(len, self.items[0][0]))}"
        self.trainer = Trainer(self.config, self, output, digest=digest, steps=steps)

    def backward(self, number: int, generator: torch.Generator, *, measure: bool) -> Measures:
        """Add the gradient of 50 L on the batch with a number."""
        rows = Stream(np.arange(len(self.items[0][0])), self.config.batch).batch(number, self.config.seed)
        mine, other = (pad([items[row] for row in rows], padding, frozenset()) for items, padding in self.items)
        with torch.autocast("cpu", torch.bfloat16):
            student = _vectors(self.encoder, mine)
            with torch.no_grad():
                goal = _vectors(self.teacher, other)
        whole = (mine.mask.sum(1) < self.config.max_length) & (other.mask.sum(1) < self.config.max_length)
        loss = torch.stack([relative_distance(*pair, whole) for pair in zip(student, goal, strict=True)]).mean()
        (50 * loss).backward()  # type: ignore[no-untyped-call]
        cosine = torch.cosine_similarity(student[1], goal[1])[whole].mean()
        return {"loss": float(loss.detach()), "cosine_mean": float(cosine.detach())} if measure else {}

    def stepped(self, step: int, steps: int) -> Measures:
        """Nothing follows a step."""
        return {}

    def moving(self) -> dict[str, Tensor]:
        """All weights."""
        return dict(self.networks.state_dict())

    def write(self) -> None:
        """Write checkpoint, record and card."""
        save_encoder(self.encoder, self.tokenizer, self.config, self.output)
        facts = record_of(self.trainer, self.sources, None, teacher=self.card)
        record = json.dumps({**facts, "licence": self.card.licence}, indent=2)
        write_text(self.output / RUN_RECORD, record + "\n", "the run's record")
        card = f"# roberta-small\n\n{__doc__}\nTeacher: {self.card.shown}. Record: `{RUN_RECORD}`.\n"
        write_text(self.output / "README.md", card, "the model card")


def relative_distance(student: Tensor, teacher: Tensor, whole: Tensor) -> Tensor:
    """Mean over texts of ‖s − t‖² / ‖t‖²: 0 for the teacher's vectors, 1 for zeros.

    Args:
        student: (count, d).
        teacher: (count, d).
        whole: bool (count,): texts that count, those that both read to the end.
    """
    each = (student - teacher).square().sum(-1) / teacher.square().sum(-1).clamp_min(1e-12)
    return each.where(whole, 0).sum() / whole.sum().clamp_min(1)


def _vectors(encoder: Encoder, tokens: Tokens) -> tuple[Tensor, Tensor]:
    states = encoder(encoder.words(tokens.ids), tokens.mask)
    return states[:, 0].float(), encoder.pool(states, tokens.mask)
