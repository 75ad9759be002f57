"""The command line, `carl`.

Commands are imported when they are called; help is instant and imports no torch.
"""

from __future__ import annotations

import sys
from importlib import import_module

import click

from harness.errors import BenchError, UsageError

#: Command → (module:function, line in the help).
_COMMANDS = {
    "train": ("carl.commands.train:train", "Train an encoder, or go on with a run."),
    "configs": ("carl.commands.configs:configs", "List configurations, or print one."),
}


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, attribute = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="affectbench", prog_name="carl")
def carl() -> None:
    """Train text encoders for affect (CARL, arXiv 2502.20613).

    \b
      carl train --config carl-minilm --data-dir DIR     from scratch to a checkpoint; the same line resumes
      carl configs carl-minilm                           every choice of a configuration
    """  # noqa: D301 (click reads the backspace character)


def main() -> None:
    """Run the command line; the exit code says how it ended (0, 1 failed, 2 usage, 130 interrupted)."""
    try:
        code = carl.main(standalone_mode=False)
    except UsageError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(2)
    except BenchError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(1)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
