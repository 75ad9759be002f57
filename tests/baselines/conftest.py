import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

GOLDEN = Path(os.environ.get("AFFECTBENCH_GOLDEN", Path(__file__).parents[3] / "shared" / "golden"))


@dataclass(frozen=True)
class Golden:
    """One model's golden data: inputs, and what the authors' own code makes of them."""

    directory: Path
    inputs: dict[str, Any]
    expected: dict[str, np.ndarray]

    def rows(self, name: str) -> list[np.ndarray]:
        """`name.0`, `name.1`, ..."""
        count = len(self.inputs.get("texts") or self.inputs["items"])
        return [self.expected[f"{name}.{i}"] for i in range(count)]


@pytest.fixture(scope="session")
def golden() -> Callable[[str], Golden]:
    """Golden data by model; skips where the folder is not there."""

    def load(model: str) -> Golden:
        directory = GOLDEN / model
        if not (directory / "expected.safetensors").is_file():
            pytest.skip(f"no golden data at {directory}; AFFECTBENCH_GOLDEN names the folder")
        from safetensors.numpy import load_file

        inputs = json.loads((directory / "inputs.json").read_text("utf-8"))
        return Golden(directory, inputs, load_file(directory / "expected.safetensors"))

    return load
