"""`bench encode`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from harness import options
from harness.errors import DataInvalid, DataMissing, UsageError


@click.command()
@click.argument("texts", nargs=-1)
@click.option("--model", "-m", required=True, help="An encoder; see `bench models`.")
@click.option(
    "--input",
    "-i",
    "source",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="A text file (one text a line), .csv, .tsv or .parquet; - reads lines from standard input.",
)
@click.option("--column", default="text", show_default=True, help="The column of a .csv, .tsv or .parquet file.")
@click.option(
    "--output",
    "-o",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help=".npy (float32, one row a text) or .parquet (columns text and vector).",
)
@click.option("--max-length", type=click.IntRange(min=3), default=None, help="Tokens after which a text is cut.")
@options.encoder_options
@options.offline
def encode(
    texts: tuple[str, ...],
    model: str,
    source: Path | None,
    column: str,
    output: Path,
    max_length: int | None,
    weights_dirs: tuple[str, ...],
    tokenizer_dirs: tuple[str, ...],
    device: str | None,
    dtype: str | None,
    batch_tokens: int | None,
    trusted: tuple[str, ...],
    offline: bool,
) -> None:
    """Turn TEXTS, or the texts of a file, into vectors."""
    if output.suffix not in (".npy", ".parquet"):
        raise UsageError(f"--output {output}: the name must end in .npy or .parquet")
    if bool(texts) == (source is not None):
        raise UsageError("give texts as arguments, or --input FILE, and not both")
    options.go_offline(offline)
    from harness.conformance import checked_vectors
    from harness.registry import load_encoder

    base = model.partition("@")[0]
    encoder = load_encoder(
        model,
        weights_dir=options.directories(weights_dirs, "--weights-dir").get(base),
        tokenizer_dir=options.directories(tokenizer_dirs, "--tokenizer-dir").get(base),
        max_length=max_length,
        device=device,
        dtype=dtype,
        batch_tokens=batch_tokens,
        trust_remote_code=True if base in options.split_names(trusted) else None,
    )
    rows = list(texts) if source is None else _read(source, column)
    vectors = checked_vectors(encoder.encode(rows), len(rows), model)
    from harness.files import atomic_write

    with atomic_write(output, "vectors") as file:
        if output.suffix == ".npy":
            import numpy as np

            np.save(file, vectors, allow_pickle=False)
        else:
            import pyarrow as pa
            from pyarrow import parquet

            flat = pa.array(vectors.reshape(-1), type=pa.float32())
            column_of_vectors = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
            parquet.write_table(pa.table({"text": pa.array(rows), "vector": column_of_vectors}), file)
    click.echo(f"{len(rows)} texts, {vectors.shape[1]} dimensions: {output}", err=True)


def _read(source: Path, column: str) -> list[str]:
    """Texts of a file, in order.

    Raises:
        DataMissing: there is no such file.
        DataInvalid: not UTF-8, or no such column.
    """
    if str(source) == "-":
        return [line.rstrip("\r\n") for line in sys.stdin]
    if not source.is_file():
        raise DataMissing(f"--input {source}: there is no such file")
    if source.suffix == ".parquet":
        from pyarrow import parquet

        table = parquet.read_table(source)
        if column not in table.column_names:
            raise DataInvalid(f"{source} has no column {column!r}; it has {', '.join(table.column_names)}")
        return ["" if value is None else str(value) for value in table.column(column).to_pylist()]
    try:
        content = source.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataInvalid(
            f"{source} is not UTF-8 (byte {error.start}); convert it, e.g. iconv -f latin1 -t utf-8"
        ) from error
    if source.suffix not in (".csv", ".tsv"):
        return content.removesuffix("\n").split("\n") if content else []
    import csv
    import io

    reader = csv.DictReader(io.StringIO(content), delimiter="\t" if source.suffix == ".tsv" else ",")
    if column not in (reader.fieldnames or ()):
        raise DataInvalid(f"{source} has no column {column!r}; it has {', '.join(reader.fieldnames or ())}")
    return [row[column] or "" for row in reader]
