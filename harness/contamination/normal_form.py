"""The forms in which texts count as equal, and the hash by which a text can be recognised without being shown."""

from __future__ import annotations

import hashlib
import re

_BRACKETS = frozenset(("-lrb-", "-rrb-"))
_OTHER = re.compile(r"[^a-z0-9]+")


def exact_form(text: str) -> str:
    r"""Lower case, white space folded.

    >>> exact_form("A  good\tDay . ")
    'a good day .'
    """
    return " ".join(text.lower().split())


def normal_form(text: str) -> str:
    """Lower case, without bracket tokens, a-z and 0-9 alone: bridges tokenisers and punctuation.

    >>> normal_form("It 's -LRB- very -RRB- GOOD !")
    'itsverygood'
    """
    words = (word for word in text.lower().split() if word not in _BRACKETS)
    return _OTHER.sub("", "".join(words))


def form_hash(form: str) -> str:
    """First 16 hexadecimal digits of the SHA-256 of a normal form."""
    return hashlib.sha256(form.encode()).hexdigest()[:16]


def text_hash(text: str) -> str:
    """The hash of a text's normal form: shows overlap without giving the text.

    >>> text_hash("Very good!") == text_hash("very good")
    True
    """
    return form_hash(normal_form(text))
