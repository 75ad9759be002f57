"""From a finished training run to a checkpoint that others use: checked, with heads, and with a card that says all.

The folder is put together beside its destination and moved there whole, so that new weights never stand beside
old heads.
"""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from carl.card import card_from
from carl.curves import read_curves
from carl.heads import write_heads
from carl.provenance import RUN_RECORD, TRAINED_ON, is_backbone, read_record, trained_on
from harness.errors import UsageError, WeightsInvalid, WeightsMissing
from harness.files import PARTIAL, storage_fault, write_text
from harness.registry import find_encoder
from harness.transformer.checkpoint import TRAINING_TEXTS

if TYPE_CHECKING:
    from carl.heads import Heads
    from harness.corpora.base import CorpusLibrary

#: Largest weights that ship, bytes.
LARGEST = 48_000_000

_WEIGHTS = "model.safetensors"
_CARD = "README.md"

#: Files that are taken as they are.
_COPIED = (
    *(_WEIGHTS, "config.json", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"),
    *("modules.json", "1_Pooling/config.json", "sentence_bert_config.json", _CARD),
)

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


def read_run(directory: Path) -> dict[str, Any]:
    """The record of a finished run, its files checked.

    Args:
        directory: a run's output.

    Raises:
        WeightsMissing: it holds no checkpoint, or the run is not finished.
        WeightsInvalid: the checkpoint is damaged, too large, or not in float16.
    """
    lacking = [name for name in (RUN_RECORD, *_COPIED) if not (directory / name).is_file()]
    if lacking:
        raise WeightsMissing(
            f"{directory} holds no finished run (it lacks {', '.join(lacking[:3])}); finish it with the same "
            "command that began it"
        )
    record = read_record(directory)
    if not is_backbone(record) and not (directory / TRAINING_TEXTS).is_file():
        raise WeightsMissing(f"{directory} lacks {TRAINING_TEXTS}, the list of its training texts; train again")
    steps = [line["step"] for line in read_curves(directory / "training" / "curves.jsonl")]
    done = steps[-1] if steps else record["step"]
    if min(done, record["step"]) < record["steps"]:
        raise WeightsMissing(
            f"the run in {directory} is at step {min(done, record['step'])} of {record['steps']}; finish it with the "
            "same command that began it"
        )
    _check_weights(directory / _WEIGHTS)
    return record


def _check_weights(path: Path) -> None:
    from safetensors import SafetensorError, safe_open

    if (size := path.stat().st_size) > LARGEST:
        raise WeightsInvalid(f"{path} has {size:,} bytes; at most {LARGEST:,} ship: train a smaller backbone")
    try:
        with safe_open(path, "np") as file:
            kinds = {file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118 (no mapping)
    except (SafetensorError, OSError, ValueError) as error:
        raise WeightsInvalid(f"{path} is damaged ({error}); train again") from error
    if kinds != {"F16"}:
        raise WeightsInvalid(f"{path} holds tensors of {', '.join(sorted(kinds))}; a checkpoint ships in F16")


def ship(
    run: Path,
    name: str,
    library: CorpusLibrary,
    destination: Path,
    *,
    device: str | None = None,
    report: Callable[[str], None] = lambda line: None,
) -> Path:
    """Make a checkpoint of a finished run: its files, and for an encoder that CARL trained heads and a card with them.

    Args:
        run: the run's output.
        name: how the checkpoint is called.
        library: reads the corpora that the heads are fitted on.
        destination: folder of checkpoints; the checkpoint becomes `destination / name`, replacing one that is there.
        device: to encode on.
        report: told what is done.

    Returns:
        The checkpoint's directory.

    Raises:
        UsageError: a name that is none.
        WeightsMissing, WeightsInvalid: see `read_run`.
        DataMissing: a corpus is nowhere.
        StorageFault: the destination cannot be written.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"a checkpoint may not be called {name!r}: lower-case letters, digits, dots and hyphens only")
    record = {**read_run(run), "shipped_as": name}
    data = trained_on(record)
    record[TRAINED_ON] = None if data is None else list(data)
    heads = None if is_backbone(record) else _fitted(run, library, device, report)
    target, built = destination / name, destination / f"{PARTIAL}{secrets.token_hex(6)}-{name}"
    try:
        for file in (*_COPIED, *([TRAINING_TEXTS] if (run / TRAINING_TEXTS).is_file() else [])):
            (built / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(run / file, built / file)
        write_text(built / RUN_RECORD, json.dumps(record, indent=2, ensure_ascii=False) + "\n", RUN_RECORD)
        if heads is not None:
            write_heads(built, heads)
            write_text(built / _CARD, card_from(run, record, heads), "the model card")
        if target.exists():
            target.rename(former := destination / f"{PARTIAL}{secrets.token_hex(6)}-former-{name}")
            built.rename(target)
            shutil.rmtree(former)
        else:
            built.rename(target)
    except OSError as error:
        raise storage_fault(error, target, "the checkpoint") from error
    finally:
        shutil.rmtree(built, ignore_errors=True)
    return target


def _fitted(run: Path, library: CorpusLibrary, device: str | None, report: Callable[[str], None]) -> Heads:
    from carl.head_fitting import fit_heads

    encoder = find_encoder(f"hf:{run}").create(device=device)
    report("encoding EmoBank and GoEmotions, fitting the heads")
    heads = fit_heads(encoder.encode, library)
    for head in vars(heads).values():
        scores = "  ".join(f"{metric} {score.value:.4f}" for metric, score in head.scores.items())
        report(f"{head.protocol}: {head.fitted:,} texts; test ({head.scored:,}): {scores}")
    return heads
