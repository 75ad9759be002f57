"""The page in a browser without a screen: its script runs, sorts and filters."""

import base64
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness.printing import one_line as clean

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

#: Uses the page as a reader would, and writes down what is to be seen.
READER = """<script>
addEventListener("load", () => {
  const seen = { tall: document.documentElement.scrollHeight };
  const table = document.querySelector("#table-ii table");
  document.querySelectorAll("details").forEach((part) => { part.open = true; });
  const rows = () => [...table.querySelectorAll("bdi[data-model]")].map((name) => name.closest("tr"));
  const names = () => rows().map((row) => row.querySelector("bdi").dataset.model);
  const number = (cell) => [parseFloat(cell.textContent), cell.querySelector(".seen") !== null];
  const numbers = () => rows().map((row) => number(row.cells[2]));
  const column = [...table.tHead.rows].pop().cells[2];
  seen.before = names();
  column.querySelector("button").click();
  seen.sorted = numbers();
  seen.direction = column.getAttribute("aria-sort");
  column.querySelector("button").click();
  seen.again = numbers();
  column.querySelector("button").click();
  seen.after = names();
  const filter = document.getElementById("filter");
  filter.value = "bert , nobody";
  filter.dispatchEvent(new Event("input"));
  seen.filtered = rows().filter((row) => !row.hidden).map((row) => row.querySelector("bdi").dataset.model);
  filter.value = "nobody";
  filter.dispatchEvent(new Event("input"));
  seen.nobody = document.getElementById("found").textContent;
  filter.value = "";
  filter.dispatchEvent(new Event("input"));
  const published = document.getElementById("published");
  published.checked = false;
  published.dispatchEvent(new Event("change"));
  seen.published = [...table.querySelectorAll("td.published")].filter((cell) => cell.offsetParent).length;
  document.getElementById("theme").click();
  document.getElementById("theme").click();
  seen.ground = getComputedStyle(document.body).backgroundColor;
  seen.wide = document.documentElement.scrollWidth - innerWidth;
  seen.images = [...document.images].map((image) => image.naturalWidth > 0);
  seen.attacked = typeof attacked !== "undefined";
  const result = document.createElement("pre");
  result.id = "seen";
  result.textContent = btoa(unescape(encodeURIComponent(JSON.stringify(seen))));
  document.body.append(result);
});
</script>"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed (Debian: apt install chromium)")
@pytest.mark.parametrize("width", [1280, 500])
def test_the_page_works(page: str, tmp_path: Path, width: int, hostile: str) -> None:
    # The reader is not the page's own script, so the policy that keeps it out goes.
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", page).replace("</body>", f"{READER}</body>")
    path = tmp_path / "page.html"
    path.write_text(page, "utf-8")
    done = subprocess.run(
        [
            str(CHROMIUM),
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}",
            f"--window-size={width},900",
            "--virtual-time-budget=5000",
            "--dump-dom",
            path.as_uri(),
        ],
        capture_output=True,
        timeout=240,
        check=False,
    )
    dom = done.stdout.decode("utf-8", "replace")
    found = re.search(r'<pre id="seen">([^<]*)</pre>', dom)
    if found is None and not dom.strip():
        pytest.skip(f"Chromium does not start here: {done.stderr[-300:]!r}")
    assert found is not None, dom[-2000:]
    seen = json.loads(base64.b64decode(found[1]))
    clean_first = [value for value, marked in seen["sorted"] if value is not None and not marked]
    assert clean_first == sorted(clean_first, reverse=True)
    kinds = [2 if value is None else int(marked) for value, marked in seen["sorted"]]
    assert kinds == sorted(kinds), "what may have seen the texts comes after the clean numbers, missing ones last"
    assert seen["direction"] == "descending"
    again = [value for value, marked in seen["again"] if value is not None and not marked]
    assert again == sorted(clean_first)
    assert seen["nobody"] == "No model has such a name."
    assert seen["tall"] < 6000
    assert seen["before"] == seen["after"], "the third click restores the families"
    assert "bert" in seen["filtered"]
    assert "lexicon" not in seen["filtered"]
    assert seen["published"] == 0
    assert seen["ground"] == "rgb(22, 23, 26)", "dark"
    assert seen["wide"] <= 0, "the page never scrolls sideways, only its tables do"
    assert seen["images"]
    assert all(seen["images"])
    assert seen["attacked"] is False
    assert clean(hostile) not in re.sub(r"&(lt|gt|amp|quot);", "", dom), "it stands there escaped"
