"""What a training run is: every choice, those that the paper leaves open included, in one frozen dataclass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from carl.settings import changed
from harness.errors import UsageError

#: Rated sources whose licence is stated and open (see the corpus's own table).
OPEN_RATED = ("steam", "movie-polarity2", "pros-cons")

#: The same, and those of which no licence is stated anywhere.
ALL_RATED = (*OPEN_RATED, "movie-scale", "amazon-4domain", "restaurant-reviews", "app-reviews")


@dataclass(frozen=True, kw_only=True)
class Config:
    """A training run."""

    name: str
    """How the checkpoint and its card call it."""
    backbone: str
    """Encoder to start from: a name of `bench models`, or `hf:` and a model."""

    # Data
    sources: tuple[str, ...] = ("emobank", "facebook")
    """Label sources: `emobank` (its training split), `facebook`, `emotales`, `iemocap`, `rated`; and `unlabelled`,
    texts for the teacher alone."""
    scaling: str = "scale"
    """Minimum and maximum of (12): `scale` takes the ends of the annotation scale, `observed` the data's own."""
    rated_sources: tuple[str, ...] = OPEN_RATED
    """Which rated reviews `rated` stands for."""
    rated_texts: int = 20_000
    """Most rated reviews. No source takes more than an equal share of them while another has texts left."""
    rated_excerpts: int = 0
    """Excerpts to take of a review that is longer than `max_length`, each with the review's rating; 0 takes its
    beginning, up to `max_length`."""
    rated_balanced: bool = True
    """Thin the larger half of each rated source, so that praise and blame weigh alike (93 % of Steam is praise)."""
    unlabelled_sources: tuple[str, ...] = ("reddit-self", "reddit-title")
    """Which texts of the corpus folder `unlabelled` stands for."""
    unlabelled_texts: int = 20_000
    """Most unlabelled texts; of a longer one, one excerpt."""
    max_length: int = 64
    """Tokens after which a text is cut, special tokens included."""

    # Sentence level
    temperature: float = 0.05
    """τ of P_sim in (5)."""
    label_temperature: float = 1.0
    """τ of P_va in (5), which is printed without any; 0.05 makes it nearly one-hot."""
    similarity: str = "cosine"
    """Label similarity (4): `cosine`, `euclidean` or `polarity`."""
    form: str = "symmetric"
    """Form of (6): `symmetric`, `fit-labels`, `fit-embeddings` or `kl`."""
    norm_floor: float = 0.05
    """Norm below which a label counts as without direction."""
    lambda_mccl: float = 0.8
    """λ1 of (11); 0 leaves the sentence-level loss to the attack alone."""

    # Token level
    lambda_ptd: float = 0.2
    """λ2 of (11); 0 leaves out the attack."""
    share: float = 0.1
    """Share of a text's tokens that is perturbed."""
    selection: str = "salient"
    """Which tokens: `salient` or `random`."""
    attacked_texts: float = 0.5
    """Share of a batch's texts that are attacked. Where all are, the words alone say which tokens are salient and
    so perturbed; texts left clean show the detector the same words untouched."""
    token_texts: float = 1.0
    """Share of a batch's texts whose tokens the detector judges: fewer cost less. Below 1 it needs `dropout` 0, since
    clean and perturbed pass could not drop the same values."""
    epsilon: float = 2.0
    """Radius of the attack; see `relative`."""
    alpha: float = 1.0
    """Length of one step of the attack; see `relative`."""
    relative: bool = True
    """Whether radius and step are shares of the norm of a text's selected embeddings, or absolute."""
    attack_steps: int = 3
    """Steps of the attack."""
    gamma: float = 2.0
    """γ of the focal loss (10)."""

    # Teacher, no part of the paper
    teacher: str | None = None
    """Encoder whose vectors the first token learns to tell, of all texts; a name of `bench models`."""
    lambda_teacher: float = 0.0
    """Weight of that loss beside λ1 and λ2; 0 leaves it out."""

    # Networks
    target: str = "momentum"
    """`momentum`: the target follows by (1). `online`: no target network, the online branch itself without
    gradient takes its place."""
    momentum: float = 0.99
    """m₀ of (2)."""
    projection_hidden: int = 1024
    """Width of the hidden layer of projector and predictor."""
    projection_size: int = 256
    """Width of the vectors that are compared."""
    projection_norm: str = "batch"
    """Normalisation in projector and predictor: `batch` (BYOL's), `layer` or `none`."""
    dropout: float = 0.1
    """Dropout of the encoder; the same in the clean and in the perturbed pass."""

    # Optimisation
    epochs: int = 2
    """Passes over the data."""
    steps: int | None = None
    """Stop the schedule after so many steps in place of `epochs`."""
    batch: int = 128
    """Texts that are compared with each other."""
    accumulation: int = 1
    """Batches to one optimiser step; texts of different batches are not compared."""
    learning_rate: float = 2e-5
    """Peak learning rate of the encoder."""
    head_learning_rate: float = 1e-3
    """Peak learning rate of pooler, projector, predictor and detector, which start from nothing."""
    weight_decay: float = 0.01
    """AdamW's, for matrices only."""
    warmup: float = 0.1
    """Share of the steps in which the learning rate rises."""
    restarts: bool = True
    """One warm restart per epoch; else a single cosine."""
    clip: float = 1.0
    """Largest gradient norm; 0 for no clipping."""
    precision: str = "auto"
    """Of training passes: `bfloat16`, `float32`, or `auto`, bfloat16 on a GPU and float32 elsewhere. The attack's own
    passes are float32 always."""
    seed: int = 0
    """Decides order, initial heads, dropout and random tokens."""

    # Watching
    log_every: int = 10
    """Steps between two lines of the curves."""
    evaluate_every: int = 50
    """Steps between two looks at the development data, where there is any."""
    save_every: int = 50
    """Steps between two saved states."""
    development_texts: int = 2000
    """Most texts of each split that a look at the development data encodes."""

    def __post_init__(self) -> None:
        for name, allowed in _CHOICES.items():
            if getattr(self, name) not in allowed:
                raise UsageError(f"{name} is {getattr(self, name)!r}; there are {', '.join(allowed)}")
        for name, (low, high) in _RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"{name} is {value}, it must lie between {low} and {high}")
        unknown = [name for name in self.sources if name not in SOURCES]
        if unknown or not self.sources:
            raise UsageError(f"unknown label sources {', '.join(unknown)!r}; there are {', '.join(SOURCES)}")
        if bool(self.lambda_teacher) != bool(self.teacher):
            raise UsageError(
                f"teacher is {self.teacher!r} and lambda_teacher {self.lambda_teacher}: one needs the other"
            )
        if "unlabelled" in self.sources and not self.teacher:
            raise UsageError(
                "unlabelled texts serve a teacher only: set `teacher`, or leave `unlabelled` out of `sources`"
            )
        if not self.lambda_mccl and not self.lambda_ptd:
            raise UsageError("lambda_mccl and lambda_ptd are both 0: there is nothing to learn")
        if self.token_texts < 1 and self.dropout:
            raise UsageError(
                f"token_texts is {self.token_texts} and dropout {self.dropout}; below 1 it needs dropout 0"
            )

    def as_dict(self) -> dict[str, Any]:
        """Field → value, as JSON holds it."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Config:
        """The inverse of `as_dict`."""
        fitting: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
        return cls(**fitting)

    def changed(self, settings: Iterable[str]) -> Config:
        """The configuration with some fields changed.

        Args:
            settings: `FIELD=VALUE` each; lists with commas, `none`, `true` and `false` as words.

        Raises:
            UsageError: no such field, or the value has another type.

        >>> Config(name="mine", backbone="minilm").changed(["batch=16", "sources=emobank,rated"]).sources
        ('emobank', 'rated')
        """
        return changed(self, settings)


SOURCES = ("emobank", "facebook", "emotales", "iemocap", "rated", "unlabelled")

_CHOICES: Mapping[str, tuple[str, ...]] = {
    "scaling": ("scale", "observed"),
    "similarity": ("cosine", "euclidean", "polarity"),
    "form": ("symmetric", "fit-labels", "fit-embeddings", "kl"),
    "selection": ("salient", "random"),
    "target": ("momentum", "online"),
    "projection_norm": ("batch", "layer", "none"),
    "precision": ("auto", "bfloat16", "float32"),
}

_INFINITE = float("inf")

_RANGES: Mapping[str, tuple[float, float]] = {
    "temperature": (1e-4, _INFINITE),
    "label_temperature": (1e-4, _INFINITE),
    "norm_floor": (1e-9, 1),
    "lambda_mccl": (0, _INFINITE),
    "lambda_ptd": (0, _INFINITE),
    "share": (1e-9, 1),
    "attacked_texts": (0, 1),
    "token_texts": (1e-9, 1),
    "epsilon": (0, _INFINITE),
    "alpha": (0, _INFINITE),
    "gamma": (0, _INFINITE),
    "lambda_teacher": (0, _INFINITE),
    "momentum": (0, 1),
    "dropout": (0, 0.99),
    "warmup": (0, 1),
    **dict.fromkeys(("learning_rate", "head_learning_rate", "weight_decay", "clip"), (0, _INFINITE)),
    **dict.fromkeys(("attack_steps", "projection_hidden", "projection_size"), (1, _INFINITE)),
    **dict.fromkeys(("epochs", "steps", "accumulation", "log_every", "evaluate_every"), (1, _INFINITE)),
    **dict.fromkeys(("save_every", "rated_texts", "unlabelled_texts", "development_texts"), (1, _INFINITE)),
    "rated_excerpts": (0, _INFINITE),
    "batch": (2, _INFINITE),
    "max_length": (3, _INFINITE),
    "seed": (0, 2**31 - 1),
}
