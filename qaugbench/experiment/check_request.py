"""What can be said against a request from names and facts alone, before PyTorch is imported (seconds) or data are read."""

from __future__ import annotations

import shlex
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from qaugbench import definitions
from qaugbench.cards import GeneratorCard
from qaugbench.classifier_cards import classifier_families
from qaugbench.datasets.sources import find_prepared
from qaugbench.errors import DataError, DefinitionError, QaugbenchError, StoreError, near_names
from qaugbench.experiment.arm_choice import check_arms
from qaugbench.experiment.execution_choice import check_executions, named_executions
from qaugbench.experiment.request import RunRequest
from qaugbench.experiment.source_names import PHANTOM, source_not_here
from qaugbench.extractors.asked import asked_extractors
from qaugbench.kinds import CONTROL_NAMES, may_run_circuits
from qaugbench.task import Task, Track

FOLDER = "folder"
LARGEST_RATIO = 16


def check_request(request: RunRequest, task: Task | None = None) -> None:
    """Raise QaugbenchError for a name that nothing has, an amount out of range, and images that are not there.

    ``task`` replaces the shipped one, and the generators are then not looked up either.
    """
    found = task or definitions.task(request.task)
    track = definitions.with_recipe(found, definitions.track(found, request.track), request.recipe)
    if task is None:
        check_generators(request.generators)
    amounts(request, track)
    check_writable(request.out)
    check_arms(request.arms)
    if task is None:
        check_executions(request.executions, request.generators)
    else:
        named_executions(request.executions)
    if asked_extractors(request.extractors) and not request.metrics:
        raise DefinitionError("--extractor adds to the metrics, which --no-metrics leaves out; give one of them.")
    _check_ratio(request.ratio, track)
    if request.data is not None:
        check_exists(request.data, "--data")
    elif request.source not in (None, PHANTOM) and find_prepared(found.id, str(request.source)) is None:
        raise source_not_here(found, str(request.source))


def check_generators(names: Sequence[str]) -> None:
    """Raise DefinitionError for a name that no generator or control has, and DataError for a folder of images that is not there."""
    if not names:
        raise DefinitionError(f"A run needs at least one generator.{near_names('', definitions.generator_names())}")
    for name in names:
        generator, rest = definitions.split_name(name)
        if generator not in definitions.generator_names() and Path(name).exists():
            images = shlex.quote(f"{FOLDER}:{name}")
            raise DefinitionError(
                f"{name} is a path, not a generator. To score the images there: --generator {images}."
            )
        family = name.partition(":")[0]
        if family in classifier_families() and family not in definitions.families():
            raise DefinitionError(f"{name!r} is a classifier, not a generator: give it with --classifier.")
        card = definitions.generator_card(generator)
        if generator != FOLDER:
            _check_control(card, rest)
            continue
        if not rest:
            raise DefinitionError(
                "'folder' needs the images to score: --generator folder:PATH, a folder or .zip in any form that --data takes."
            )
        check_exists(Path(rest), "--generator folder:")


def images_of(names: Sequence[str]) -> tuple[Path, ...]:
    """Return the paths of images among the names of generators."""
    split = map(definitions.split_name, names)
    return tuple(Path(rest) for generator, rest in split if generator == FOLDER)


def _check_control(card: GeneratorCard, control: str) -> None:
    """Raise DefinitionError for a control that a generator cannot run under; what follows a pretrained one names its weights."""
    if card.pretrained or not control:
        return
    derived = CONTROL_NAMES if may_run_circuits(card.kind) else ()
    known = tuple(dict.fromkeys((*card.controls, *derived)))
    if control not in known:
        what = "control or variant" if card.variants else "control"
        raise DefinitionError(
            f"Generator {card.id!r} has no {what} {control!r}.{near_names(control, (*card.variants, *known))}"
        )


def check_exists(path: Path, given_with: str) -> None:
    """Raise DataError unless there is something at a path of images; ``given_with`` is the option that names it."""
    if not path.exists():
        raise DataError(f"{path} does not exist. Give a folder, .zip, .csv or .npz of images with {given_with}.")


def check_writable(out: Path) -> None:
    """Raise StoreError unless a file can be written into the folder ``out``; what is made to find that out is removed."""
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        what, why = "made" if missing else "written to", error.strerror or error
        raise StoreError(f"The folder {out} cannot be {what} ({why}). Choose another with --out.") from error
    finally:
        for folder in missing:
            with suppress(OSError):
                folder.rmdir()


def amounts(request: RunRequest, track: Track) -> tuple[tuple[float, ...], int]:
    """Return the fractions and the number of replicates of a run; raise for any that cannot be."""
    fractions = track.fractions if request.fraction is None else request.fraction
    for fraction in fractions:
        if not 0 < fraction <= 1:
            raise QaugbenchError(f"--fraction must be in (0, 1], for example 0.1; got {fraction:g}.")
    replicates = track.replicates if request.replicates is None else request.replicates
    if replicates < 1:
        raise QaugbenchError(f"--replicates must be at least 1, got {replicates}.")
    return fractions, replicates


def _check_ratio(ratio: float | None, track: Track) -> None:
    """Raise for a ratio that gives a batch no fill image, or more than anyone can mean."""
    least = 1 / track.recipe.batch_real
    if ratio is not None and not least <= ratio <= LARGEST_RATIO:
        raise QaugbenchError(
            f"--ratio must be {least:g} (one fill image beside the {track.recipe.batch_real} real ones of a batch) to "
            f"{LARGEST_RATIO}; got {ratio:g}."
        )
