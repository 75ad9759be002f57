"""Lines of .py that git tracks, beside their budgets: `make size` prints them, exit code 1 when one is over."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PRODUCT = ("harness", "carl", "baselines")
PARTS = (*PRODUCT, "benchmarks", "tests")

#: Row → (before the rebuilding, at most).
BUDGETS = {
    "harness": (34_567, 15_000),
    "carl": (13_303, 6_000),
    "baselines": (3_240, 2_700),
    "benchmarks (not packaged)": (0, 500),
    "tests": (29_739, 14_000),
    "files of the product": (394, 160),
    "function-level imports per 1,000 lines": (15.7, 4),
}


def measured() -> dict[str, float]:
    """The rows of `BUDGETS` now."""
    command = ["git", "ls-files", *(f"{part}/*.py" for part in PARTS)]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    texts = {name: (ROOT / name).read_text("utf-8") for name in listed if (ROOT / name).is_file()}
    lines: dict[str, float] = dict.fromkeys(PARTS, 0)
    for name, text in texts.items():
        lines[name.partition("/")[0]] += text.count("\n")
    product = [ast.parse(text) for name, text in texts.items() if name.startswith(PRODUCT)]
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node for tree in product for node in ast.walk(tree) if isinstance(node, functions)]
    inner = {id(n) for body in bodies for n in ast.walk(body) if isinstance(n, ast.Import | ast.ImportFrom)}
    found = [*lines.values(), len(product), 1000 * len(inner) / sum(lines[part] for part in PRODUCT)]
    return dict(zip(BUDGETS, found, strict=True))


def main() -> None:
    """Print the table as Markdown."""
    print("| part | before | now | at most |\n| --- | ---: | ---: | ---: |")
    over = []
    for row, now in measured().items():
        before, most = BUDGETS[row]
        over += [row] * (now > most)
        print(f"| {row} | {before:,} | {round(now, 1):,} | {most:,} |")
    sys.exit(f"over budget: {', '.join(over)}" if over else 0)


if __name__ == "__main__":
    main()
