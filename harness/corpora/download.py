"""Fetch one pinned file over https, whole and checked, or not at all.

The bytes go to a temporary file beside the destination and are renamed over it only when length and SHA-256 are
the pinned ones; a wrong or half file never stays.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from harness.errors import DataInvalid, DataMissing
from harness.files import atomic_write

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from urllib.request import OpenerDirector

_CHUNK = 1 << 18


@dataclass(frozen=True, kw_only=True)
class Downloader:
    """How files are fetched."""

    schemes: tuple[str, ...] = ("https",)
    """Schemes that an address, and every redirect, may have."""
    timeout: float = 20.0
    """Seconds that a server may stay silent."""
    slowest: float = 20_000.0
    """Bytes per second, on average after the first `timeout` seconds, below which a download is given up."""

    def fetch(self, url: str, destination: Path, *, sha256: str, size: int) -> None:
        """Download an address to a file.

        Args:
            url: the pinned address.
            destination: where the file goes; its directory is made when missing.
            sha256: checksum of the published bytes.
            size: their number.

        Raises:
            DataMissing: the address cannot be reached, answers with an error, is too slow, or is not https.
            DataInvalid: it serves other bytes than the pinned ones; nothing is kept.
            StorageFault: the destination cannot be written.
        """
        from http.client import HTTPException
        from urllib.error import HTTPError
        from urllib.request import Request

        self._require_scheme(url)
        request = Request(url, headers={"User-Agent": "affectbench"})
        try:
            with self._opener().open(request, timeout=self.timeout) as response:
                self._store(response, url, destination, sha256, size)
        except HTTPError as error:
            raise DataMissing(f"{url} answers {error.code} {error.reason}; {_BY_HAND}") from error
        except (OSError, HTTPException) as error:  # URLError and timeouts are OSErrors
            raise _unreachable(url, error) from error

    def _require_scheme(self, url: str) -> None:
        if url.partition(":")[0].lower() not in self.schemes:
            raise DataMissing(f"{url} is not an {' or '.join(self.schemes)} address, so it is not fetched; {_BY_HAND}")

    def _opener(self) -> OpenerDirector:
        from urllib.request import HTTPRedirectHandler, Request, build_opener

        require = self._require_scheme

        class Redirects(HTTPRedirectHandler):
            def redirect_request(  # type: ignore[no-untyped-def]
                self, req, fp, code, msg, headers, newurl
            ) -> Request | None:
                require(newurl)
                return super().redirect_request(req, fp, code, msg, headers, newurl)

        return build_opener(Redirects)

    def _store(self, response: HTTPResponse, url: str, destination: Path, sha256: str, size: int) -> None:
        from http.client import HTTPException

        started = time.monotonic()
        digest = hashlib.sha256()
        received = 0
        with atomic_write(destination, "a downloaded corpus file") as file:
            while True:
                try:
                    chunk = response.read1(_CHUNK)  # what is there; `read` would wait for a whole chunk
                except (OSError, HTTPException) as error:  # must not pass for a fault of the disk
                    raise _unreachable(url, error) from error
                if not chunk:
                    break
                received += len(chunk)
                digest.update(chunk)
                if received > size:
                    raise DataInvalid(f"{url} serves more than the pinned {size:,} bytes: not the published file")
                elapsed = time.monotonic() - started
                if elapsed > self.timeout and received < self.slowest * elapsed:
                    raise DataMissing(
                        f"{url} is too slow ({received:,} of {size:,} bytes in {elapsed:.0f} s); "
                        f"try again later, or {_BY_HAND}"
                    )
                file.write(chunk)
            if received < size:
                raise DataInvalid(
                    f"{url} was cut short: {received:,} of {size:,} bytes arrived, nothing was kept; try again"
                )
            if digest.hexdigest() != sha256:
                raise DataInvalid(
                    f"{url} serves a file with SHA-256 {digest.hexdigest()}, the pinned one is {sha256}: "
                    f"not the published file, nothing was kept; {_BY_HAND}"
                )


_BY_HAND = "fetch the file by other means and pass its folder as --data-dir"


def _unreachable(url: str, error: BaseException) -> DataMissing:
    reason = getattr(error, "reason", None) or str(error) or type(error).__name__
    return DataMissing(f"{url} cannot be reached ({reason}); try again when online, or {_BY_HAND}")
