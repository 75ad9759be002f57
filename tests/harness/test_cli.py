"""The command line as a user meets it: what it prints, what it imports, how it exits."""

import gzip
import json
import os
import re
import shutil
import subprocess
import sys

import click
import pandas as pd
import pytest
from affectbench_sample import LETTERS

from harness.cli import bench as command
from harness.cli.encode import read_texts
from harness.errors import DataInvalid, UsageError

HEAVY = ("torch", "transformers", "pandas", "sklearn", "scipy", "datasets", "pyarrow")

PROBE = """
import sys
sys.argv = ["bench", *{arguments!r}]
from harness.cli import main
try:
    main()
except SystemExit as end:
    code = end.code
print("HEAVY", [name for name in {heavy!r} if name in sys.modules], "CODE", code, file=sys.stderr)
"""


def bench(*arguments, cwd=None, **environment):
    """Run `bench` as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "harness.cli", *arguments],
        capture_output=True,
        text=True,
        cwd=cwd,
        env={**os.environ, "COLUMNS": "120", **environment},
        timeout=300,
        check=False,
    )


@pytest.mark.parametrize("arguments", [["--help"], ["models"], ["tasks"], ["models", "lexicon"], ["run", "--help"]])
def test_help_and_listings_import_nothing_heavy(arguments):
    code = PROBE.format(arguments=arguments, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.endswith("HEAVY [] CODE 0\n"), done.stderr
    assert done.stdout.strip()


def test_a_run_with_nothing_to_measure_imports_no_torch(tmp_path):
    arguments = ["run", "-m", "minilm", "-t", "geometry/sample", "--limit", "100"]
    arguments += ["--results-dir", str(tmp_path / "results"), "--cache-dir", str(tmp_path)]
    assert bench(*arguments).returncode == 0
    code = PROBE.format(arguments=arguments, heavy=("torch", "sklearn", "scipy"))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.endswith("HEAVY [] CODE 0\n"), done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "--models", "minilmm"], "unknown model 'minilmm'; did you mean minilm"),
        (["run", "--models", "lexicon", "--suite", "papre"], "unknown suite 'papre'; did you mean paper"),
        (["run", "--models", "lexicon", "--tasks", "polarty"], "unknown task 'polarty'; did you mean polarity"),
        (["data", "emobnak"], "did you mean emobank"),
        (["run", "--models", "lexicon", "--weights-dir", "lexicon"], "takes NAME="),
        (["run"], "no model is named"),
        (["run", "--models", "./nodir"], "there is no directory ./nodir"),
        (["run", "--unit-timeout", "8"], "No such option '--unit-timeout'"),
        (["encode", "-m", "lexicon", "x", "-o", "out.txt"], ".npy or .parquet"),
        (["encode", "-m", "lexicon", "-o", "out.npy"], "give texts"),
    ],
)
def test_wrong_usage_says_what_is_right(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises((UsageError, click.UsageError), match=re.escape(words)):
        command.main(arguments, standalone_mode=False)


@pytest.mark.parametrize("arguments", [["run", "--modles", "x"], ["tabel"], ["models", "--format", "yaml"]])
def test_wrong_usage_exits_with_2(arguments):
    done = bench(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("what", ["models", "tasks", "data"])
def test_listings_as_json(what):
    rows = json.loads(bench(what, "--format", "json").stdout)
    assert len(rows) > 10
    assert all(isinstance(row, dict) for row in rows)


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("{bench} models | head -1", 0, ""),
        ("{bench} models > /dev/full", 1, "No space left"),
        ("{bench} --help > /dev/full", 1, "No space left"),
        ("{bench} models >&-", 0, ""),
        ("{bench} models 2>&- >/dev/null", 0, ""),
        ("{bench} run -m " + "x" * 5000, 1, "error: File name too long"),
        ("{bench} $'nosuch\\e[31m'", 2, r"unknown command 'nosuch\x1b[31m'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_streams_end_and_strange_names_are_one_message(line, code, words):
    shell = line.format(bench=f"{sys.executable} -m harness.cli") + "; exit ${PIPESTATUS[0]}"
    done = subprocess.run(["bash", "-c", shell], check=False, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr


def test_what_a_terminal_lacks_is_replaced(measured):
    done = bench("table", "--results-dir", str(measured), "--suite", "sample", PYTHONIOENCODING="ascii", NO_COLOR="1")
    assert done.returncode == 0
    assert "???" in done.stdout
    assert done.stdout.isascii()


def test_the_shell_completes_commands():
    environment = {"_BENCH_COMPLETE": "bash_complete", "COMP_WORDS": "bench ta", "COMP_CWORD": "1"}
    code = "import sys; sys.argv = ['bench']; from harness.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True
    )
    assert {"plain,table", "plain,tasks"} == set(done.stdout.split())


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """Results of two floors on two tasks of the sample."""
    directory = tmp_path_factory.mktemp("measured")
    done = bench(
        *("run", "--models", f"lexicon,{LETTERS}", "--suite", "sample", "--tasks", "polarity,geometry"),
        *("--results-dir", str(directory), "--cache-dir", str(directory / "cache")),
    )
    assert done.returncode == 0, done.stderr
    assert "4 evaluations: 4 measured;" in done.stderr
    return directory


def test_the_long_table_has_the_agreed_columns(measured):
    import csv

    done = bench("table", "--results-dir", str(measured), "--format", "csv", "--long")
    rows = list(csv.DictReader(done.stdout.splitlines()))
    agreed = "model,task,protocol,corpus,split,metric,value,low,high,seeds,status,contamination"
    assert ",".join(rows[0]) == agreed
    numbers = {(r["model"], r["task"], r["metric"]): float(r["value"]) for r in rows}
    assert 0 <= numbers["lexicon", "polarity", "accuracy"] <= 1
    assert ("letters", "geometry", "uniformity") in numbers


def test_a_damaged_record_is_named(measured, tmp_path):
    import shutil

    shutil.copytree(measured, tmp_path / "copy")
    path = next((tmp_path / "copy" / "records").rglob("*.json"))
    path.write_text("{")
    done = bench("table", "--results-dir", str(tmp_path / "copy"))
    assert done.returncode == 1
    assert path.name in done.stderr


def test_what_is_missing_is_said_once_and_the_table_is_of_this_run(tmp_path):
    cache = ("--cache-dir", str(tmp_path / "cache"))
    done = bench("run", "-m", "lexicon,senticse", "--offline", *cache, cwd=tmp_path)
    assert done.returncode == 0
    notes = [line for line in done.stderr.splitlines() if line.startswith("note: ")]
    assert ["suite quick" in note for note in notes].count(True) == 1
    assert ["`bench data --fetch ratings-" in note for note in notes].count(True) == 3, "a line for each corpus"
    assert ["`bench weights senticse`" in note for note in notes].count(True) == 1
    assert "30 evaluations: 30 unavailable here; records in" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bench-results", "cache"]
    table = bench("table", "overview", cwd=tmp_path)
    assert table.returncode == 0, table.stderr
    rows = [line.split("  ")[1:] for line in table.stdout.splitlines() if line.startswith("  ")]
    assert {(row[0], *{cell.strip() for cell in row[1:] if cell}) for row in rows} >= {("Lexicon", "no data")}
    assert "no weights" in table.stdout
    assert "minilm" not in table.stdout.lower()


def test_check(tmp_path):
    assert bench("check", "lexicon").returncode == 0
    (tmp_path / "bad.py").write_text(
        "import numpy as np\nfrom harness import EncoderCard\n\n"
        "class Bad:\n    card = EncoderCard(name='bad', family='floor')\n"
        "    def encode(self, texts):\n        return np.full((len(texts) or 1, 2), np.nan, dtype=np.float32)\n\n"
        "class Broken:\n    card = Bad.card\n    def __init__(self):\n        raise OSError('no such server')\n"
        "    def encode(self, texts):\n        return None\n"
    )
    bad = bench("check", f"{tmp_path / 'bad.py'}:Bad")
    assert bad.returncode == 1
    assert "DOES NOT CONFORM" in bad.stdout
    assert "NaN" in bad.stdout
    assert "1 rows for no text" in bad.stdout, "all faults, not the first alone"
    for arguments in (("check", "bad.py:Broken"), ("encode", "-o", "x.npy", "-m", "bad.py:Bad", "text")):
        broken = bench(*arguments, cwd=tmp_path)
        assert (broken.returncode, "Traceback" in broken.stderr) == (1, False), arguments


class TestEncode:
    def test_an_option_for_another_model_is_refused(self, tmp_path):
        done = bench("encode", "-m", "minilm", "--weights-dir", f"MiniLM={tmp_path}", "-o", "x.npy", "a")
        assert (done.returncode, "for 'MiniLM', not for 'minilm'" in done.stderr) == (2, True)

    def test_texts_lines_and_columns_give_the_same_vectors(self, tmp_path):
        import numpy as np

        texts = ["glad to see you", "", "no, never again"]
        (tmp_path / "t.txt").write_text("\n".join(texts) + "\n")
        (tmp_path / "t.csv").write_text('id,body\n1,glad to see you\n2,\n3,"no, never again"\n')
        by_arguments, by_lines, by_column = (tmp_path / f"{i}.npy" for i in range(3))
        assert bench("encode", "-m", "lexicon", "-o", str(by_arguments), "--", *texts).returncode == 0
        assert bench("encode", "-m", "lexicon", "-o", str(by_lines), "-i", str(tmp_path / "t.txt")).returncode == 0
        csv_arguments = ("-i", str(tmp_path / "t.csv"), "--column", "body")
        assert bench("encode", "-m", "lexicon", "-o", str(by_column), *csv_arguments).returncode == 0
        first = np.load(by_arguments)
        assert first.dtype == np.float32
        assert first.shape[0] == 3
        np.testing.assert_array_equal(first, np.load(by_lines))
        np.testing.assert_array_equal(first, np.load(by_column))

    def test_parquet_holds_texts_and_vectors(self, tmp_path):
        from pyarrow import parquet

        out = tmp_path / "out.parquet"
        assert bench("encode", "-m", "lexicon", "-o", str(out), "good", "bad").returncode == 0
        table = parquet.read_table(out)
        assert table.column("text").to_pylist() == ["good", "bad"]
        assert len(table.column("vector")[0]) > 8
        refused = bench("encode", "-m", "lexicon", "-o", str(out), "good", "half \udcff")
        assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
        assert "text 2 holds half a character" in refused.stderr

    @pytest.mark.parametrize(
        ("name", "content", "words"),
        [
            ("l.txt", "café".encode("latin-1"), "UTF-8"),
            ("t.tsv", b"a\tb\n1\t2\n", "no column 'text'; it has a, b"),
            ("t.csv", b"text,id\na,1\nb,2,3\n", "as a table"),
            ("t.csv", b"id,text\n1,a\n2\n", "Row #3: Expected 2 columns, got 1"),
            ("t.csv", b"text,text\na,b\n", "column"),
        ],
    )
    def test_bad_input_is_refused(self, tmp_path, name, content, words):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataInvalid, match=re.escape(words)):
            read_texts(tmp_path / name, "text")

    def test_long_missing_and_compressed_cells(self, tmp_path, capsys):
        path = tmp_path / "t.csv.gz"
        path.write_bytes(gzip.compress(f"id,text\n1,{'x' * 200_000}\n2,\n3,\n4,NA\n".encode()))
        texts = read_texts(path, "text")
        assert [len(text) for text in texts] == [200_000, 0, 0, 2]
        assert "2 of 4 cells" in capsys.readouterr().err

    def test_cells_of_a_parquet_file_are_texts_of_any_storage(self, tmp_path):
        frame = pd.DataFrame({"text": pd.Categorical(["calm", None]), "id": [1, 2], "tokens": [["calm"], []]})
        frame.to_parquet(path := tmp_path / "t.parquet")
        assert read_texts(path, "text") == ["calm", ""]
        assert read_texts(path, "id") == ["1", "2"]
        with pytest.raises(DataInvalid, match="'tokens' holds ndarray, not text"):
            read_texts(path, "tokens")


def test_a_record_without_a_checksum_is_shown_as_unverified(measured, tmp_path):
    shutil.copytree(measured / "records" / "lexicon", tmp_path / "records" / "lexicon")
    path = next(tmp_path.rglob("*.json"))
    path.write_text(json.dumps({k: v for k, v in json.loads(path.read_text()).items() if k != "checksum"}))
    done = bench("table", "--results-dir", str(tmp_path))
    assert done.returncode == 0
    assert "unverified records, whose files have no checksum: lexicon (1)" in done.stderr
