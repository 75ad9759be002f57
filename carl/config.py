"""What a training run is: every choice, those that the paper leaves open included, in one frozen dataclass."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from harness.errors import UsageError, unknown_name

Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Share = Annotated[float, Field(ge=0, le=1)]
Temperature = Annotated[float, Field(ge=1e-4, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]
Source = Literal["emobank", "facebook", "emotales", "ratings", "rated", "unlabelled"]

#: Sources of rated reviews; of those from the fourth on no licence is stated anywhere.
ALL_RATED = (
    *("steam", "movie-polarity2", "pros-cons"),
    *("movie-scale", "amazon-4domain", "restaurant-reviews", "app-reviews"),
)


class RunConfig(BaseModel):
    """What every training run says: its name, how it is optimised and how it is watched.

    Raises:
        UsageError: no such field, or a value of another type or out of its range.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            wrong = error.errors()[0]
            name, message = ".".join(map(str, wrong["loc"])), wrong["msg"].removeprefix("Value error, ")
            if wrong["type"] == "extra_forbidden":
                raise unknown_name("field", name, list(type(self).model_fields)) from error
            raise UsageError(f"{name or 'configuration'}: {message}") from error

    name: str
    """How the checkpoint and its card call it."""
    learning_rate: Weight = 3e-4
    """Peak learning rate of the encoder, or of its adapters."""
    head_learning_rate: Weight = 1e-3
    """Peak learning rate of pooler, projector, predictor and detector, which start from nothing."""
    weight_decay: Weight = 0.01
    """AdamW's, for matrices only."""
    warmup: Share = 0.1
    """Share of the steps in which the learning rate rises."""
    restarts: bool = False
    """One warm restart per epoch; else a single cosine."""
    clip: Weight = 1.0
    """Largest gradient norm; 0 for no clipping."""
    seed: int = Field(default=0, ge=0, lt=2**31)
    """Decides order, initial heads, dropout and random tokens."""
    log_every: Count = 10
    """Steps between two lines of the curves."""
    evaluate_every: Count = 200
    """Steps between two looks at the development data."""
    save_every: Count = 20
    """Steps between two saved states."""

    def as_dict(self) -> dict[str, Any]:
        """Field → value, as JSON holds it."""
        return self.model_dump(mode="json")

    def changed(self, settings: Iterable[str]) -> Self:
        """The configuration with some fields changed.

        Args:
            settings: `FIELD=VALUE` each; lists with commas, `none`, `true` and `false` as words.

        Raises:
            UsageError: no such field, or the value has another type or is out of its range.

        >>> Config(name="mine", backbone="minilm").changed(["sources=rated", "sources=emobank,rated"]).sources
        ('emobank', 'rated')
        """
        values: dict[str, Any] = self.model_dump()
        for setting in settings:
            name, _, value = setting.partition("=")
            several = isinstance(getattr(self, name, None), tuple)
            values[name] = value.split(",") if several else None if value.lower() == "none" else value
        return type(self)(**values)


