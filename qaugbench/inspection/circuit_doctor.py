"""The circuits of generators and classifiers examined: whether they are live, and what can be measured before training."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal

from qaugbench import definitions
from qaugbench.circuits.audit.findings import Liveness
from qaugbench.circuits.audit.meters import Meters, measure, size
from qaugbench.circuits.block import QuantumBlock
from qaugbench.classifier_cards import (
    LINEAR,
    classifier_card,
    classifier_families,
    split_classifier,
    unknown_classifier,
)
from qaugbench.classifiers.audit import audit_classifier
from qaugbench.classifiers.build import blocks_of, classifier_class, new_classifier
from qaugbench.errors import QaugbenchError
from qaugbench.formatting import count
from qaugbench.generators.shared.author_code import described
from qaugbench.inspection.build import distinct_blocks, fit_space_without_training, images_needed, new_model
from qaugbench.inspection.generator_audit import REACHES_IMAGES, audit_generator, few_images
from qaugbench.kinds import may_run_circuits

IMAGE_SHAPE = (32, 32, 1)
N_LABELS = 3
FEATURES = 32
FEW_IMAGES = 12

SMALL: Final = "live, but hardly reaches the images"
CANNOT: Final = "cannot be examined"
Verdict = Literal["live", "live, but hardly reaches the images", "not live", "no circuit", "cannot be examined"]


@dataclass(frozen=True)
class CircuitReadings:
    """The measurements of one circuit of a generator, which ``blocks`` blocks of ``copies`` copies run."""

    size: str
    blocks: int
    copies: int
    meters: Meters

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        return {"size": self.size, "blocks": self.blocks, "copies": self.copies, "meters": self.meters.to_dict()}


@dataclass(frozen=True)
class GeneratorFinding:
    """The finding on one generator, by its name ("qldm", "qldm:twin").

    "not live" is a defect: a circuit is not called, or no gradient passes it. "live, but hardly reaches the images" is
    not: the circuit works, but samples are nearly the same if its outputs are replaced.
    """

    name: str
    verdict: Verdict
    detail: str = ""
    liveness: Liveness | None = None
    circuits: tuple[CircuitReadings, ...] = ()

    @property
    def fails(self) -> bool:
        """Whether the generator is not live."""
        return self.verdict in ("not live", "cannot be examined")

    def text(self, *, all_checks: bool = False) -> str:
        """Return the finding in lines: the failed checks, or ``all_checks``, and then the measurements."""
        lines = [f"{self.name}: {self.verdict}" + (f", {self.detail}" if self.detail else "")]
        checks = self.liveness.checks if self.liveness else ()
        if not all_checks:
            lines += [f"  fails  {reason}" for reason in (self.liveness.reasons if self.liveness else ())]
        lines += [f"  {check}" for check in checks if all_checks or check.state == "note"]
        for circuit in self.circuits:
            run = f"{count(circuit.blocks, 'block')}, {count(circuit.copies, 'copy', 'copies')} each"
            lines.append(f"  circuit of {run}: {circuit.size}")
            lines += [f"    {line}" for line in str(circuit.meters).splitlines()]
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form."""
        liveness = self.liveness.to_dict() if self.liveness else None
        circuits = [circuit.to_dict() for circuit in self.circuits]
        return {
            "generator": self.name,
            "verdict": self.verdict,
            "detail": self.detail,
            "liveness": liveness,
            "circuits": circuits,
        }


def examine_circuits(
    names: Iterable[str] | None = None, *, with_meters: bool = True, seed: int = 0
) -> list[GeneratorFinding]:
    """Return a finding for each generator, variant or control such as "qldm:twin" in ``names``, or classifier such as "qumi:twin".

    Without names, for all generators with circuits.

    Variants, which may repeat defects of published code, are examined only where they are named. Each is built as on the
    smoke track for 32x32 images and fitted for six steps on noise.

    Raises:
        DefinitionError, CircuitError: an unknown generator or control.
    """
    return [_examined(name, with_meters=with_meters, seed=seed) for name in names or _with_circuits()]


