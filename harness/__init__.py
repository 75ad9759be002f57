"""affectbench: compare sentiment and emotion encoders fairly, fast and reproducibly.

The public interface; each name is imported when it is first used, so that `import harness` costs nothing.

    board = harness.run(["minilm", "lexicon"], "quick")
    board.frame              # a pandas frame with a MultiIndex
    board                    # in a notebook: the table
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.api import (
        Leaderboard,
        changes,
        check_contamination,
        encode,
        list_corpora,
        list_models,
        list_tasks,
        run,
    )
    from harness.encoder import Encoder, EncoderCard
    from harness.errors import BenchError
    from harness.record import Record, ResultStore
    from harness.registry import load_encoder
    from harness.testing import check_encoder
    from harness.transformer import Layout, TransformerEncoder

_HOMES = {
    "BenchError": "harness.errors",
    "Encoder": "harness.encoder",
    "EncoderCard": "harness.encoder",
    "Layout": "harness.transformer",
    "Leaderboard": "harness.api",
    "Record": "harness.record",
    "ResultStore": "harness.record",
    "TransformerEncoder": "harness.transformer",
    "changes": "harness.api",
    "check_contamination": "harness.api",
    "check_encoder": "harness.testing",
    "encode": "harness.api",
    "list_corpora": "harness.api",
    "list_models": "harness.api",
    "list_tasks": "harness.api",
    "load_encoder": "harness.registry",
    "run": "harness.api",
}

__all__ = [
    "BenchError",
    "Encoder",
    "EncoderCard",
    "Layout",
    "Leaderboard",
    "Record",
    "ResultStore",
    "TransformerEncoder",
    "changes",
    "check_contamination",
    "check_encoder",
    "encode",
    "list_corpora",
    "list_models",
    "list_tasks",
    "load_encoder",
    "run",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
