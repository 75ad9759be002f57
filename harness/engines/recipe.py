"""How another process makes the workbench of this one: by names alone, so that nothing large or odd must pickle."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import StorageFault, UsageError
from harness.registry import find_encoder, tasks

if TYPE_CHECKING:
    from harness.units import RunOptions, Workbench

#: Variables that workers on other machines need as they are here.
_VARIABLES = (
    "AFFECTBENCH_OFFLINE",
    "HF_HUB_OFFLINE",
    "HF_HOME",
    "HF_HUB_CACHE",
    "NLTK_DATA",
    "TOKENIZERS_PARALLELISM",
    "XDG_CACHE_HOME",
)


@dataclass(frozen=True)
class Recipe:
    """What a worker needs to know of a run."""

    options: RunOptions
    specs: Mapping[str, str]
    """Model → what `find_encoder` finds it by."""
    tasks: tuple[str, ...]
    directory: str
    """Where relative paths begin."""
    variables: Mapping[str, str]

    @classmethod
    def of(cls, bench: Workbench) -> Recipe:
        """The recipe of a workbench.

        Raises:
            UsageError: a model or a task is known to this process alone.
        """
        lost = [model for model in bench.plugins if model not in bench.specs]
        known = tasks()
        lost += [identity for identity, task in bench.tasks.items() if known.get(identity) != task]
        if lost:
            raise UsageError(
                f"workers cannot make {', '.join(lost)}: only what has a name on the command line can be made again "
                "in another process; run without `--engine ray` and `--unit-timeout`"
            )
        # A worker is one of several processes already.
        options = replace(bench.options, processes=1)
        variables = {name: os.environ[name] for name in _VARIABLES if name in os.environ}
        return cls(options, dict(bench.specs), tuple(bench.tasks), str(Path.cwd()), variables)

    def workbench(self) -> Workbench:
        """Make the workbench again.

        Raises:
            StorageFault: the directory that the run was started in is not here.
        """
        from harness.embeddings import EmbeddingStore
        from harness.units import Workbench

        os.environ.update(self.variables)
        try:
            os.chdir(self.directory)
        except OSError as error:
            raise StorageFault(
                f"a worker has no directory {self.directory}: all machines of a run must share the file system on "
                "which it is started, with its corpora, cache and results"
            ) from error
        plugins = {name: replace(find_encoder(spec), name=name) for name, spec in self.specs.items()}
        known = tasks()
        bench = Workbench(self.options, plugins, {name: known[name] for name in self.tasks}, self.specs)
        # Under `--fresh` too: what is there by now was encoded by this run's workers (see `jobs.Look.drop`).
        bench.store = EmbeddingStore(self.options.cache_dir)
        return bench