class Config(RunConfig):
    """A training run. The defaults are those of `carl-mpnet`; `configuration("paper")` has every printed value."""

    backbone: str = "mpnet"
    """Encoder to start from: a name of `bench models`, `hf:` and a model, or a directory."""
    pooling: Literal["mean", "cls"] = "mean"
    """The vector that is trained and shipped: `mean` or `cls`. The paper's is the first token."""

    # Data
    sources: tuple[Source, ...] = ("emobank", "facebook", "ratings", "rated", "unlabelled")
    """`emobank` (its training split), `facebook`, `emotales`, `ratings` (tweets and editorials, rated by
    twenty people each), `rated` (reviews with stars), `unlabelled`."""
    mixture: tuple[int, int, int] = (48, 64, 16)
    """Texts of a batch that people rated for affect, that have stars, and that have no labels. (0, 0, 0) shuffles all
    labelled texts together, `batch` at a time, as the paper does."""
    batch: int = Field(default=128, ge=2)
    """Texts of a batch where `mixture` does not say it."""
    scaling: Literal["scale", "observed"] = "scale"
    """Minimum and maximum of (12): `scale` takes the ends of the annotation scale, `observed` the data's own."""
    rated_sources: tuple[str, ...] = ALL_RATED
    """Which reviews `rated` stands for."""
    rated_texts: Count = 90_000
    """Most excerpts of reviews; no source takes more than an equal share while another has texts left."""
    rated_excerpts: int = Field(default=6, ge=0)
    """Excerpts of a review that is longer than `max_length`, each with the review's rating; 0 takes its beginning."""
    unlabelled_sources: tuple[str, ...] = ("reddit-self", "reddit-title", "tweeteval-text", "crowdflower-tweets")
    """Which texts of the corpus folder `unlabelled` stands for."""
    unlabelled_texts: Count = 60_000
    """Most of them; of a longer one, one excerpt."""
    max_length: int = Field(default=56, ge=3)
    """Tokens after which a text is cut, special tokens included."""

    # Sentence level
    temperature: Temperature = 0.05
    """τ of P_sim in (5)."""
    label_temperature: Temperature = 0.15
    """τ of P_va in (5), which is printed without any."""
    similarity: Literal["cosine", "euclidean", "polarity"] = "euclidean"
    """Label similarity (4): `cosine`, `euclidean` or `polarity`."""
    forward: Weight = 1.0
    """Weight of CE(P_va, P_sim) in (6); it is smallest at P_sim = P_va."""
    reverse: Weight = 0.25
    """Weight of CE(P_sim, P_va) in (6); it is smallest for a row that is all on one text."""
    norm_floor: float = Field(default=0.05, ge=1e-9, le=1)
    """Norm below which a label counts as without direction."""
    lambda_mccl: Weight = 1.0
    """λ1 of (11)."""

    # Token level
    lambda_ptd: Weight = 0.0
    """λ2 of (11); 0 leaves out the attack."""
    share: float = Field(default=0.1, gt=0, le=1)
    """Share of a text's tokens that is perturbed."""
    selection: Literal["salient", "random"] = "salient"
    """Which tokens: `salient` or `random`."""
    attacked_texts: Share = 0.5
    """Share of a batch's texts that are attacked. Where all are, the words alone say which tokens are salient and
    so perturbed; texts left clean show the detector the same words untouched."""
    token_groups: float = Field(default=1.0, gt=0, le=1)
    """Share of a batch's groups whose tokens the detector judges: fewer cost less."""
    epsilon: Weight = 2.0
    """Radius of the attack; see `relative`."""
    alpha: Weight = 1.0
    """Length of one step of the attack; see `relative`."""
    relative: bool = True
    """Whether radius and step are shares of the norm of a text's selected embeddings, or absolute."""
    attack_steps: Count = 3
    """Steps of the attack."""
    gamma: Weight = 2.0
    """γ of the focal loss (10)."""

    # Terms that are no part of the paper
    lambda_words: Weight = 0.25
    """Weight of telling, from the vector, which words of the VADER lexicon a text has; 0 leaves it out."""
    teacher: str | None = None
    """Encoder whose vectors are learnt from all texts (distillation); a name of `bench models` or a directory."""
    lambda_teacher: Weight = 0.0
    """Weight of that loss."""
    teacher_temperature: Temperature = 0.1
    """τ of its neighbours."""

    # Networks
    lora_rank: int = Field(default=32, ge=0)
    """Rank of the adapters that are trained; 0 trains the weights of all layers (word embeddings rest)."""
    lora_alpha: int = 32
    """Scale of the adapters, over the rank."""
    target: Literal["momentum", "online"] = "momentum"
    """`momentum`: the target follows by (1). `online`: no target network."""
    momentum: Share = 0.99
    """m₀ of (2)."""
    projection_hidden: Count = 1024
    """Width of the hidden layer of projector and predictor."""
    projection_size: Count = 256
    """Width of the vectors that are compared."""
    dropout: float = Field(default=0.1, ge=0, lt=1)
    """Dropout of the encoder; the same in the clean and in the perturbed pass."""

    # Optimisation
    steps: Count | None = None
    """Steps of the run; none: `epochs` passes over the human ratings, or over all texts without a mixture."""
    epochs: Count = 2
    """Passes, where `steps` does not say it."""
    precision: Literal["bfloat16", "float32"] = "bfloat16"
    """Of the encoder's passes: `bfloat16` or `float32`. Word embeddings, attack and losses are float32 always."""
    checkpointing: bool = False
    """Compute activations again in the backward pass: less memory, a third more time."""
    group: Count = 16
    """Texts of similar length that are read at once."""

    # Watching
    development_texts: Count = 2000
    """Most texts of a training split that a look encodes, and twice those of GoEmotions' development split."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if not self.sources or min(self.mixture) < 0 or (any(self.mixture) and sum(self.mixture[:2]) < 2):
            raise ValueError(
                "`sources` names texts; `mixture` is three counts: rated by people, with stars (two of both at "
                "least, which are compared), unlabelled"
            )
        if bool(self.lambda_teacher) != bool(self.teacher):
            raise ValueError(f"teacher {self.teacher!r} and lambda_teacher {self.lambda_teacher}: one needs the other")
        if not any((self.lambda_mccl, self.lambda_ptd, self.lambda_words, self.lambda_teacher)):
            raise ValueError("all weights are 0: there is nothing to learn")
        return self


_REDDIT_AND_FILMS = ("reddit-self", "reddit-title", "imdb-unsup", "tweeteval-text", "crowdflower-tweets")

#: What the small encoders learn from `carl-mpnet`, beside CARL's own loss on labelled texts.
_DISTILLED: Mapping[str, Any] = {
    "pooling": "cls",
    "sources": ("emobank", "facebook", "ratings", "rated", "unlabelled"),
    "mixture": (24, 48, 56),
    "unlabelled_sources": _REDDIT_AND_FILMS,
    "rated_texts": 40_000,
    "unlabelled_texts": 50_000,
    "teacher": "carl-mpnet",
    "lambda_teacher": 1.0,
    "lambda_mccl": 0.25,
    "lambda_words": 0.0,
    "lora_rank": 0,
    "dropout": 0.0,
    "learning_rate": 2e-4,
    "steps": 1500,
    "evaluate_every": 500,
}

#: What every ablation shares: MiniLM, affect ratings and stars, small batches, an attack that moves states.
_ABLATED: Mapping[str, Any] = {
    "backbone": "minilm",
    "sources": ("emobank", "facebook", "rated"),
    "mixture": (24, 40, 0),
    "rated_texts": 20_000,
    "max_length": 40,
    "lora_rank": 0,
    "learning_rate": 1e-4,
    "dropout": 0.0,
    "lambda_mccl": 0.8,
    "lambda_ptd": 0.2,
    "lambda_words": 0.0,
    "steps": 120,
    "evaluate_every": 120,
}

#: Ablation → what it changes (Table V). `full` is CARL with every part.
ABLATIONS: Mapping[str, Mapping[str, Any]] = {
    "full": {},
    "no-ptd": {"lambda_ptd": 0.0},
    "no-mccl": {"lambda_mccl": 0.0},
    "random-tokens": {"selection": "random"},
    "polarity-labels": {"similarity": "polarity"},
    "cosine-labels": {"similarity": "cosine"},
    "no-momentum": {"target": "online"},
}

_NAMED: Mapping[str, Mapping[str, Any]] = {
    # Everything that is printed, as printed, but for IEMOCAP, which is given out by agreement alone.
    "paper": {
        "backbone": "bert",
        "pooling": "cls",
        "sources": ("emobank", "facebook", "emotales"),
        "mixture": (0, 0, 0),
        "scaling": "observed",
        "max_length": 128,
        "label_temperature": 1.0,
        "similarity": "cosine",
        "reverse": 1.0,
        "norm_floor": 1e-9,
        "lambda_mccl": 0.8,
        "lambda_ptd": 0.2,
        "lambda_words": 0.0,
        "attacked_texts": 1.0,
        "epsilon": 5e-9,
        "alpha": 5.0,
        "relative": False,
        "lora_rank": 0,
        "momentum": 0.9996,
        "learning_rate": 2e-5,
        "head_learning_rate": 2e-5,
        "restarts": True,
        "precision": "float32",
        "evaluate_every": 10,
    },
    "carl-mpnet": {"steps": 400},
    "carl-minilm": {"backbone": "minilm", **_DISTILLED},
    "carl-roberta": {"backbone": "roberta-small", **_DISTILLED},
    **{f"carl-minilm-{name}": {**_ABLATED, **changes} for name, changes in ABLATIONS.items()},
}


def configuration_names() -> tuple[str, ...]:
    """Names of the configurations."""
    return tuple(_NAMED)


def configuration(name: str) -> Config:
    """A named configuration.

    Raises:
        UsageError: there is none of that name.

    >>> configuration("carl-minilm-no-ptd").lambda_ptd, configuration("paper").epsilon
    (0.0, 5e-09)
    """
    if name not in _NAMED:
        raise unknown_name("configuration", name, list(_NAMED))
    return Config(name=name, **_NAMED[name])
