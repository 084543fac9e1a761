"""A file that a user asked for by name: refused before anything is computed where it could not be written."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path

from qaugbench.errors import DataError
from qaugbench.files import write_whole


def check_asked_file(path: Path, option: str, endings: Collection[str]) -> None:
    """Raise DataError for a file of another ending, in a folder that does not exist, and where none can be written."""
    if path.suffix.lower() not in endings:
        raise DataError(f"{option} writes a {' or '.join(sorted(endings))} file; got {path}.")
    try:
        if path.parent.exists() and not path.parent.is_dir():
            raise DataError(
                f"{path.parent} is no folder, so that {path.name} cannot be in it. Give another with {option}."
            )
        if not path.parent.is_dir():
            raise DataError(
                f"The folder {path.parent} of {path.name} does not exist. Make it, or give another with {option}."
            )
        if path.is_dir():
            raise DataError(f"{path} is a folder. Give the name of a file with {option}.")
        tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.").close()
    except OSError as error:
        raise _unwritable(path, option, error) from error


def refuse_file_among(path: Path, inputs: Iterable[Path], option: str) -> None:
    """Raise DataError for a file in one of the folders that are read, which it would change."""
    for folder in inputs:
        if folder.is_dir() and path.resolve().is_relative_to(folder.resolve()):
            raise DataError(f"{path} is in {folder}, whose pictures are compared. Give a file elsewhere with {option}.")


def write_asked_file(path: Path, content: bytes | str, option: str) -> Path:
    """Write a file whole or not at all and return its path; DataError where that fails."""
    try:
        write_whole(path, content)
    except OSError as error:
        raise _unwritable(path, option, error) from error
    return path


def _unwritable(path: Path, option: str, error: OSError) -> DataError:
    return DataError(f"{path} cannot be written: {error.strerror or error}. Give another with {option}.")
