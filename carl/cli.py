"""The command line, `carl`: train, ship, use.

Commands are imported when they are called; help is instant and imports no torch.
"""

import click

from harness.cli.group import LazyGroup, invoke


@click.group(
    cls=LazyGroup,
    lazy={
        "train": ("carl.commands:train", "Train an encoder, or go on with a run."),
        "measure": ("carl.commands:measure", "Measure finished runs, several seeds of each."),
        "ship": ("carl.commands:ship", "Make a checkpoint with heads and card of a finished run."),
        "card": ("carl.commands:card", "Add what was measured to a checkpoint's card."),
        "curves": ("carl.commands:curves", "Draw the training curves of a run."),
        "configs": ("carl.commands:configs", "List configurations, or print one."),
        "predict": ("carl.commands:predict", "Valence, arousal and emotions of texts."),
        "recipes": ("carl.recipes.cli:recipes", "Train the objectives of other encoders under one budget."),
        "pretrain": ("carl.commands:pretrain", "Make the small backbone of RoBERTa's architecture."),
    },
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(package_name="affectbench", prog_name="carl")
def carl() -> None:
    """Train text encoders for affect (CARL, arXiv 2502.20613).

    \b
      carl train --config carl-minilm --data-dir DIR     from texts to a checkpoint; the same line resumes
      carl configs carl-minilm                           every choice of a configuration
      carl predict "What a day!"                         valence, arousal and emotions by a checkpoint's heads
    """  # noqa: D301 (click reads the backspace character)


def main() -> None:
    """Run the command line; the exit code says how it ended (0, 1 failed, 2 usage, 130 interrupted)."""
    invoke(carl)
