"""A run of a named configuration: from texts to a checkpoint."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from numpy.typing import NDArray
from safetensors.torch import save_file
from transformers import AutoTokenizer

from carl.card import model_card
from carl.config import Config
from carl.development import Development
from carl.networks import Encoder, Networks, load_encoder
from carl.objective import Objective
from carl.provenance import RUN_RECORD, RunRecord
from carl.shipped import find_transformer
from carl.sources import LabelSource, read_sources, training_hashes
from carl.train import Measures, Trainer
from carl.training_data import TrainingData, pad, tokenized, training_data
from harness.corpora.base import CorpusLibrary
from harness.encoder import EncoderCard
from harness.errors import UsageError, WeightsMissing
from harness.files import write_text
from harness.store import open_space
from harness.transformer import TransformerEncoder
from harness.transformer.checkpoint import TRAINING_TEXTS

#: Texts that a teacher encodes before its vectors are kept.
_TAUGHT = 4096

#: Tokens of a batch of development texts.
_BUDGET = 4096


@dataclass(frozen=True)
class Folders:
    """Where a run finds its texts and puts its files."""

    output: Path
    cache: Path
    """Keeps the vectors of a teacher."""
    data: Path | None = None
    """The published corpora."""
    corpus: Path | None = None
    """JSON lines with `text`, `source` and perhaps `rating`."""
    backbone: Path | None = None
    """The backbone's checkpoint, where it is not where its encoder looks."""


