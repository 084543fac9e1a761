"""``qaugbench data get``: the one place that may use the network."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from filelock import FileLock

from qaugbench.datasets.pins import find_pin, pin_file
from qaugbench.datasets.prepare import ArchiveFact, already_prepared, prepare_raw
from qaugbench.datasets.sources import Source, SourceFile, downloads_folder, instructions, source
from qaugbench.errors import DataError
from qaugbench.places import data_home

if TYPE_CHECKING:
    import requests

Progress = Callable[[str, int, int], None]
"""Called with (file name, bytes so far, total bytes or 0 if the server does not say)."""
Tell = Callable[[str], None]
"""Called with a line about what is being waited for."""

DEFAULT_SIZE = 64
"""Pixels per side if a publisher offers several sizes and none is requested."""
CHUNK_BYTES = 1024 * 1024
TIMEOUT_S = (15, 60)
"""Seconds to connect, and between two pieces of data."""
ATTEMPTS = 5
"""Attempts per address without receiving anything new."""
PAUSE_S = 1.0
"""Seconds before the second attempt; doubled before each further one."""
FIRST_BYTES = {".zip": b"PK", ".npz": b"PK", ".gz": b"\x1f\x8b"}
"""The first bytes of each file type; a login page sent instead begins differently."""


def get(
    name: str,
    *,
    size: int | None = None,
    home: Path | None = None,
    progress: Progress | None = None,
    tell: Tell | None = None,
    jobs: int | None = None,
) -> Path:
    """Return the prepared .zip of the source ``name``, downloading its files into <home>/downloads/<name> first.

    ``size`` chooses among the sizes a publisher offers (64 by default), or shrinks to that many pixels with ``jobs`` processes
    (see ``prepare``). ``tell`` hears what is waited for.
    A repeated call resumes an interrupted download. Files already in the folder, fetched by hand, are checked
    and used. Raises DataError, with what to do, for a source that no program may fetch, a file that has to be fetched by hand and
    is missing, a failed download, or a file that is not the published or pinned one.
    """
    home = home or data_home()
    entry = source(name)
    if name == "phantom":
        raise DataError(
            "The phantom is drawn when it is needed: use --source phantom, or write it to a file with 'qaugbench data phantom'."
        )
    if entry.image_sizes and size is None:
        size = DEFAULT_SIZE
    files = entry.files_of(size)
    if not any(file.urls for file in files):
        raise DataError(f"{name!r} cannot be downloaded by a program.\n{instructions(name)}")
    if held := already_prepared(entry, size, home):
        return held
    folder = downloads_folder(name, home=home)
    folder.mkdir(parents=True, exist_ok=True)
    _check_by_hand(entry, files, folder)
    facts = [fetch(entry, file, home, progress=progress, tell=tell) for file in files if file.urls]
    paths = [folder / file.name for file in files if file.urls] if entry.image_sizes else [folder]
    if tell:
        tell(f"Converting the images of {name} ...")
    return prepare_raw(entry, paths, size=size, home=home, facts=facts, jobs=jobs)


def fetch(
    entry: Source, file: SourceFile, home: Path, *, progress: Progress | None = None, tell: Tell | None = None
) -> ArchiveFact:
    """Return what is known of one file of a source after downloading it to <home>/downloads/<source>, unless it is there.

    The mirrors are tried in order. The file gets its name only once it is complete and checked: until then it is <name>.partial,
    which the next call resumes. Raises DataError.
    """
    folder = downloads_folder(entry.id, home=home)
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"):
        path = folder / file.name
        if path.exists():
            _check_published(file, path)
        else:
            _from_mirrors(entry, file, path, _known_hash(entry, file, home), progress, tell)
        if file.checksum:
            return ArchiveFact(file.name, path.stat().st_size, file.checksum, f"stated by {file.checksum_by}")
        pin = pin_file(home, f"{entry.id}/{file.name}", path, file.urls[0])
        who = f"not published; pinned at its first use on {pin.date}"
        return ArchiveFact(file.name, pin.bytes, f"sha256:{pin.sha256}", who)


def _known_hash(entry: Source, file: SourceFile, home: Path) -> str | None:
    pin = None if file.checksum else find_pin(home, f"{entry.id}/{file.name}")
    return file.checksum or (f"sha256:{pin.sha256}" if pin else None)


def _from_mirrors(
    entry: Source,
    file: SourceFile,
    path: Path,
    known_hash: str | None,
    progress: Progress | None,
    tell: Tell | None,
) -> None:
    failures, unreachable = [], []
    for url in file.urls:
        download = ResumingDownload(path.with_name(f"{path.name}.partial"), file.bytes, known_hash, progress, tell)
        try:
            _with_pooch(url, path, known_hash, download)
        except NoConnectionError as error:
            failures.append(f"{url}: {error}")
            unreachable.append(str(error))
            continue
        except DataError as error:
            failures.append(f"{url}: {error}")
            continue
        download.forget()
        return
    partial = path.with_name(f"{path.name}.partial")
    kept = (
        f"{partial.stat().st_size:,} bytes are kept in {partial}, and the same command resumes from there"
        if partial.exists()
        else "Nothing was kept: try the same command again later"
    )
    what = f" ({file.checksum} as stated by {file.checksum_by})" if file.checksum else ""
    if len(unreachable) == len(failures):
        raise DataError(
            f"{file.name} of {entry.id} could not be downloaded: {'; '.join(dict.fromkeys(unreachable))}.\n"
            f"Check the network, or the proxy in HTTPS_PROXY. {kept}.\n"
            f"Or fetch {file.urls[0]} elsewhere{what} and put it at {path}."
        )
    pinned = (
        f" It was pinned at its first download: if the publisher has replaced it and you want the new one, remove the entry "
        f"'{entry.id}/{file.name}' from pins.json and the prepared .zip."
    )
    raise DataError(
        f"{file.name} of {entry.id} could not be downloaded. {'; '.join(failures)}. {kept}. "
        f"Or fetch the file elsewhere{what} and put it at {path}."
        f"{pinned if known_hash and not file.checksum else ''}"
    )


def _with_pooch(url: str, path: Path, known_hash: str | None, download: ResumingDownload) -> None:
    import pooch  # type: ignore[import-untyped]

    pooch.get_logger().setLevel("ERROR")
    one = pooch.create(path.parent, base_url="", registry={path.name: known_hash}, urls={path.name: url})
    for last in (False, True):
        try:
            one.fetch(path.name, downloader=download)
        except ValueError as error:  # the hash differs
            download.forget()
            if last or not download.resumed:
                raise DataError(f"the downloaded file is not the expected one ({error})") from error
        else:
            return


def _check_published(file: SourceFile, path: Path) -> None:
    """Raise DataError if a file that is already there is not the published one."""
    import pooch

    there = path.stat().st_size
    if file.bytes and there != file.bytes:
        raise DataError(
            f"{path} has {there:,} bytes; the published file has {file.bytes:,}. Remove it to have it downloaded, or "
            "replace it by a whole copy."
        )
    algorithm, _, stated = file.checksum.partition(":")
    if stated and (found := pooch.file_hash(path, alg=algorithm)) != stated:
        raise DataError(
            f"{path} is not the published file: its {algorithm} is {found}, {file.checksum_by} states {stated} ({there:,} "
            "bytes are there). Remove it to have it downloaded, or replace it by a whole copy."
        )


def _check_by_hand(entry: Source, files: tuple[SourceFile, ...], folder: Path) -> None:
    missing = [
        file for file in files if not file.urls and not file.optional and not any(folder.rglob(_unpacked(file.name)))
    ]
    if missing:
        wanted = "\n".join(f"  {file.name} from {file.page}" for file in missing)
        raise DataError(
            f"{entry.id}: these files have to be fetched by hand and are not in {folder}:\n{wanted}\n"
            f"Put them there and run the command again. Nothing was downloaded. 'qaugbench data info {entry.id}' says more."
        )


def _unpacked(pattern: str) -> str:
    """Return a pattern for an archive and for the folder that it unpacks to."""
    return pattern.replace(".zip*", "*")


@dataclass
class ResumingDownload:
    """A downloader for pooch that resumes what an interrupted call left in ``partial``.

    Whether the server still has the same file is asked with If-Range (RFC 9110, 13.1.5) and checked by the length it states;
    without either, only a download with a known checksum is resumed. If the server ignores Range, it starts over. ``resumed`` says
    whether the result was assembled from several responses.
    """

    partial: Path
    expected_bytes: int
    known_hash: str | None
    progress: Progress | None
    tell: Tell | None = None
    resumed: bool = field(default=False, init=False)

    def __call__(self, url: str, output_file: str, pooch: object) -> None:
        """Download ``url`` to ``output_file``; raise DataError if that fails, at once if no connection is made."""
        import requests

        idle, pause, arrived = 0, PAUSE_S, False
        self._tell(f"Asking {host_of(url)} for {self.partial.name.removesuffix('.partial')} ...")
        while True:
            before = self._have()
            try:
                self._receive(url)
                break
            except (requests.exceptions.RequestException, _CutShort) as error:
                progressed = self._have() > before
                idle, arrived = 0 if progressed else idle + 1, arrived or progressed
                if not arrived and (reason := why_no_connection(error)):
                    raise NoConnectionError(f"no connection to {host_of(url)} ({reason})") from error
                if idle >= ATTEMPTS or _is_final(error):
                    raise DataError(str(error)) from error
            self._tell(f"{host_of(url)} stopped sending; trying again in {pause:.0f} s ...")
            time.sleep(pause)
            pause = min(2 * pause, 30.0)
        self._refuse_other_kind()
        os.remove(output_file)
        _same_file(self.partial, output_file)

    def _tell(self, text: str) -> None:
        if self.tell:
            self.tell(text)

    def forget(self) -> None:
        """Remove what was kept for resuming."""
        self.partial.unlink(missing_ok=True)
        self._state.unlink(missing_ok=True)

    @property
    def _state(self) -> Path:
        return self.partial.with_name(f"{self.partial.name}.json")

    def _have(self) -> int:
        return self.partial.stat().st_size if self.partial.exists() else 0

    def _receive(self, url: str) -> None:
        """Append to ``partial`` until the file is complete; raise _CutShort if the server stopped before that."""
        import requests

        have, kept = self._resumable(url)
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
            if kept.validator:
                headers["If-Range"] = kept.validator
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as answer:
            if have and answer.status_code == 416 and have == kept.total:
                return
            start = _start(answer, kept) if have else 0
            if answer.status_code not in (200, 206) or start not in (0, have):
                if have and answer.status_code in (206, 416):
                    self.forget()
                    raise _CutShort("the server now has another file; starting over")
                answer.raise_for_status()
                raise DataError(f"the server answered {answer.status_code} {answer.reason}")
            total = self._total(answer, start)
            _refuse_page(answer, self.partial.name.removesuffix(".partial"))
            self.resumed = self.resumed or start > 0
            self._state.write_text(json.dumps(asdict(_State(url, _validator(answer), total))), encoding="utf-8")
            self._append(answer, start, total)
        if total and self._have() != total:
            if self._have() > total:
                self.forget()
            raise _CutShort(f"{self._have():,} of {total:,} bytes arrived")

    def _append(self, answer: requests.Response, start: int, total: int) -> None:
        done = start
        with self.partial.open("r+b" if start else "wb") as file:
            file.seek(start)
            file.truncate()
            for chunk in answer.iter_content(CHUNK_BYTES):
                done += len(chunk)
                if total and done > total:
                    raise DataError(f"more than the {total:,} bytes of the published file arrived")
                file.write(chunk)
                if self.progress:
                    self.progress(self.partial.name.removesuffix(".partial"), done, total)

    def _resumable(self, url: str) -> tuple[int, _State]:
        """Return how many bytes can be resumed from, and what is known of the file they belong to."""
        have = self._have()
        try:
            kept = _State(**json.loads(self._state.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return 0, _State(url, "", 0)
        if kept.url != url:  # each mirror has its own validators
            kept = _State(url, "", kept.total)
        sure = kept.validator or (self.known_hash and kept.total)
        return (have if sure and (not kept.total or have <= kept.total) else 0), kept

    def _refuse_other_kind(self) -> None:
        name = self.partial.name.removesuffix(".partial")
        first = FIRST_BYTES.get(Path(name).suffix, b"")
        with self.partial.open("rb") as file:
            begins = file.read(len(first))
        if begins != first:
            self.forget()
            raise DataError(f"the download is not a {name}: it begins with {begins!r}")

    def _total(self, answer: requests.Response, start: int) -> int:
        """Return the length of the complete file; 0 if the server marks the end in another way."""
        length = answer.headers.get("Content-Length", "")
        total = start + int(length) if length.isdigit() else 0
        if total and self.expected_bytes and total != self.expected_bytes:
            self.forget()
            raise DataError(f"the file has {total:,} bytes, the published one {self.expected_bytes:,}")
        if total or self.expected_bytes:
            return total or self.expected_bytes
        if answer.headers.get("Transfer-Encoding", "").lower() != "chunked" and not self.known_hash:
            raise DataError(
                "the server does not state the file's length, so whether the download is complete is unknown"
            )
        return 0


@dataclass(frozen=True)
class _State:
    """What was known when a download was interrupted."""

    url: str
    validator: str
    total: int


class NoConnectionError(DataError):
    """No server could be reached: another attempt a moment later would meet the same."""


class _CutShort(Exception):
    """The server stopped before the end, or the partial file has to be discarded: worth another attempt."""


def _start(answer: requests.Response, kept: _State) -> int:
    """Return the byte at which the response starts; -1 if the file's length has changed."""
    if answer.status_code != 206:
        return 0
    stated = answer.headers.get("Content-Range", "").removeprefix("bytes ")
    span, _, total = stated.partition("/")
    start = span.partition("-")[0]
    same = not kept.total or not total.isdigit() or int(total) == kept.total
    return int(start) if start.isdigit() and same else -1


