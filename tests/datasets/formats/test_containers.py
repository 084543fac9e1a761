from __future__ import annotations

import io
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from qaugbench.datasets.formats import containers
from qaugbench.datasets.formats.containers import open_containers
from qaugbench.errors import DataError


def zip_of(path: Path, entries: list[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return path


def tar_of(path: Path, entries: list[tuple[tarfile.TarInfo, bytes]]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for info, content in entries:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


def tar_info(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def link(name: str) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    return info


def opened(path: Path, scratch: Path, opens: tuple[str, ...] = ()) -> list[containers.Container]:
    return open_containers([path], opens, scratch)


def read_all(path: Path, scratch: Path, opens: tuple[str, ...] = ()) -> dict[str, bytes]:
    return {name: content for box in opened(path, scratch, opens) for name, content in box.stream(box.sizes)}


@pytest.mark.parametrize("name", ["../out.png", "/etc/out.png", "C:/out.png", "a\\..\\out.png", "a/../../out.png"])
def test_a_member_that_leaves_the_archive_is_refused_by_name(name, tmp_path):
    with pytest.raises(DataError, match=r"out.png' points outside the archive"):
        opened(zip_of(tmp_path / "a.zip", [("good.png", b"1"), (name, b"2")]), tmp_path)
    with pytest.raises(DataError, match=r"out.png' points outside the archive"):
        opened(tar_of(tmp_path / "a.tar.gz", [(tar_info("good.png"), b"1"), (tar_info(name), b"2")]), tmp_path)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused_by_name(kind, tmp_path):
    path = tar_of(tmp_path / "a.tar.gz", [(tar_info("images/x.png", kind, "/etc/passwd"), b"")])
    with pytest.raises(DataError, match=r"'images/x.png' is a link, a device"):
        opened(path, tmp_path)


def test_a_link_in_a_zip_is_refused_by_name(tmp_path):
    with pytest.raises(DataError, match=r"'x.png' is a link or a device"):
        opened(zip_of(tmp_path / "a.zip", [(link("x.png"), b"/etc/passwd")]), tmp_path)


def test_a_repeated_member_is_refused(tmp_path):
    with pytest.warns(UserWarning, match=r"Duplicate"):
        path = zip_of(tmp_path / "a.zip", [("x.png", b"1"), ("x.png", b"2")])
    with pytest.raises(DataError, match=r"'x.png' occurs more than once"):
        opened(path, tmp_path)


def test_an_encrypted_member_is_refused(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("x.png", b"1")])
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"'x.png' is encrypted"):
        opened(path, tmp_path)


def test_bombs_are_refused_before_they_go_off(tmp_path, monkeypatch):
    monkeypatch.setattr(containers, "ALWAYS_ALLOWED_BYTES", 1_000_000)
    zeros = bytes(5_000_000)
    with pytest.raises(DataError, match=r"'b.png' brings the unpacked files to 5,000,003 bytes, over 100 times"):
        opened(zip_of(tmp_path / "a.zip", [("a.png", b"abc"), ("b.png", zeros)]), tmp_path)
    with pytest.raises(DataError, match=r"over 100 times"):
        opened(tar_of(tmp_path / "a.tar.gz", [(tar_info("b.png"), zeros)]), tmp_path)


def test_a_bomb_inside_an_inner_archive_is_refused(tmp_path, monkeypatch):
    inner = zip_of(tmp_path / "inner.zip", [("b.png", bytes(5_000_000))]).read_bytes()
    monkeypatch.setattr(containers, "ALWAYS_ALLOWED_BYTES", 1_000_000)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    with pytest.raises(DataError, match=r"outer.zip/inner.zip: 'b.png' brings"):
        opened(zip_of(tmp_path / "outer.zip", [("inner.zip", inner)]), scratch, ("inner*.zip",))
    assert list(scratch.iterdir()) == []


def test_a_sparse_member_that_claims_a_terabyte_is_refused(tmp_path):
    info = tarfile.TarInfo("huge.png")
    info.size = 2**40
    (tmp_path / "a.tar").write_bytes(info.tobuf() + bytes(1024))
    with pytest.raises(DataError, match=r"'huge.png' brings the unpacked files to 1,099,511,627,776 bytes"):
        opened(tmp_path / "a.tar", tmp_path)


@pytest.mark.parametrize("end", [0.3, 0.9])
def test_archives_that_are_cut_short_are_refused(end, tmp_path):
    pixels = [(f"{i}.png", bytes([i]) * 3000) for i in range(30)]
    for path in (
        zip_of(tmp_path / "a.zip", list(pixels)),
        tar_of(tmp_path / "a.tar.gz", [(tar_info(name), content) for name, content in pixels]),
    ):
        path.write_bytes(path.read_bytes()[: int(path.stat().st_size * end)])
        with pytest.raises(DataError, match=r"damaged or cut short"):
            read_all(path, tmp_path)


def test_an_altered_tar_is_refused_by_the_checksum_of_gzip(tmp_path):
    path = tar_of(tmp_path / "a.tar.gz", [(tar_info("x.png"), bytes(range(256)) * 40)])
    content = bytearray(path.read_bytes())
    content[-8] ^= 1  # the checksum, not the data: the same as data altered to something that still unpacks
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged or cut short"):
        opened(path, tmp_path)


def test_an_altered_member_is_refused_when_it_is_read(tmp_path):
    path = zip_of(tmp_path / "a.zip", [(zipfile.ZipInfo("x.png"), b"some pixels")])
    path.write_bytes(path.read_bytes().replace(b"some pixels", b"more pixels"))
    with pytest.raises(DataError, match=r"x.png in .*a.zip is damaged"):
        read_all(path, tmp_path)


def test_a_member_whose_stated_length_is_false_is_refused(tmp_path):
    path = zip_of(tmp_path / "a.zip", [("x.png", bytes(100_000))])
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        struct.pack_into("<I", content, content.index(signature) + offset, 10)
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"damaged"):
        read_all(path, tmp_path)


def test_folders_archives_and_archives_inside_them_are_read_in_place(tmp_path):
    inner = zip_of(tmp_path / "part1.zip", [("1.mat", b"one")]).read_bytes()
    folder = tmp_path / "fetched"
    folder.mkdir()
    (folder / "table.csv").write_bytes(b"a,b")
    zip_of(folder / "outer.zip", [("part1.zip", inner), ("__MACOSX/._1.mat", b"junk"), ("dir/2.mat", b"two")])
    zip_of(folder / "other.zip", [("3.mat", b"not of this source")])
    tar_of(folder / "images_001.tar.gz", [(tar_info("images/4.png"), b"four")])

    read = read_all(folder, tmp_path, ("outer.zip", "part*.zip", "images_*.tar.gz"))

    assert {name: content for name, content in read.items() if not name.endswith((".zip", ".gz"))} == {
        "table.csv": b"a,b",
        "dir/2.mat": b"two",
        "1.mat": b"one",
        "images/4.png": b"four",
    }
    assert sorted(path.name for path in folder.iterdir()) == [
        "images_001.tar.gz",
        "other.zip",
        "outer.zip",
        "table.csv",
    ]


def test_an_archive_in_parts_is_read_without_joining_it(tmp_path):
    whole = zip_of(tmp_path / "train.zip", [(zipfile.ZipInfo(f"{i}.jpeg"), bytes([i]) * 500) for i in range(5)])
    content = whole.read_bytes()
    for n, start in enumerate(range(0, len(content), 700), start=1):
        (tmp_path / f"train.zip.{n:03d}").write_bytes(content[start : start + 700])
    assert read_all(tmp_path / "train.zip.001", tmp_path) == {f"{i}.jpeg": bytes([i]) * 500 for i in range(5)}
    (tmp_path / "train.zip.002").unlink()
    with pytest.raises(DataError, match=r"lacks train.zip.002"):
        opened(tmp_path / "train.zip.001", tmp_path)


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(DataError, match=r"absent.zip does not exist"):
        opened(tmp_path / "absent.zip", tmp_path)
