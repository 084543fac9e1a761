"""Folders, .zip and .tar archives from third parties, read in place: nothing is unpacked, and harmful members are refused.

An archive is checked as a whole before any of it is used. Refused, by name: members that leave the archive (absolute
paths, drives, ``..``), links, devices, encrypted or repeated members, and members that would unpack to an unreasonable
size (zip bombs).
"""

from __future__ import annotations

import gzip
import io
import lzma
import re
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
from typing import IO, Protocol, cast

from qaugbench.datasets.formats.archive import ALWAYS_ALLOWED_BYTES, MAX_FILE_BYTES, MAX_SWELLING, leaves_source
from qaugbench.errors import DataError, first_offenders, shown

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".npz")
DAMAGED = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError)
_JUNK = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")


class Container(Protocol):
    """A container of files: ``label`` names it in messages, ``sizes`` maps its files to bytes, in the order of the archive.

    ``changed`` distinguishes contents of the same name: when the files were last written.
    """

    label: str
    sizes: dict[str, int]
    changed: tuple[int, ...]

    def stream(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        """Yield (name, content) of ``names``, in the order of the archive; raise DataError for damage."""

    def open(self, name: str) -> IO[bytes]:
        """Return one file opened for reading from its beginning."""

    def close(self) -> None: ...


def is_archive(name: str) -> bool:
    """Return whether ``name`` names an archive, or the first part of one.

    >>> [is_archive(name) for name in ("a.zip", "train.zip.001", "train.zip.002", "a.png")]
    [True, True, False, False]
    """
    return name.lower().removesuffix(".001").endswith(ARCHIVES)


class FolderContainer:
    """The files of a folder and everything below it, in sorted order."""

    def __init__(self, path: Path) -> None:
        self.path, self.label = path, str(path)
        files = (file for file in sorted(path.rglob("*")) if file.is_file())
        named = {file.relative_to(path).as_posix(): file for file in files}
        self.sizes = {name: file.stat().st_size for name, file in named.items() if not _JUNK.search(name)}
        self.changed = tuple((path / name).stat().st_mtime_ns for name in self.sizes)

    def stream(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        wanted = set(names)
        for name in self.sizes:
            if name in wanted:
                yield name, _bounded(self.label, name, self.sizes[name], (self.path / name).read_bytes)

    def open(self, name: str) -> IO[bytes]:
        return (self.path / name).open("rb")

    def close(self) -> None:
        pass


class FileContainer(FolderContainer):
    """A single file, such as a table."""

    def __init__(self, path: Path) -> None:
        self.path, self.label = path.parent, str(path)
        self.sizes = {path.name: path.stat().st_size}
        self.changed = (path.stat().st_mtime_ns,)


class ZipContainer:
    """The files of a .zip (or .npz) that ``file`` holds."""

    def __init__(self, file: IO[bytes], label: str, changed: tuple[int, ...]) -> None:
        self.label, self.changed = label, changed
        self._file = file
        try:
            self._zip = zipfile.ZipFile(file)
            self.sizes = self._checked(_length(file))
        except DAMAGED as error:
            file.close()
            raise _damaged(label, error) from error
        except DataError:
            file.close()
            raise

    def _checked(self, length: int) -> dict[str, int]:
        guard = _Guard(self.label, length)
        for info in self._zip.infolist():
            mode = info.external_attr >> 16
            guard.admit(info.filename, 0 if info.is_dir() else info.file_size)
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                guard.refuse(info.filename, "is a link or a device, not a file")
            if info.flag_bits & 1:
                guard.refuse(info.filename, "is encrypted")
        return _plain({info.filename: info.file_size for info in self._zip.infolist() if not info.is_dir()})

    def stream(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        wanted = set(names)
        for name in self.sizes:
            if name in wanted:
                yield name, _bounded(self.label, name, self.sizes[name], lambda name=name: self._zip.read(name))  # type: ignore[misc]

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(name)

    def close(self) -> None:
        self._zip.close()
        self._file.close()


class TarContainer:
    """The files of a .tar, .tar.gz or .tgz, read sequentially: once to check it and once for its content."""

    def __init__(self, path: Path) -> None:
        self.path, self.label = path, str(path)
        self.changed: tuple[int, ...] = (path.stat().st_mtime_ns,)
        guard = _Guard(self.label, path.stat().st_size)
        sizes: dict[str, int] = {}
        for _, member in self._members(guard):
            if member.isreg():
                sizes[member.name] = member.size
        self.sizes = _plain(sizes)

    def _members(self, guard: _Guard | None = None) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        """Yield the members in order; with ``guard`` each is checked first, and the gzip checksum at the end."""
        try:
            with self._uncompressed() as content, tarfile.open(fileobj=content, mode="r|") as archive:
                for member in archive:
                    if guard is not None:
                        guard.admit(member.name, member.size)
                        if not (member.isreg() or member.isdir()) or member.issparse():
                            guard.refuse(member.name, "is a link, a device or a sparse file, not a plain file")
                    yield archive, member
                if guard is not None:
                    guard.end(content)
        except DAMAGED as error:
            raise _damaged(self.label, error) from error

    def _uncompressed(self) -> IO[bytes]:
        with self.path.open("rb") as file:
            compressed = file.read(2) == b"\x1f\x8b"
        return cast(IO[bytes], gzip.open(self.path, "rb") if compressed else self.path.open("rb"))

    def stream(self, names: Collection[str]) -> Iterator[tuple[str, bytes]]:
        left = set(names)
        for archive, member in self._members():
            if member.name in left:
                left.remove(member.name)
                content = archive.extractfile(member)
                if content is not None:
                    yield member.name, _bounded(self.label, member.name, member.size, content.read)
            if not left:
                return

    def open(self, name: str) -> IO[bytes]:
        return io.BytesIO(next(content for _, content in self.stream([name])))

    def close(self) -> None:
        pass


class JoinedParts(io.RawIOBase):
    """The parts x.001, x.002, ... of a file, read as one file."""

    def __init__(self, parts: list[Path]) -> None:
        self._files = [part.open("rb") for part in parts]
        sizes = [part.stat().st_size for part in parts]
        self._starts = [sum(sizes[:i]) for i in range(len(parts))]
        self._length, self._position = sum(sizes), 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._position = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._length}[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._position >= self._length:
            return 0
        part = max(i for i, start in enumerate(self._starts) if start <= self._position)
        file = self._files[part]
        file.seek(self._position - self._starts[part])
        read = file.readinto(buffer)  # type: ignore[attr-defined]
        self._position += read
        return int(read)

    def close(self) -> None:
        for file in self._files:
            file.close()
        super().close()


def open_containers(paths: Collection[Path], opens: Collection[str], scratch: Path) -> list[Container]:
    """Return the containers at ``paths``: folders, files, archives, and the archives inside them.

    An archive at a path is opened; one inside a folder or another archive only if its name matches one of the patterns
    ``opens``. ``scratch`` is the folder for unnamed temporary copies of archives inside archives. Raises DataError for
    a path that does not exist and for everything that this module refuses (see above).
    """
    found: list[Container] = []
    with ExitStack() as opened:  # nothing stays open after an error
        for path in paths:
            for container in _opened(Path(path), opens, scratch):
                found.append(container)
                opened.callback(container.close)
        opened.pop_all()
    return found


def _opened(path: Path, opens: Collection[str], scratch: Path) -> list[Container]:
    if not path.exists():
        raise DataError(f"{path} does not exist. Give the folder or the archives that you fetched with --from.")
    if not path.is_dir():
        if not is_archive(path.name):
            return [FileContainer(path)]
        outer = _archive(path)
        return [outer, *_inner(outer, opens, scratch, depth=1)]
    folder = FolderContainer(path)
    archives = [name for name in folder.sizes if is_archive(name) and _matches(name, opens)]
    found: list[Container] = [folder]
    for name in archives:
        outer = _archive(path / name)
        found += [outer, *_inner(outer, opens, scratch, depth=1)]
    return found


def _archive(path: Path) -> Container:
    if path.name.lower().endswith((".tar", ".tar.gz", ".tgz")):
        return TarContainer(path)
    if path.name.endswith(".001"):
        parts = _parts(path)
        changed = tuple(part.stat().st_mtime_ns for part in parts)
        return ZipContainer(io.BufferedReader(JoinedParts(parts)), str(path), changed)
    return ZipContainer(path.open("rb"), str(path), (path.stat().st_mtime_ns,))


def _parts(first: Path) -> list[Path]:
    stem = first.name.removesuffix(".001")
    parts = sorted(part for part in first.parent.glob(f"{stem}.*") if re.fullmatch(r"\.\d{3}", part.suffix))
    wanted = [f"{stem}.{n:03d}" for n in range(1, len(parts) + 1)]
    missing = sorted(set(wanted) - {part.name for part in parts})
    if missing:
        raise DataError(f"{first.parent} lacks {first_offenders(missing)}: fetch every part of {stem}.")
    return parts


def _inner(outer: Container, opens: Collection[str], scratch: Path, *, depth: int) -> list[Container]:
    found: list[Container] = []
    for name in outer.sizes:
        if not (is_archive(name) and _matches(name, opens)):
            continue
        if depth > 2 or not name.lower().endswith(".zip"):
            raise DataError(
                f"{shown(name)} in {outer.label} is an archive too deep inside others. Unpack the outer one first."
            )
        copy = tempfile.TemporaryFile(dir=scratch)  # noqa: SIM115 - closed by its ZipContainer
        with outer.open(name) as content:
            try:
                for chunk in iter(lambda content=content: content.read(1024 * 1024), b""):  # type: ignore[misc]
                    copy.write(chunk)
            except DAMAGED as error:
                copy.close()
                raise _damaged(f"{shown(name)} in {outer.label}", error) from error
        copy.seek(0)
        inner = ZipContainer(copy, f"{outer.label}/{name}", outer.changed)
        found += [inner, *_inner(inner, opens, scratch, depth=depth + 1)]
    return found


def _matches(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatch(PurePosixPath(name).name, pattern) for pattern in patterns)


class _Guard:
    """Refuses members one by one as an archive is listed."""

    def __init__(self, label: str, length: int) -> None:
        self.label, self.length = label, length
        self.limit = max(ALWAYS_ALLOWED_BYTES, MAX_SWELLING * length)
        self.total = 0
        self.seen: set[str] = set()

    def admit(self, name: str, size: int) -> None:
        if leaves_source(name):
            self.refuse(name, "points outside the archive")
        if name in self.seen:
            self.refuse(name, "occurs more than once")
        self.seen.add(name)
        self.total += size
        if self.total > self.limit:
            self.refuse(
                name,
                f"brings the unpacked files to {self.total:,} bytes, over {MAX_SWELLING} times the archive's {self.length:,}",
            )

    def end(self, content: IO[bytes]) -> None:
        """Read the rest after the last member, so that gzip verifies its checksum."""
        while chunk := content.read(1024 * 1024):
            self.total += len(chunk)
            if self.total > self.limit:
                self.refuse("the end of it", f"is more than {MAX_SWELLING} times the archive's {self.length:,} bytes")

    def refuse(self, name: str, why: str) -> None:
        raise DataError(
            f"{self.label}: '{shown(name)}' {why}. A valid archive of this source has no such member, so none of it was used and "
            "nothing was written. Fetch the archive again from its publisher."
        )


def _plain(sizes: dict[str, int]) -> dict[str, int]:
    return {name: size for name, size in sizes.items() if not _JUNK.search(name)}


def _bounded(label: str, name: str, size: int, read: Callable[[], bytes]) -> bytes:
    if size > MAX_FILE_BYTES:
        raise DataError(
            f"{shown(name)} in {label} holds {size:,} bytes; an image or table may hold {MAX_FILE_BYTES:,}."
        )
    try:
        return read()
    except DAMAGED as error:
        raise _damaged(f"{shown(name)} in {label}", error) from error


def _damaged(what: str, error: BaseException) -> DataError:
    return DataError(f"{what} is damaged or cut short ({error}). Nothing was written. Fetch it again.")


def _length(file: IO[bytes]) -> int:
    end = file.seek(0, io.SEEK_END)
    file.seek(0)
    return end
