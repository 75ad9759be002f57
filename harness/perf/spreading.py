"""Uniformity in blocks against all pairs at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from harness.perf.machine import limited_to
from harness.perf.rows import Row, measured
from harness.perf.settings import Settings
from harness.perf.timing import interleave, ratio

_DIMENSIONS = 384

#: Prints by how many MiB the process grew while it measured so many points.
_GROWTH = """
import sys, torch
from pathlib import Path
from harness.probes.geometry import uniformity
torch.set_num_threads(1)
def most():
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024
points = torch.nn.functional.normalize(torch.randn(int(sys.argv[1]), {dimensions}))
uniformity(points[:1024])
before = most()
uniformity(points)
print(most() - before)
"""


def uniformity_rows(settings: Settings) -> list[Row]:
    """Measure the row `uniformity`."""
    import torch

    from harness.probes.geometry import uniformity

    generator = torch.Generator().manual_seed(0)
    points = torch.randn(settings.points, _DIMENSIONS, generator=generator)
    unit = torch.nn.functional.normalize(points)
    found: dict[str, float] = {}

    def ours() -> None:
        found["ours"] = uniformity(points)

    def theirs() -> None:
        found["theirs"] = float(torch.pdist(unit).pow(2).mul(-2).exp().mean().log())

    with limited_to(settings.threads):
        samples = interleave({"ours": ours, "theirs": theirs}, settings.rounds)
    times = {name: sample.times(settings.clock) for name, sample in samples.items()}
    grown = {count: _growth(count) for count in (settings.points, 4 * settings.points)}
    said = ", ".join(f"{size:,.0f} MiB with {count:,} points" for count, size in grown.items() if size is not None)
    pairs = 4 * settings.points * (settings.points - 1) / 2 / 2**20
    return [
        measured(
            "uniformity",
            ratio(times["theirs"], times["ours"]),
            settings.rounds,
            detail=f"values differ by {abs(found['ours'] - found['theirs']):.0e}"
            + (f"; memory grew by {said}; one copy of pdist's result takes {pairs:,.0f} MiB" if said else ""),
            facts={
                "points": settings.points,
                "dimensions": _DIMENSIONS,
                "seconds": times,
                "values": found,
                "grown_mib": {str(count): size for count, size in grown.items()},
                "pdist_mib": pairs,
            },
        )
    ]


def _growth(count: int) -> float | None:
    """MiB by which a process grows; None where the system does not tell."""
    if not Path("/proc/self/status").is_file():
        return None
    code = _GROWTH.format(dimensions=_DIMENSIONS)
    done = subprocess.run([sys.executable, "-c", code, str(count)], capture_output=True, text=True, check=True)
    return float(done.stdout)
