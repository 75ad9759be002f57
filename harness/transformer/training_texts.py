"""The list of labelled texts that a checkpoint was trained on, as hashes that lie beside its weights.

A file `training_texts.txt` holds one line a text: the first 16 hexadecimal digits of the SHA-256 of the text's normal
form (lower case, the tokens `-lrb-` and `-rrb-` dropped, a-z and 0-9 kept). It shows which evaluated texts were trained
on without giving any text away.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.errors import WeightsInvalid

#: Name of the file in a checkpoint's directory.
TRAINING_TEXTS = "training_texts.txt"

_HASH = re.compile(r"[0-9a-f]{16}")


def read_training_texts(directory: Path) -> frozenset[str] | None:
    """Hashes of the texts that a checkpoint was trained on.

    Args:
        directory: the checkpoint's.

    Returns:
        The hashes; None where the checkpoint has no such list, which says nothing about its training.

    Raises:
        WeightsInvalid: a line is no hash.
    """
    path = directory / TRAINING_TEXTS
    if not path.is_file():
        return None
    lines = path.read_bytes().decode("ascii", "replace").split("\n")
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines, start=1):
        if not _HASH.fullmatch(line):
            raise WeightsInvalid(
                f"{path}, line {number}: expected 16 hexadecimal digits, found {line[:40]!r}; the list of training "
                "texts is damaged, fetch the checkpoint again"
            )
    return frozenset(lines)
