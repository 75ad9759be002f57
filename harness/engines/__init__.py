"""Where a plan is executed. Every engine leaves the same records."""

from harness.engines.base import Engine, Plan, Watcher
from harness.engines.local import LocalEngine
from harness.engines.ray import RayEngine

__all__ = ["Engine", "LocalEngine", "Plan", "RayEngine", "Watcher"]
