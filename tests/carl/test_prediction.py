"""Finding an encoder with heads, and the command that prints what they say."""

import io
import json
import os
import subprocess
import sys

import numpy as np
import pytest
from click.testing import CliRunner

from carl.cli import carl
from carl.prediction import load_predictor
from harness.errors import DataInvalid, DataMissing, UsageError, WeightsInvalid, WeightsMissing

TEXTS = ["The rain was WARM, and we are glad!", "never again", "", "a café so fine 😀", "late " * 60, "never again"]


def run(*arguments, lines=None):
    result = CliRunner().invoke(carl, ["predict", *map(str, arguments)], input=lines)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def rows(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


@pytest.fixture(scope="module")
def predictor(shipped):
    return load_predictor(str(shipped), device="cpu")


def test_a_name_and_its_folder_are_the_same(shipped, predictor, monkeypatch):
    monkeypatch.setattr("carl.shipped.CHECKPOINTS", shipped.parent)
    one, other = predictor(TEXTS), load_predictor(shipped.name, device="cpu")(TEXTS)
    assert np.array_equal(one.valence, other.valence)
    assert np.array_equal(one.probabilities, other.probabilities)
    assert one.emotions == other.emotions == ("anger", "disgust", "fear", "joy", "sadness", "surprise")


def test_a_texts_numbers_do_not_depend_on_the_others(predictor):
    together = predictor(TEXTS)
    for row, text in enumerate(TEXTS):
        alone = predictor([text])
        assert alone.valence[0] == pytest.approx(together.valence[row], abs=1e-6)
        assert alone.probabilities[0] == pytest.approx(together.probabilities[row], abs=1e-6)


@pytest.mark.parametrize("chunk", [1, 2, 100])
def test_lines_come_out_in_order_whatever_the_chunk(shipped, predictor, chunk):
    result = run("--model", shipped, "--device", "cpu", "--chunk", chunk, lines="\n".join(TEXTS) + "\n")
    found = rows(result)
    assert [row["text"] for row in found] == TEXTS
    affect = predictor(TEXTS)
    for row, valence, arousal, shares in zip(found, affect.valence, affect.arousal, affect.probabilities, strict=True):
        assert (row["valence"], row["arousal"]) == pytest.approx((valence, arousal), abs=1e-4)
        assert list(row["emotions"].values()) == pytest.approx(shares, abs=1e-4)
        assert sum(row["emotions"].values()) == pytest.approx(1, abs=1e-3)
        assert row["emotion"] == max(row["emotions"], key=row["emotions"].get)
        assert -1 <= row["valence"] <= 1


def test_arguments_are_texts_and_a_dash_reads_lines(shipped):
    named = rows(run("--model", shipped, "--device", "cpu", *TEXTS[:2]))
    read = rows(run("--model", shipped, "--device", "cpu", "-", lines="\r\n".join(TEXTS[:2])))
    assert named == read
    with pytest.raises(UsageError, match="stands alone"):
        run("--model", shipped, "never", "-")


def test_the_raters_scale(shipped):
    (unit,) = rows(run("--model", shipped, "--device", "cpu", "never again"))
    (raters,) = rows(run("--model", shipped, "--device", "cpu", "--scale", "1-5", "never again"))
    for name in ("valence", "arousal"):
        assert raters[name] == pytest.approx(2 * unit[name] + 3, abs=3e-4)
    assert raters["emotions"] == unit["emotions"]


def test_a_table_for_people(shipped):
    texts = ["glad\tand\x1b[31m so \n", "w" * 400]
    lines = run("--model", shipped, "--device", "cpu", "--format", "table", *texts).stdout.split("\n")
    assert lines[0].split() == ["valence", "arousal", "emotions", "text"]
    assert len(lines) == 4, "a heading, two texts, and the end of the last line"
    assert lines[1].endswith("  glad and [31m so  ")
    assert lines[2].endswith("w…")
    assert len(lines[2]) <= 80
    assert lines[1].startswith(("  +", "  -"))


def test_memory_holds_one_chunk(shipped, monkeypatch):
    """Results of a chunk are written before the next line is read."""
    written, seen = [], []

    def lines():
        for number in range(6):
            seen.append(len(written))
            yield f"the rain {number}\n".encode()

    class Stream(io.StringIO):
        buffer = lines()

    monkeypatch.setattr("carl.commands.predict.sys.stdin", Stream())
    monkeypatch.setattr("carl.commands.predict._write", written.extend)
    from carl.commands.predict import predict

    predict.main(["--model", str(shipped), "--device", "cpu", "--chunk", "2"], standalone_mode=False)
    assert len(written) == 6
    assert seen == [0, 0, 2, 2, 4, 4]


@pytest.mark.parametrize("raw", [b"fine\nbad \xff byte\n", b"fine\n\xc3\n", b"fine\n\xed\xa0\x80\n"])
def test_lines_that_are_no_utf8_are_named(shipped, raw):
    with pytest.raises(DataInvalid, match=r"line 2 of standard input is not UTF-8 \(byte \d of it\); convert it"):
        run("--model", shipped, "--device", "cpu", lines=raw)


def test_arguments_that_are_no_utf8_are_named(shipped):
    with pytest.raises(DataInvalid, match="text 2 is not UTF-8"):
        run("--model", shipped, "--device", "cpu", "fine", os.fsdecode(b"bad \xff"))


def test_empty_input(shipped):
    with pytest.raises(DataMissing, match="standard input is empty"):
        run("--model", shipped, "--device", "cpu", lines="")
    (row,) = rows(run("--model", shipped, "--device", "cpu", lines="\n"))
    assert row["text"] == "", "an empty line is a text: results stay beside their lines"


def test_a_terminal_without_texts_gets_a_hint(shipped, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("carl.commands.predict.sys.stdin", Terminal())
    from carl.commands.predict import predict

    with pytest.raises(UsageError, match=r'e\.g\. `carl predict "What a day!"`'):
        predict.main(["--model", str(shipped)], standalone_mode=False)


def test_models_without_heads_are_refused(bert, bert_directory, finished_run, shipped, tmp_path, monkeypatch):
    with pytest.raises(WeightsMissing, match=r"has no heads"):
        load_predictor(str(finished_run(tmp_path / "run", bert)))
    with pytest.raises(UsageError, match=r"lexicon has no heads; `carl predict` takes carl-minilm"):
        load_predictor("lexicon")
    with pytest.raises(UsageError, match="unknown model 'carl-minlim'; did you mean carl-minilm"):
        load_predictor("carl-minlim")
    monkeypatch.setattr("carl.shipped.CHECKPOINTS", tmp_path / "none")
    with pytest.raises(WeightsMissing, match="carl train --config carl-minilm"):
        load_predictor("carl-minilm")
    monkeypatch.setattr("carl.shipped.CHECKPOINTS", shipped.parent)
    with pytest.raises(UsageError, match="leave out @mean"):
        load_predictor(f"{shipped.name}@mean")


def test_heads_of_other_weights_are_refused(shipped, tmp_path):
    for path in shipped.rglob("*"):
        if path.is_file():
            copy = tmp_path / path.relative_to(shipped)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(path.read_bytes() + (b" " if path.name == "model.safetensors" else b""))
    with pytest.raises(WeightsInvalid, match="fitted on other weights"):
        load_predictor(str(tmp_path))


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom carl.cli import carl\n"
        "for name in ('predict', 'ship', 'card'): carl.main([name, '--help'], standalone_mode=False)\n"
        "print([m for m in ('torch', 'numpy', 'sklearn', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
