"""Training curves: one JSON object a line, so that a run can be watched while it goes on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.files import storage_fault, write_text

#: Where a run's curves lie in its output directory.
CURVES = "training/curves.jsonl"


class Curves:
    """A file of measurements by step.

    Args:
        path: the file; lines of steps after `step` are dropped, which a resumed run measures again.
        step: steps done so far.
    """

    def __init__(self, path: Path, step: int) -> None:
        self.path = path
        kept = [line for line in read_curves(path) if line["step"] <= step]
        write_text(path, "".join(f"{json.dumps(line)}\n" for line in kept), "training curves")

    def add(self, line: Mapping[str, Any]) -> None:
        """Append a line; it is on the disk when this returns."""
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(f"{json.dumps(line)}\n")
        except OSError as error:
            raise storage_fault(error, self.path, "training curves") from error


def read_curves(path: Path) -> list[dict[str, Any]]:
    """Lines of a file of curves, up to one that is damaged or that a crash cut off; none when there is no file."""
    if not path.is_file():
        return []
    lines = []
    for line in path.read_bytes().splitlines():
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            break
        if not isinstance(found, dict) or not isinstance(found.get("step"), int):
            break
        lines.append(found)
    return lines
