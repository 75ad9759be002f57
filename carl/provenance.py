"""What a checkpoint's own record says of its training; read without torch, so that cards can be listed by it."""

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from harness.errors import WeightsInvalid

#: How a checkpoint was made, for programs.
RUN_RECORD = "training.json"


class Model(BaseModel):
    """A model that weights came from."""

    name: str
    title: str = ""
    weights: str = ""
    licence: str | None = None
    training_data: tuple[str, ...] | None = None
    """Names as `harness.contamination` reads them; None where it declares nothing."""


class Source(BaseModel):
    """Texts of a run."""

    name: str
    title: str
    licence: str
    rows: int
    left_out: int = 0


class RunRecord(BaseModel):
    """A training run, as `training.json` says it."""

    model_config = ConfigDict(extra="allow")

    name: str
    config: dict[str, Any]
    sources: tuple[Source, ...]
    step: int
    steps: int
    backbone: Model | None = None
    """None for a backbone that was pretrained (`carl pretrain`)."""
    teacher: Model | None = None
    best_step: int | None = None
    scores: dict[str, float] = {}
    """On development data, of the step that ships."""
    seconds: float = 0.0
    device: str = ""
    dimensions: int | None = None
    versions: dict[str, str] = {}
    licence: str | None = None
    shipped_as: str | None = None
    trained_on: tuple[str, ...] | None = None
    """What stands in the record of a checkpoint that ships; see `training_names`."""

    @property
    def origin(self) -> Model | None:
        """The model that the weights began with, or were distilled from; None where they began at random."""
        return self.backbone or self.teacher

    def training_names(self) -> tuple[str, ...] | None:
        """Names of all data sets behind the weights: the run's own, its backbone's and its teacher's.

        Returns:
            None where one of the models declares nothing.
        """
        if self.trained_on is not None:
            return self.trained_on
        found = [source.name for source in self.sources]
        for model in (self.backbone, self.teacher):
            if model is not None:
                if model.training_data is None:
                    return None
                found += model.training_data
        return tuple(dict.fromkeys(found))


def read_record(directory: Path) -> RunRecord:
    """`training.json` of a checkpoint that `carl` made.

    Raises:
        WeightsInvalid: it is damaged or lacks what every run writes.
    """
    path = directory / RUN_RECORD
    if not path.is_file():
        raise WeightsInvalid(f"{directory} is no finished run and no shipped checkpoint: it has no {RUN_RECORD}")
    try:
        return RunRecord.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise WeightsInvalid(f"{path} is no record of a training run ({error}); fetch the checkpoint again") from error
