"""What docs/ says of the code is up to date, and its links lead somewhere."""

import re
import runpy

import pytest


@pytest.mark.parametrize("page", ["tasks.md", "encoders.md"])
def test_generated_pages_are_current(repository, page):
    make = runpy.run_path(str(repository / "docs" / "build.py"))["PAGES"][page]
    assert (repository / "docs" / page).read_text("utf-8") == make(), "run `make docs`"


def test_links_lead_somewhere(repository):
    for page in [*repository.glob("*.md"), *(repository / "docs").glob("*.md")]:
        for link in re.findall(r"\]\(([^)#: ]+)\)", page.read_text("utf-8")):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
