"""Results as a grid: which models, which protocols, and the cell where they meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harness.leaderboard.combine import Unit
from harness.leaderboard.metrics import digits, metric_style
from harness.leaderboard.names import corpus_title, family_order, protocol_order
from harness.leaderboard.table import Cell, Column
from harness.record import ModelFacts


@dataclass(frozen=True, kw_only=True)
class Measured:
    """Wants a column of our own numbers."""

    task: str
    corpus: str
    protocol: str
    metric: str
    head: str
    group: str
    observed: str | None = None
    """Dimension whose error in the paper's unit is wanted in place of the metric."""

    @property
    def column(self) -> Column:
        """The column without its cells."""
        style = metric_style(self.metric)
        unit = "/observed-scale" if self.observed else ""
        return Column(
            key=f"{self.task}/{self.corpus}/{self.protocol}/{self.metric}{unit}",
            head=self.head,
            group=self.group,
            metric=self.metric,
            origin="measured",
            task=self.task,
            corpus=self.corpus,
            protocol=self.protocol,
            decimals=style.decimals,
            unit="percent" if style.percent else "observed range" if self.observed else "",
            higher_is_better=style.higher_is_better,
        )


class Grid:
    """Units by model and task, models in the order of the rows."""

    def __init__(self, units: Iterable[Unit], models: Sequence[str] = ()) -> None:
        ranks = {name: rank for rank, name in enumerate(models)}
        self._units: dict[tuple[str, str, str, str], Unit] = {}
        facts: dict[str, ModelFacts] = {}
        for unit in units:
            name = unit.model.name
            self._units[name, unit.task, unit.corpus, unit.protocol] = unit
            if name not in facts or (unit.metrics and facts[name].parameters is None):
                facts[name] = unit.model
        self.models: tuple[ModelFacts, ...] = tuple(
            sorted(
                facts.values(),
                key=lambda model: (
                    family_order(model.family),
                    ranks.get(model.name, len(ranks)),
                    model.base is not None,
                    model.name,
                ),
            )
        )

    def unit(self, model: str, wanted: Measured) -> Unit | None:
        """What a column shows of a model, None when it was never run."""
        return self._units.get((model, wanted.task, wanted.corpus, wanted.protocol))

    def units(self, wanted: Measured) -> list[Unit]:
        """All results that a column shows, in the order of the models."""
        found = (self.unit(model.name, wanted) for model in self.models)
        return [unit for unit in found if unit is not None]

    def protocols(self, task: str, corpora: Iterable[str]) -> list[str]:
        """Protocols under which any model has a result on any of the corpora, in the order of tables."""
        among = set(corpora)
        found = {protocol for _, name, corpus, protocol in self._units if name == task and corpus in among}
        return sorted(found, key=protocol_order)

    def corpora(self, task: str, protocol: str) -> set[str]:
        """Corpora that have a result under a protocol."""
        return {corpus for _, name, corpus, p in self._units if (name, p) == (task, protocol)}

    def has_observed(self, task: str, corpus: str, protocol: str) -> bool:
        """Whether any result has its error in the paper's unit."""
        return any(
            unit.observed_mae
            for (_, name, c, p), unit in self._units.items()
            if (name, c, p) == (task, corpus, protocol)
        )

    def splits(self, wanted: Iterable[Measured]) -> str:
        """What was scored, in words: `CR, MR: 10-fold cross-validation; SST5: test split`."""
        corpora: dict[str, dict[str, None]] = {}
        for column in wanted:
            found = sorted({_split(unit.split) for unit in self.units(column)})
            if found:
                corpora.setdefault(" and ".join(found), {})[corpus_title(column.corpus)] = None
        return "; ".join(f"{', '.join(names)}: {words}" for words, names in corpora.items())

    def cell(self, model: str, wanted: Measured) -> Cell:
        """The cell of a model in a column."""
        unit = self.unit(model, wanted)
        if unit is None:
            return Cell(status="not-run")
        if not unit.metrics:
            return Cell(status="undefined" if unit.status == "ok" else unit.status)
        if wanted.observed is not None:
            error = unit.observed_mae.get(wanted.observed)
            if error is None:
                return Cell(status="undefined")
            return Cell(
                value=error,
                printed=digits(error, metric_style(wanted.metric).decimals),
                contamination=unit.state,
            )
        number = unit.metrics.get(wanted.metric)
        if number is None:
            return Cell(status="undefined")
        style = metric_style(wanted.metric)
        return Cell(
            value=style.shown(number.value),
            low=None if number.low is None else style.shown(number.low),
            high=None if number.high is None else style.shown(number.high),
            printed=style.show(number.value),
            contamination=unit.state,
        )


def _split(split: str) -> str:
    return f"{split[2:]}-fold cross-validation" if split.startswith("cv") else f"{split} split"
