"""The command line, `carl`.

Commands are imported when they are called; help is instant and imports no torch.
"""

from __future__ import annotations

import click

from harness.cli.group import LazyGroup, invoke

#: Command → (module:function, line in the help).
_COMMANDS = {
    "train": ("carl.commands.train:train", "Train an encoder, or go on with a run."),
    "pretrain": ("carl.commands.pretrain:pretrain", "Pretrain a small backbone of RoBERTa's architecture."),
    "ship": ("carl.commands.ship:ship", "Make a checkpoint with heads and card of a finished run."),
    "card": ("carl.commands.card:card", "Add what was measured to a checkpoint's card."),
    "predict": ("carl.commands.predict:predict", "Valence, arousal and emotions of texts."),
    "ablate": ("carl.commands.ablate:ablate", "Train the ablation arms with several seeds and compare them."),
    "recipes": ("carl.commands.recipes:recipes", "Train the objectives of other encoders under one budget."),
    "curves": ("carl.commands.curves:curves", "Draw the training curves of a run."),
    "configs": ("carl.commands.configs:configs", "List configurations, or print one."),
}


@click.group(cls=LazyGroup, lazy=_COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="affectbench", prog_name="carl")
def carl() -> None:
    """Train text encoders for affect (CARL, arXiv 2502.20613).

    \b
      carl train --config carl-minilm --data-dir DIR     from scratch to a checkpoint; the same line resumes
      carl configs carl-minilm                           every choice of a configuration
      carl predict "What a day!"                         valence, arousal and emotions by a checkpoint's heads
    """  # noqa: D301 (click reads the backspace character)


def main() -> None:
    """Run the command line; the exit code says how it ended (0, 1 failed, 2 usage, 130 interrupted)."""
    invoke(carl)


if __name__ == "__main__":
    main()
