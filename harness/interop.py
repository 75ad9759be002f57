"""Between this benchmark and its neighbours: mteb, sentence-transformers and the SentEval toolkit, in both directions.

    from harness.interop import MtebEncoder, SentEvalAdapter, as_encoder, read_mteb

    mteb.evaluate(MtebEncoder("carl-minilm"), tasks)          # our encoder in mteb
    adapter = SentEvalAdapter(harness.load_encoder("minilm"))
    senteval.engine.SE(params, adapter.batcher, adapter.prepare)   # our encoder in the official toolkit
    harness.run(SentenceTransformer("org/model"), "paper")         # their model here; `as_encoder` sets name and card
    read_mteb(["results/"])                                    # their result files

None of the neighbours is imported before it is needed, and none is needed for anything else.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from harness.encoder import Encoder, EncoderCard, as_float32, encode_checked, fingerprint_of
from harness.errors import DataInvalid, DataMissing, EncoderFault, ExtraMissing, UsageError
from harness.record import Record
from harness.registry import find_encoder

_IMDB = "16 training texts, mean of 10 draws, logistic regression with C = 1"

#: Task of mteb → family and corpus of ours that score the same texts, and how mteb's protocol differs.
PROTOCOLS: Mapping[str, tuple[str, str]] = {
    "ImdbClassification": ("polarity/imdb", f"{_IMDB}; test cut to 2,048 texts by some versions"),
    "ImdbClassification.v2": ("polarity/imdb", f"{_IMDB}; repeated texts removed"),
}

#: Scores of mteb → our names; `main` is the main score where that is none of these.
_METRICS: Mapping[str, str] = {
    "accuracy": "accuracy",
    **{theirs: f"macro.{theirs}" for theirs in ("f1", "precision", "recall")},
    **{f"{theirs}_weighted": f"weighted.{theirs}" for theirs in ("f1", "precision", "recall")},
    "main_score": "main",
}


class MtebEncoder:
    """An encoder of this library with mteb 2's interface: `mteb.evaluate(MtebEncoder("minilm@mean"), tasks)`.

    No prompts and no instructions: the encoders here know no tasks. mteb keeps results by name and revision, so the
    name carries the pooling and the revision the fingerprint.

    Args:
        model_name: an encoder's name here, or an encoder.
        revision: recorded by mteb; the encoder's fingerprint when None.
        options: of `harness.load_encoder`; ignored for an encoder that is made already.

    Raises:
        UsageError: no such encoder or option.
    """

    def __init__(self, model_name: str | Encoder, revision: str | None = None, **options: Any) -> None:
        if isinstance(model_name, str):
            plugin = find_encoder(model_name)
            self.encoder, self.name = plugin.create(**options), plugin.name
        else:
            self.encoder, self.name = model_name, model_name.card.name
            pooling = getattr(model_name, "pooling", model_name.card.pooling)
            if pooling != model_name.card.pooling:
                self.name += f"@{pooling}"
        self.revision = revision

    def encode(self, inputs: Iterable[Mapping[str, Any]], **_options: Any) -> NDArray[np.float32]:
        """Encode batches with a list of texts under `text`, as mteb's data loaders give them; float32 (texts, d)."""
        return encode_checked(self.encoder, [text for batch in inputs for text in batch["text"]])

    def similarity(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosine of every row of one with every row of the other, a float32 tensor (n, m); a vector is one row."""
        return _unit(embeddings1) @ _unit(embeddings2).T

    def similarity_pairwise(self, embeddings1: Any, embeddings2: Any) -> Any:
        """Cosine of each row of one with the same row of the other, a float32 tensor (n,)."""
        return (_unit(embeddings1) * _unit(embeddings2)).sum(dim=-1)

    @property
    def mteb_model_meta(self) -> Any:
        """Our card as mteb's `ModelMeta`: what both know. Undeclared training data stay unknown there as well.

        Raises:
            ExtraMissing: mteb is not installed.
        """
        try:
            from mteb.models import ModelMeta
        except ImportError as error:
            raise ExtraMissing("mteb is not installed: pip install 'affectbench[mteb]'") from error
        card = self.encoder.card
        described: dict[str, Any] = getattr(self.encoder, "describe", dict)()
        # Licences: ours are the authors' words, mteb's a closed list of names.
        unknown = ("loader", "release_date", "memory_usage_mb", "license", "public_training_code")
        return ModelMeta(
            **dict.fromkeys((*unknown, "public_training_data")),
            name=f"affectbench/{self.name}",
            revision=self.revision or fingerprint_of(self.encoder),
            languages=["eng-Latn"],
            n_parameters=described.get("parameters") or card.parameters,
            max_tokens=described.get("max_length") or card.max_length,
            embed_dim=described.get("dimensions") or card.dimensions,
            open_weights=True,
            framework=["PyTorch"],
            reference=card.url or None,
            similarity_fn_name="cosine",
            use_instructions=False,
            training_datasets=None if card.training_data is None else set(card.training_data),
            adapted_from=card.base,
        )


def _unit(embeddings: Any) -> Any:
    """Rows of length 1, as a float32 tensor; zero rows stay zero."""
    import torch

    rows = torch.as_tensor(embeddings, dtype=torch.float32)
    return torch.nn.functional.normalize(rows[None] if rows.ndim == 1 else rows, dim=-1)


class SentEvalAdapter:
    """The two functions that the SentEval toolkit (facebookresearch/SentEval) wants, over one encoder.

        adapter = SentEvalAdapter(harness.load_encoder("minilm"))
        engine = senteval.engine.SE({"task_path": DATA, **params}, adapter.batcher, adapter.prepare)
        engine.eval(["MR", "CR", "SUBJ", "MPQA", "SST5", "TREC"])

    Our protocol `senteval-compat` is the configuration that its README calls comparable (`usepytorch=True`, Adam),
    `senteval-lr` its scikit-learn mode. As published the toolkit runs on Python up to 3.10.

    Args:
        encoder: any encoder; it is asked batch by batch and caches nothing.
    """

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def prepare(self, params: Any, samples: Sequence[Sequence[str]]) -> None:
        """Do nothing: a frozen encoder learns no vocabulary from the samples."""

    def batcher(self, params: Any, batch: Sequence[Sequence[str] | str]) -> NDArray[np.float32]:
        """Encode token lists, joined with blanks, or strings as they are: float32 (len(batch), dimensions).

        Empty sentences are encoded as the empty text, as by our own tasks; the toolkit's examples take a full stop.
        """
        return encode_checked(self.encoder, [text if isinstance(text, str) else " ".join(text) for text in batch])


class ForeignEncoder:
    """A model of another library behind this one's contract: `as_encoder(model, name="mine")`.

    It has no fingerprint of its own: the harness derives one from the card and from the vectors of a few sentences, so
    that other weights under the same name are noticed.

    Args:
        model: an object with `encode(texts)`, as in sentence-transformers.
        name: how records call it; no blanks, no commas. By default the last part of its hub id or directory.
        training_data: names of the sets that trained it; None is not declared, and is marked unknown.
        title: how tables call it; `family` and `base` are as of `EncoderCard`.
        options: passed on to the model's `encode` (`normalize_embeddings=True`, `prompt_name=…`); they belong to
            what is measured, so give models that differ in them different names.

    Raises:
        UsageError: the object has no `encode`, or the card takes no such value.
    """

    def __init__(
        self,
        model: Any,
        *,
        name: str = "",
        title: str = "",
        family: str = "other",
        base: str | None = None,
        training_data: Sequence[str] | None = None,
        **options: Any,
    ) -> None:
        if not callable(getattr(model, "encode", None)):
            raise UsageError(f"{type(model).__name__} has no method `encode`: it cannot be presented as an encoder")
        if not name:
            loaded = getattr(model, "transformers_model", None)  # of a SentenceTransformer
            name = Path(getattr(loaded, "name_or_path", "") or type(model).__name__).name
        self.model, self.options = model, options
        self._kind = f"{type(model).__module__}.{type(model).__qualname__}"
        facts: dict[str, Any] = {"title": title, "family": family, "base": base, "training_data": training_data}
        try:
            self.card = EncoderCard(name=name, notes=f"a {self._kind} object, wrapped", **facts)
        except ValueError as error:
            raise UsageError(f"no card can be made of these arguments: {error}") from error

    def describe(self) -> dict[str, Any]:
        """Facts for the record."""
        options = {option: repr(value) for option, value in sorted(self.options.items())}
        return {"backend": self._kind, "dtype": "float32", "encode_options": options}

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts; see `harness.encoder.Encoder`.

        Raises:
            EncoderFault: what the model gives are no vectors.
        """
        if not texts:
            return self.encode([""])[:0]  # of an empty list many libraries give an array of no width
        try:
            return as_float32(self.model.encode(list(texts), **self.options))
        except (TypeError, ValueError) as error:
            raise EncoderFault(f"{self.card.name}.encode gave no matrix of numbers: {error}") from error


as_encoder = ForeignEncoder


@dataclass(frozen=True, kw_only=True)
class ForeignScore:
    """One number that mteb measured."""

    model: str
    """Hub id, as mteb has it."""
    task: str
    """mteb's name of the task."""
    split: str
    subset: str
    metric: str
    """Our name of the metric; `main` for the main score where that is none of ours."""
    value: float
    """As in the file: fractions for accuracies and F1."""
    protocol: str
    """`mteb VERSION`, and how it differs from ours where the task matches."""
    matches: str
    """Family and corpus of ours on the same texts, `polarity/imdb`; empty for none."""


class _Result(BaseModel):
    """What is read of a result file, with NaN, which mteb writes where a score has no value."""

    task_name: str
    scores: dict[str, list[dict[str, Any]]]
    mteb_version: str | None = None


def read_mteb(paths: str | Path | Iterable[str | Path]) -> list[ForeignScore]:
    """Read result files of mteb 1.11 or newer: `ORG__MODEL/REVISION/TASK.json`.

    Args:
        paths: files, or folders that are searched for them.

    Returns:
        Scores ordered by model, task, split, subset and metric.

    Raises:
        DataMissing: a path that is not there, or a folder without result files.
        DataInvalid: a file that is no such result; names file and field.
    """
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    found = [score for path in given for file in _files(Path(path)) for score in _scores(file)]
    return sorted(found, key=lambda one: (one.model, one.task, one.split, one.subset, one.metric, one.protocol))


def beside(scores: Sequence[ForeignScore], records: Iterable[Record]) -> list[tuple[ForeignScore, list[Record]]]:
    """Put our records of the same model on the same texts beside each score.

    A record is of the same model when its weights are the score's hub id, or when it was measured by that name
    (`hf:ID`, `st:ID`). All protocols of ours are given: none is the foreign one.
    """

    def fits(score: ForeignScore, record: Record) -> bool:
        name = record.model.name.partition("@")[0]
        own = {record.model.weights, name.removeprefix("hf:").removeprefix("st:"), f"affectbench/{record.model.name}"}
        same = score.matches == f"{record.task}/{record.corpus}" and score.model in own
        return same and record.status == "ok" and score.metric in record.metrics

    measured = list(records)
    return [(score, [record for record in measured if fits(score, record)]) for score in scores]


def _files(path: Path) -> list[Path]:
    beside = ("model_meta.json", "run_settings.json")
    files = [path] if path.is_file() else [file for file in sorted(path.rglob("*.json")) if file.name not in beside]
    if not files:
        raise DataMissing(f"{path} holds no result files; mteb writes ORG__MODEL/REVISION/TASK.json")
    return files


def _scores(file: Path) -> Iterator[ForeignScore]:
    try:
        result = _Result.model_validate_json(file.read_bytes())
    except ValueError as error:
        raise DataInvalid(
            f"{file} is no result file of mteb 1.11 or newer ({error}). Older ones: load them with mteb "
            "(`TaskResult.from_disk`), save them again (`to_disk`) and read those"
        ) from error
    matches, difference = PROTOCOLS.get(result.task_name, ("", ""))
    version = f"mteb {result.mteb_version or 'of unknown version'}"
    for split, subset in ((split, subset) for split, subsets in result.scores.items() for subset in subsets):
        for theirs, ours in _METRICS.items():
            value = subset.get(theirs)
            if theirs == "main_score" and any(subset.get(other) == value for other in _METRICS if other != theirs):
                continue
            if isinstance(value, int | float) and math.isfinite(value):
                yield ForeignScore(
                    model=file.parent.parent.name.replace("__", "/", 1),
                    task=result.task_name,
                    split=split,
                    subset=str(subset.get("hf_subset", "default")),
                    metric=ours,
                    value=float(value),
                    protocol=f"{version}: {difference}" if difference else version,
                    matches=matches,
                )
