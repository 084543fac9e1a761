"""The rows of the first sheet of an .xlsx (Office Open XML, ECMA-376), as text."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from xml.etree import ElementTree

from qaugbench.errors import DataError

MAX_SHEET_BYTES = 64 * 1024**2
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def first_sheet(content: bytes, name: str) -> list[dict[str, str]]:
    """Return the rows of the first sheet by the names in its first row; "" for an empty cell.

    Raises DataError for a file that is not an .xlsx, would unpack to an unreasonable size, or declares entities.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            sheets = sorted(
                entry for entry in archive.namelist() if re.fullmatch(r"xl/worksheets/sheet\d+\.xml", entry)
            )
            shared = _parsed(archive, "xl/sharedStrings.xml") if "xl/sharedStrings.xml" in archive.namelist() else None
            sheet = _parsed(archive, sheets[0])
    except (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, IndexError, KeyError) as error:
        raise DataError(f"{name} is not a readable spreadsheet ({error}). Fetch it again.") from error
    strings = [] if shared is None else ["".join(item.itertext()) for item in shared.iter(f"{_MAIN}si")]
    rows = [_cells(row, strings) for row in sheet.iter(f"{_MAIN}row")]
    if not rows:
        return []
    header = {column: title.strip() for column, title in rows[0].items()}
    return [{title: row.get(column, "") for column, title in header.items()} for row in rows[1:]]


def _parsed(archive: zipfile.ZipFile, entry: str) -> ElementTree.Element:
    if archive.getinfo(entry).file_size > MAX_SHEET_BYTES:
        raise DataError(f"{entry} of a spreadsheet unpacks to more than {MAX_SHEET_BYTES:,} bytes.")
    text = archive.read(entry)
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise DataError(f"{entry} of a spreadsheet declares entities, which no spreadsheet needs.")
    return ElementTree.fromstring(text)


def _cells(row: ElementTree.Element, strings: list[str]) -> dict[str, str]:
    """Return the text of each cell by its column letters."""
    cells = {}
    for position, cell in enumerate(row.iter(f"{_MAIN}c")):
        column = re.sub(r"\d", "", cell.get("r", "")) or str(position)
        value = cell.find(f"{_MAIN}v")
        if cell.get("t") == "s" and value is not None:
            cells[column] = strings[int(value.text or 0)]
        elif cell.get("t") == "inlineStr":
            cells[column] = "".join(cell.itertext())
        else:
            cells[column] = (value.text or "") if value is not None else ""
    return cells
