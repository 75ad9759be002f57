"""Studies of the harness itself, run from a clone; not part of the package."""
