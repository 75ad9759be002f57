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

import hashlib
import inspect
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, field
from pathlib import Path
from types import CodeType, FunctionType
from typing import Annotated, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from pydantic.dataclasses import dataclass

from harness.errors import BenchError, EncoderFault, first_line

#: How a text's vector is taken from its token vectors. `cls`: last layer, first token; `mean`: mean over all
#: tokens, the special ones included; `pooler`: the trained dense-tanh layer over the first token; `last`: the
#: last token.
POOLINGS = ("cls", "mean", "pooler", "last")


#: Distinct texts of which some must differ, and the largest change between two calls, of the vectors' largest value.
_SEVERAL, _RANDOM = 16, 1e-5

_ADVICE = "`bench check` tries every rule of the contract"

_Pooling = Annotated[str, Field(pattern=f"^({'|'.join(POOLINGS)})$")]
_Count = Annotated[int, Field(strict=True, ge=0, lt=2**53)]

#: Sentences whose vectors stand for an encoder that does not say what it is made of.
_PROBES = (
    "The evening was warm and everyone stayed.",
    "nothing works, and nobody answers!",
    "",
    "Why would I ever go back there?",
    "ok 👍 see you at 7:30",
)


@dataclass(frozen=True, kw_only=True)
class EncoderCard:
    """What a model is, where it comes from and what it has seen.

    Listing cards must stay cheap: a module that declares one imports neither torch nor transformers when it
    is imported.

    Raises:
        pydantic.ValidationError: a field has another type, or the name has blanks or commas.
    """

    name: Annotated[str, Field(pattern=r"^[^\s,]+$")]
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
    pooling: _Pooling | None = None
    """The pooling of the plain name; None where the notion does not apply."""
    poolings: tuple[_Pooling, ...] = ()
    """Every pooling that `NAME@POOLING` may ask for; only those that have trained weights."""
    recommended: _Pooling | None = None
    """The pooling that its authors trained or recommend, where it is known."""
    max_length: _Count | None = None
    """Tokens after which a text is cut, special tokens included; None for no limit."""
    dimensions: _Count | None = None
    """Length of a vector, when known without loading the model."""
    parameters: _Count | None = None
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
    prompts: Mapping[str, str] = field(default_factory=dict)
    """What stands before every text: task family → prompt, and under the empty name that of all other families."""
    extras: tuple[str, ...] = ()
    """Optional extras of this distribution (`pip install affectbench[NAME]`) that loading or encoding needs."""
    notes: str = ""
    """What a reader of the table must know: which vector, which form, what a missing extra does."""

    @property
    def shown(self) -> str:
        """The name that tables print."""
        return self.title or self.name

    def prompt(self, family: str = "") -> str:
        """What stands before the texts of a task family, or of no task."""
        return self.prompts.get(family, self.prompts.get("", ""))


