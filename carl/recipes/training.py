"""Train a recipe in the loop of `carl.train`, under the budget of all: distinct texts and floating-point operations.

Equal steps would give a recipe that attacks tokens, or reads every text twice, more computation than a plain one. So a
run may spend as many operations as `passes` forward and backward passes of the bare encoder over the texts of the
shared pool: an expensive recipe makes one pass and a cheap one several. Operations are those of matrix products,
counted by torch on the first batches of the very work that trains.
"""

import json
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from accelerate import Accelerator
from peft.tuners.lora import LoraLayer
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode
from transformers import AutoModel, AutoTokenizer

from carl import objective as carl
from carl.config import Config
from carl.networks import Encoder, Networks, load_encoder
from carl.provenance import read_record
from carl.recipes.catalogue import RecipeConfig, recipe
from carl.recipes.data import Folders, RecipeData, drawn, read_data, read_pool
from carl.recipes.objectives.base import Batch, Heads, Setup, read_tokens
from carl.recipes.objectives.masked import word_table
from carl.recipes.words import Lexicons, vocabulary_polarity
from carl.run import backbone, record_of, save_encoder, write_record
from carl.sources import LabelSource
from carl.train import Measures, Objective, Trainer
from carl.training_data import pad, tokenized, training_data
from harness.errors import WeightsInvalid

#: Batches on which operations are counted.
COUNTED = 2


def operations(work: Callable[[int], object], batches: int = COUNTED) -> float:
    """Mean number of floating-point operations of some batches' work, those of matrix products.

    Args:
        work: does the work of the batch with a number, forward and backward.
        batches: how many, from number 0 on.
    """
    counter = FlopCounterMode(display=False)
    # Modules need not be told apart, and the hooks that do so fail where a gradient by a module's input is asked for.
    whole: Any = nullcontext()
    whole.parents = {"Global"}
    counter.mod_tracker = whole
    with torch.random.fork_rng(devices=[]), counter:
        for number in range(batches):
            torch.manual_seed(number)
            work(number)
    return float(counter.get_total_flops()) / batches


