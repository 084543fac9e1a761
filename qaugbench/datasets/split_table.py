"""Which image is in which part, as a table to train a generator by, and to give back to a run as it is."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from qaugbench.datasets.audit.leaks import parts_of
from qaugbench.datasets.labels_csv import LabelNames
from qaugbench.datasets.names_given import files_given, slice_number
from qaugbench.datasets.prepared import PreparedData
from qaugbench.datasets.splits import Split
from qaugbench.errors import DataError
from qaugbench.files import write_whole


def write_split(path: Path, prepared: PreparedData, split: Split, labels: LabelNames) -> None:
    """Write ``split_text`` to ``path``; raise DataError if another file is there, or it cannot be written."""
    content = split_text(prepared, split, labels)
    try:
        if path.exists() and path.read_bytes() != content.encode():
            raise DataError(f"{path} is there already and is left as it is. Give another name with --write-split.")
        write_whole(path, content)
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}. Give another name with --write-split.") from error


def split_text(prepared: PreparedData, split: Split, labels: LabelNames) -> str:
    """Return a .csv with one row per image, or per file of several: filename, labels, patient_id if known, group, split.

    Files are named as their user names them, a slice of a volume by its number in a column ``slice``. ``split`` is empty for
    images that are in no part.
    """
    given = files_given(prepared.path)
    names = [given.get(file, name) for file, name in zip(prepared.files, prepared.table["filename"], strict=True)]
    slices = [slice_number(file) if file in given else "" for file in prepared.files]
    first = {group: names[row] for row, group in reversed(list(enumerate(prepared.groups.tolist())))}
    groups = prepared.group_names if prepared.group_column else first
    columns: dict[str, list[str]] = {
        "filename": names,
        **({"slice": slices} if any(slices) else {}),
        **_label_columns(prepared, labels),
        **({"patient_id": list(prepared.table["patient_id"])} if prepared.patients_known else {}),
        "group": [groups[group] for group in prepared.groups.tolist()],
        "split": parts_of(split, len(prepared)).tolist(),
    }
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(dict.fromkeys(zip(*columns.values(), strict=True)))
    return text.getvalue()


def _label_columns(prepared: PreparedData, labels: LabelNames) -> dict[str, list[str]]:
    if labels.kind != "multilabel":
        return {"label": [labels.names[code] for code in np.argmax(prepared.labels, axis=1).tolist()]}
    return {name: [f"{value:.0f}" for value in prepared.labels[:, k]] for k, name in enumerate(labels.names)}
