"""`bench run`."""

import shlex
import sys
from pathlib import Path
from typing import Any

import click
import yaml
from click.core import ParameterSource

from harness.cli import options
from harness.errors import ModelUnknown, UsageError, unknown_name
from harness.files import write_text
from harness.printing import echo

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.option(
    "--models", "-m", multiple=True, **options.NAMES, help="Encoders, comma-separated; NAME=PATH; all; available."
)
@click.option("--suite", help="A suite of `bench tasks`  [default: paper where its data is here, else quick]")
@options.tasks
@click.option("--seeds", help="For tasks with a random part, comma-separated  [default: 0,1,2]")
@options.data_dir
@options.results_dir
@options.cache_dir
@options.encoder_options
@click.option(
    "--prompt",
    "prompts",
    multiple=True,
    type=options.Prompt(),
    callback=lambda _ctx, _param, given: options.prompts_by_name(given),
    help="What stands before each text, in a row of its own.",
)
@click.option("--price", type=float, help="US dollars for a million tokens of a service, for the record.")
@click.option("--limit", type=int, help="Try it out on at most N texts of each split; never ranked.")
@click.option("--engine", type=click.Choice(["local", "ray"]), help="Where to measure  [default: local]")
@click.option("--address", help="A Ray cluster: auto, or host:port  [default: one on this machine]")
@click.option("--workers", type=int, help="Ray tasks at once  [default: all cores]")
@click.option("--shard", metavar="i/n", help="Only the i-th of n shares of the plan, as job arrays do.")
@click.option("--fresh/--resume", default=False, help="Measure everything again, or keep what is recorded (default).")
@click.option("--fail-fast", is_flag=True, help="Stop at the first failure.")
@click.option("--offline", is_flag=True, help="Never use the network  [env: AFFECTBENCH_OFFLINE, HF_HUB_OFFLINE]")
@click.option("--config", type=_FILE, help="Read what to run from a YAML file.")
@click.option("--save-config", type=_FILE, help="Write such a file.")
@click.option("--dry-run", is_flag=True, help="Print what would be measured; do nothing.")
@click.option("--quiet", "-q", is_flag=True, help="Print nothing but notices and the summary.")
def run(config: Path | None, save_config: Path | None, dry_run: bool, quiet: bool, **given: Any) -> int:
    """Encode, score and record models on tasks.

    Each distinct text is encoded once; what is recorded already is not measured again. `bench table` prints the
    results.

    Without --suite, a family or corpus (`-t polarity/mr`) means the paper's protocol; others are asked for by their
    ids, such as SentEval's own solver by `-t polarity/mr/senteval-compat/1`.

    A --config file has the arguments of harness.run as keys (models, tasks, suite, limit, ...); options on the command
    line override it.

    Exit code: 0 all done (or weights, extras or a corpus are missing on this machine: a notice says which), 1 something
    failed, 2 wrong usage or a model that does not exist, 130 interrupted.
    """
    from harness import api  # pandas, which `bench run --help` can do without
    from harness.evaluation import RunOptions

    source = click.get_current_context().get_parameter_source
    chosen = {name: value for name, value in given.items() if source(name) is not ParameterSource.DEFAULT}
    if "seeds" in chosen:
        chosen["seeds"] = [int(part) if part.isdecimal() else part for part in chosen["seeds"].split(",")]
    settings = {"models": [], **_read(config), **{name: _plain(value) for name, value in chosen.items()}}
    for name in settings:
        if name not in RunOptions.model_fields:
            raise unknown_name("key of a run file", name, list(RunOptions.model_fields))
    if save_config is not None:
        write_text(save_config, yaml.safe_dump(settings, sort_keys=False), "a run file")
    if dry_run:
        plan = api.plan(**settings)
        shown = plan.assign(recorded=plan["recorded"].map({True: "yes", False: "no"}))
        echo(shown.to_markdown(index=False, tablefmt="simple", disable_numparse=True))
        echo(f"\n{(~plan['recorded']).sum()} evaluations to measure, {plan['recorded'].sum()} recorded before")
        if "tokens" in plan:
            price = settings.get("price")
            cost = f", ${plan['tokens'].sum() * price / 1e6:.2f}" if price is not None else ""
            echo(f"about {plan['tokens'].sum():,} tokens for the service{cost}")
        return 0
    try:
        records = api.run(**settings, quiet=quiet).records
    except KeyboardInterrupt as stop:
        # Without `--fresh`: going on must not start again.
        again = [argument for argument in sys.argv[1:] if argument != "--fresh"]
        echo(f"{stop or 'interrupted'}. To go on from here:\n  {shlex.join(['bench', *again])}", err=True)
        return 130
    if any(record.status == "failed" for record in records):
        return 1
    return 2 * any(record.failure is not None and record.failure.kind == ModelUnknown.__name__ for record in records)


def _read(path: Path | None) -> dict[str, Any]:
    """The keys of a run file."""
    try:
        return dict(yaml.safe_load(path.read_bytes())) if path else {}
    except (OSError, yaml.YAMLError, ValueError, TypeError) as error:  # not there, no YAML, no keys
        raise UsageError(f"--config {path} cannot be read: {error}") from error


def _plain(value: Any) -> Any:
    """A value of an option in types that YAML has."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    return str(value) if isinstance(value, Path) else value
