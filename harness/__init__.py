"""affectbench: compare sentiment and emotion encoders fairly, fast and reproducibly.

The public interface; each name is imported when it is first used, so that `import harness` costs nothing.

    board = harness.run(["minilm", "lexicon"], "quick")
    board.frame              # a pandas frame with a MultiIndex
    board                    # in a notebook: the table
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.api import Leaderboard, encode, list_models, list_tasks, run
    from harness.encoder import Encoder, EncoderCard
    from harness.errors import BenchError
    from harness.record import Record, ResultStore
    from harness.registry import load_encoder
    from harness.testing import check_encoder
    from harness.text_check import check_contamination
    from harness.transformer import Layout, TransformerEncoder

#: Module → the public names that it holds.
_HOMES = {
    "harness.api": ("Leaderboard", "encode", "list_models", "list_tasks", "run"),
    "harness.encoder": ("Encoder", "EncoderCard"),
    "harness.errors": ("BenchError",),
    "harness.record": ("Record", "ResultStore"),
    "harness.registry": ("load_encoder",),
    "harness.testing": ("check_encoder",),
    "harness.text_check": ("check_contamination",),
    "harness.transformer": ("Layout", "TransformerEncoder"),
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
    "check_contamination",
    "check_encoder",
    "encode",
    "list_models",
    "list_tasks",
    "load_encoder",
    "run",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    for home, names in _HOMES.items():
        if name in names:
            return getattr(import_module(home), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
