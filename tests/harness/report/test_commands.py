"""`bench table`, `bench figures` and `bench report` on a small set of results, as a user calls them."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import bench
from harness.errors import UsageError


@pytest.fixture
def results(small_results: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_results, tmp_path / "results"))


def call(*arguments: str) -> str:
    done = CliRunner().invoke(bench, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.slow
def test_all_figures_come_with_their_captions(results: Path, tmp_path: Path) -> None:
    call("figures", "--results-dir", str(results), "--models", "bert,evil", "-o", str(tmp_path))
    drawn = {path.stem for path in tmp_path.glob("*.svg")}
    text = (tmp_path / "README.md").read_text("utf-8")
    assert {"geometry", "forest", "confusion-sst5"} <= drawn
    assert all(f"]({name}.svg)" in text for name in drawn)


def test_the_format_follows_the_ending_of_the_file(results: Path, tmp_path: Path) -> None:
    for name, start in (("x.tex", "%"), ("x.md", "###"), ("x.html", "<!DOCTYPE"), ("x.json", "{"), ("x", "Table II.")):
        call("table", "II", "--results-dir", str(results), "-o", str(tmp_path / name))
        assert (tmp_path / name).read_text("utf-8").startswith(start)


def test_what_was_not_measured_is_said(results: Path, tmp_path: Path) -> None:
    assert "No ablation has been measured" in call("table", "V", "--results-dir", str(results))
    for arguments in (
        ["table", "transfer", "--no-published"],
        ["report", "--models", "brt", "-o", str(tmp_path / "o")],
    ):
        with pytest.raises(UsageError, match=r"was measured|unknown recorded model 'brt'"):
            CliRunner().invoke(bench, [*arguments, "--results-dir", str(results)], catch_exceptions=False)


def test_a_page_of_trials_shows_them_and_says_why_there_is_no_more(tmp_path: Path) -> None:
    where = ("--results-dir", str(tmp_path / "results"))
    call("run", "-m", "lexicon", "-t", "geometry/sample", "--limit", "300", *where, "--cache-dir", str(tmp_path))
    call("report", *where, "-o", str(tmp_path / "page.html"))
    page = (tmp_path / "page.html").read_text("utf-8")
    assert "1 results are trials" in page
    assert "tried on few texts" in page
    assert "nothing was measured on all texts" in page