def _validator(answer: requests.Response) -> str:
    etag = answer.headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else answer.headers.get("Last-Modified", "")


def host_of(url: str) -> str:
    """Return the machine that an address names.

    >>> host_of("https://example.org/a/b.zip")
    'example.org'
    """
    return urlsplit(url).hostname or url


def check_connection(url: str, remedy: str) -> None:
    """Raise DataError, with ``remedy`` as its last line, if no connection is made to the machine that ``url`` names."""
    import requests

    try:
        requests.head(url, timeout=TIMEOUT_S, allow_redirects=False)
    except requests.RequestException as error:
        why = why_no_connection(error) or str(error)
        raise DataError(
            f"No connection to {host_of(url)}: {why}\nCheck the network, or the proxy in HTTPS_PROXY.\n{remedy}"
        ) from error


def why_no_connection(error: BaseException) -> str:
    """Return why no connection was made, in a few words; "" for any other failure."""
    from urllib3.exceptions import ConnectTimeoutError, NewConnectionError, ProxyError

    causes = list(_causes(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "its name cannot be looked up: is there a network?"
    if any(isinstance(cause, ProxyError) for cause in causes):
        return "the proxy does not answer"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "connection refused"
    if any(isinstance(cause, NewConnectionError) for cause in causes):
        return "it cannot be reached: is there a network?"
    return "no answer" if any(isinstance(cause, ConnectTimeoutError) for cause in causes) else ""


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that led to it: causes, reasons and errors that it was made of."""
    waiting, seen = [error], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        further = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
        waiting += [cause for cause in further if isinstance(cause, BaseException)]


def _is_final(error: Exception) -> bool:
    """Return whether another attempt is useless: the server refuses for a permanent reason."""
    answer: Any = getattr(error, "response", None)
    return answer is not None and 400 <= answer.status_code < 500 and answer.status_code not in (408, 425, 429)


def _refuse_page(answer: requests.Response, name: str) -> None:
    if answer.headers.get("Content-Type", "").startswith("text/html") and not name.endswith((".html", ".htm")):
        raise DataError(
            "the server sent a web page instead of the file; open the address in a browser to see what it asks for"
        )


def _same_file(path: Path, copy: str) -> None:
    """Make ``copy`` a second name of ``path``, so that an interrupted check does not lose the download."""
    try:
        os.link(path, copy)
    except OSError:
        os.replace(path, copy)
