"""How far the circuits of a generator reach its images, for several of its settings.

Each candidate replaces settings of a generator, which is fitted with its controls at equal seeds to the same images, at the
budget of a track. Its row gives, in per cent of the difference between two samples of it under different seeds
(docs/method.md, "What may be claimed"): how much its images change when the outputs of its circuits are replaced by their
means and by noise, and how far they are from those of each control; then that difference in grey levels, the share of its
parameters in circuits and processor seconds of its fit. No image is scored and no classifier is trained. A candidate's
circuits reach the images where a replacement and every control change at least 5 %. Spaces and fits are cells of the store in
``--out``: an interrupted table resumes.

    python benchmarks/block_influence.py --generator qldm --task brainmri --data brain.zip --track smoke \\
        --candidate "q = 0.1" --candidate "q = 1.0; residual = false"
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from statistics import fmean

import numpy as np

from qaugbench import definitions
from qaugbench.board.circuit_influence import share_text
from qaugbench.cards import overlaid
from qaugbench.experiment.arms import GeneratorChoice, variant_arms
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.environment import choose_device
from qaugbench.experiment.execute import compute
from qaugbench.experiment.generator_choice import bind
from qaugbench.experiment.influences import ReplicateInfluence, mean_influence
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.replicate_cells import ReplicateCells, Setting
from qaugbench.experiment.source import open_source
from qaugbench.experiment.store import Store
from qaugbench.experiment.stored import fitted_model
from qaugbench.generators.shared.block_influence import influence_differences
from qaugbench.generators.shared.image_difference import mean_difference
from qaugbench.predictions import fraction_key
from qaugbench.record import SMALL_INFLUENCE, BlockInfluence
from qaugbench.task import Task


def main() -> None:
    """Print one row per candidate, as soon as it is measured."""
    chosen = _arguments()
    task = definitions.task(chosen.task)
    track = definitions.track(task, chosen.track)
    source = open_source(
        task,
        track,
        data=chosen.data,
        source=chosen.source,
        split=None,
        allow_leaky=False,
        phantom_folder=chosen.out / "phantom",
    )
    setting = Setting(task, track, source, choose_device(chosen.accelerator))
    fraction = chosen.fraction or track.fractions[0]
    candidates = {text: candidate(chosen.generator, setting, text, chosen.controls) for text in chosen.candidate}
    print(
        f"{chosen.generator}, {task.name} {track.name}, {source.facts.source}, {fraction_key(fraction)}, "
        f"{chosen.images} images of each of {chosen.replicates} replicates"
    )
    print(heading(chosen.controls), flush=True)
    store = Store(chosen.out / "store")
    shape, labels = (track.image_size, track.image_size, task.channels), label_vectors(task, chosen.images)
    with store.in_use():
        for text, choice in candidates.items():
            samples = [cells(setting, fraction, choice, replicate) for replicate in range(chosen.replicates)]
            for cell in with_upstream([one.needs["fit"] for by_control in samples for one in by_control.values()]):
                done = compute(cell, store.root)
                if done.outcome != "ok":
                    sys.exit(f"{done.outcome} {cell.stage} {cell.label}: {done.reason}")
            found = mean_influence([measured(one, store, shape, labels) for one in samples])
            print(row(text, found, fit_seconds(samples, store)), flush=True)


def label_vectors(task: Task, n: int) -> np.ndarray:
    """Return ``n`` label vectors, each with one label, in turn."""
    return np.eye(len(task.labels), dtype=np.float32)[np.arange(n) % len(task.labels)]


def candidate(name: str, setting: Setting, text: str, controls: Sequence[str]) -> GeneratorChoice:
    """Return the generator with the settings that ``text`` replaces: TOML assignments, separated by semicolons."""
    card, track = definitions.generator_card(name), setting.track.name
    settings = overlaid(card.settings(track), tomllib.loads(text.replace(";", "\n")))
    changed = replace(card, hyper={}, tracks={track: settings}, controls=tuple(controls))
    choice = GeneratorChoice(changed, name, definitions.generator_module(name), identity={})
    return bind(choice, setting.task, setting.track)


def cells(setting: Setting, fraction: float, choice: GeneratorChoice, replicate: int) -> dict[str, Cell]:
    """Return the samples of a candidate ("none") and of its controls, by control; their fits are what they need."""
    builder = ReplicateCells(setting, fraction_key(fraction), fraction, replicate)
    return {str(arm.info.control): builder.train(arm, [choice]).needs["sample"] for arm in variant_arms(choice)}


def measured(
    samples: Mapping[str, Cell], store: Store, shape: tuple[int, ...], labels: np.ndarray
) -> ReplicateInfluence:
    """Return the influence of a candidate's circuits in one replicate, from its fit and those of its controls."""
    seed = samples["none"].key["seeds"]["gen_sample"]
    models = {control: fitted_model(cell, store, shape, labels.shape[1]) for control, cell in samples.items()}
    images = {control: model.sample(labels, seed=seed) for control, model in models.items()}
    own, counts = images.pop("none"), models["none"].parameter_counts()
    return ReplicateInfluence(
        **asdict(influence_differences(models["none"], labels, seed=seed)),
        controls={control: mean_difference(own, others) for control, others in images.items()},
        parameter_share=counts["block"] / counts["total"],
    )


def fit_seconds(replicates: Sequence[Mapping[str, Cell]], store: Store) -> float:
    """Return the mean processor time of the fits of a candidate itself."""
    return fmean(store.meta("fit", samples["none"].needs["fit"].name)["cpu_s"] for samples in replicates)


def heading(controls: Sequence[str]) -> str:
    """Return the words above the columns."""
    names = ("mean", "noise", *controls, "seed", "circuits", "fit")
    return "".join(f"{name:>9}" for name in names) + "  reaches  settings"


def row(text: str, found: BlockInfluence, seconds: float) -> str:
    """Return the row of one candidate."""
    shares = (found.mean_replaced, found.noise_replaced, *found.controls.values())
    reached = not found.hardly_reaches_images and all(one >= SMALL_INFLUENCE for one in found.controls.values())
    words = [
        *map(share_text, shares),
        f"{found.seed_difference:.1f}",
        share_text(found.parameter_share),
        f"{seconds:.0f} s",
    ]
    return "".join(f"{word:>9}" for word in words) + f"  {'yes' if reached else 'no':7}  {text or 'as shipped'}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", default="qldm")
    parser.add_argument("--task", default="brainmri")
    parser.add_argument(
        "--candidate", action="append", default=[], help="settings to replace, as in 'q = 0.5; residual = false'"
    )
    parser.add_argument(
        "--data", type=Path, help="images as 'qaugbench run --data' takes them (default: as a run finds them)"
    )
    parser.add_argument("--source")
    parser.add_argument("--track", default="smoke")
    parser.add_argument("--fraction", type=float, help="default: the first of the track")
    parser.add_argument("--replicates", type=int, default=1)
    parser.add_argument("--images", type=int, default=32)
    parser.add_argument("--controls", nargs="*", default=["frozen", "twin"])
    parser.add_argument("--accelerator", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--out", type=Path, default=Path("runs"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