@runtime_checkable
class Encoder(Protocol):
    """Turns texts into vectors.

    Three more attributes are used when present: `fingerprint` (str, names the loaded weights, tokeniser and
    options by content; without it the harness derives one from the card, the class's source and a few encoded
    probe sentences), `describe()` (dict of what a record should say: `dtype`, `backend`, `max_length`, ...) and
    `check_ready()` (raises what encoding would raise for want of files or packages, without reading weights).
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


def encode_checked(encoder: Encoder, texts: Sequence[str]) -> NDArray[np.float32]:
    """Encode texts, and check what comes back; see `checked_vectors`.

    Raises:
        EncoderFault: the encoder raised, or broke its contract.
        WeightsMissing, ExtraMissing: it cannot encode here.
    """
    try:
        vectors = encoder.encode(texts)
    except (BenchError, KeyboardInterrupt):
        raise
    except BaseException as error:  # a plugin may raise anything, call sys.exit, and a Rust library may panic
        raise EncoderFault(f"{encoder.card.name} failed to encode: {first_line(error)}") from error
    return checked_vectors(vectors, len(texts), encoder.card.name)


def check_vectors(encoder: Encoder, texts: Sequence[str], vectors: NDArray[np.float32]) -> None:
    """Refuse vectors that say nothing of their texts, or that another call would not give; a few texts pass.

    Raises:
        EncoderFault: all vectors are the same, or some texts have others when they are encoded again.
    """
    if len(texts) < _SEVERAL:
        return
    fault = "the same vector for all texts" if (vectors == vectors[0]).all() else ""
    if getattr(encoder, "repeatable", True):
        first, second = (encode_checked(encoder, texts[:4]) for _ in range(2))
        if (moved := np.abs(first - second).max() / max(np.abs(first).max(), 1e-12)) > _RANDOM:
            fault = f"other vectors for the same texts when asked again (moved by {moved:.2g} of their size)"
    if fault:
        raise EncoderFault(f"{encoder.card.name}.encode gives {fault}; {_ADVICE}")


def checked_vectors(vectors: Any, count: int, name: str) -> NDArray[np.float32]:
    """Vectors as the contract wants them, or an error that says what is wrong.

    Tensors, lists and other kinds of numbers are cast to a float32 array, with a notice.

    Args:
        vectors: what `encode` returned.
        count: number of texts it was given.
        name: the encoder, for the message.

    Raises:
        EncoderFault: no numbers, not of shape (count, d ≥ 1), or not finite.
    """
    kind = vectors.dtype if type(vectors) is np.ndarray else f"a {type(vectors).__name__}"
    try:
        found = as_float32(vectors)
    except (TypeError, ValueError) as error:
        raise EncoderFault(f"{name}.encode returned {kind}, no matrix of numbers ({error}); {_ADVICE}") from error
    if kind != np.float32:  # an array of another class may hide values, or multiply in another way
        warnings.warn(f"{name}.encode returned {kind}; it is cast to a float32 array", stacklevel=2)
    if found.ndim != 2 or found.shape[0] != count or found.shape[1] < 1:
        raise EncoderFault(f"{name}.encode returned shape {found.shape} for {count} texts, not ({count}, d); {_ADVICE}")
    if broken := np.flatnonzero(~np.isfinite(found).all(axis=1)).tolist():
        raise EncoderFault(
            f"{name}.encode returned NaN or infinity for {len(broken)} of {count} texts (first: row {broken[0]}); "
            f"{_ADVICE}"
        )
    return found


def as_float32(vectors: Any) -> NDArray[np.float32]:
    """Tensors of any device, lists and arrays of any numbers as a float32 array.

    Raises:
        TypeError, ValueError: no numbers, or rows of different length.
    """

    def plain(given: Any) -> Any:
        return given.detach().cpu().float().numpy() if hasattr(given, "detach") else given

    array = np.asarray([plain(row) for row in vectors] if isinstance(vectors, list) else plain(vectors))
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{array.dtype} is no number")
    return np.ascontiguousarray(array, dtype=np.float32)


def fingerprint_of(encoder: Encoder) -> str:
    """The encoder's own `fingerprint`, or one derived from its card, its source or state, and a few vectors.

    The derived one errs on the safe side: any change of the class's file, or of one bit of the probe vectors, is
    another encoder. A change that shows in neither (a side file that matters only to other texts) is for the plugin
    to report by a `fingerprint` of its own.

    Raises:
        EncoderFault: the encoder has no fingerprint of its own and cannot encode the probe sentences.
    """
    own = getattr(encoder, "fingerprint", None)
    if isinstance(own, str) and own:
        return own
    digest = hashlib.blake2b(digest_size=16)
    facts = {name: value for name, value in asdict(encoder.card).items() if value or name != "prompts"}
    digest.update(repr(sorted(facts.items())).encode("utf-8", "backslashreplace"))
    try:
        source = inspect.getsourcefile(type(encoder))
    except (TypeError, OSError):  # defined in a notebook or by exec
        source = None
    if source is not None and Path(source).is_file():
        digest.update(Path(source).read_bytes())
    else:
        methods = [vars(parent) for parent in type(encoder).__mro__[:-1]]
        _add(digest, [{n: f for n, f in own.items() if isinstance(f, FunctionType)} for own in methods])
        _add(digest, getattr(encoder, "__dict__", {}))
    digest.update(encode_checked(encoder, _PROBES).tobytes())
    return digest.hexdigest()


def _add(digest: Any, value: object) -> None:
    """Add a class's code or an encoder's state to a digest; objects count by their class's name."""
    if isinstance(value, dict):
        _add(digest, sorted(((str(name), part) for name, part in value.items()), key=lambda pair: pair[0]))
    elif isinstance(value, list | tuple):
        for item in value:
            _add(digest, item)
    elif isinstance(value, FunctionType):
        _add(digest, value.__code__)
    elif isinstance(value, CodeType):
        _add(digest, (value.co_code, value.co_names, value.co_consts))
    elif isinstance(value, np.ndarray) and value.dtype != object:
        digest.update(repr((value.dtype.str, value.shape)).encode() + value.tobytes())
    elif isinstance(value, str | bytes | int | float | complex | bool | None):
        digest.update(repr(value).encode("utf-8", "backslashreplace"))
    else:
        digest.update(type(value).__qualname__.encode())
