"""A generator that breaks one promise fails the check of that promise."""

from __future__ import annotations

from pathlib import Path

import pytest

from qaugbench.testing import check_generator
from tests.generators.documented import MEAN_IMAGE, PAINTER

FAULTS = {
    "global random state": (
        MEAN_IMAGE,
        "numpy_generator(seed).normal",
        "np.random.normal",
        "The same seed draws the same bits, and another seed draws other images.",
    ),
    "a global seed": (
        MEAN_IMAGE,
        "        images = images + numpy_generator(seed)",
        "        torch.manual_seed(seed)\n        images = images + numpy_generator(seed)",
        "Fit and sample neither use nor set the global generators of random numbers.",
    ),
    "no random numbers at all": (
        MEAN_IMAGE,
        "numpy_generator(seed).normal",
        "numpy_generator(0).normal",
        "The same seed draws the same bits, and another seed draws other images.",
    ),
    "labels ignored": (
        MEAN_IMAGE,
        'np.einsum("nk,khwc->nhwc", weights, means)',
        'np.einsum("nk,khwc->nhwc", np.ones_like(weights), means)',
        "Every label changes the image drawn with a seed.",
    ),
    "neighbours mixed": (
        MEAN_IMAGE,
        "return images.round()",
        "images = images + 0.1 * images.sum(axis=0)\n        return images.round()",
        "An image does not depend on the label vectors after it.",
    ),
    "only one label allowed": (
        MEAN_IMAGE,
        "weights = labels / np.maximum(labels.sum(axis=1, keepdims=True), 1)",
        "assert (labels.sum(axis=1) == 1).all()\n        weights = labels",
        "One uint8 image of the training images' shape for each label vector, with several labels or none.",
    ),
    "floating-point images": (
        MEAN_IMAGE,
        ".astype(np.uint8)",
        "",
        "One uint8 image of the training images' shape for each label vector, with several labels or none.",
    ),
    "state incomplete": (
        MEAN_IMAGE,
        'return {"means": torch.from_numpy(self._fitted())}',
        'return {"means": torch.from_numpy(self._fitted()).round()}',
        "The state, saved and loaded into a new generator, draws the same bits.",
    ),
    "images before a fit": (
        MEAN_IMAGE,
        'raise NotFittedError("MeanImage has been neither fitted nor loaded; call fit or load first.")',
        "self.means_ = np.zeros((self.n_labels, *self.image_shape), np.float32)",
        "Before a fit, sample and state raise NotFittedError.",
    ),
    "any width of labels": (
        MEAN_IMAGE,
        "self._fitted(), require_labels(labels, self.n_labels)",
        "self._fitted(), np.pad(labels, ((0, 0), (0, 3)))[:, :3]",
        "Label vectors of another width are refused with a message.",
    ),
    "training images changed": (
        MEAN_IMAGE,
        "        weights = data.labels / np.maximum(data.labels.sum(axis=0), 1)",
        "        weights = data.labels / np.maximum(data.labels.sum(axis=0), 1)\n        data.images[0] = 0",
        "It can be fitted to 64 images, some with several labels and some with none, and does not change them.",
    ),
    "a fit that fails": (
        MEAN_IMAGE,
        "data.labels.sum(axis=0), 1)\n",
        "data.labels.sum(axis=0), 1)[5]\n",
        "It can be fitted to 64 images, some with several labels and some with none, and does not change them.",
    ),
    "progress not told": (
        PAINTER,
        'report_loss("The painter", progress,',
        'report_loss("The painter", None,',
        "Progress is called at every step, with a finite loss.",
    ),
    "execution ignored": (
        PAINTER,
        "block.run_under(execution,",
        "block.run_under(IDEAL,",
        "Finite shots change the images of a generator with circuits, and repeat with the seed.",
    ),
    "circuit detached": (
        PAINTER,
        "self.paint(self.block(angles))",
        "self.paint(self.block(angles).detach())",
        "Circuits, or their replacements, are live: gradients arrive and flow on, weights change, and images depend on them.",
    ),
    "frozen circuit trained": (
        PAINTER,
        "[p for p in painter.parameters() if p.requires_grad]",
        "painter.requires_grad_(True).parameters()",
        "The weights of frozen circuits stay at their first values.",
    ),
    "kinds that differ": (
        MEAN_IMAGE,
        'Kind] = "classical"',
        'Kind] = "quantum-inspired"',
        "Facts and class agree on kind and space, and the controls exist.",
    ),
    "a hyper-parameter that the class does not have": (
        MEAN_IMAGE,
        "noise: float = 10.0",
        "nose: float = 10.0",
        "The constructor takes the settings of the track smoke.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_found_and_named(fault: str, tmp_path: Path) -> None:
    generator, sound, faulty, promise = FAULTS[fault]
    control = "frozen" if fault.startswith("frozen") else "none"
    with generator.with_(sound, faulty).registered(tmp_path):
        broken = [result for result in check_generator(f"{generator.name}:{control}") if result.fails]
    assert promise in [result.promise for result in broken]
    assert all(result.detail for result in broken)


def test_classical_weights_that_move_with_the_control_are_found(tmp_path: Path) -> None:
    """The layer after the circuit is drawn after it, from one stream."""
    paint = "            self.paint = nn.Linear(n_qubits, channels * GRID * GRID)\n"
    own_stream = '        with torch_seeded(child_seed(seed, "circuit")):\n'
    shared = (
        PAINTER.with_(paint, "")
        .with_(own_stream, "")
        .with_("        self.channels =", f"{paint}        self.channels =")
    )
    with shared.registered(tmp_path):
        broken = [result.promise for result in check_generator("paintingcircuit:twin") if result.fails]
    assert "Before the first step, everything outside the block is what it is without the control." in broken


def test_a_generator_that_cannot_be_loaded_fails_its_first_check(tmp_path: Path) -> None:
    with MEAN_IMAGE.with_("import torch\n", "import absent_library\n").registered(tmp_path):
        (result,) = check_generator("meanimage")
    assert result.fails
    assert "absent_library" in result.detail
