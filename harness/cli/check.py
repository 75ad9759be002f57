"""`bench check`."""

from __future__ import annotations

import click

from harness.cli import options


@click.command()
@click.argument("name")
@options.encoder_options
@options.offline
def check(
    name: str,
    weights_dirs: tuple[str, ...],
    tokenizer_dirs: tuple[str, ...],
    device: str | None,
    dtype: str | None,
    batch_tokens: int | None,
    trusted: tuple[str, ...],
    offline: bool,
) -> int:
    """Try encoder NAME against every rule of the contract.

    Exit code: 0 when all are kept, 1 when one is broken.
    """
    options.go_offline(offline)
    from harness.registry import find_encoder
    from harness.testing import check_encoder

    plugin = find_encoder(name)
    base = name.partition("@")[0]
    encoder = plugin.create(
        weights_dir=options.directories(weights_dirs, "--weights-dir").get(base),
        tokenizer_dir=options.directories(tokenizer_dirs, "--tokenizer-dir").get(base),
        device=device,
        dtype=dtype,
        batch_tokens=batch_tokens,
        trust_remote_code=True if base in options.split_names(trusted) else None,
    )
    report = check_encoder(encoder)
    click.echo(str(report))
    return 0 if report.passed else 1
