"""Embedding services: `api:MODEL` asks a server that speaks the OpenAI form `POST {base URL}/embeddings`.

vLLM, text-embeddings-inference, Ollama, llama.cpp's server and the commercial services do. The client is the package
`openai`; it repeats requests that were refused for load (429), failed on the server (5xx) or lost their connection, and
waits longer each time. The key comes from the environment variable OPENAI_API_KEY alone, and no record or message holds
it.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from harness.encoder import EncoderCard
from harness.errors import BenchError, EncoderFault, ExtraMissing, UsageError, first_line
from harness.files import offline

#: Requests at once, texts and estimated tokens in one: text-embeddings-inference refuses more than 32 texts.
_REQUESTS, _TEXTS, _TOKENS = 8, 32, 8192
#: With the client's waiting times (at most 8 s) a server may be away for two minutes.
_RETRIES = 20
_OPENAI = "https://api.openai.com/v1"


def service_card(model: str) -> EncoderCard:
    """The card of a model that a service runs: nothing is known of it but its name."""
    return EncoderCard(
        name=f"api:{model}",
        family="service",
        title=model,
        weights="unknown: an embedding service runs the model",
        extras=("api",),
        notes="Nothing is known of the weights, which may change without a sign, nor of what they were trained on.",
    )


def estimated_tokens(text: str) -> int:
    """Tokens of a text, from its bytes: English has about four a token.

    >>> estimated_tokens("The rain was warm, and we are glad!")
    10
    """
    return 2 + len(text.encode("utf-8", "replace")) // 4


class ServiceEncoder:
    """A model of an embedding service.

    Args:
        model: its name there.
        base_url: of the service, up to `/v1`; None for OPENAI_BASE_URL, else OpenAI's own.
        price: US dollars for a million tokens, for the record.
        batch_tokens: most estimated tokens in one request.

    Raises:
        UsageError: no http(s) URL, or one with a password in it.
    """

    #: Texts after which vectors are stored: what a failure can cost twice.
    texts_at_once = _REQUESTS * _TEXTS
    #: Services compute in batches of many users: the same text has other last digits each time.
    repeatable = False

    def __init__(
        self, model: str, *, base_url: str | None = None, price: float | None = None, batch_tokens: int | None = None
    ) -> None:
        self.card, self.model, self.price = service_card(model), model, price
        self.base_url = base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI
        self.batch_tokens = batch_tokens or _TOKENS
        self.tokens = 0
        try:
            parts = urlsplit(self.base_url)
            self.host = f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname)
        except ValueError as error:
            raise UsageError(f"--base-url is no URL ({error})") from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
            raise UsageError("--base-url takes http(s)://HOST[:PORT]/v1; a key goes into OPENAI_API_KEY")

    @property
    def fingerprint(self) -> str:
        """Digest of the service's host, its path but for the usual one, and the model's name: more cannot be known."""
        path = urlsplit(self.base_url).path.rstrip("/").removesuffix("/v1")
        return hashlib.blake2b(f"service:{self.host}{path}:{self.model}".encode(), digest_size=16).hexdigest()

    def describe(self) -> dict[str, Any]:
        """What a result record says of how the vectors were made."""
        return {"backend": "service", "device": "service", "dtype": "unknown", "host": self.host}

    def spent(self) -> dict[str, float]:
        """Tokens that the service counted, and what they cost in US dollars where the price is known."""
        cost = {} if self.price is None else {"cost": self.tokens * self.price / 1e6}
        return {"tokens": float(self.tokens), **cost}

    def check_ready(self) -> None:
        """Raise what encoding would raise for want of the client, the network or a key; asks no service."""
        if find_spec("openai") is None:
            raise ExtraMissing(f"{self.card.name} needs the client of services: pip install 'affectbench[api]'")
        if offline() and urlsplit(self.base_url).hostname not in ("localhost", "127.0.0.1", "::1"):
            raise BenchError(f"{self.card.name} is a service on the network, which --offline forbids")
        if self.base_url == _OPENAI and not os.environ.get("OPENAI_API_KEY"):
            raise UsageError(f"{self.card.name}: set OPENAI_API_KEY, or name another service by --base-url")

    @cached_property
    def _client(self) -> Any:
        self.check_ready()
        from openai import OpenAI

        key = os.environ.get("OPENAI_API_KEY") or "none"
        return OpenAI(base_url=self.base_url, api_key=key, max_retries=_RETRIES)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode texts, several requests at once; see `harness.encoder.Encoder.encode`.

        Raises:
            EncoderFault: the service refused, did not answer, or answered with other than one vector a text.
        """
        self._client  # noqa: B018 (made by one thread)
        with ThreadPoolExecutor(_REQUESTS) as pool:
            vectors = [row for rows in pool.map(self._answer, self._batches(texts)) for row in rows]
        if len({len(row) for row in vectors}) > 1:
            raise EncoderFault(f"{self.card.name}: {self.host} gave vectors of several lengths")
        return np.array(vectors, np.float32).reshape(len(texts), -1)

    def _batches(self, texts: Sequence[str]) -> Iterator[list[str]]:
        batch: list[str] = []
        for text in texts:
            if batch and (len(batch) == _TEXTS or sum(map(estimated_tokens, [*batch, text])) > self.batch_tokens):
                yield batch
                batch = []
            batch.append(text or " ")  # some services refuse the empty text
        if batch:
            yield batch

    def _answer(self, batch: list[str]) -> list[list[float]]:
        try:
            answer = self._client.embeddings.create(model=self.model, input=batch, encoding_format="float")
            found = {item.index: item.embedding for item in answer.data}
        except Exception as error:  # the client raises many kinds, and its transport's
            why = first_line(error).replace(self._client.api_key, "***")
            if getattr(error, "status_code", 0) in (401, 403):  # whose text may hold a part of the key
                why = "it does not accept the key in OPENAI_API_KEY"
            raise EncoderFault(f"{self.card.name}: {self.host} gave no vectors: {why}") from None
        if len(answer.data) != len(batch) or found.keys() != set(range(len(batch))):
            raise EncoderFault(f"{self.card.name}: {self.host} gave {len(answer.data)} vectors for {len(batch)} texts")
        self.tokens += answer.usage.prompt_tokens if answer.usage else 0
        return [found[row] for row in range(len(batch))]
