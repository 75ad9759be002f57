"""What an encoder is: one method, `encode`, and a card that says what the vectors are.

A plugin needs nothing from this module but `EncoderCard`; any class with a `card` and an `encode` serves:

>>> import numpy as np
>>> class Length:
...     card = EncoderCard(name="length", family="floor", training_data=())
...     def encode(self, texts):
...         return np.array([[len(text)] for text in texts], dtype=np.float32)
>>> isinstance(Length(), Encoder)
True
>>> Length().encode(["glad", "sorry"]).shape
(2, 1)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from numbers import Integral
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from harness.errors import UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

#: How a text's vector is taken from its token vectors. `cls`: last layer, first token; `mean`: mean over all
#: tokens, the special ones included; `pooler`: the trained dense-tanh layer over the first token; `last`: the
#: last token.
POOLINGS = ("cls", "mean", "pooler", "last")


@dataclass(frozen=True, kw_only=True)
class EncoderCard:
    """What a model is, where it comes from and what it has seen.

    Listing cards must stay cheap: a module that declares one imports neither torch nor transformers when it
    is imported.
    """

    name: str
    """The name on the command line and in every record."""
    family: str
    """Models of one family differ only in their training; tables group by it (`bert`, `roberta`, `floor`)."""
    title: str = ""
    """How tables print it; the name when empty."""
    base: str | None = None
    """The model it was initialised from, None for one trained from nothing or not trained at all."""
    weights: str = ""
    """Where the weights are: a hub id, a package, or the page that has them."""
    revision: str | None = None
    """The pinned revision of those weights, where the source has revisions."""
    pooling: str | None = None
    """The pooling of the plain name; None where the notion does not apply."""
    poolings: tuple[str, ...] = ()
    """Every pooling that `NAME@POOLING` may ask for; only those that have trained weights."""
    recommended: str | None = None
    """The pooling that its authors trained or recommend, where it is known."""
    max_length: int | None = None
    """Tokens after which a text is cut, special tokens included; None for no limit."""
    dimensions: int | None = None
    """Length of a vector, when known without loading the model."""
    parameters: int | None = None
    """Number of weights of the encoder part, embeddings included, when known without loading the model."""
    training_data: tuple[str, ...] | None = None
    """Names of the data sets whose texts or labels trained it. `()` is none; None is not declared, which is
    shown as unknown and never as clean."""
    training_notes: str = ""
    """What the names leave out: which part, how many rows, which labels."""
    licence: str | None = None
    """Licence of the weights as their authors state it; None where none is stated."""
    citation: str = ""
    """Reference of the paper."""
    url: str = ""
    """The authors' page or repository."""
    extras: tuple[str, ...] = ()
    """Optional extras of this distribution (`pip install affectbench[NAME]`) that loading or encoding needs."""
    notes: str = ""
    """What a reader of the table must know: which vector, which form, what a missing extra does."""

    def __post_init__(self) -> None:
        if not _is_text(self.name) or not self.name or any(c.isspace() or c == "," for c in self.name):
            raise UsageError(f"an encoder may not be called {_shown(self.name)}: a string without blanks and commas")
        for field in fields(self):
            value: Any = getattr(self, field.name)
            fits, expected = _KINDS[str(field.type)]
            # What means the same: lists of names, and NumPy's integers.
            if type(value) is list:
                object.__setattr__(self, field.name, value := tuple(value))
            elif type(value) is not bool and isinstance(value, Integral):
                object.__setattr__(self, field.name, value := int(value))
            # What has no weights, a word list, may say so.
            if not fits(value) and not (field.name == "parameters" and value == 0 and type(value) is int):
                raise UsageError(
                    f"{self.name}: `{field.name}` of its card is {_shown(value)}; it must be {expected}"
                    + (": write ('mr',) for one name, () for none" if isinstance(value, str) else "")
                )
        for pooling in (*self.poolings, self.pooling, self.recommended):
            if pooling is not None and pooling not in POOLINGS:
                raise UsageError(f"{self.name}: unknown pooling {pooling!r}; there are {', '.join(POOLINGS)}")

    @property
    def shown(self) -> str:
        """The name that tables print."""
        return self.title or self.name


def _is_text(value: object) -> bool:
    if not isinstance(value, str):
        return False
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:  # half of a pair, which no file can hold
        return False
    return True


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < _LARGEST


def _are_texts(value: object) -> bool:
    return isinstance(value, tuple) and all(map(_is_text, value))


def _shown(value: object) -> str:
    """A value as an error message shows it, whatever its class makes of that."""
    try:
        text = repr(value)
    except Exception:  # a user's class may fail in any way
        text = f"an object of {type(value).__name__}"
    return text.encode("utf-8", "backslashreplace").decode()[:60]


#: Numbers of weights and of tokens are smaller.
_LARGEST = 2**53

#: Annotation of a field → whether a value fits, and what it must be.
_KINDS: Mapping[str, tuple[Callable[[object], bool], str]] = {
    "str": (_is_text, "a string"),
    "str | None": (lambda value: value is None or _is_text(value), "a string or None"),
    "int | None": (lambda value: value is None or _is_count(value), "a whole number from 1, or None"),
    "tuple[str, ...]": (_are_texts, "a tuple of strings"),
    "tuple[str, ...] | None": (lambda value: value is None or _are_texts(value), "a tuple of strings, or None"),
}


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors.

    Two more attributes are used when present: `fingerprint` (str, names the loaded weights, tokeniser and
    options by content; without it the harness derives one from the card, the class's source and a few encoded
    probe sentences) and `describe()` (dict of what a record should say: `dtype`, `backend`, `max_length`, ...).
    """

    @property
    def card(self) -> EncoderCard:
        """The model's card; it may be a plain class attribute."""
        ...

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts.

        Args:
            texts: any strings; empty and over-long ones are allowed.

        Returns:
            float32 array of shape (len(texts), dimensions), finite; row i belongs to text i and does not
            depend on the other texts.
        """
        ...
