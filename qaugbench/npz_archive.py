"""Arrays of an .npz archive, read only if it is exactly as ``files.npz_bytes`` writes it.

NumPy's own reader trusts an archive's headers. Here the whole directory and every array's header are checked before any
data are unpacked: no missing, extra or repeated member, none encrypted or of an unknown compression, nothing between or
after them, no object, text or date where numbers belong, and no unexpected size.
"""

from __future__ import annotations

import math
import re
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from qaugbench.errors import shown

STORED, DEFLATED = 0, 8
UTF_8_NAMES = 0x800
MOST_MEMBERS = 10_000
HEADER_BYTES = 1024
LARGEST_ARRAY = 2**31
MOST_SWELLING = 200
"""Unpacked bytes per byte of the archive, beyond ``FREE_BYTES``."""
FREE_BYTES = 64 * 2**20
END = struct.Struct("<4s4H2LH")
ENTRY = struct.Struct("<4s6H3L5H2L")
LOCAL = struct.Struct("<4s5H3L2H")
NPY_HEADER = re.compile(
    rb"\{'descr': '([<|][a-zA-Z]\d{1,6})', 'fortran_order': (True|False), "
    rb"'shape': \(((?:\d{1,12}(?:,|(?:, \d{1,12})+))?)\), \} *\n"
)


@dataclass(frozen=True)
class Header:
    """The header of an array: NumPy's name of its dtype (``<f4``) and its shape."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def n_bytes(self) -> int:
        """The size of its data."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    def __str__(self) -> str:
        return f"{self.dtype} {list(self.shape)}"


@dataclass(frozen=True)
class Member:
    """One array of an archive, not unpacked yet."""

    header: Header
    content: memoryview
    method: int
    crc: int
    n_bytes: int


def members(content: bytes) -> dict[str, Member]:
    """Return the arrays of an archive by name, unpacked no further than their headers.

    Raises ValueError with the reason for an archive that is not as ``files.npz_bytes`` writes it.
    """
    found: dict[str, Member] = {}
    place = 0
    for name, entry in _directory(content):
        member, place = _member(content, name, entry, place)
        found[name] = member
    directory_at = END.unpack(content[-END.size :])[6]
    if place != directory_at:
        raise ValueError("it holds bytes that belong to no array")
    unpacked = sum(member.n_bytes for member in found.values())
    if unpacked > MOST_SWELLING * len(content) + FREE_BYTES:
        raise ValueError(f"it would unpack from {len(content):,} to {unpacked:,} bytes")
    return found


def unpacked(member: Member) -> np.ndarray:
    """Return the array of a member; raises ValueError if it does not match its header and checksum."""
    data = _inflate(member.content, member.method, member.n_bytes + 1, whole=True)
    if len(data) != member.n_bytes or zlib.crc32(data) != member.crc:
        raise ValueError("an array does not match its checksum")
    header = member.header
    return np.ndarray(header.shape, header.dtype, buffer=data, offset=len(data) - header.n_bytes)


def _directory(content: bytes) -> list[tuple[str, tuple[int, ...]]]:
    """Return (name, fields) of the members in the order of their places."""
    if len(content) < END.size:
        raise ValueError("it is not a zip archive")
    signature, disk, first_disk, here, total, size, at, comment = END.unpack(content[-END.size :])
    if signature != b"PK\5\6" or comment:
        raise ValueError("it does not end as a zip archive does: it is cut off, or something follows it")
    if disk or first_disk or here != total or at + size + END.size != len(content):
        raise ValueError("its directory is not where it should be")
    if total > MOST_MEMBERS:
        raise ValueError(f"it has {total:,} members")
    found, place = {}, at
    for _ in range(total):
        fields = _unpack(ENTRY, content, place, b"PK\1\2")
        length, extra, remark = fields[9:12]
        name = content[place + ENTRY.size : place + ENTRY.size + length].decode("utf-8")
        if extra or remark or not name.endswith(".npy") or name in found:
            raise ValueError(f"the member {shown(name)!r} occurs twice, is not an array, or has extra fields")
        found[name] = fields
        place += ENTRY.size + length
    if place != at + size:
        raise ValueError("its directory is damaged")
    return sorted(((name.removesuffix(".npy"), fields) for name, fields in found.items()), key=lambda pair: pair[1][15])


