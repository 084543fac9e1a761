"""Sources whose classes are folders: rows determined by the paths of their images alone."""

from __future__ import annotations

from collections.abc import Mapping

from qaugbench.datasets.raw import IMAGE, Item, Raw, unique


def class_folders(
    raw: Raw, classes: Mapping[str, str], *, parts: Mapping[str, str] | None = None
) -> list[tuple[Item, dict[str, object]]]:
    """Return (file, row) of every image in <part>/<class>/, in stored order.

    ``classes`` maps the names of folders (in lower case) to classes of the task, ``parts`` those of the folders above to
    train, val and test; other folders are left out. Rows have ``filename``, ``label`` and, with ``parts``,
    ``split``. Raises DataError if there is no such image, or if one occurs twice.
    """
    rows = _rows(raw, classes, parts)
    unique([item.file for item, _ in rows], raw.source.id)
    return rows


def class_folders_once(
    raw: Raw, classes: Mapping[str, str], *, parts: Mapping[str, str]
) -> tuple[list[tuple[Item, dict[str, object]]], int]:
    """Return the result of ``class_folders`` for an archive that contains whole folders twice, and the number of copies left out.

    A copy has the name, class, part and length of an earlier image, as in archives made by Kaggle.
    """
    seen: dict[tuple[object, ...], Item] = {}
    rows, again = [], 0
    for item, row in _rows(raw, classes, parts):
        place = (item.container, *row.values(), raw.containers[item.container].sizes[item.name])
        if place in seen and seen[place].name != item.name:
            again += 1
            continue
        seen[place] = item
        rows.append((item, row))
    unique([item.file for item, _ in rows], raw.source.id)
    return rows, again


def _rows(
    raw: Raw, classes: Mapping[str, str], parts: Mapping[str, str] | None
) -> list[tuple[Item, dict[str, object]]]:
    above = f"(?P<part>{'|'.join(parts)})/" if parts else ""
    found = raw.find(rf"{above}(?P<label>{'|'.join(classes)})/[^/]+{IMAGE}")
    rows = []
    for item, match in found:
        row: dict[str, object] = {"filename": item.file, "label": classes[match["label"].lower()]}
        if parts:
            row["split"] = parts[match["part"].lower()]
        rows.append((item, row))
    return rows
