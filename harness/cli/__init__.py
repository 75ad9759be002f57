"""The command line, `bench`.

Commands are imported when they are called, and import torch, pandas or scikit-learn only inside the command that
needs them: help, listings and tables are instant.
"""

import click

from harness.cli.group import LazyGroup, invoke

#: Command → (module:function, line in the help). The line stands here so that `--help` imports no command.
_COMMANDS = {
    "run": ("harness.cli.run:run", "Encode, score and record models on tasks."),
    "table": ("harness.cli.results:table", "Print the recorded results as the paper's tables."),
    "choose": ("harness.cli.results:choose", "Show which models to take under limits of size and speed."),
    "figures": ("harness.cli.results:figures", "Draw the recorded results."),
    "report": ("harness.cli.results:report", "Write one page with all tables and figures."),
    "compare": ("harness.cli.compare:compare", "Compare two models, with intervals and tests."),
    "contamination": ("harness.cli.compare:contamination", "Show which models saw evaluated texts."),
    "models": ("harness.cli.listings:models", "List encoders, or print one's card."),
    "weights": ("harness.cli.listings:weights", "Fetch the weights of encoders."),
    "tasks": ("harness.cli.listings:tasks", "List tasks and their protocols."),
    "data": ("harness.cli.listings:data", "Show which corpora are where; fetch or verify them."),
    "check": ("harness.cli.encode:check", "Try an encoder against every rule of the contract."),
    "encode": ("harness.cli.encode:encode", "Turn texts into vectors."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="affectbench", prog_name="bench")
def bench() -> None:
    """Compare sentiment and emotion encoders fairly, fast and reproducibly.

    \b
      bench run --models minilm,lexicon                    measure: the paper's suite, or real ratings without its data
      bench run --models bert,roberta --data-dir DIR       the paper's suite on its corpora
      bench table                                          what was measured, beside the published numbers

    \b
    Commands and options complete in the shell after
      eval "$(_BENCH_COMPLETE=bash_source bench)"          or zsh_source, fish_source
    """  # noqa: D301 (click reads the backspace character)


def main() -> None:
    """Run the command line; the exit code says how it ended (0, 1 failed, 2 usage, 130 interrupted)."""
    invoke(bench)
