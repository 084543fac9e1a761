"""The bytes of a user's table as text: UTF-8 or marked UTF-16; any other encoding is named with its first line, not guessed."""

from __future__ import annotations

import codecs

from qaugbench.errors import DataError, shown

SAVE_AS = (
    "Save it again as CSV in UTF-8 (in Excel: Save As, 'CSV UTF-8 (Comma delimited)'; in LibreOffice: Character set "
    "'Unicode (UTF-8)')."
)
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def table_text(content: bytes, where: str) -> str:
    """Return the text of a table in UTF-8, or in UTF-16 with its mark, as Excel's "Unicode text" has it.

    Raises DataError for any other encoding, with the first line that shows it.
    """
    if content.startswith(UTF_16):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise DataError(f"{where} begins as UTF-16 text but is damaged or cut short. {SAVE_AS}") from error
    check_utf8(content, where)
    return content.decode("utf-8-sig")


def check_utf8(content: bytes, where: str) -> None:
    """Raise DataError unless ``content`` is UTF-8 text; the first line that is not is shown as Windows would read it.

    >>> check_utf8("label\\nM\\u00fcller".encode("latin-1"), "a.csv")
    Traceback (most recent call last):
    ...
    qaugbench.errors.DataError: a.csv is not UTF-8 text, line 2: ...
    """
    if b"\0" in content.partition(b"\n")[0]:
        raise DataError(f"{where} is not UTF-8 text, line 1: it has NUL bytes, as UTF-16 text has. {SAVE_AS}")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].split(b"\n")
        line = content.split(b"\n")[len(before) - 1].rstrip(b"\r").decode("cp1252", "replace")
        raise DataError(
            f"{where} is not UTF-8 text, line {len(before)}: '{shown(line)}' if it is Latin-1 (Windows-1252). {SAVE_AS}"
        ) from error
