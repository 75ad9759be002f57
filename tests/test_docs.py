"""What docs/ says of the code is up to date, its links lead somewhere, its examples run."""

import os
import re
import runpy
import subprocess
import sys
from pathlib import Path

import click
import numpy as np
import pytest

import affectbench
from carl.cli import carl
from harness.cli import bench
from harness.corpora.registry import CorpusRegistry
from harness.errors import DataMissing


@pytest.mark.parametrize("page", ["tasks.md", "encoders.md"])
def test_generated_pages_are_current(repository, page):
    make = runpy.run_path(str(repository / "docs" / "build.py"))["PAGES"][page]
    assert (repository / "docs" / page).read_text("utf-8") == make(), "run `make docs`"


def test_links_lead_somewhere(repository):
    for page in [*repository.glob("*.md"), *(repository / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#: ]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"


def test_files_that_are_named_exist(repository):
    pages = [*repository.glob("*.md"), *(repository / "docs").glob("*.md")]
    named = re.compile(r"`((?:baselines|benchmarks|carl|harness|results|tests)/[\w/.-]+)`")
    for page in pages:
        for name in named.findall(page.read_text("utf-8")):
            assert "NAME" in name or (repository / name).exists(), f"{page.name}: {name}"


def test_commands_that_are_named_exist_with_their_options(repository):
    pages = [repository / "README.md", *(repository / "docs").glob("*.md"), repository / "carl" / "README.md"]
    named = re.compile(r"^((?:bench|carl) .+)$|`((?:bench|carl) [^`]+)`", re.MULTILINE)
    seen = set()
    for page in pages:
        text = page.read_text("utf-8").replace("\\\n", " ")
        for line in (a or b for a, b in named.findall(text)):
            command, *words = re.split(r" +[#|>&]| {3,}|[;)]$", line)[0].split()
            found: click.Command = {"bench": bench, "carl": carl}[command]
            while isinstance(found, click.Group) and words and not words[0].startswith("-"):
                found = found.get_command(click.Context(found), words.pop(0)) or pytest.fail(f"{page.name}: {line}")
            options = {"--help", "-h", *(name for one in found.params for name in (*one.opts, *one.secondary_opts))}
            asked = {word.partition("=")[0] for word in words if re.match("--?[a-z]", word)}
            assert asked <= options, f"{page.name}: {line}"
            seen.add(found.name)
    assert {"run", "table", "compare", "train", "measure", "predict"} <= seen


def test_the_public_name_gives_what_harness_gives():
    import harness

    assert affectbench.__all__ == harness.__all__
    assert affectbench.EncoderCard is harness.EncoderCard
    with pytest.raises(AttributeError, match="affectbench"):
        affectbench.nothing  # noqa: B018


def test_the_example_of_a_corpus_reads_its_file(repository, tmp_path):
    (code,) = blocks(repository / "docs" / "extend.md", "python")
    (moods,) = exec_(code)["CORPORA"]
    path = tmp_path / moods.card.sources[0].path
    path.parent.mkdir()
    path.write_text("what a day\t1\nlate again\t0\n" * 20)
    corpora = CorpusRegistry(tmp_path, tmp_path / "cache", offline=True, corpora={"moods": moods})
    examples = corpora.load("moods", "all")
    np.testing.assert_array_equal(examples.labels["label"], [1, 0] * 20)


def blocks(page, language):
    """Code of a page's fenced blocks."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text("utf-8"), flags=re.DOTALL)


def exec_(code):
    names = {}
    exec(code, names)
    return names


@pytest.fixture(scope="session")
def ratings(tmp_path_factory):
    """A cache with the rating corpora, which come over the network."""
    cache = tmp_path_factory.mktemp("ratings")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("AFFECTBENCH_OFFLINE", raising=False)
        patch.delenv("HF_HUB_OFFLINE", raising=False)
        try:
            CorpusRegistry(None, cache / "affectbench").fetch("ratings-tweets")
        except DataMissing as error:
            pytest.skip(str(error))
    return cache


@pytest.mark.slow
def test_the_quick_start_runs_as_printed(repository, ratings, tmp_path, monkeypatch):
    page = repository / "docs" / "quickstart.md"
    monkeypatch.setenv("XDG_CACHE_HOME", str(ratings))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    for language, command in (("bash", ["bash", "-e", "-c"]), ("python", [sys.executable, "-c"])):
        code = "\n".join(blocks(page, language))
        done = subprocess.run([*command, code], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.slow
def test_the_notebook_runs(repository, ratings, tmp_path, monkeypatch):
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    monkeypatch.setenv("XDG_CACHE_HOME", str(ratings))
    notebook = nbformat.read(repository / "docs" / "quickstart.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "strip the outputs"
    nbclient.NotebookClient(notebook, resources={"metadata": {"path": str(tmp_path)}}, kernel_name="python3").execute()
    shown = [output.data for output in notebook.cells[1].outputs if output.output_type == "execute_result"]
    assert "<table" in shown[0]["text/html"]  # a notice may stand above the table
