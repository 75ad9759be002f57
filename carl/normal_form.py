"""The form in which texts count as equal, and its hash: those by which the harness finds evaluated texts."""

from harness.contamination.overlap import normal_form, text_hash

__all__ = ["normal_form", "text_hash"]
