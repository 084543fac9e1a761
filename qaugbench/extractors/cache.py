"""Features kept by content, on disk or in memory, so that no set of images goes through the same network twice."""

from __future__ import annotations

import hashlib
import io
from dataclasses import astuple, dataclass
from pathlib import Path

import numpy as np

from qaugbench.extractors.contract import Extractor, Provenance
from qaugbench.files import write_whole


@dataclass(frozen=True)
class CachedExtractor:
    """An extractor whose features are kept in ``folder``, by the content of the images and what the features come from."""

    extractor: Extractor
    folder: Path

    @property
    def provenance(self) -> Provenance:
        """That of the extractor."""
        return self.extractor.provenance

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return the features of images, from the cache where it has them; a damaged file is computed and written again."""
        file = self.folder / f"{content_key(images, self.provenance)}.npy"
        kept = _read(file, len(images))
        if kept is not None:
            return kept
        found = self.extractor.features(images)
        buffer = io.BytesIO()
        np.save(buffer, found, allow_pickle=False)
        write_whole(file, buffer.getvalue())
        return found

    def logits(self, features: np.ndarray) -> np.ndarray | None:
        """Those of the extractor."""
        return self.extractor.logits(features)


class RememberedExtractor:
    """An extractor that remembers the features of the sets it has seen, as long as it lives."""

    def __init__(self, extractor: Extractor) -> None:
        self._extractor = extractor
        self._seen: dict[str, np.ndarray] = {}

    @property
    def provenance(self) -> Provenance:
        """That of the extractor."""
        return self._extractor.provenance

    def features(self, images: np.ndarray) -> np.ndarray:
        """Return the features of images, computed once for each set of them."""
        key = content_key(images, self.provenance)
        if key not in self._seen:
            self._seen[key] = self._extractor.features(images)
        return self._seen[key]

    def logits(self, features: np.ndarray) -> np.ndarray | None:
        """Those of the extractor."""
        return self._extractor.logits(features)


def content_key(images: np.ndarray, provenance: Provenance) -> str:
    """Return the SHA-256 over images uint8 [N, H, W, C], their shape, and what the features come from."""
    digest = hashlib.sha256("|".join((*astuple(provenance), str(images.shape))).encode())
    digest.update(np.ascontiguousarray(images).tobytes())
    return digest.hexdigest()


def _read(file: Path, n: int) -> np.ndarray | None:
    try:
        kept = np.load(file, allow_pickle=False)
    except (FileNotFoundError, ValueError, EOFError, OSError):
        return None
    return kept if kept.ndim == 2 and len(kept) == n and kept.dtype == np.float32 else None
