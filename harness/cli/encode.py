"""`bench encode` and `bench check`: one encoder and texts."""

import gzip
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from harness.cli import options
from harness.encoder import Encoder, encode_checked
from harness.errors import DataInvalid, UsageError, first_line
from harness.files import atomic_write
from harness.printing import echo
from harness.registry import load_encoder
from harness.testing import check_encoder

#: Bytes that a row of a table may have.
_LONGEST_ROW = 2**26


@click.command()
@click.argument("texts", nargs=-1)
@click.option("--model", "-m", required=True, help="An encoder; see `bench models`.")
@click.option(
    "--input",
    "-i",
    "source",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path),
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
def encode(texts: tuple[str, ...], model: str, source: Path | None, column: str, output: Path, **given: Any) -> None:
    """Turn TEXTS, or the texts of a file, into vectors."""
    if output.suffix not in (".npy", ".parquet"):
        raise UsageError(f"--output {output}: the name must end in .npy or .parquet")
    if bool(texts) == (source is not None):
        raise UsageError("give texts as arguments, or --input FILE, and not both")
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
            pd.DataFrame({"text": rows, "vector": list(vectors)}).to_parquet(file)
    echo(f"{len(rows)} texts, {vectors.shape[1]} dimensions: {output}", err=True)


def read_texts(source: Path, column: str) -> list[str]:
    """Texts of a file, in order; an empty cell of a table is the empty text, and is counted in a notice.

    Raises:
        DataInvalid: it cannot be read, is not UTF-8, has no such column, or a row does not fit the header.
    """
    try:
        if not {".csv", ".tsv", ".parquet"} & set(source.suffixes[-2:]):
            raw = sys.stdin.buffer.read() if str(source) == "-" else source.read_bytes()
            content = (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode("utf-8-sig")
            lines = content.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
            return lines.split("\n") if content else []
        if source.suffix == ".parquet":
            frame = pd.read_parquet(source)
        else:
            frame = csv.read_csv(
                source,
                csv.ReadOptions(use_threads=False, block_size=_LONGEST_ROW),
                csv.ParseOptions(delimiter="\t" if ".tsv" in source.suffixes else ",", newlines_in_values=True),
                csv.ConvertOptions(column_types={column: pa.string()}),
            ).to_pandas()
    except Exception as error:  # pandas and pyarrow raise many kinds, all of which mean the file
        raise DataInvalid(f"{source} cannot be read as UTF-8 text or as a table ({first_line(error)})") from error
    if list(frame).count(column) > 1:
        raise DataInvalid(f"{source} has several columns {column!r}: give each a name of its own")
    if column not in frame:
        shown = ", ".join(str(name)[:40] for name in frame) or "no columns at all"
        raise DataInvalid(f"{source} has no column {column!r}; it has {shown}: pass `--column`")
    cells = frame[column].astype(object).fillna("")
    if other := {type(cell).__name__ for cell in cells if not isinstance(cell, str | int | float)}:
        raise DataInvalid(f"{source}: {column!r} holds {', '.join(sorted(other))}, not text")
    found = [str(cell) for cell in cells]
    if empty := found.count(""):
        echo(f"note: {empty} of {len(found)} cells of {column!r} are empty and encoded as the empty text", err=True)
    return found


def _load(
    model: str,
    weights_dirs: Mapping[str, Path],
    tokenizer_dirs: Mapping[str, Path],
    trust_remote_code: Sequence[str],
    **given: Any,
) -> Encoder:
    """The encoder with the options of `options.encoder_options`."""
    base = model.partition("@")[0]
    for name in (*weights_dirs, *tokenizer_dirs, *trust_remote_code):
        if name != base:
            raise UsageError(f"an option is given for {name!r}, not for {base!r}")
    return load_encoder(
        model,
        weights_dir=weights_dirs.get(base),
        tokenizer_dir=tokenizer_dirs.get(base),
        trust_remote_code=base in trust_remote_code or None,
        **given,
    )


@click.command()
@click.argument("name")
@options.encoder_options
@options.offline
def check(name: str, **given: Any) -> int:
    """Try encoder NAME against every rule of the contract.

    Exit code: 0 when all are kept, 1 when one is broken.
    """
    report = check_encoder(_load(name, **given))
    echo(str(report))
    return 0 if report.passed else 1
