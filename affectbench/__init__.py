"""The public name of `harness`: `import affectbench` and `import harness` give the same functions and classes.

import affectbench
board = affectbench.run(["minilm", "lexicon"], "quick")
"""

from typing import TYPE_CHECKING

import harness

if TYPE_CHECKING:
    from harness import *  # noqa: F403 (each name is imported when it is first used)

__all__ = harness.__all__


def __getattr__(name: str) -> object:
    """Take a public name from `harness`."""
    if name in __all__:
        return getattr(harness, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
