"""The complete generators of the documentation, registered for the time of a test, as printed or with a fault put in."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from tests.generators.registering import registered
from tests.project.documents import blocks

PRINTED = blocks(Path("docs/extending.md"))


@dataclass(frozen=True)
class Documented:
    """A generator by its name, its class and its source."""

    name: str
    attribute: str
    source: str

    def with_(self, sound: str, faulty: str) -> Documented:
        """Return the generator with the one place that reads ``sound`` changed."""
        assert self.source.count(sound) == 1, f"{sound!r} occurs {self.source.count(sound)} times"
        return replace(self, source=self.source.replace(sound, faulty))

    def registered(self, folder: Path) -> AbstractContextManager[None]:
        """Register it, its facts beside its module in ``folder``."""
        return registered(folder, self.name, self.source, PRINTED[f"{self.name}.toml"], attribute=self.attribute)


MEAN_IMAGE = Documented("meanimage", "MeanImage", PRINTED["meanimage.py"])
PAINTER = Documented("paintingcircuit", "PaintingCircuit", PRINTED["paintingcircuit.py"])
