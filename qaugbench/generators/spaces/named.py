"""Every space by its name, and one made for images of a size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qaugbench.cards import Training, split_settings
from qaugbench.errors import DefinitionError
from qaugbench.generators.spaces.latent import Latents
from qaugbench.generators.spaces.patches import Patches
from qaugbench.generators.spaces.pca import PrincipalComponents
from qaugbench.generators.spaces.pixels import Pixels
from qaugbench.generators.spaces.quantum_latent import QuantumLatents
from qaugbench.generators.spaces.space import Space
from qaugbench.generators.spaces.vector import Vectors
from qaugbench.typed import from_dict

SPACES: Mapping[str, type[Space]] = {
    kind.name: kind for kind in (Pixels, Latents, QuantumLatents, Vectors, PrincipalComponents, Patches)
}


def new_space(
    name: str, image_shape: tuple[int, int, int], settings: Mapping[str, Any], *, origin: str = "space"
) -> tuple[Space, Training]:
    """Return the space called ``name``, not fitted, and how it is trained; wrong settings raise naming ``origin``."""
    training, hyper = split_settings(settings, origin)
    kind = SPACES[name]
    if kind.steps != training.takes_steps:
        raise DefinitionError(f"{origin}: {'give' if kind.steps else 'remove'} 'steps' and 'batch_size'.")
    return kind(image_shape, from_dict(kind.Hyper, hyper, origin)), training
