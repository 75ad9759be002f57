"""The command line, `bench`.

Commands are imported when they are called, and import torch, pandas or scikit-learn only inside the command that
needs them: help, listings and tables are instant.
"""

from __future__ import annotations

import sys
import warnings
from importlib import import_module

import click

from harness.errors import BenchError, UsageError

#: Command → (module:function, line in the help). The line stands here so that `--help` imports no command.
_COMMANDS = {
    "run": ("harness.commands.run:run", "Encode, score and record models on tasks."),
    "table": ("harness.commands.table:table", "Print the recorded results as the paper's tables."),
    "models": ("harness.commands.models:models", "List encoders, or print one's card."),
    "tasks": ("harness.commands.tasks:tasks", "List tasks and their protocols."),
    "data": ("harness.commands.data:data", "Show which corpora are where; fetch or verify them."),
    "check": ("harness.commands.check:check", "Try an encoder against every rule of the contract."),
    "encode": ("harness.commands.encode:encode", "Turn texts into vectors."),
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

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and not args[0].startswith("-") and args[0] not in _COMMANDS:
            from harness.registry import unknown_name

            raise unknown_name("command", args[0], list(_COMMANDS))
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="affectbench", prog_name="bench")
def bench() -> None:
    """Compare sentiment and emotion encoders fairly, fast and reproducibly.

    \b
      bench run --models minilm,lexicon --suite sample     measure, nothing else needed
      bench run --models bert,roberta --data-dir DIR       the paper's suite on real corpora
      bench table                                          what was measured, beside the published numbers
    """  # noqa: D301 (click reads the backspace character)


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    click.echo(f"warning: {message}", err=True)


def main() -> None:
    """Run the command line; the exit code says how it ended (0, 1 failed, 2 usage, 130 interrupted)."""
    warnings.showwarning = _show_warning
    try:
        code = bench.main(standalone_mode=False)
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
    except BrokenPipeError:
        # The reader of a pipe has seen enough.
        sys.stderr.close()
        sys.exit(0)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