def _member(content: bytes, name: str, entry: tuple[int, ...], place: int) -> tuple[Member, int]:
    """Return a member and the position at which the next one has to begin."""
    flags, method, crc, packed, n_bytes, at = entry[2], entry[3], entry[6], entry[7], entry[8], entry[15]
    if flags & ~UTF_8_NAMES:
        raise ValueError(f"the member {shown(name)!r} is encrypted or streamed")
    if method not in (STORED, DEFLATED):
        raise ValueError(f"the member {shown(name)!r} has compression {method}; known are 0 (stored) and 8 (deflate)")
    if at != place:
        raise ValueError(f"the member {shown(name)!r} does not follow the one before it")
    local = _unpack(LOCAL, content, at, b"PK\3\4")
    start = at + LOCAL.size + local[8]
    stated = (local[1], local[2], local[5], local[6], local[7], local[9])
    written = content[at + LOCAL.size : start]
    if stated != (flags, method, crc, packed, n_bytes, 0) or written != f"{name}.npy".encode():
        raise ValueError(f"the member {shown(name)!r} is described in two ways")
    if start + packed > len(content) or n_bytes > LARGEST_ARRAY or (method == STORED and packed != n_bytes):
        raise ValueError(f"the member {shown(name)!r} has an impossible size")
    data = memoryview(content)[start : start + packed]
    header, length = _npy_header(bytes(_inflate(data, method, HEADER_BYTES, whole=False)), name)
    if length + header.n_bytes != n_bytes:
        raise ValueError(f"the member {shown(name)!r} says {header} but has {n_bytes:,} bytes")
    return Member(header, data, method, crc, n_bytes), start + packed


def _npy_header(start: bytes, name: str) -> tuple[Header, int]:
    """Return an array's header and its length in bytes."""
    if start[:8] != b"\x93NUMPY\1\0" or len(start) < 10:
        raise ValueError(f"the member {shown(name)!r} is not an array of format 1.0")
    length = 10 + int.from_bytes(start[8:10], "little")
    found = NPY_HEADER.fullmatch(start[10:length])
    if length > len(start) or found is None:
        raise ValueError(f"the member {shown(name)!r} has a broken header")
    if found[2] == b"True":
        raise ValueError(f"the member {shown(name)!r} is in Fortran order")
    dtype = found[1].decode("ascii")
    if dtype[1] not in "fiuU":
        raise ValueError(f"the member {shown(name)!r} has dtype {dtype}; numbers and texts are read")
    try:
        np.dtype(dtype)
    except TypeError as error:
        raise ValueError(f"the member {shown(name)!r} has an unknown dtype {dtype}") from error
    return Header(dtype, tuple(int(size) for size in found[3].decode("ascii").split(",") if size.strip())), length


def _inflate(data: memoryview, method: int, most: int, *, whole: bool) -> bytes | memoryview:
    """Return at most ``most`` unpacked bytes; ``whole`` refuses a stream that does not end exactly there."""
    if method == STORED:
        return data[:most]
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        found = stream.decompress(data, most)
    except zlib.error as error:
        raise ValueError(f"an array cannot be unpacked: {error}") from error
    if whole and (not stream.eof or stream.unused_data):
        raise ValueError("an array is longer or shorter than its header says")
    return found


def _unpack(layout: struct.Struct, content: bytes, place: int, signature: bytes) -> tuple[Any, ...]:
    if place + layout.size > len(content):
        raise ValueError("it is cut off")
    fields = layout.unpack_from(content, place)
    if fields[0] != signature:
        raise ValueError("its directory is damaged")
    return fields[1:]


def check_headers(found: Mapping[str, Member], wanted: Mapping[str, Header]) -> None:
    """Raise ValueError unless the arrays are exactly the ``wanted`` ones; a text may be of any length up to 300."""
    missing, unknown = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing or unknown:
        what = (
            f"lacks {shown(missing[0])!r}" if missing else f"holds {shown(unknown[0])!r}, which does not belong there"
        )
        raise ValueError(f"it {what}")
    for name, member in found.items():
        header, asked = member.header, wanted[name]
        same = header.dtype == asked.dtype or (asked.dtype == "<U" and _is_text(header.dtype))
        if not same or header.shape != asked.shape:
            raise ValueError(f"{shown(name)!r} is {header}, not {asked}")


def _is_text(dtype: str) -> bool:
    return dtype[:2] == "<U" and 1 <= int(dtype[2:]) <= 300
