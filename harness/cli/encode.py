"""`bench encode` and `bench check`: one encoder and texts."""

from __future__ import annotations

import gzip
import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import parquet

from harness.cli import options
from harness.encoder import Encoder, encode_checked
from harness.errors import DataInvalid, DataMissing, UsageError
from harness.files import atomic_write
from harness.printing import echo
from harness.registry import load_encoder
from harness.testing import check_encoder


@click.command()
@click.argument("texts", nargs=-1)
@click.option("--model", "-m", required=True, help="An encoder; see `bench models`.")
@click.option(
    "--input",
    "-i",
    "source",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="A text file (one text a line), .csv, .tsv or .parquet, compressed or not; - is standard input.",
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
    texts: tuple[str, ...], model: str, source: Path | None, column: str, output: Path, offline: bool, **given: Any
) -> None:
    """Turn TEXTS, or the texts of a file, into vectors."""
    if output.suffix not in (".npy", ".parquet"):
        raise UsageError(f"--output {output}: the name must end in .npy or .parquet")
    if bool(texts) == (source is not None):
        raise UsageError("give texts as arguments, or --input FILE, and not both")
    options.go_offline(offline)

    encoder = _load(model, **given)
    rows = list(texts) if source is None else read_texts(source, column)
    for number, text in enumerate(rows, 1):
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            raise DataInvalid(f"text {number} holds half a character (a lone surrogate); replace it")
    vectors = encode_checked(encoder, rows)
    with atomic_write(output, "vectors") as file:
        if output.suffix == ".npy":
            np.save(file, vectors, allow_pickle=False)
        else:
            flat = pa.array(vectors.reshape(-1), type=pa.float32())
            column_of_vectors = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
            parquet.write_table(pa.table({"text": pa.array(rows), "vector": column_of_vectors}), file)
    echo(f"{len(rows)} texts, {vectors.shape[1]} dimensions: {output}", err=True)


def read_texts(source: Path, column: str) -> list[str]:
    """Texts of a file, in order; an empty cell of a table is the empty text, and is counted in a notice.

    Raises:
        DataMissing: there is no such file.
        DataInvalid: it cannot be read, is not UTF-8, has no such column, or a row does not fit the header.
    """
    if str(source) == "-":
        return _lines(sys.stdin.buffer.read(), "standard input")
    if not source.exists():
        raise DataMissing(f"--input {source}: there is no such file")
    if not {".csv", ".tsv", ".parquet"} & set(source.suffixes[-2:]):
        try:
            return _lines(source.read_bytes(), str(source))
        except OSError as error:
            raise DataInvalid(f"{source} cannot be read ({error.strerror or error})") from error
    try:
        frame = _frame(source)
    except Exception as error:  # pandas raises many kinds, all of which mean the file
        raise DataInvalid(f"{source} cannot be read as a table ({type(error).__name__}: {str(error)[:200]})") from error
    if column not in frame:
        shown = ", ".join(str(name)[:40] for name in frame) or "no columns at all"
        raise DataInvalid(f"{source} has no column {column!r}; it has {shown}: pass `--column`")
    cells = frame[column].fillna("")
    strange = next((i for i, cell in enumerate(cells, 1) if isinstance(cell, bytes)), None)
    if strange is not None:
        raise DataInvalid(f"{source}: row {strange} of {column!r} holds bytes, not text")
    found = [str(cell) for cell in cells]
    empty = found.count("")
    if empty:
        echo(f"note: {empty} of {len(found)} cells of {column!r} are empty and encoded as the empty text", err=True)
    return found


def _frame(source: Path) -> pd.DataFrame:
    """A table with cells as they are.

    Raises:
        ValueError: a row has more cells than the header, or whatever else pandas raises.
    """
    if source.suffix == ".parquet":
        return pd.read_parquet(source)
    separator = "\t" if ".tsv" in source.suffixes else ","
    frame = pd.read_csv(source, sep=separator, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    if not isinstance(frame.index, pd.RangeIndex):
        # Pandas takes the first column for an index when rows are longer than the header.
        raise ValueError("rows have more cells than the header")
    return frame


def _lines(raw: bytes, place: str) -> list[str]:
    """Lines of a file, whatever ends them."""
    if raw.startswith(b"\x1f\x8b"):
        raw = gzip.decompress(raw)
    try:
        content = raw.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise DataInvalid(f"{place} is not UTF-8 (byte {error.start}); convert it with iconv -t utf-8") from error
    return content.removesuffix("\n").split("\n") if content else []


def _load(
    model: str,
    weights_dirs: tuple[str, ...],
    tokenizer_dirs: tuple[str, ...],
    trust_remote_code: tuple[str, ...],
    **given: Any,
) -> Encoder:
    """The encoder with the options of `options.encoder_options`."""
    base = model.partition("@")[0]
    return load_encoder(
        model,
        weights_dir=options.directories(weights_dirs, "--weights-dir").get(base),
        tokenizer_dir=options.directories(tokenizer_dirs, "--tokenizer-dir").get(base),
        trust_remote_code=True if base in options.split_names(trust_remote_code) else None,
        **given,
    )


@click.command()
@click.argument("name")
@options.encoder_options
@options.offline
def check(name: str, offline: bool, **given: Any) -> int:
    """Try encoder NAME against every rule of the contract.

    Exit code: 0 when all are kept, 1 when one is broken.
    """
    options.go_offline(offline)
    report = check_encoder(_load(name, **given))
    echo(str(report))
    return 0 if report.passed else 1
