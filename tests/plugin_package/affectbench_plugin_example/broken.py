"""A plugin that cannot be imported."""

raise RuntimeError("the accelerator library is too old")
