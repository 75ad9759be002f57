"""Everything that `bench` does, as one call each, for scripts and notebooks.

    import harness
    board = harness.run(["minilm", "lexicon"], "sample")     # bench run
    board                                                    # in a notebook: the overview as a table
    board.frame.xs("macro.f1", level="metric")               # pandas, one number a row
    board.compare("minilm", "lexicon").numbers               # bench compare
    harness.Leaderboard.read("results").to_latex("II")       # bench table

`Leaderboard` holds results; `run` measures them; `listing` has what can be measured.
"""

from harness.api.check import changes, check_contamination
from harness.api.leaderboard import Leaderboard
from harness.api.listing import encode, list_corpora, list_models, list_tasks
from harness.api.measure import run

__all__ = [
    "Leaderboard",
    "changes",
    "check_contamination",
    "encode",
    "list_corpora",
    "list_models",
    "list_tasks",
    "run",
]
