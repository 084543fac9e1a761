"""What a data space leaves of the real images: the ceiling of every generator that learns in it, on validation images.

Each candidate replaces settings of a space. Its row gives the mean validation score of R+rec (the drawn real images, sent
through the space, fill the slots), of a classifier that trains on these reconstructions alone, PSNR, and seconds for a fit;
the first rows are the drawn images themselves (R+os) and R+cm. No generator and no test image is involved. Everything is a
cell of the store in ``--out``: an interrupted table resumes, and a run with the same settings reuses its cells.

    python benchmarks/spaces.py --task kneeoa --data knees.zip --track lite --replicates 2 \\
        --candidate "" --candidate "channels = [32, 64]; residual_blocks = [1, 1]"
"""

from __future__ import annotations

import argparse
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean

import numpy as np

from qaugbench import definitions
from qaugbench.experiment.arms import REAL_ARMS, Arm, SpaceChoice
from qaugbench.experiment.cells import Cell
from qaugbench.experiment.environment import choose_device
from qaugbench.experiment.execute import compute
from qaugbench.experiment.order import with_upstream
from qaugbench.experiment.plateau import best_validation_score
from qaugbench.experiment.replicate_cells import ReplicateCells, Setting
from qaugbench.experiment.source import open_source
from qaugbench.experiment.store import Store
from qaugbench.generators.spaces.named import new_space
from qaugbench.predictions import ArmInfo, fraction_key

COMPARED = tuple(arm for arm in REAL_ARMS if arm.info.id in ("R+cm", "R+os"))


@dataclass(frozen=True)
class Candidate:
    """A space with some settings replaced, as ``text`` says."""

    text: str
    space: SpaceChoice

    @property
    def arm(self) -> Arm:
        """The arm that trains on the real images sent through it."""
        return Arm(
            ArmInfo(id=f"R+rec:{self.space.title}", role="reconstruction"), fill="reconstructed", space=self.space
        )


def main() -> None:
    """Print one row per candidate."""
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
    setting = Setting(task, track, source, choose_device(chosen.accelerator), withhold_test=True)
    fraction = chosen.fraction or track.fractions[0]
    candidates = [candidate(chosen.space, setting, text) for text in chosen.candidate]
    cells = trainings(setting, fraction, candidates, chosen.replicates)
    store, needed = Store(chosen.out / "store"), with_upstream(cells.values())
    with store.in_use():
        for cell in needed:
            done = compute(cell, store.root)
            print(
                f"{done.outcome} {cell.stage} {cell.label} {done.wall_s:.0f} s {done.reason}",
                file=sys.stderr,
                flush=True,
            )
    print(
        f"{task.name} {track.name}, {source.facts.source}, {fraction_key(fraction)}, {chosen.replicates} replicates: validation"
    )
    print(table(candidates, cells, store))


def candidate(name: str, setting: Setting, text: str) -> Candidate:
    """Return the candidate that ``text`` describes: TOML assignments, separated by semicolons; empty for the shipped settings."""
    shipped = definitions.space_settings(name, setting.task.id, setting.track.name)
    settings = {**shipped, **tomllib.loads(text.replace(";", "\n"))}
    size = setting.track.image_size
    space, _ = new_space(name, (size, size, setting.task.channels), settings, origin=f"candidate {text!r}")
    return Candidate(text or "as shipped", SpaceChoice(name, settings, space.title, space.is_identity))


def trainings(
    setting: Setting, fraction: float, candidates: list[Candidate], replicates: int
) -> dict[tuple[str, bool, int], Cell]:
    """Return the trainings by (row, whether on the fill alone, replicate)."""
    found: dict[tuple[str, bool, int], Cell] = {}
    for replicate in range(replicates):
        builder = ReplicateCells(setting, fraction_key(fraction), fraction, replicate)
        rows = {arm.info.id: arm for arm in COMPARED} | {one.text: one.arm for one in candidates}
        for row, arm in rows.items():
            cell = builder.train(arm, ())
            found[row, False, replicate] = replace(cell, note=row)
            if arm.fill in ("oversample", "reconstructed"):
                alone = replace(cell, key={**cell.key, "real": "fill"}, note=f"{row}, alone")
                found[row, True, replicate] = alone
    return found


def table(candidates: list[Candidate], cells: Mapping[tuple[str, bool, int], Cell], store: Store) -> str:
    """Return one row per candidate, after the images as they are."""
    lines = [f"{'R+rec':>7}{'alone':>8}{'PSNR':>7}{'fit':>7}  candidate"]
    for row in dict.fromkeys(row for row, _, _ in cells):
        scores = [
            mean(
                best_validation_score(cell, store)
                for (name, alone, _), cell in cells.items()
                if (name, alone) == (row, only)
            )
            if (row, only, 0) in cells
            else None
            for only in (False, True)
        ]
        space = next((one.space for one in candidates if one.text == row), None)
        psnr, seconds = _loss_and_time([cell for (name, _, _), cell in cells.items() if name == row], store)
        title = row if space is None else f"{space.title}  {row}"
        lines.append(
            "".join(_cell(value, width) for value, width in zip(scores, (7, 8), strict=True))
            + f"{psnr:>7}{seconds:>7}  {title}"
        )
    return "\n".join(lines)


def _score(cells: list[Cell], store: Store) -> float | None:
    return mean(best_validation_score(cell, store) for cell in cells) if cells else None


def _cell(value: float | None, width: int) -> str:
    return " " * width if value is None else f"{value:>{width}.4f}"


def _loss_and_time(cells: list[Cell], store: Store) -> tuple[str, str]:
    fills = [cell.needs["fill"] for cell in cells if "fill" in cell.needs]
    if not fills:
        return "", ""
    psnr = np.mean([store.meta("fill", cell.name)["facts"]["psnr_db"] for cell in fills])
    seconds = np.mean([store.meta("space", cell.needs["space"].name)["cpu_s"] for cell in fills])
    return f"{psnr:.1f}", f"{seconds:.0f} s"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", default="kneeoa")
    parser.add_argument("--space", default="latent")
    parser.add_argument(
        "--candidate", action="append", default=[], help="settings to replace, as in 'steps = 900; kl_weight = 1e-5'"
    )
    parser.add_argument(
        "--data", type=Path, help="images as 'qaugbench run --data' takes them (default: as a run finds them)"
    )
    parser.add_argument("--source")
    parser.add_argument("--track", default="smoke")
    parser.add_argument("--fraction", type=float, help="default: the first of the track")
    parser.add_argument("--replicates", type=int, default=2)
    parser.add_argument("--accelerator", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--out", type=Path, default=Path("runs"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