class Run:
    """A training run of CARL, of one of its ablations, or of a student of a larger encoder.

    Args:
        config: everything that decides the result.
        library: reads the published corpora.
        folders: texts and output.
        accelerator: device and processes.
        development: look at development data; without it the last step ships.
        say: gets lines for the user.
        report: gets what was measured.
    """

    def __init__(
        self,
        config: Config,
        library: CorpusLibrary,
        folders: Folders,
        *,
        accelerator: Accelerator | None = None,
        development: bool = True,
        say: Callable[[str], None] = lambda line: None,
        report: Callable[[int, int, Measures], None] = lambda step, steps, measures: None,
    ) -> None:
        self.config, self.folders = config, folders
        accelerator = accelerator or Accelerator(cpu=True)
        self.device = accelerator.device
        directory, self.backbone = backbone(config.backbone, folders.backbone)
        self.directory = directory
        self.tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
        self.sources = read_sources(config, library, corpus_dir=folders.corpus)
        for source in self.sources:
            say(f"{source.title}: {len(source):,} texts ({source.left_out:,} left out)")
        teach = None
        if config.teacher is not None:
            say(f"{config.teacher} encodes the texts")
            teach = _teacher(config.teacher, config.precision, folders.cache)
        self.data = training_data(config, self.sources, self.tokenizer, data_dir=folders.data, teach=teach)
        torch.manual_seed(config.seed)
        networks = _networks(config, directory, self.data).to(self.device)
        self.objective = Objective(
            networks, config, lambda number: self.data.batch(number, config, self.device), self.device
        )
        look = Development(library, config, folders.corpus) if development else None
        period = max(len(self.data.streams[0].rows) // self.data.streams[0].share, 1)
        self.trainer = Trainer(
            config,
            self.objective,
            folders.output,
            digest=self.data.digest,
            steps=config.steps or config.epochs * period,
            period=period,
            accelerator=accelerator,
            look=None if look is None else lambda encoder: look.scores(lambda texts: self.encode(encoder, texts)),
            report=report,
        )

    @torch.no_grad()
    def encode(self, encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors float32 (n, d) of texts, as the network stands; for choices, not for results."""
        items = tokenized(self.tokenizer, texts, self.config.max_length)
        order = np.argsort([-len(item) for item in items], kind="stable")
        vectors = np.zeros((len(items), encoder.width), dtype=np.float32)
        start = 0
        while start < len(order):
            rows = order[start : start + max(_BUDGET // len(items[order[start]]), 1)]
            start += len(rows)
            tokens = pad([items[row] for row in rows], self.data.padding, self.data.special).to(self.device)
            with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
                vectors[rows] = encoder.encode(tokens).float().cpu().numpy()
        return vectors

    def write(self) -> None:
        """Write the checkpoint: an adapter or float16 weights, tokeniser, card, and the record of the run."""
        record = self.record()
        save_encoder(self.objective.encoder, self.tokenizer, self.config, self.folders.output)
        write_record(self.folders.output, record.model_dump(mode="json"), self.sources, model_card(record))

    def record(self) -> RunRecord:
        """What went in, what was done, with what, and how it scored on development data."""
        teacher = None if self.config.teacher is None else find_transformer(self.config.teacher).card
        return RunRecord.model_validate(record_of(self.trainer, self.sources, self.backbone, teacher))


def backbone(name: str, directory: Path | None = None) -> tuple[Path, EncoderCard]:
    """The directory and the card of an encoder that training starts from.

    Args:
        name: of `bench models`, `hf:org/model`, or a directory.
        directory: of its checkpoint, when it is not where the encoder looks by itself.

    Raises:
        UsageError: no such encoder, or no transformer.
        WeightsMissing: its weights are nowhere.
    """
    encoder = find_transformer(name).create(weights_dir=directory)
    if not isinstance(encoder, TransformerEncoder):
        raise UsageError(f"{name} is no transformer; CARL trains BERT's, RoBERTa's and MPNet's kind")
    try:
        return encoder.files().config.parent, encoder.card
    except WeightsMissing as error:
        raise WeightsMissing(f"{error} (of `carl`: `--backbone-dir DIR`)") from error


def save_encoder(encoder: Encoder, tokenizer: Any, config: Config, directory: Path) -> None:
    """Write an encoder as others load it: an adapter as `peft` does, or a model as transformers does, in float16.

    Args:
        encoder: trained.
        tokenizer: its own.
        config: says whether adapters were trained, and the pooling.
        directory: to write to.
    """
    model: Any = encoder.model
    if config.lora_rank:
        from peft import get_peft_model_state_dict

        peft_config = next(iter(model.peft_config.values()))
        peft_config.base_model_name_or_path = config.backbone.removeprefix("hf:")
        peft_config.save_pretrained(directory)
        tensors = get_peft_model_state_dict(model, save_embedding_layers=False)
        narrow = {f"base_model.model.{name}": _narrow(tensor) for name, tensor in tensors.items()}
        save_file(narrow, directory / "adapter_model.safetensors", {"format": "pt"})
        return
    model.save_pretrained(directory, state_dict={name: _narrow(tensor) for name, tensor in model.state_dict().items()})
    positions = model.config.max_position_embeddings - (0 if model.config.model_type == "bert" else 2)
    tokenizer.model_max_length = min(tokenizer.model_max_length, positions)
    tokenizer.save_pretrained(directory)
    pooling = {
        "word_embedding_dimension": encoder.width,
        f"pooling_mode_{config.pooling}_token{'s' * (config.pooling == 'mean')}": True,
    }
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]
    write_text(directory / "modules.json", json.dumps(modules, indent=2) + "\n", "the list of modules")
    write_text(directory / "1_Pooling" / "config.json", json.dumps(pooling, indent=2) + "\n", "the pooling")


def _narrow(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.detach().cpu().to(torch.float16).contiguous()


def _networks(config: Config, directory: Path, data: TrainingData) -> Networks:
    encoder = load_encoder(
        directory,
        pooling=config.pooling,
        dropout=config.dropout,
        lora_rank=config.lora_rank,
        lora_alpha=config.lora_alpha,
        checkpointing=config.checkpointing,
    )
    return Networks(
        encoder,
        hidden=config.projection_hidden,
        size=config.projection_size,
        words=data.frequencies,
        taught=0 if data.teacher is None else data.teacher.shape[1],
    )


def _teacher(name: str, dtype: str, cache: Path) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """Encode texts with another encoder; vectors are kept, for a stopped run and for the next student."""
    encoder: Any = find_transformer(name).create(dtype=dtype)
    space = open_space(cache, {"fingerprint": encoder.fingerprint, "dtype": dtype})

    def encode(texts: Sequence[str]) -> NDArray[np.float32]:
        missing = space.missing(texts)
        for start in range(0, len(missing), _TAUGHT):
            part = missing[start : start + _TAUGHT]
            space.add(part, encoder.encode(part))
        return space.gather(texts)

    return encode


def record_of(
    trainer: Trainer, sources: Sequence[LabelSource], backbone: EncoderCard | None, teacher: EncoderCard | None = None
) -> dict[str, Any]:
    """A run as `training.json` says it, see `RunRecord`."""
    fields = ("name", "title", "licence", "kind", "left_out")
    return {
        "name": trainer.settings.name,
        **trainer.facts(),
        "backbone": _described(backbone),
        "teacher": _described(teacher),
        "sources": [{**{name: getattr(one, name) for name in fields}, "rows": len(one)} for one in sources],
        "dimensions": trainer.objective.encoder.width,
    }


def write_record(directory: Path, record: Mapping[str, Any], sources: Sequence[LabelSource], card: str) -> None:
    """Write the record of a run, hashes of its training texts, and the model card."""
    document = json.dumps(record, indent=2, ensure_ascii=False) + "\n"
    write_text(directory / RUN_RECORD, document, "the run's record")
    hashes = "".join(f"{found}\n" for found in training_hashes(sources))
    write_text(directory / TRAINING_TEXTS, hashes, "hashes of the training texts")
    write_text(directory / "README.md", card, "the model card")


def _described(card: EncoderCard | None) -> dict[str, Any] | None:
    if card is None:
        return None
    facts = {name: getattr(card, name) for name in ("name", "weights", "licence", "training_data")}
    return {**facts, "title": card.shown}
