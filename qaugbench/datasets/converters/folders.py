"""Sources whose classes are folders: the rows that the paths of their images alone determine."""

from __future__ import annotations

from collections.abc import Mapping

from qaugbench.datasets.raw import IMAGE, Item, Raw, unique


def class_folders(
    raw: Raw, classes: Mapping[str, str], *, parts: Mapping[str, str] | None = None
) -> list[tuple[Item, dict[str, object]]]:
    """Return (file, row) of every image in <part>/<class>/, in stored order.

    ``classes`` maps the names of folders (in lower case) to classes of the task, ``parts`` those of the folders above to
    train, val and test; folders that neither names are left out. Rows have ``filename``, ``label`` and, with ``parts``,
    ``split``. Raises DataError where there is no such image, or one is there twice.
    """
    above = f"(?P<part>{'|'.join(parts)})/" if parts else ""
    found = raw.find(rf"{above}(?P<label>{'|'.join(classes)})/[^/]+{IMAGE}")
    rows = []
    for item, match in found:
        row: dict[str, object] = {"filename": item.file, "label": classes[match["label"].lower()]}
        if parts:
            row["split"] = parts[match["part"].lower()]
        rows.append((item, row))
    unique([item.file for item, _ in rows], raw.source.id)
    return rows
