"""The free parts of a record, `details` and `contamination`: what tables, figures and pages read of them must be so.

A record may come from anybody. Names that nobody reads may hold anything that JSON can.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

#: Names of classes that one record may list.
_MOST_CLASSES = 1000


def check_details(details: Mapping[str, Any]) -> None:
    """Refuse details of another form.

    Args:
        details: of a record: `classes` are names, `mae_observed` numbers by dimension, `interval` is words, `backbone`
            an object.

    Raises:
        ValueError: says which is not.
    """
    classes = details.get("classes", [])
    if not _list_of(classes, _text) or len(classes) > _MOST_CLASSES:
        raise ValueError(f"`details.classes` is no list of at most {_MOST_CLASSES} names")
    observed = details.get("mae_observed", {})
    if not isinstance(observed, Mapping) or not all(map(_number, observed.values())):
        raise ValueError("`details.mae_observed` holds something else than numbers")
    if not _text(details.get("interval", "")):
        raise ValueError("`details.interval` is not a string")
    if not isinstance(details.get("backbone", {}), Mapping):
        raise ValueError("`details.backbone` is not an object")


def check_contamination(contamination: Mapping[str, Any]) -> None:
    """Refuse a judgement of another form.

    Args:
        contamination: of a record or of `contamination.json`: `state`, `basis` and `corpus` are words, `declared`,
            `matches` and `notes` lists, whose objects hold words, and `counts` numbers of texts with the name of their
            `part`. `texts` holds numbers and words.

    Raises:
        ValueError: says which is not.
    """
    for name in ("state", "basis", "corpus"):
        if contamination.get(name) is not None and not _text(contamination[name]):
            raise ValueError(f"`contamination.{name}` is not a string")
    if contamination.get("declared") is not None and not _list_of(contamination["declared"], _text):
        raise ValueError("`contamination.declared` is no list of names")
    for name in ("matches", "notes"):
        if not _list_of(contamination.get(name, []), _match):
            raise ValueError(f"`contamination.{name}` is no list of objects that hold words, and counts of texts")
    texts = contamination.get("texts", {})
    if not isinstance(texts, Mapping) or not _list_of(texts.get("compared", []), _text):
        raise ValueError("`contamination.texts` is no object with a list of names, `compared`")
    left_out = texts.get("not_compared", {})
    if not isinstance(left_out, Mapping) or not all(map(_text, left_out.values())):
        raise ValueError("`contamination.texts.not_compared` holds something else than words")


def _match(value: object) -> bool:
    if not isinstance(value, Mapping):
        return False
    counts = value.get("counts", {})
    if not isinstance(counts, Mapping) or not all(
        _text(number) if name == "part" else _count(number) for name, number in counts.items()
    ):
        return False
    return all(_text(words) for name, words in value.items() if name != "counts")


def _text(value: object) -> bool:
    return isinstance(value, str)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _list_of(value: object, fits: Callable[[object], bool]) -> bool:
    return isinstance(value, list) and all(map(fits, value))
