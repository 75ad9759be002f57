"""What a checkpoint's own record says of its training; read without torch, so that cards can be listed by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from harness import strict_json
from harness.errors import WeightsInvalid
from harness.registry import encoder_names, find_encoder

#: How a checkpoint was made, for programs.
RUN_RECORD = "training.json"

#: Field of that file: names of all data sets behind the weights, the backbone's included.
TRAINED_ON = "trained_on"


def read_record(directory: Path) -> dict[str, Any]:
    """`training.json` of a checkpoint that `carl train` or `carl pretrain` made.

    Raises:
        WeightsInvalid: it is damaged or lacks what every run writes.
    """
    path = directory / RUN_RECORD
    try:
        record = strict_json.loads(path.read_bytes(), nan=True)
    except (OSError, ValueError) as error:
        raise WeightsInvalid(f"{path} cannot be read ({error}); train again, or fetch the checkpoint again") from error
    if not isinstance(record, dict):
        raise WeightsInvalid(f"{path} is not the record of a training run; train again, or fetch the checkpoint again")
    wrong = [name for name, fits in _FIELDS.items() if name not in record or not fits(record[name])]
    wrong += [name for name, fits in _MORE.items() if name in record and not fits(record[name])]
    if not wrong and is_backbone(record):
        wrong = [name for name in ("teacher", "start") if name not in record]
        named = wrong or record["teacher"] is not None or _words(record["config"].get("teacher"))
        if not named and record["start"] == "transfer":
            wrong = ["config.teacher"]
    if wrong:
        raise WeightsInvalid(
            f"{path} is not the record of a training run (it lacks {', '.join(wrong)}, or has something else there); "
            "train again, or fetch the checkpoint again"
        )
    return record


def _words(value: object) -> bool:
    return isinstance(value, str)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _object(value: object) -> bool:
    return isinstance(value, dict)


def _model(value: object) -> bool:
    """A model that weights came from."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("name"), str)
        and all(value.get(field) is None or isinstance(value[field], str) for field in ("title", "weights", "licence"))
        and _names_or_none(value.get("training_data"))
    )


def _names_or_none(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(name, str) for name in value))


def _sources(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(source, dict)
        and all(isinstance(source.get(field), str) for field in ("name", "title"))
        and _count(source.get("rows"))
        for source in value
    )


#: What every record has, and whether it is of the right kind.
_FIELDS: Mapping[str, Callable[[object], bool]] = {
    "name": _words,
    "config": _object,
    "sources": _sources,
    "step": _count,
    "steps": _count,
}

#: What some have.
_MORE: Mapping[str, Callable[[object], bool]] = {
    "backbone": _model,
    TRAINED_ON: _names_or_none,
    "teacher": lambda value: value is None or _model(value),
    "start": _words,
    "scores": _object,
    "recipe": _object,
    "shipped_as": _words,
    "licence": lambda value: value is None or _words(value),
}


def is_backbone(record: Mapping[str, Any]) -> bool:
    """Whether a checkpoint was pretrained (`carl pretrain`), to be trained further, and not trained by CARL."""
    return "backbone" not in record


def origin(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The model that a run began with or was distilled from: its `name`, and `title` and `training_data` where known.

    Returns:
        None where it began with random weights and had no teacher.
    """
    if not is_backbone(record):
        return dict(record["backbone"])
    if record["teacher"] is not None:
        return dict(record["teacher"])
    return {"name": record["config"]["teacher"]} if record["start"] == "transfer" else None


def trained_on(record: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Names of all data sets behind a run's weights: its own texts, and what the model that it came from had seen.

    Args:
        record: of a run, or of a checkpoint that ships, which keeps the answer.

    Returns:
        Names as `harness.contamination` reads them; None where the model that it came from declares nothing.
    """
    if TRAINED_ON in record:
        return _names(record[TRAINED_ON])
    before = origin(record)
    behind = () if before is None else _declared(before)
    if behind is None:
        return None
    return tuple(dict.fromkeys((*(source["name"] for source in record["sources"]), *behind)))


def _declared(model: Mapping[str, Any]) -> tuple[str, ...] | None:
    """What a model was trained on, its own starting point included: as recorded, else as its card says it."""
    if "training_data" in model:
        return _names(model["training_data"])
    return find_encoder(model["name"]).card.training_data if model["name"] in encoder_names() else None


def _names(recorded: object) -> tuple[str, ...] | None:
    """Names of data sets as a record has them.

    Raises:
        TypeError: it has something else there.
    """
    if recorded is None:
        return None
    if not isinstance(recorded, list | tuple) or not all(isinstance(name, str) for name in recorded):
        raise TypeError(f"{str(recorded)[:40]!r} is no list of names")
    return tuple(recorded)
