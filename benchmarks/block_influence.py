"""How far the circuits of a generator reach its images, for several of its settings.

Each candidate replaces settings of a generator, which is fitted with its controls at equal seeds to the same images, at the
budget of a track. Its row gives, in per cent of the difference between two samples of it under different seeds
(docs/method.md, "What may be claimed"): how much its images change when the outputs of its circuits are
replaced by their means and by noise, and how far they are from those of each control; then the share of its parameters in
circuits and seconds of its fit. No image is scored and no classifier is trained. A candidate's circuits reach the images
where a replacement and every control change at least 5 %. Everything is a cell of the store in ``--out``: an interrupted
table resumes.

    python benchmarks/block_influence.py --generator qldm --task brainmri --data brain.zip --track smoke \\
        --candidate "q = 0.1" --candidate "q = 1.0; residual = false"
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from qaugbench import definitions
from qaugbench.board.circuit_influence import share_text
from qaugbench.cards import overlaid
from qaugbench.experiment.arms import GeneratorChoice, variant_arms
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.environment import choose_device
from qaugbench.experiment.execute import compute
from qaugbench.experiment.generator_choice import bind
from qaugbench.experiment.influences import mean_influence, replicate_influence
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.replicate_cells import ReplicateCells, Setting
from qaugbench.experiment.source import open_source
from qaugbench.experiment.store import Store
from qaugbench.predictions import fraction_key
from qaugbench.record import SMALL_INFLUENCE, BlockInfluence

CONTROLS = ("frozen", "twin")


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
    candidates = {text: candidate(chosen.generator, setting, text) for text in chosen.candidate}
    print(
        f"{chosen.generator}, {task.name} {track.name}, {source.facts.source}, {fraction_key(fraction)}, "
        f"replicates: {chosen.replicates}"
    )
    print(heading(), flush=True)
    store = Store(chosen.out / "store")
    with store.in_use():
        for text, choice in candidates.items():
            cells = [_cells(setting, fraction, choice, replicate) for replicate in range(chosen.replicates)]
            for cell in with_upstream([needed for one in cells for needed in one.values()]):
                done = compute(cell, store.root)
                if done.outcome != "ok":
                    sys.exit(f"{done.outcome} {cell.stage} {cell.label}: {done.reason}")
            print(row(text, influence(cells, store), fit_seconds(cells, store)), flush=True)


def candidate(name: str, setting: Setting, text: str) -> GeneratorChoice:
    """Return the generator with the settings that ``text`` replaces: TOML assignments, separated by semicolons."""
    card, track = definitions.generator_card(name), setting.track.name
    settings = overlaid(card.settings(track), tomllib.loads(text.replace(";", "\n")))
    changed = replace(card, hyper={}, tracks={track: settings}, controls=CONTROLS)
    return bind(
        GeneratorChoice(changed, name, definitions.generator_module(name), identity={}), setting.task, setting.track
    )


def influence(replicates: Sequence[dict[str, Cell]], store: Store) -> BlockInfluence:
    """Return the influence of one candidate's circuits, over its replicates."""
    found = [
        replicate_influence(cells["influence"], {control: cells[control].name for control in CONTROLS}, store)
        for cells in replicates
    ]
    return mean_influence(found)


def fit_seconds(replicates: Sequence[dict[str, Cell]], store: Store) -> float:
    """Return the mean processor time of the fits of one candidate itself."""
    return fmean(store.meta("fit", cells["influence"].needs["fit"].name)["cpu_s"] for cells in replicates)


def heading() -> str:
    """Return the words above the columns."""
    names = ("mean", "noise", *CONTROLS, "circuits", "fit")
    return "".join(f"{name:>9}" for name in names) + "  reaches  settings"


def row(text: str, found: BlockInfluence, seconds: float) -> str:
    """Return the row of one candidate."""
    shares = (found.mean_replaced, found.noise_replaced, *(found.controls[name] for name in CONTROLS))
    reached = not found.hardly_reaches_images and all(found.controls[name] >= SMALL_INFLUENCE for name in CONTROLS)
    cells = (*(share_text(share) for share in shares), share_text(found.parameter_share), f"{seconds:.0f} s")
    return "".join(f"{cell:>9}" for cell in cells) + f"  {'yes' if reached else 'no':7}  {text or 'as shipped'}"


def _cells(setting: Setting, fraction: float, choice: GeneratorChoice, replicate: int) -> dict[str, Cell]:
    """Return the measurement of one candidate's circuits, and the samples of its controls, by name."""
    builder = ReplicateCells(setting, fraction_key(fraction), fraction, replicate)
    arms = [arm for arm in variant_arms(choice) if arm.info.role == "control"]
    samples = {str(arm.info.control): builder.train(arm, [choice]).needs["sample"] for arm in arms}
    return {"influence": builder.influence(choice), **samples}


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
    parser.add_argument("--accelerator", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--out", type=Path, default=Path("runs"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
