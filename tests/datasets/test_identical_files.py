"""One file under several names is one group, in every split that is made or checked here."""

from __future__ import annotations

import numpy as np
import pytest

from qaugbench.datasets.identical_files import same_file
from qaugbench.datasets.prepared import open_prepared
from qaugbench.datasets.splits import choose_split
from qaugbench.errors import DataError

from .conftest import png, small_picture


def table(rows: list[tuple[str, str, str, str]]) -> str:
    return "\n".join(["filename,label,patient_id,split", *(",".join(row) for row in rows)])


def copied(n: int, copies: int) -> tuple[str, dict[str, bytes]]:
    """Return n training images and test images of which the first ``copies`` are training images under other names."""
    names = ("Good", "Usable", "Reject")
    rows = [(f"a{i}.png", names[i % 3], f"p{i}", "train") for i in range(n)]
    rows += [(f"b{i}.png", names[i % 3], f"q{i}", "test") for i in range(n // 2)]
    files = {f"images/{name}": small_picture(name) for name, *_ in rows}
    files |= {f"images/b{i}.png": files[f"images/a{i}.png"] for i in range(copies)}
    return table(rows), files


@pytest.mark.parametrize("name", ["source.zip", "source"])
def test_copies_are_one_group_and_never_parted_by_our_own_split(make_source, three_classes, name) -> None:
    text, files = copied(60, 20)
    prepared = open_prepared(make_source(text, files, name=name), three_classes)
    assert len(prepared.group_names) == 60 + 30 - 20
    assert (prepared.groups[60:80] == prepared.groups[:20]).all()
    split = choose_split(prepared)
    assert split.name == "own"
    assert "20 groups" in split.how
    part = np.full(90, "", dtype="U5")
    for called in ("train", "val", "test"):
        part[getattr(split, called)] = called
    assert (part[60:80] == part[:20]).all()


def test_a_published_split_that_parts_copies_is_refused_or_called_leaky(make_source, three_classes) -> None:
    prepared = open_prepared(make_source(*copied(60, 20)), three_classes)
    with pytest.raises(DataError, match="20 groups"):
        choose_split(prepared, column="split")
    accepted = choose_split(prepared, column="split", allow_leaky=True)
    assert (accepted.leaky, accepted.crossing_groups) == (True, 20)


def test_groups_close_over_patients_and_files(make_source, three_classes) -> None:
    rows = [("a.png", "Good", "p", "train"), ("b.png", "Good", "p", "train"), ("c.png", "Good", "q", "train")]
    files = {f"images/{name}": small_picture(name) for name, *_ in rows}
    files["images/c.png"] = files["images/b.png"]
    prepared = open_prepared(make_source(table(rows), files), three_classes)
    assert prepared.groups.tolist() == [0, 0, 0]
    assert prepared.group_names == ("p",)


def test_blank_and_damaged_files_stand_alone(make_source, three_classes) -> None:
    rows = [(f"{name}.png", "Good", name, "train") for name in "abcd"]
    blank, broken = png(np.full((8, 8), 255, np.uint8)), b"no image"
    files = {
        f"images/{name}.png": content for name, content in zip("abcd", (blank, blank, broken, broken), strict=True)
    }
    assert len(open_prepared(make_source(table(rows), files), three_classes).group_names) == 4


def test_only_files_of_equal_length_are_read() -> None:
    class Counting:
        contents = {"a": b"1", "b": b"22", "c": b"33"}
        read_names: list[str] = []

        def size(self, name: str) -> int:
            return len(self.contents[name])

        def read(self, name: str) -> bytes:
            self.read_names.append(name)
            return self.contents[name]

    archive = Counting()
    assert same_file(archive, ["a", "b", "c"]).tolist() == [0, 1, 2]
    assert archive.read_names == ["b", "c"]
