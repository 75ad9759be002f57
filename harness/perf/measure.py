"""From wanted rows to a record, group by group; what cannot be measured says why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import BenchError
from harness.perf.machine import machine
from harness.perf.material import Material, material
from harness.perf.record import SpeedRecord
from harness.perf.rows import GROUPS, Row
from harness.perf.settings import Settings


def measure(
    record: SpeedRecord, wanted: Sequence[str], settings: Settings, output: Path, told: Callable[[str], None]
) -> SpeedRecord:
    """Measure rows, and save the record after each group.

    Args:
        record: rows of before, which stay unless they are measured again.
        wanted: keys of rows.
        settings: sizes and repeats.
        output: directory of the record.
        told: is told what is being measured.
    """
    texts = material(settings.data_dir, settings.cache_dir)
    for group, keys in GROUPS.items():
        asked = [key for key in keys if key in wanted]
        if not asked:
            continue
        told(f"measuring {', '.join(asked)}")
        environment = {**machine(settings.threads), "clock": settings.clock, "quick": settings.quick}
        try:
            rows = _measured(group, asked, texts, settings)
        except BenchError as error:  # a missing extra, or a failed run: the other rows go on
            rows = [Row(key=key, reason=str(error)) for key in asked]
        record = record.with_rows(replace(row, environment=environment) for row in rows)
        record.save(output)
    return record


def _measured(group: str, keys: Sequence[str], texts: Material, settings: Settings) -> list[Row]:
    if group == "encoding":
        from harness.perf.encoding import encoding_rows

        return encoding_rows(keys, texts, settings)
    if group in ("probes", "agreement"):
        from harness.perf.probing import probe_rows

        return probe_rows(keys, texts, settings)
    if group == "geometry":
        from harness.perf.spreading import uniformity_rows

        return uniformity_rows(settings)
    if group == "suites":
        from harness.perf.suites import suite_rows

        return suite_rows(keys, settings)
    from harness.perf.start_up import start_up_rows

    return start_up_rows(settings)
