"""Distillation of the transferred encoder to its teacher's vectors, in the loop of `carl.train`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from transformers import AutoModel, AutoTokenizer

from carl.config import Config
from carl.data.corpus import SOURCES, read_unlabelled
from carl.networks import Encoder, Tokens
from carl.pretraining.transfer import train_tokenizer, transferred
from carl.provenance import RUN_RECORD
from carl.run import backbone, described, described_source, save_encoder
from carl.streams import Stream, pad
from carl.train import Measures, Trainer
from carl.training_data import tokenized
from harness.files import write_text


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
        save_encoder(self.encoder, self.tokenizer, self.config, self.card, self.output)
        sources = [described_source(source) for source in self.sources]
        teacher = described(self.card)
        facts = {"name": self.config.name, **self.trainer.facts(), "sources": sources, "teacher": teacher}
        record = json.dumps({**facts, "licence": self.card.licence, "dimensions": self.encoder.width}, indent=2)
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
