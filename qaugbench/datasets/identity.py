"""The identity of images by content alone: names, paths, the order of rows and time stamps play no part.

An image is its file's bytes with its labels; a group is the set of its images; a source is the set of its groups. Two sources
with the same images, labels and groups are the same source, whatever their files are called and wherever they are.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

ID_DIGITS = 16


@dataclass(frozen=True)
class ContentIdentity:
    """Names of a source, its images and its groups, derived from content.

    ``sha256`` of the source; ``image_ids`` [N] of 16 hexadecimal digits, unique; ``groups`` int64 [N], the groups 0, 1, ...
    in an order that depends on content alone, for random draws of groups.
    """

    sha256: str
    image_ids: tuple[str, ...]
    groups: np.ndarray

    @property
    def rows_sha256(self) -> str:
        """The sha256 of the content in this order of rows: the name of anything stored row by row."""
        return _sha256(json.dumps([self.sha256, self.image_ids]))


def content_identity(
    hashes: Sequence[str], labels: np.ndarray, groups: np.ndarray, label_names: Sequence[str]
) -> ContentIdentity:
    """Return the identity of N images from ``hashes`` [N] of their files, ``labels`` [N, K] of 0 and 1, ``groups`` [N].

    Which images share a group counts, not the group's name. Groups or images that are equal in everything that counts are
    interchangeable.

    >>> one = content_identity(["aa", "bb", "aa"], np.eye(3), np.array([7, 7, 2]), "xyz")
    >>> other = content_identity(["bb", "aa", "aa"], np.eye(3)[[1, 2, 0]], np.array([0, 1, 0]), "xyz")
    >>> one.sha256 == other.sha256, one.image_ids[1] == other.image_ids[0]
    (True, True)
    """
    images = [(digest, tuple(row)) for digest, row in zip(hashes, np.asarray(labels).astype(int).tolist(), strict=True)]
    codes, contents = groups_by_content(images, groups.tolist())
    text = json.dumps([list(label_names), contents], separators=(",", ":"))
    return ContentIdentity(_sha256(text), _image_ids(images, codes), codes)


def groups_by_content(items: Sequence[Any], groups: Sequence[Hashable]) -> tuple[np.ndarray, list[list[Any]]]:
    """Return (codes int64 [N], contents): groups numbered in the order of their sorted ``items``.

    >>> codes, contents = groups_by_content(["c", "a", "b"], ["Doe", "Roe", "Doe"])
    >>> codes.tolist(), contents
    ([1, 0, 1], [['a'], ['b', 'c']])
    """
    members: dict[Hashable, list[Any]] = {}
    for item, group in zip(items, groups, strict=True):
        members.setdefault(group, []).append(item)
    contents = {group: sorted(inside) for group, inside in members.items()}
    ordered = sorted(contents, key=contents.__getitem__)
    rank = {group: code for code, group in enumerate(ordered)}
    return np.array([rank[group] for group in groups], dtype=np.int64), [contents[group] for group in ordered]


def _image_ids(images: Sequence[tuple[str, tuple[int, ...]]], groups: np.ndarray) -> tuple[str, ...]:
    """Return one id per image: its file's hash, hashed with a counter if several images have the same file."""
    order = sorted(range(len(images)), key=lambda i: (*images[i], groups[i]))
    seen: Counter[str] = Counter()
    ids = [""] * len(images)
    for i in order:
        digest = images[i][0]
        ids[i] = _sha256(f"{digest} {seen[digest]}")[:ID_DIGITS]
        seen[digest] += 1
    return tuple(ids)


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