class RecipeObjective:
    """A recipe's loss, as `carl.train.Trainer` takes it.

    Args:
        encoder: what is trained.
        heads: with it.
        config: batches, seed, precision.
        data: texts and labels.
        padding: id of the padding token.
        special: ids that are no words.
        device: where to compute.
    """

    def __init__(
        self,
        encoder: Encoder,
        heads: Heads,
        config: RecipeConfig,
        data: RecipeData,
        padding: int,
        special: frozenset[int],
        device: torch.device,
    ) -> None:
        encoder.model.pooler = None  # type: ignore[assignment]
        self.encoder, self.heads = encoder, heads
        self.networks: nn.Module = nn.ModuleDict({"encoder": encoder, "heads": heads}).to(device)
        self.config, self.data, self.padding, self.special, self.device = config, data, padding, special, device

    def backward(self, number: int, generator: torch.Generator, *, measure: bool) -> Measures:
        """Add the gradient of the batch with a number to the parameters."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.config.precision == "bfloat16"):
            losses = self.heads.losses(self.encoder, self.batch(number), generator)
        total = torch.stack([loss.float() for loss in losses.values()]).sum()
        total.backward()  # type: ignore[no-untyped-call]
        named = {"loss": total, **losses}
        return {name: float(loss.detach()) for name, loss in named.items()} if measure else {}

    def batch(self, number: int) -> Batch:
        """The batch with a number, on the device."""
        data = self.data
        rows = self.heads.rows(data, self.config.batch, number, self.config.seed)
        tokens = pad([data.items[row] for row in rows], self.padding, self.special)
        marks = torch.zeros(tokens.ids.shape, dtype=torch.int64)
        for place, row in enumerate(rows):
            marks[place, : len(data.marks[row])] = torch.from_numpy(data.marks[row])
        return Batch(
            tokens.to(self.device),
            marks.to(self.device),
            torch.from_numpy(data.valence[rows]).to(self.device),
            torch.from_numpy(data.emotion[rows]).to(self.device),
            [data.phrases[row] for row in rows],
        )

    def stepped(self, step: int, steps: int) -> Measures:
        """Nothing follows a step."""
        return {}

    def moving(self) -> dict[str, Tensor]:
        """Everything that gradients reach; the rest is read from the backbone again."""
        names = {name for name, parameter in self.networks.named_parameters() if parameter.requires_grad}
        return {name: tensor for name, tensor in self.networks.state_dict().items() if name in names}


class RecipeRun:
    """A training run of a recipe.

    Args:
        config: everything that decides the result.
        folders: where texts and lexicons lie.
        runs: folder of all checkpoints.
        backbone_dir: the backbone's checkpoint, where it is not where its encoder looks.
        accelerator: device.
        report: gets what was measured.
    """

    def __init__(
        self,
        config: RecipeConfig,
        folders: Folders,
        runs: Path,
        backbone_dir: Path | None = None,
        *,
        accelerator: Accelerator | None = None,
        report: Callable[[int, int, Measures], None] = lambda step, steps, measures: None,
    ) -> None:
        accelerator = accelerator or Accelerator(cpu=True)
        self.config, self.recipe, self.output = config, recipe(config.recipe), runs / config.folder
        directory, self.card = backbone(config.backbone, backbone_dir)
        self.tokenizer = AutoTokenizer.from_pretrained(directory, local_files_only=True)
        self.padding, self.special = int(self.tokenizer.pad_token_id), frozenset(self.tokenizer.all_special_ids)
        torch.manual_seed(config.seed)
        encoder = load_encoder(
            directory,
            pooling=config.pooling,
            dropout=self.recipe.dropout,
            lora_rank=config.lora_rank,
            lora_alpha=config.lora_rank,
        )
        pool = drawn(read_pool(folders, config.max_length, config.seed, reviews=False), config.texts, config.seed)
        self.allowed = config.passes * config.texts * self._plain_cost(encoder, pool)
        objective: Objective
        if not self.recipe.objective:
            settings = carl_config(config)
            data = training_data(settings, pool, self.tokenizer)
            networks = Networks(encoder, hidden=settings.projection_hidden, size=settings.projection_size)
            objective = carl.Objective(
                networks.to(accelerator.device),
                settings,
                lambda number: data.batch(number, settings, accelerator.device),
                accelerator.device,
            )
            self.sources, digest = data.sources, data.digest
        else:
            read = read_data(self.recipe.data, config, folders, self.tokenizer)
            heads = self.recipe.heads()(self._setup(encoder, read, folders.lexicons()))
            objective = RecipeObjective(encoder, heads, config, read, self.padding, self.special, accelerator.device)
            self.sources, digest = read.sources, read.digest

        def work(number: int) -> None:
            objective.networks.train()
            objective.backward(number, torch.Generator().manual_seed(number), measure=False)
            objective.networks.zero_grad(set_to_none=True)

        self.step_cost = operations(work)
        steps = max(round(self.allowed / self.step_cost), 1)
        self.trainer = Trainer(
            config, objective, self.output, digest=digest, steps=steps, accelerator=accelerator, report=report
        )

    def _plain_cost(self, encoder: Encoder, pool: list[LabelSource]) -> float:
        """Operations of a forward and backward pass of the bare encoder, for one text."""
        config = self.config
        texts = [text for source in pool for text in source.texts]
        order = np.random.default_rng(config.seed).permutation(len(texts))

        def work(number: int) -> None:
            rows = order[number * config.batch : (number + 1) * config.batch]
            items = tokenized(self.tokenizer, [texts[row] for row in rows], config.max_length)
            states = read_tokens(encoder, pad(items, self.padding, self.special))
            states.sum().backward()  # type: ignore[no-untyped-call]
            encoder.zero_grad(set_to_none=True)

        return operations(work) / config.batch

    def _setup(self, encoder: Encoder, data: RecipeData, lexicons: Lexicons) -> Setup:
        if (mask := self.tokenizer.mask_token_id) is None:
            raise WeightsInvalid(f"the vocabulary of {self.config.backbone} has no mask token; take another backbone")
        polarity = torch.from_numpy(vocabulary_polarity(self.tokenizer, lexicons, len(word_table(encoder))))
        return Setup(encoder, mask, self.special, polarity, len(data.classes))

    def write(self) -> None:
        """Write the checkpoint, its adapters merged: weights in float16, tokeniser, record, hashes and card."""
        objective = self.trainer.objective
        encoder = merged(objective.encoder)
        if isinstance(objective, RecipeObjective):
            encoder = objective.heads.finished(encoder)
        save_encoder(encoder, self.tokenizer, carl_config(self.config), self.output)
        record = self.record()
        write_record(self.output, record, self.sources, recipe_card(record))
        # The state is ten times the size of the checkpoint, and the run is over.
        self.trainer.state.unlink()

    def record(self) -> dict[str, Any]:
        """What went in and what was done."""
        return {
            **record_of(self.trainer, self.sources, self.card),
            "recipe": asdict(self.recipe),
            "passes": self.trainer.steps * self.config.batch / self.config.texts,
            "operations": self.trainer.steps * self.step_cost,
            "operations_allowed": self.allowed,
        }


def carl_config(config: RecipeConfig) -> Config:
    """CARL's configuration for a run of the budget: both losses, with the paper's weights."""
    same = ("backbone", "pooling", "batch", "max_length", "precision", "seed")
    shared: dict[str, Any] = {name: getattr(config, name) for name in same}
    shared |= {"lambda_mccl": 0.8, "lambda_ptd": 0.2, "lambda_words": 0.0, "dropout": 0.0, "lora_rank": 0}
    return Config(name=config.name, mixture=(0, 0, 0), **shared)


def merged(encoder: Encoder) -> Encoder:
    """The encoder without adapters, which are added to its weights."""
    model: Any = encoder.model
    for module in model.modules():
        if isinstance(module, LoraLayer):
            module.merge()
    tensors = {name.replace(".base_layer", ""): t for name, t in model.state_dict().items() if "lora_" not in name}
    plain = AutoModel.from_config(model.config)  # type: ignore[no-untyped-call]
    plain.pooler = None
    plain.load_state_dict(tensors, strict=False)
    return Encoder(plain, encoder.pooling)


def is_finished(directory: Path, config: RecipeConfig) -> bool:
    """Whether a directory holds the finished checkpoint of a run with these settings.

    Raises:
        WeightsInvalid: its record is damaged.
    """
    return (directory / "README.md").is_file() and read_record(directory).config == config.as_dict()


def recipe_card(record: Mapping[str, Any]) -> str:
    """The model card, Markdown."""
    known, labels = record["recipe"], ""
    if known["labels_of"]:
        labels = f"\nIt is trained on labels of {known['labels_of']}, which the harness evaluates on."
    rows = "\n".join(f"| {one['title']} | {one['rows']:,} | {one['licence']} |" for one in record["sources"])
    spent, allowed = record["operations"], record["operations_allowed"]
    return f"""# {record["name"]}, seed {record["config"]["seed"]}

Our re-training of the recipe {known["title"]} from {record["backbone"]["title"]}; **not the authors' model**, and not
their data or length of training. It shows what the objective does under a budget that is the same for every recipe.
{labels}
Objective: {known["citation"]}. {known["choices"]}

{record["config"]["texts"]:,} distinct texts, {record["steps"]:,} steps, {record["passes"]:.2f} passes;
{spent:.3g} of {allowed:.3g} floating-point operations; {record["seconds"]:,.0f} seconds on {record["device"]}.
The last step ships.

| source | texts | licence |
| --- | ---: | --- |
{rows}

```json
{json.dumps(record["config"], indent=2)}
```
"""
