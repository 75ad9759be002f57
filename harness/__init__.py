"""affectbench: compare sentiment and emotion encoders fairly, fast and reproducibly.

The public interface; each name is imported when it is first used, so that `import harness` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.encoder import Encoder, EncoderCard
    from harness.errors import BenchError
    from harness.registry import load_encoder
    from harness.results import Record, ResultStore
    from harness.testing import check_encoder
    from harness.transformer import Layout, TransformerEncoder

_HOMES = {
    "BenchError": "harness.errors",
    "Encoder": "harness.encoder",
    "EncoderCard": "harness.encoder",
    "Layout": "harness.transformer",
    "Record": "harness.results",
    "ResultStore": "harness.results",
    "TransformerEncoder": "harness.transformer",
    "check_encoder": "harness.testing",
    "load_encoder": "harness.registry",
}

__all__ = [
    "BenchError",
    "Encoder",
    "EncoderCard",
    "Layout",
    "Record",
    "ResultStore",
    "TransformerEncoder",
    "check_encoder",
    "load_encoder",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
