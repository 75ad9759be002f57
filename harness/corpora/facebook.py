"""Facebook valence-arousal: status messages rated by two raters (Preotiuc-Pietro et al. 2016)."""

import numpy as np

from harness.corpora.base import CorpusCard, Examples, row_ids, sources
from harness.corpora.files import Files, read_records

_URL = "https://raw.githubusercontent.com/wwbp/additional_data_sets/2f51266add949268cd321a2d0568fd9f39da810c"
_SHA256 = "303898828e8bace5d132783275bbead1b846c293c1d6b09f07d6f1674ebda47c"
_FILES = sources("facebook-va/", f"{_URL}/valence_arousal/", ("dataset-fb-valence-arousal-anon.csv", _SHA256, 283_672))
_HEADER = ("Anonymized Message", "Valence1", "Valence2", "Arousal1", "Arousal2")
_SCALE = (1.0, 9.0)

CARD = CorpusCard(
    name="facebook",
    title="Facebook valence-arousal",
    rows={"all": 2_895},
    labels="valence, arousal: mean of two raters, integers 1 to 9 each",
    licence="GPL-3.0 (repository)",
    citation="Preotiuc-Pietro et al., WASSA 2016",
    homepage="https://github.com/wwbp/additional_data_sets",
    sources=_FILES,
    checksums={"all": "54963a6bba329a4c007c0c7c4c5ffc52"},
    aliases=("facebook-va", "facebook-posts", "facebook-valence-arousal", "fb-va", "fb-valence-arousal"),
    notes=(
        "No fixed split. One message is the empty string; it stays. The published file has CRLF line ends; "
        "LF copies are the same data. 26 published messages hold wrongly decoded signs; they stay."
    ),
)


class Facebook:
    """The official CSV file."""

    card = CARD

    def read(self, split: str, files: Files) -> Examples:
        """Read all messages (`all`)."""
        rows = list(read_records(files.path(_FILES[0]), _HEADER))
        marks = np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 4)
        raters = {"valence": marks[:, :2], "arousal": marks[:, 2:]}
        return Examples(
            texts=tuple(row[0] for row in rows),
            ids=row_ids(split, len(rows)),
            labels={name: both.mean(axis=1) for name, both in raters.items()},
            scales=dict.fromkeys(raters, _SCALE),
            raters=raters,
        )


CORPORA = (Facebook(),)
