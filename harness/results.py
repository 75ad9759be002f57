"""Former name of `harness.record`."""

from harness.record import SCHEMA, STATUSES, Failure, ModelFacts, Record, ResultStore, pack, unpack

__all__ = ["SCHEMA", "STATUSES", "Failure", "ModelFacts", "Record", "ResultStore", "pack", "unpack"]
