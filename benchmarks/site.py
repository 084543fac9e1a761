"""How long a site of 500 entries takes, and how large its first page is.

    python benchmarks/site.py [--entries 500] [--boards 25] [--keep FOLDER]

The entries are made up as those of the tests are: drawn logits of 40 patients, ten replicates, one quantum generator with a control
and one classical one each, on boards that differ in their data. Printed are processor seconds: of verifying one entry, of
everything else that is done for the whole site, and of these the largest parts. A site verifies an entry once; what was verified
before is not computed again (``board/verified.py``). The size of the first page is asserted, times are not.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from qaugbench.board.comparable import Submitted  # noqa: E402
from qaugbench.board.reader import read_run_predictions  # noqa: E402
from qaugbench.board.standings import standings  # noqa: E402
from qaugbench.board.verify import scores_of  # noqa: E402
from qaugbench.predictions import PredictionSet  # noqa: E402
from qaugbench.record import Record  # noqa: E402
from qaugbench.site.build import INDEX, site_files, write_files  # noqa: E402
from tests.board.factory import predictions_for, record_for  # noqa: E402

LARGEST_FIRST_PAGE = 300_000
ARMS = ("R", "R+", "R+cm", "R+os", "O-real", "ddpm", "qldm", "qldm:twin")
N_REAL = 5


def main() -> None:
    """Make the entries, build the site, print what it took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=500)
    parser.add_argument("--boards", type=int, default=25)
    parser.add_argument("--keep", type=Path, help="Folder in which the site stays.")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        entries = made_up(Path(folder), asked.entries, asked.boards)
        began = time.process_time()
        scores_of(entries[0].record, read_run_predictions(entries[0].path, entries[0].record))
        print(f"verifying one entry      {time.process_time() - began:6.2f} s, mostly its scores")
        began = time.process_time()
        found = standings(entries)
        standing = time.process_time()
        files = site_files(entries, found, Path(folder), lambda name, track, task: 120.0)
        rendered = time.process_time()
        out = asked.keep or Path(folder) / "site"
        write_files(files, out)
        print(f"gains, ranks, families   {standing - began:6.2f} s")
        print(f"pages and plots          {rendered - standing:6.2f} s, {len(files):,} files")
        print(f"writing them             {time.process_time() - rendered:6.2f} s")
        print(
            f"together                 {time.process_time() - began:6.2f} s for {len(entries)} entries on {asked.boards} boards"
        )
        first = (out / INDEX).stat().st_size
        print(f"first page               {first / 1e3:6.0f} kB")
        assert first < LARGEST_FIRST_PAGE, f"The first page has {first:,} bytes, more than {LARGEST_FIRST_PAGE:,}."


def made_up(folder: Path, n_entries: int, n_boards: int) -> list[Submitted]:
    """Return entries spread evenly over boards, on each the same drawn runs, under other names and for other data."""
    first = predictions_for("multiclass", ARMS, ("10%",), replicates=10)
    drawn = [_drawn(folder, seed, first) for seed in range(-(-n_entries // n_boards))]
    entries = []
    for number in range(n_entries):
        seed, board = divmod(number, n_boards)
        record = drawn[seed]
        data = record.data.model_copy(update={"manifest_sha256": f"{board:064x}"})
        place = record.board.model_copy(update={"track": f"track-{board}"})
        path = folder / f"entry-{number}"
        path.mkdir()
        shutil.copy(folder / f"drawn-{seed}" / "predictions.npz", path)
        changes = {"id": f"entry-{number:04d}", "data": data, "board": place}
        entries.append(Submitted(path, record.model_copy(update=changes)))
    return entries


def _drawn(folder: Path, seed: int, first: PredictionSet) -> Record:
    """Write the predictions of a run and return its record: real-data arms are those of ``first``, as they are on a board."""
    own = predictions_for("multiclass", ARMS, ("10%",), replicates=10, seed=seed)
    for shared, logits in (
        (first.fractions["10%"].test_logits, own.fractions["10%"].test_logits),
        (first.fractions["10%"].val_logits, own.fractions["10%"].val_logits),
    ):
        logits[:N_REAL] = shared[:N_REAL]
    (folder / f"drawn-{seed}").mkdir()
    (folder / f"drawn-{seed}" / "predictions.npz").write_bytes(own.to_bytes())
    return record_for(own, "multiclass", phantom=False)


if __name__ == "__main__":
    main()
