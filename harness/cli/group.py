"""What the command lines `bench` and `carl` share: commands imported when called, and errors turned into exit codes."""

import io
import sys
import warnings
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any, NoReturn

import click

from harness.errors import BenchError, RecordSkipped, UsageError, unknown_name
from harness.printing import echo, finish_streams, prepare_streams

#: Characters of a message that are shown: names may be of any length.
_LONGEST = 2000


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called.

    Args:
        lazy: command → (`module:function`, line in the help). The line stands there so that `--help` imports no
            command.
        options: see `click.Group`.
    """

    def __init__(self, *, lazy: Mapping[str, tuple[str, str]], **options: Any) -> None:
        super().__init__(**options)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of the commands, in the order of the help."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command.

        Raises:
            UsageError: there is none of that name; near ones are suggested.
        """
        if cmd_name not in self.lazy:
            raise unknown_name("command", cmd_name, list(self.lazy))
        module, _, attribute = self.lazy[cmd_name][0].partition(":")
        command = getattr(import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; a pipe that its reader closed is no error."""
        with suppress(BrokenPipeError):
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.lazy.items()])


def invoke(group: click.Group) -> NoReturn:
    """Run a command line and leave the process; the exit code is 0, 1 failed, 2 usage, or 130 interrupted.

    A command that had to skip a record exits with 1, too.
    """
    skipped = False

    def show(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
        nonlocal skipped
        skipped = skipped or issubclass(category, RecordSkipped)
        echo(f"warning: {message}", err=True)

    warnings.showwarning = show
    prepare_streams()
    code: object = None
    try:
        code = group.main(standalone_mode=False)
    except BenchError as error:
        echo(f"error: {str(error)[:_LONGEST]}", err=True)
        code = 2 if isinstance(error, UsageError) else 1
    except click.ClickException as error:
        error.show(shown := io.StringIO())
        echo(shown.getvalue().rstrip()[:_LONGEST], err=True)
        code = error.exit_code
    except OSError as error:  # of a file, a folder or standard output
        where = f": {str(error.filename)[:200]}" if error.filename else ""
        echo(f"error: {error.strerror or error}{where}", err=True)
        code = 1
    except (KeyboardInterrupt, click.Abort):
        echo("interrupted", err=True)
        code = 130
    finish_streams()
    sys.exit(code if isinstance(code, int) and code else int(skipped))
