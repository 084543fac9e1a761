"""What a planned run could show, told from a finished one, before anything confirmatory is computed."""

from __future__ import annotations

from pathlib import Path

from qaugbench.board.reader import check_folder, check_test_scores, read_run_predictions, record_of
from qaugbench.errors import StatisticsError, near_names
from qaugbench.formatting import WIDTH, fraction_words
from qaugbench.record import Record
from qaugbench.stats.pilot import pilot_of_run
from qaugbench.stats.power_table import PowerTable, table
from qaugbench.task import Endpoint


def power_tables(
    folder: Path, *, endpoint: str | None = None, difference: float | None = None
) -> dict[str, PowerTable]:
    """Return the table of detectable differences of a run or entry in ``folder``, by fraction.

    ``endpoint`` is one of the record's (the primary one by default); ``difference`` replaces its margin as the smallest
    difference that matters. Raises EntryError for an unusable folder, StatisticsError for an unknown endpoint and a pilot
    of fewer than three replicates.
    """
    folder = Path(folder)
    check_folder(folder)
    record = record_of(folder)
    check_test_scores(folder, record)
    predictions = read_run_predictions(folder, record)
    asked = record.endpoints[0] if endpoint is None else _endpoint(record, endpoint)
    return {
        fraction.key: table(
            pilot_of_run(
                predictions,
                record.arms,
                asked,
                record.labels.kind,
                record.labels.names,
                fraction.key,
                primary=record.endpoints[0],
            ),
            margin=asked.margin if difference is None else difference,
            metric=asked.title,
        )
        for fraction in record.fractions
    }


def power_text(
    folder: Path, *, endpoint: str | None = None, difference: float | None = None, width: int = WIDTH
) -> str:
    """Return ``power_tables`` as text at most ``width`` columns wide."""
    found = power_tables(folder, endpoint=endpoint, difference=difference)
    return "\n".join(
        f"At {fraction_words(key)} of the training patients\n{shown.text(width)}" for key, shown in found.items()
    )


def _endpoint(record: Record, name: str) -> Endpoint:
    known = {endpoint.id: endpoint for endpoint in record.endpoints}
    if name not in known:
        raise StatisticsError(f"The record has no endpoint {name!r}.{near_names(name, known)}")
    return known[name]
