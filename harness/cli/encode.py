"""`bench encode`."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

import click

from harness.cli import options
from harness.errors import DataInvalid, DataMissing, ExtraMissing, UsageError


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
        DataInvalid: it cannot be read, is not UTF-8, or has no such column; names line or byte.
        ExtraMissing: pyarrow is needed and missing.
    """
    if str(source) == "-":
        return [line.removesuffix("\r") for line in _lines(_decoded(sys.stdin.buffer.read(), "standard input"))]
    if not source.is_file():
        raise DataMissing(f"--input {source}: there is no such file")
    if source.suffix == ".parquet":
        return _column_of_parquet(source, column)
    try:
        raw = source.read_bytes()
    except OSError as error:
        raise DataInvalid(f"{source} cannot be read ({error.strerror or error}); make it readable") from error
    content = _decoded(raw, str(source)).replace("\r\n", "\n").replace("\r", "\n")
    if source.suffix not in (".csv", ".tsv"):
        return _lines(content)
    import csv
    import io

    reader = csv.reader(io.StringIO(content), delimiter="\t" if source.suffix == ".tsv" else ",", strict=True)
    number = 1
    try:
        header = next(reader, [])
        if column not in header:
            raise _no_column(source, column, header)
        place = header.index(column)
        found = []
        for fields in reader:
            number = reader.line_num
            if fields:
                found.append(fields[place] if place < len(fields) else "")
    except csv.Error as error:
        raise DataInvalid(
            f"{source}: no table after line {number} ({error}); mend its quotes, or pass one text a line as .txt"
        ) from error
    return found


def _decoded(raw: bytes, place: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataInvalid(
            f"{place} is not UTF-8 (byte {error.start}); convert it, e.g. iconv -f latin1 -t utf-8"
        ) from error


def _lines(content: str) -> list[str]:
    return content.removesuffix("\n").split("\n") if content else []


def _no_column(source: Path, column: str, names: Iterable[str]) -> DataInvalid:
    shown = ", ".join(name[:40] for name in names) or "no columns at all"
    return DataInvalid(f"{source} has no column {column!r}; it has {shown}: pass `--column`")


def _column_of_parquet(source: Path, column: str) -> list[str]:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise ExtraMissing("reading .parquet needs pyarrow: pip install pyarrow, or pass a .csv file") from error
    try:
        with parquet.ParquetFile(source) as file:
            names = file.schema_arrow.names
            values = file.read([column]).column(0).to_pylist() if column in names else None
    except Exception as error:  # the reader raises many kinds, all of which mean the file
        reason = (str(error).strip().splitlines() or [""])[0][:200]
        raise DataInvalid(
            f"{source} is not a parquet file, or a damaged one ({type(error).__name__}: {reason}); write it again"
        ) from error
    if values is None:
        raise _no_column(source, column, names)
    return ["" if value is None else str(value) for value in values]
