"""The default engine: one model after another, in this process and the encoding processes that it starts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.engines.base import Plan, Watcher
from harness.errors import BenchError

if TYPE_CHECKING:
    from harness.results import Record
    from harness.units import Unit, Workbench


class LocalEngine:
    """Encodes and scores in this process; a failing unit is recorded, and the others go on."""

    def execute(self, plan: Plan, bench: Workbench, watcher: Watcher) -> list[Record]:
        """Do all units of a plan; see `Engine.execute`."""
        records: list[Record] = []
        try:
            for model, units in plan.units.items():
                for record in self._model(model, units, bench, watcher):
                    records.append(record)
                    if record.status == "failed" and bench.options.fail_fast:
                        watcher.notice("stopped at the first failure (--fail-fast); the same command goes on from here")
                        return records
        finally:
            bench.close()
        return records

    def _model(self, model: str, units: tuple[Unit, ...], bench: Workbench, watcher: Watcher) -> list[Record]:
        try:
            bench.encoder(model)
        except Exception as error:  # a plugin's constructor may raise anything
            return self._unavailable(model, units, error, bench, watcher)
        finished = {unit: record for unit in units if (record := bench.done(unit)) is not None}
        texts, characters = 0, 0
        if len(finished) < len(units):
            texts, characters = self._texts(model, [unit for unit in units if unit not in finished], bench)
        watcher.model(model, len(units), texts, characters)
        records = []
        for unit in units:
            if (record := finished.get(unit)) is not None:
                watcher.unit(record, fresh=False)
            else:
                record = self._unit(unit, bench, watcher)
                watcher.unit(record, fresh=True)
            records.append(record)
            if record.status == "failed" and bench.options.fail_fast:
                break
        return records

    @staticmethod
    def _texts(model: str, units: list[Unit], bench: Workbench) -> tuple[int, int]:
        """How many distinct texts are left to encode, and their characters; tasks without data count nothing."""
        waiting: dict[tuple[int | None, str], str] = {}
        for unit in units:
            try:
                cut = bench.tasks[unit.task].max_length
                waiting.update(((cut, text), unit.task) for text in bench.missing(model, unit.task))
            except BenchError:
                continue
        by_task: dict[str, list[str]] = {}
        for (_, text), task in waiting.items():
            by_task.setdefault(task, []).append(text)
        return len(waiting), sum(bench.characters(model, task, texts) for task, texts in by_task.items())

    @staticmethod
    def _unit(unit: Unit, bench: Workbench, watcher: Watcher) -> Record:
        encoded = 0

        def progress(texts: int, seconds: float, characters: int) -> None:
            nonlocal encoded
            encoded += texts
            watcher.encoded(texts, seconds, characters)

        try:
            seconds = bench.encode(unit.model, unit.task, progress)
            return bench.score(unit, encode_seconds=seconds, encoded=encoded)
        except Exception as error:  # one unit's failure, of whatever kind, must not take the others along
            record = bench.failed(unit, error)
            watcher.notice(f"{unit.model}, {unit.task}: {record.status}: {error}")
            return record

    @staticmethod
    def _unavailable(
        model: str, units: tuple[Unit, ...], error: Exception, bench: Workbench, watcher: Watcher
    ) -> list[Record]:
        watcher.model(model, len(units), 0, 0)
        message = str(error)
        watcher.notice(message if message.startswith(f"{model}:") else f"{model}: {message}")
        records = [bench.failed(unit, error) for unit in units]
        for record in records:
            watcher.unit(record, fresh=True)
        return records
