"""`carl predict`: valence, arousal and emotions of texts."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, TYPE_CHECKING, Any

import click

from harness.cli.options import go_offline, offline
from harness.errors import DataInvalid, DataMissing, UsageError

if TYPE_CHECKING:
    from carl.predict import Affect

#: Scale → what a value in [−1, 1] is multiplied with, and what is added.
_SCALES = {"unit": (1.0, 0.0), "1-5": (2.0, 3.0)}

_HEADER = f"{'valence':>7}  {'arousal':>7}  {'emotions':<28}  text"


@click.command()
@click.argument("texts", nargs=-1)
@click.option(
    "--model", "-m", default="carl-minilm", show_default=True, help="An encoder with heads, or a shipped folder."
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "jsonl"]),
    help="[default: table on a terminal, JSON lines into a pipe or file]",
)
@click.option(
    "--scale",
    type=click.Choice(list(_SCALES)),
    default="unit",
    show_default=True,
    help="Of valence and arousal: -1 to 1 with 0 in the middle, or the raters' 1 to 5.",
)
@click.option("--chunk", type=click.IntRange(min=1), default=4096, show_default=True, help="Lines read at a time.")
@click.option("--device", default=None, help="cpu, cuda, cuda:1, ...  [default: a GPU if there is one]")
@click.option("--dtype", type=click.Choice(["float32", "bfloat16", "float16"]), help="[default: float32]")
@offline
def predict(
    texts: tuple[str, ...],
    model: str,
    form: str | None,
    scale: str,
    chunk: int,
    device: str | None,
    dtype: str | None,
    offline: bool,
) -> None:
    """Predict TEXTS, or the lines of standard input (no TEXTS, or -): one result a line, in the order of the texts.

    Emotion probabilities are those of six emotions given that a text has exactly one of them: a neutral text gets them
    as well. The checkpoint's card says how well the heads score and how calibrated they are.
    """
    go_offline(offline)
    if "-" in texts and texts != ("-",):
        raise UsageError("- reads standard input and stands alone; give texts or lines, not both")
    lines = not texts or texts == ("-",)
    if lines and not texts and sys.stdin.isatty():
        raise UsageError('give texts, e.g. `carl predict "What a day!"`, or lines on standard input')
    from carl.predict import load_predictor

    predictor = load_predictor(model, device=device, dtype=dtype)
    table = form == "table" or (form is None and sys.stdout.isatty())
    factor, offset = _SCALES[scale]
    width = shutil.get_terminal_size().columns
    count = 0
    for part in _chunks(_lines(sys.stdin.buffer) if lines else _arguments(texts), chunk):
        affect = predictor(part)
        rows = _rows(part, affect, factor, offset)
        if table:
            sign = "+" if scale == "unit" else ""
            _write([_HEADER] * (not count) + [_table_line(row, width, sign) for row in rows])
        else:
            _write([json.dumps(row, ensure_ascii=False) for row in rows])
        count += len(part)
    if not count:
        raise DataMissing("standard input is empty: there is no text to predict")


def _chunks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    stream = iter(texts)
    while part := list(islice(stream, size)):
        yield part


def _arguments(texts: tuple[str, ...]) -> Iterator[str]:
    for number, text in enumerate(texts, start=1):
        yield _decoded(os.fsencode(text), f"text {number}")


def _lines(stream: IO[bytes]) -> Iterator[str]:
    for number, line in enumerate(stream, start=1):
        yield _decoded(line.removesuffix(b"\n").removesuffix(b"\r"), f"line {number} of standard input")


def _decoded(raw: bytes, place: str) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataInvalid(
            f"{place} is not UTF-8 (byte {error.start + 1} of it); convert it, e.g. iconv -f latin1 -t utf-8"
        ) from error


def _rows(texts: list[str], affect: Affect, factor: float, offset: float) -> list[dict[str, Any]]:
    """One JSON object for each text."""
    valence = (factor * affect.valence + offset).round(4).tolist()
    arousal = (factor * affect.arousal + offset).round(4).tolist()
    first = affect.probabilities.argmax(axis=1).tolist()
    return [
        {
            "text": text,
            "valence": v,
            "arousal": a,
            "emotion": affect.emotions[best],
            "emotions": dict(zip(affect.emotions, probabilities, strict=True)),
        }
        for text, v, a, best, probabilities in zip(
            texts, valence, arousal, first, affect.probabilities.round(4).tolist(), strict=True
        )
    ]


def _table_line(row: dict[str, Any], width: int, sign: str) -> str:
    """Valence, arousal, the two likeliest emotions, and as much of the text as fits; control characters are shown."""
    likely = sorted(row["emotions"].items(), key=lambda item: -item[1])[:2]
    emotions = "  ".join(f"{name:<8} {probability:4.0%}" for name, probability in likely)
    text = "".join(char if char.isprintable() else " " for char in row["text"])
    room = max(width - len(_HEADER) + len("text"), 12)
    text = text if len(text) <= room else f"{text[: room - 1]}…"
    return f"{row['valence']:>{sign}7.2f}  {row['arousal']:>{sign}7.2f}  {emotions:<28}  {text}"


def _write(lines: list[str]) -> None:
    """Write lines in UTF-8, whatever the locale."""
    click.echo("\n".join(lines).encode("utf-8") + b"\n", nl=False)
