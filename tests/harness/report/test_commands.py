"""`bench table`, `bench figures` and `bench report` on a small set of results, as a user calls them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from harness.cli import bench


@pytest.fixture
def results(small_results: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_results, tmp_path / "results"))


def call(*arguments: str) -> str:
    done = CliRunner().invoke(bench, arguments, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.output


def test_everything_twice_gives_the_same_bytes(results: Path, tmp_path: Path) -> None:
    shown: dict[str, dict[str, bytes]] = {}
    for turn in ("one", "two"):
        out = tmp_path / turn
        where = ("--results-dir", str(results), "--suite", "paper")
        for fmt in ("markdown", "latex", "html", "json", "csv", "plain"):
            call("table", *where, "--format", fmt, "--intervals", "-o", str(out / f"tables.{fmt}"))
        call("table", "--results-dir", str(results), "--format", "csv", "--long", "-o", str(out / "long.csv"))
        shown[turn] = {p.relative_to(out).as_posix(): p.read_bytes() for p in sorted(out.rglob("*")) if p.is_file()}
    assert shown["one"] == shown["two"]
    assert len(shown["one"]) == 7


def test_the_page_twice_gives_the_same_bytes(results: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        out = call("report", "--results-dir", str(results), "--models", "evil", "-o", str(tmp_path / name))
        assert "MB" in out
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_all_figures_come_with_their_captions(results: Path, tmp_path: Path) -> None:
    call("figures", "--results-dir", str(results), "--models", "evil", "-o", str(tmp_path))
    drawn = {path.stem for path in tmp_path.glob("*.svg")}
    text = (tmp_path / "README.md").read_text("utf-8")
    assert {"geometry", "cost", "confusion-sst5"} <= drawn
    assert all(f"]({name}.svg)" in text for name in drawn)