def _with_circuits() -> list[str]:
    return [card.id for card in definitions.usable_cards() if may_run_circuits(card.kind)]


def _examined(name: str, *, with_meters: bool, seed: int) -> GeneratorFinding:
    if name.partition(":")[0] in classifier_families():
        return _examined_classifier(name, with_meters=with_meters, seed=seed)
    of, control = definitions.split_name(name)
    if of not in definitions.generator_names() and _is_nearer_a_classifier(of):
        raise unknown_classifier(name)
    card = definitions.generator_card(of)
    if not may_run_circuits(card.kind):
        return GeneratorFinding(name, "no circuit", f"it is {card.kind}")
    module = definitions.generator_module(of)
    try:
        generator = new_model(of, control=control or "none", track="smoke", image_shape=IMAGE_SHAPE, n_labels=N_LABELS)
    except QaugbenchError:
        raise
    except Exception as error:  # the constructor may be another author's, and raise anything
        return GeneratorFinding(name, CANNOT, described(error, module))
    circuits = distinct_blocks(generator) if with_meters else []
    readings = tuple(
        CircuitReadings(size(block.circuit), n_blocks, block.copies, measure(block.circuit, seed=seed))
        for n_blocks, block in circuits
    )
    try:
        images = few_images(IMAGE_SHAPE, N_LABELS, n=max(FEW_IMAGES, images_needed(generator)), seed=seed)
        fit_space_without_training(generator, images.images)
        found = audit_generator(generator, images, seed=seed)
    except QaugbenchError as error:
        return GeneratorFinding(name, CANNOT, str(error), circuits=readings)
    except Exception as error:  # so may every other method
        return GeneratorFinding(name, CANNOT, described(error, module), circuits=readings)
    failed = len(found.failures)
    detail = f"{failed} of {len(found.checks)} checks fail" if failed else f"{len(found.checks)} checks"
    detail += f" (a defect of the published code, kept: {card.defect})" if failed and card.defect else ""
    return GeneratorFinding(name, _verdict(found), detail, found, readings)


def _is_nearer_a_classifier(name: str) -> bool:
    near = get_close_matches(name, [*definitions.families(), *classifier_families()], n=1, cutoff=0.5)
    return bool(near) and near[0] in classifier_families()


def _examined_classifier(name: str, *, with_meters: bool, seed: int) -> GeneratorFinding:
    """Return the finding on a classifier, built as on the smoke track for a few features or small images, and not trained."""
    of, control = split_classifier(name)
    card = classifier_card(of)
    if not may_run_circuits(card.kind) or control == LINEAR:
        return GeneratorFinding(name, "no circuit", f"it is {card.kind_under(control or 'none')}")
    images = classifier_class(card).reads == "images"
    shape = (IMAGE_SHAPE[2], *IMAGE_SHAPE[:2]) if images else (FEATURES,)
    made = new_classifier(of, control=control or "none", track="smoke", shape=shape, n_labels=N_LABELS, seed=seed)
    circuits = [block for block in blocks_of(made) if isinstance(block, QuantumBlock)] if with_meters else []
    readings = tuple(
        CircuitReadings(size(one.circuit), 1, one.copies, measure(one.circuit, seed=seed)) for one in circuits
    )
    try:
        found = audit_classifier(made, seed=seed)
    except QaugbenchError as error:
        return GeneratorFinding(name, CANNOT, str(error), circuits=readings)
    failed = len(found.failures)
    detail = f"{failed} of {len(found.checks)} checks fail" if failed else f"{len(found.checks)} checks"
    detail += f" (a defect of the published code, kept: {card.defect})" if failed and card.defect else ""
    return GeneratorFinding(name, "live" if found.is_live else "not live", detail, found, readings)


def _verdict(found: Liveness) -> Verdict:
    """Return "not live" if a check fails; otherwise whether the circuits make a difference to the images."""
    if not found.is_live:
        return "not live"
    small = any(check.question == REACHES_IMAGES and check.state == "note" for check in found.checks)
    return SMALL if small else "live"
