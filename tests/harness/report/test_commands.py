"""`bench table`, `bench figures` and `bench report` on a small set of results, as a user calls them."""

from __future__ import annotations

import json
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


def test_chosen_figures_and_formats(results: Path, tmp_path: Path) -> None:
    out = call("figures", "geometry", "pca", "--results-dir", str(results), "--format", "pdf,png", "-o", str(tmp_path))
    assert sorted(p.name for p in tmp_path.glob("*.p??")) == ["geometry.pdf", "geometry.png"]
    assert not (tmp_path / "README.md").exists(), "captions of some figures must not replace those of all"
    assert "pca: not drawn: " in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["figures", "--format", "gif"], "no format 'gif'; there are svg, pdf, png"),
        (["figures", "foresst"], "unknown figure 'foresst'; did you mean forest"),
        (["report", "--models", "brt"], "unknown recorded model 'brt'; did you mean bert"),
        (["report", "--data-dir", "no/such"], "no/such is not a directory"),
        (["report", "--results-dir", "no/such"], "no records in no/such"),
    ],
)
def test_what_a_user_can_mend(results: Path, tmp_path: Path, arguments: list[str], words: str) -> None:
    extra = [] if "--results-dir" in arguments else ["--results-dir", str(results)]
    with pytest.raises(UsageError, match=words):
        CliRunner().invoke(bench, [*arguments, *extra, "-o", str(tmp_path / "o")], catch_exceptions=False)


def test_rank_ranges_on_request(results: Path) -> None:
    document = json.loads(call("table", "II", "--results-dir", str(results), "--format", "json", "--ranks"))
    cells = [cell for block in document["tables"][0]["blocks"] for row in block["rows"] for cell in row["cells"]]
    assert {cell["places"] for cell in cells} > {""}
    plain = json.loads(call("table", "II", "--results-dir", str(results), "--format", "json"))
    assert '"places": "1' not in json.dumps(plain)
