"""From a finished training run to a checkpoint that others use: with heads, and with a card that says all.

The folder is put together beside its destination and moved there whole, so that new weights never stand beside old
heads.
"""

import re
import shutil
import tempfile
from pathlib import Path

from carl.card import model_card
from carl.heads import fit_heads, write_heads
from carl.provenance import RUN_RECORD, read_record
from carl.recipes.encoders import encoder_of_run
from carl.shipped import CHECKPOINTS
from harness.corpora.base import CorpusLibrary
from harness.errors import UsageError, WeightsMissing
from harness.files import write_text

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]*")


def ship(run: Path, name: str, library: CorpusLibrary, destination: Path = CHECKPOINTS, dtype: str = "float32") -> Path:
    """Make a checkpoint of a finished run: its files, and for an encoder that CARL trained heads and a card with them.

    Args:
        run: the run's output.
        name: how the checkpoint is called.
        library: reads the corpora that the heads are fitted on.
        destination: folder of checkpoints; the checkpoint becomes `destination / name`, replacing one that is there.
        dtype: of the vectors that the heads are fitted on: `bfloat16` saves three quarters of the time.

    Returns:
        The checkpoint's directory.

    Raises:
        UsageError: an invalid name.
        WeightsMissing: the run is not finished.
        WeightsInvalid: its record is damaged.
        DataMissing: a corpus is nowhere.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"a checkpoint may not be called {name!r}: lower-case letters, digits, dots and hyphens only")
    if not (run / RUN_RECORD).is_file():
        raise WeightsMissing(f"{run} holds no finished run; finish it with the same command that began it")
    record = read_record(run)
    record = record.model_copy(update={"shipped_as": name, "trained_on": record.training_names()})
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=destination, prefix=".partial-") as place:
        built = Path(place) / name
        shutil.copytree(run, built, ignore=shutil.ignore_patterns("training"))
        write_text(built / RUN_RECORD, record.model_dump_json(indent=2) + "\n", RUN_RECORD)
        if record.backbone is not None:
            heads = fit_heads(encoder_of_run(built, dtype).encode, library, dtype)
            write_heads(built, heads)
            write_text(built / "README.md", model_card(record, heads), "the model card")
        target = destination / name
        if target.exists():
            target.rename(Path(place) / "former")
        built.rename(target)
    return target
