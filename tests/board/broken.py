"""Good bundles broken in one way each: what the one reader has to refuse quickly, in words and in little memory."""

from __future__ import annotations

import hashlib
import io
import json
import os
import socket
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from qaugbench.board.bundle import ENTRY_FILE, MANIFEST_FILE, PREDICTIONS_FILE
from qaugbench.files import json_text

Break = Callable[[Path], None]
BREAKS: dict[str, Break] = {}


def breaks(function: Break) -> Break:
    """Register a way of breaking an entry under its name."""
    BREAKS[function.__name__.replace("_", " ")] = function
    return function


def registered(name: str, function: Break) -> None:
    """Register a way of breaking an entry."""
    BREAKS[name] = function


# Hashes are repaired after every change, so that none of these is caught by them.


def reseal(folder: Path) -> None:
    """Make the manifest fit the regular files of an entry; what is not a regular file is listed all the same."""
    facts = {}
    for path in folder.iterdir():
        if path.name != MANIFEST_FILE:
            content = path.read_bytes() if path.is_file() else b""
            facts[path.name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    (folder / MANIFEST_FILE).write_text(json_text({"schema_version": 1, "files": facts}), encoding="utf-8")


def record(change: Callable[[dict[str, Any]], Any]) -> Break:
    """Return a break that changes the record."""

    def broken(folder: Path) -> None:
        facts = json.loads((folder / ENTRY_FILE).read_text(encoding="utf-8"))
        change(facts["record"])
        (folder / ENTRY_FILE).write_text(json.dumps(facts), encoding="utf-8")
        reseal(folder)

    return broken


def text(change: Callable[[str], str | bytes]) -> Break:
    """Return a break that changes the text of ``entry.json``."""

    def broken(folder: Path) -> None:
        found = change((folder / ENTRY_FILE).read_text(encoding="utf-8"))
        (folder / ENTRY_FILE).write_bytes(found if isinstance(found, bytes) else found.encode())
        reseal(folder)

    return broken


def archive(change: Callable[[bytes], bytes]) -> Break:
    """Return a break that changes the bytes of the predictions."""

    def broken(folder: Path) -> None:
        content = change((folder / PREDICTIONS_FILE).read_bytes())
        (folder / PREDICTIONS_FILE).write_bytes(content)
        record(lambda facts: facts.update(predictions_sha256=hashlib.sha256(content).hexdigest()))(folder)

    return broken


def arrays(change: Callable[[dict[str, np.ndarray]], Any]) -> Break:
    """Return a break that changes the arrays of the predictions, written as numpy writes them."""

    def changed(content: bytes) -> bytes:
        with np.load(io.BytesIO(content)) as found:
            kept = {name: found[name] for name in found.files}
        change(kept)
        return zipped({f"{name}.npy": npy(array) for name, array in kept.items()})

    return archive(changed)


def npy(array: np.ndarray) -> bytes:
    """Return an array as numpy saves it."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=True)
    return buffer.getvalue()


def zipped(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as found:
        for name, content in files.items():
            found.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return buffer.getvalue()


def member(change: Callable[[bytes], bytes], name: str = "10%/test_logits.npy") -> Break:
    """Return a break that changes the bytes of one array inside the archive."""

    def changed(content: bytes) -> bytes:
        with zipfile.ZipFile(io.BytesIO(content)) as found:
            files = {one: found.read(one) for one in found.namelist()}
        return zipped({**files, name: change(files[name])})

    return archive(changed)


def declared(header: str) -> Break:
    """Return a break that gives the logits another header and no data."""
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header.encode() + b"\n"
    return member(lambda _: content)


def raw_header(old: bytes, new: bytes) -> Break:
    """Return a break that replaces bytes in the header of the logits."""

    def changed(content: bytes) -> bytes:
        assert old in content[:200]
        return content.replace(old, new, 1)

    return member(changed)


def in_directory(place: int, value: bytes, local: int | None = None) -> Break:
    """Return a break that writes ``value`` into the first entry of the archive's directory, and its twin before the data."""

    def changed(content: bytes) -> bytes:
        found = bytearray(content)
        first = content.index(b"PK\x01\x02")
        found[first + place : first + place + len(value)] = value
        if local is not None:
            found[local : local + len(value)] = value
        return bytes(found)

    return archive(changed)


def replaced(name: str, make: Callable[[Path], None]) -> Break:
    """Return a break that puts something else in the place of a file."""

    def broken(folder: Path) -> None:
        (folder / name).unlink()
        make(folder / name)
        if name != MANIFEST_FILE:
            reseal(folder)

    return broken


def pipe(path: Path) -> None:
    """Put a pipe there; whoever opens it for reading waits."""
    os.mkfifo(path)


def link(target: str) -> Callable[[Path], None]:
    """Return a maker of links."""
    return lambda path: path.symlink_to(target)


def plug(path: Path) -> None:
    """Put a socket there."""
    here = os.getcwd()
    os.chdir(path.parent)
    try:
        socket.socket(socket.AF_UNIX).bind(path.name)
    finally:
        os.chdir(here)


def sparse(size: int) -> Callable[[Path], None]:
    """Return a maker of files that are large and take no room."""

    def make(path: Path) -> None:
        with path.open("wb") as file:
            file.truncate(size)

    return make


for _name in (ENTRY_FILE, MANIFEST_FILE, PREDICTIONS_FILE, "samples.png"):
    registered(f"{_name} is a folder", replaced(_name, lambda path: path.mkdir()))
    registered(f"{_name} is a pipe", replaced(_name, pipe))
    registered(f"{_name} is a link", replaced(_name, link("/etc/hostname")))
    registered(f"{_name} is a link to a device", replaced(_name, link("/dev/zero")))
registered("entry.json is a link to nothing", replaced(ENTRY_FILE, link("nowhere")))
registered("predictions.npz is a socket", replaced(PREDICTIONS_FILE, plug))
registered("entry.json is 8 GB", lambda folder: sparse(8 << 30)(folder / ENTRY_FILE))
registered("manifest.json is 8 GB", lambda folder: sparse(8 << 30)(folder / MANIFEST_FILE))
registered("predictions.npz is 8 GB", lambda folder: sparse(8 << 30)(folder / PREDICTIONS_FILE))
registered("samples.png is 8 GB", lambda folder: sparse(8 << 30)(folder / "samples.png"))
registered(
    "samples.png ends early",
    lambda folder: ((path := folder / "samples.png").write_bytes(path.read_bytes()[:-20]), reseal(folder))[1],
)
registered(
    "samples.png is an archive as well",
    lambda folder: ((path := folder / "samples.png").write_bytes(path.read_bytes() + b"PK" * 99), reseal(folder))[1],
)
registered("samples.png is no picture", lambda folder: ((folder / "samples.png").write_bytes(b"MZ"), reseal(folder))[1])


@breaks
def a_folder_inside(folder: Path) -> None:
    """An entry has no folders."""
    (folder / "more").mkdir()
    reseal(folder)


@breaks
def a_file_with_terminal_codes_in_its_name(folder: Path) -> None:
    """An entry has four files at most."""
    (folder / "\x1b[2Jnews").write_bytes(b"")
    reseal(folder)


@breaks
def ten_thousand_files(folder: Path) -> None:
    """Refused without listing them."""
    for number in range(10_000):
        (folder / f"{number}").touch()


@breaks
def the_manifest_lists_a_path(folder: Path) -> None:
    """Names outside the folder are not read."""
    facts = {"schema_version": 1, "files": {"../../../../etc/passwd": {"sha256": "0" * 64, "bytes": 1}}}
    (folder / MANIFEST_FILE).write_text(json.dumps(facts), encoding="utf-8")


@breaks
def the_manifest_states_another_size(folder: Path) -> None:
    facts = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    facts["files"][ENTRY_FILE]["bytes"] += 1
    (folder / MANIFEST_FILE).write_text(json.dumps(facts), encoding="utf-8")


@breaks
def the_manifest_is_of_schema_true(folder: Path) -> None:
    facts = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    (folder / MANIFEST_FILE).write_text(json.dumps({**facts, "schema_version": True}), encoding="utf-8")


@breaks
def pictures_are_withheld_and_there(folder: Path) -> None:
    facts = json.loads((folder / ENTRY_FILE).read_text(encoding="utf-8"))
    facts["samples_withheld"] = "secret"
    (folder / ENTRY_FILE).write_text(json.dumps(facts), encoding="utf-8")
    reseal(folder)


@breaks
def the_manifest_lists_nothing(folder: Path) -> None:
    """An entry without its record."""
    for name in (ENTRY_FILE, PREDICTIONS_FILE, "samples.png"):
        (folder / name).unlink(missing_ok=True)
    reseal(folder)


# JSON
registered("a byte order mark", text(lambda found: "\ufeff" + found))
registered("utf-16", text(lambda found: found.encode("utf-16")))
registered("not text", text(lambda found: b"\xff\xfe\x00\x01"))
registered("a key twice", text(lambda found: found.replace('"samples": true', '"samples": true, "samples": true')))
registered(
    "a key of the record twice",
    text(lambda found: found.replace('"replicates": 3', '"replicates": 3, "replicates": 3', 1)),
)
registered("NaN", text(lambda found: found.replace('"image_size": 16', '"image_size": NaN')))
registered("Infinity", text(lambda found: found.replace('"margin": 0.01', '"margin": Infinity')))
registered("1e999", text(lambda found: found.replace('"margin": 0.01', '"margin": 1e999')))
registered(
    "a number of 5,000 digits", text(lambda found: found.replace('"image_size": 16', f'"image_size": {"9" * 5000}'))
)
registered("NUL in a text", text(lambda found: found.replace('"Brain tumour MRI"', '"Brain\\u0000MRI"')))
registered("half a character", text(lambda found: found.replace('"Brain tumour MRI"', '"Brain\\ud800MRI"')))
registered(
    "a text of a million characters", text(lambda found: found.replace('"Brain tumour MRI"', f'"{"x" * 10**6}"'))
)
registered("100,000 levels", text(lambda found: "[" * 100_000 + "]" * 100_000))
registered("1,000 levels in the recipe", record(lambda facts: facts["recipe"].update(deep=_deep(200))))
registered("five million values", text(lambda found: "[" + "0," * 5_000_000 + "0]"))
registered("five million empty lists", text(lambda found: "[" + "[]," * 5_000_000 + "[]]"))
registered("cut off", text(lambda found: found[: len(found) // 2]))
registered("a list", text(lambda found: "[]"))
registered("nothing", text(lambda found: ""))


def _deep(levels: int) -> Any:
    found: Any = 1
    for _ in range(levels):
        found = [found]
    return found


# What the record says
registered(
    "1,000 endpoints",
    record(lambda facts: facts.update(endpoints=[{**facts["endpoints"][0], "id": f"e{n}"} for n in range(1000)])),
)
registered(
    "2,000 arms", record(lambda facts: facts.update(arms=[{**facts["arms"][0], "id": f"a{n}"} for n in range(2000)]))
)
registered(
    "1,000 fractions",
    record(
        lambda facts: facts.update(fractions=[{**facts["fractions"][0], "key": f"{n / 10}%"} for n in range(1, 1001)])
    ),
)
registered("a million replicates", record(lambda facts: facts.update(replicates=10**6)))
registered("no replicates", record(lambda facts: facts.update(replicates=0)))
registered("replicates as a text", record(lambda facts: facts.update(replicates="3")))
registered("replicates as true", record(lambda facts: facts.update(replicates=True)))
registered("no arms", record(lambda facts: facts.update(arms=[])))
registered("no endpoints", record(lambda facts: facts.update(endpoints=[])))
registered("no fractions", record(lambda facts: facts.update(fractions=[])))
registered("an arm twice", record(lambda facts: facts["arms"].append(facts["arms"][0])))
registered("an endpoint twice", record(lambda facts: facts["endpoints"].append(facts["endpoints"][0])))
registered("a fraction twice", record(lambda facts: facts["fractions"].append(facts["fractions"][0])))
registered("a class twice", record(lambda facts: facts["labels"]["names"].__setitem__(1, facts["labels"]["names"][0])))
registered("an endpoint of an unknown class", record(lambda facts: facts["endpoints"][0].update(classes=["nothing"])))
registered("an endpoint of an unknown kind", record(lambda facts: facts["endpoints"][0].update(kind="accuracy")))
registered("a fraction that is no number", record(lambda facts: facts["fractions"][0].update(key="ten%")))
registered("a fraction above 1", record(lambda facts: facts["fractions"][0].update(key="1000%")))
registered("an unknown role", record(lambda facts: facts["arms"][0].update(role="winner")))
registered("a generator without a name", record(lambda facts: facts["arms"][-1].update(generator=None)))
registered("an unknown field", record(lambda facts: facts.update(award="first")))
registered("an unknown field in the scores", record(lambda facts: facts["scores"].update(award="first")))
registered("a score missing", record(lambda facts: facts["scores"]["fractions"]["10%"].pop("ranks")))
registered("a score as a text", record(lambda facts: facts["scores"]["fractions"]["10%"].update(n_replicates="3")))
registered("no test images", record(lambda facts: facts["data"]["n_images"].update(test=0)))
registered("10^6 test images", record(lambda facts: facts["data"]["n_images"].update(test=10**6)))
registered("10^12 test images", record(lambda facts: facts["data"]["n_images"].update(test=10**12)))
registered("a negative number of images", record(lambda facts: facts["data"]["n_images"].update(test=-1)))
registered("another number of patients", record(lambda facts: facts["data"]["n_groups"].update(test=7)))
registered("an id that is a path", record(lambda facts: facts.update(id="../../x")))
registered(
    "a failed cell without its fraction and replicate",
    record(
        lambda facts: facts["failures"].append(
            {"stage": "train", "name": "R 10% r0", "outcome": "error", "reason": "x", "arm": "R"}
        )
    ),
)

# The archive
registered("no archive", archive(lambda content: b"PK"))
registered("an empty file", archive(lambda content: b""))
registered("a bare array", archive(lambda content: npy(np.zeros(3))))
registered("a bare pickle", archive(lambda content: npy(np.array([{"a": 1}], dtype=object))))
registered("an archive cut off", archive(lambda content: content[:-30]))
registered("something after the archive", archive(lambda content: content + b"and more"))
registered("something before the archive", archive(lambda content: b"#!/bin/sh\n" + content))
registered("a remark at the end", archive(lambda content: content[:-2] + b"\x02\x00hi"))
registered("an archive without members", archive(lambda content: zipped({})))
registered(
    "100,000 members", archive(lambda content: zipped({f"{n}.npy": b"" for n in range(60_000)}, zipfile.ZIP_STORED))
)
registered("encrypted", in_directory(8, b"\x01\x00", local=6))
registered("an unknown compression", in_directory(10, b"\x63\x00", local=8))
registered("bzip2", archive(lambda content: _with_method(content, zipfile.ZIP_BZIP2)))
registered("lzma", archive(lambda content: _with_method(content, zipfile.ZIP_LZMA)))
registered("a size that is not true", in_directory(24, b"\xff\xff\xff\x7f", local=22))
registered("an offset beyond the end", in_directory(42, b"\xff\xff\xff\x7f"))
registered("a wrong checksum", in_directory(16, b"\x00\x00\x00\x00", local=14))
registered("a name in the directory only", in_directory(46, b"x"))
registered("data that cannot be unpacked", archive(lambda content: content[:120] + b"\xff" * 40 + content[160:]))


def _with_method(content: bytes, method: int) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        return zipped({name: found.read(name) for name in found.namelist()}, method)


@breaks
def a_member_twice(folder: Path) -> None:
    """Two arrays of one name."""

    def twice(content: bytes) -> bytes:
        buffer = io.BytesIO(content)
        with zipfile.ZipFile(buffer, "a") as found:
            found.writestr(zipfile.ZipInfo("arms_npy"), found.read("arms.npy"))
        return buffer.getvalue().replace(b"arms_npy", b"arms.npy")

    archive(twice)(folder)


# Arrays
SHAPE = "(8, 3, 60, 3)"
registered(
    "declares 10^12 numbers", declared("{'descr': '<f4', 'fortran_order': False, 'shape': (1000, 1000, 1000, 1000), }")
)
registered(
    "declares 10^30 numbers",
    declared(f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({'9' * 12}, {'9' * 12}, 9, 9), }}"),
)
registered("declares a negative size", declared("{'descr': '<f4', 'fortran_order': False, 'shape': (-8, 3, 60, 3), }"))
registered("a header that runs code", declared("__import__('os').system('true')"))
registered("a header of brackets", declared("(" * 5000))
registered("a header without a shape", declared("{'descr': '<f4', 'fortran_order': False}"))
registered("a header longer than the file", member(lambda content: content[:8] + b"\xff\xff" + content[10:]))
registered("no magic", member(lambda content: b"NOTNUMPY" + content[8:]))
registered("format 9.0", member(lambda content: content[:6] + b"\x09\x00" + content[8:]))
registered("an empty array file", member(lambda content: b""))
registered("Fortran order", raw_header(b"False", b"True "))
registered("big-endian", raw_header(b"<f4", b">f4"))
registered("half precision", raw_header(b"<f4", b"<f2"))
registered("integers for floats", raw_header(b"<f4", b"<i4"))
registered("dates", raw_header(b"'<f4'", b"'<M8[s]'"))
registered("records", raw_header(b"'<f4'", b"[('a', '<f4')]"))
registered("objects", arrays(lambda found: found.update({"10%/test_logits": np.array([None], dtype=object)})))
registered(
    "texts for logits", arrays(lambda found: found.update({"10%/test_logits": found["10%/test_logits"].astype("U8")}))
)
registered(
    "float64 logits", arrays(lambda found: found.update({"10%/test_logits": found["10%/test_logits"].astype(float)}))
)
registered(
    "one image fewer",
    arrays(lambda found: found.update({"10%/test_logits": found["10%/test_logits"][:, :, 1:].copy()})),
)
registered("a flat array", arrays(lambda found: found.update({"10%/test_logits": found["10%/test_logits"].ravel()})))
registered("an array missing", arrays(lambda found: found.pop("10%/val_logits")))
registered("the ids missing", arrays(lambda found: found.pop("test_ids")))
registered("an array more", arrays(lambda found: found.update(extra=np.zeros(3))))
registered("infinite logits", arrays(lambda found: found["10%/test_logits"].__setitem__((0, 0, 0, 0), np.inf)))
registered("logits of 1e30", arrays(lambda found: found["10%/test_logits"].__setitem__((0, 0, 0, 0), 1e30)))
registered("a missing logit", arrays(lambda found: found["10%/test_logits"].__setitem__((0, 0, 0, 0), np.nan)))
registered("labels of 2", arrays(lambda found: found["test_labels"].__setitem__((0, 0), 2)))
registered("two classes of one image", arrays(lambda found: found["test_labels"].fill(1)))
registered("an id twice", arrays(lambda found: found["test_ids"].__setitem__(0, found["test_ids"][1])))
registered("an id in test and validation", arrays(lambda found: found["test_ids"].__setitem__(0, found["val_ids"][1])))
registered("an empty id", arrays(lambda found: found["test_ids"].__setitem__(0, "")))
registered("an id with terminal codes", arrays(lambda found: found["test_ids"].__setitem__(0, "\x1b[2J")))
registered("an id with NUL inside", member(lambda content: _second_letter(content), "test_ids.npy"))
registered("an id beyond Unicode", member(lambda content: content[:-4] + b"\xff\xff\xff\x7f", "test_ids.npy"))
registered("ids of a million characters", arrays(lambda found: found.update(test_ids=np.array(["x" * 10**5] * 60))))
registered("a negative group", arrays(lambda found: found["test_groups"].__setitem__(0, -1)))
registered("the arms in another order", arrays(lambda found: found.update(arms=found["arms"][::-1].copy())))
registered("a patient in test and validation", arrays(lambda found: found.update(val_groups=found["test_groups"])))


def _second_letter(content: bytes) -> bytes:
    return content[:-28] + b"\0\0\0\0" + content[-24:]


@breaks
def zeros_that_swell(folder: Path) -> None:
    """A gigabyte of zeros in a megabyte, of the size that the record says."""
    n_images = 120_000

    def zeros(content: bytes) -> bytes:
        with np.load(io.BytesIO(content)) as found:
            kept = {name: found[name] for name in found.files}
        kept["test_ids"] = np.array([f"{n}" for n in range(n_images)])
        kept["test_groups"] = np.arange(n_images)
        kept["test_labels"] = np.eye(3, dtype=np.uint8)[np.arange(n_images) % 3]
        kept["10%/test_logits"] = np.zeros((8, 30, n_images, 3), np.float32)
        kept["10%/val_logits"] = np.zeros((8, 30, 60, 3), np.float32)
        return zipped({f"{name}.npy": npy(array) for name, array in kept.items()})

    archive(zeros)(folder)
    record(lambda facts: (facts.update(replicates=30), facts["data"]["n_images"].update(test=n_images)))(folder)
