from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.datasets.preprocess import square_pixels
from qaugbench.datasets.scale import prepare_at_scale, shrunk
from qaugbench.datasets.shards import Made, Member, Shards, convert_in_shards
from qaugbench.errors import DataError

CLASSES = SimpleNamespace(kind="multiclass", names=("a", "b"))


def encoded(pixels, kind="PNG", **options):
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, format=kind, **options)
    return content.getvalue()


def pictures(n, side=40, seed=0):
    draw = np.random.default_rng(seed)
    return [(f"{i:04d}.png", encoded(draw.integers(0, 255, (side, side + i % 7), dtype=np.uint8))) for i in range(n)]


def rows(n):
    return [{"filename": f"{i:04d}.png", "label": "ab"[i % 2]} for i in range(n)]


def prepare(path, given, n, **options):
    return prepare_at_scale(path, iter(given), rows(n), {"name": "x"}, size=16, channels=1, key="k", **options)


def test_pixels_are_those_of_a_source_that_was_never_shrunk(tmp_path):
    given = pictures(20)
    written = prepare(tmp_path / "x.zip", given, 20)
    images = load_images(open_prepared(tmp_path / "x.zip", CLASSES), 16, 1)
    for (_, content), found in zip(given, images, strict=True):
        np.testing.assert_array_equal(found, square_pixels(Image.open(io.BytesIO(content)), 16, 1))
    assert (written["image_size"], len(written["files"])) == (16, 21)
    assert [path.name for path in tmp_path.iterdir()] == ["x.zip"]


def test_bytes_depend_neither_on_processes_nor_on_the_order_of_the_stream(tmp_path):
    given = pictures(150)
    prepare(tmp_path / "one.zip", given, 150)
    prepare(tmp_path / "two.zip", reversed(given), 150, jobs=2)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_a_tar_is_walked_through_once_and_other_files_are_passed_by(tmp_path):
    given = pictures(5)
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as tar:
        for name, content in [*given, ("README", b"no picture")]:
            info = tarfile.TarInfo(f"images/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))

    def stream():
        with tarfile.open(tmp_path / "x.tar.gz", "r|gz") as tar:
            for info in tar:
                yield info.name, tar.extractfile(info).read()

    assert set(prepare(tmp_path / "x.zip", stream(), 5)["files"]) == {f"images/{n}" for n, _ in given} | {"labels.csv"}


def test_members_of_a_zip_and_paths_give_the_same_as_bytes(tmp_path):
    given = pictures(6)
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for name, content in given:
            archive.writestr(name, content)
            (tmp_path / name).write_bytes(content)
    prepare(tmp_path / "bytes.zip", given, 6)
    prepare(tmp_path / "zip.zip", [(name, Member(tmp_path / "in.zip", name)) for name, _ in given], 6)
    prepare(tmp_path / "path.zip", [(name, tmp_path / name) for name, _ in given], 6)
    assert len({(tmp_path / f"{kind}.zip").read_bytes() for kind in ("bytes", "zip", "path")}) == 1


def counted(name: str, content: bytes) -> list[Made]:
    with Path(os.environ["COUNTED"]).open("a") as file:
        file.write(f"{name}\n")
    if content == b"bad":
        raise DataError("is bad")
    return [Made(name, content)]


def test_finished_shards_are_kept_and_the_rest_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTED", str(tmp_path / "counted"))
    given = [(str(i), str(i).encode()) for i in range(10)]
    spoilt = [*given[:7], ("7", b"bad"), *given[8:]]
    with pytest.raises(DataError, match=r"1 file cannot be converted: 7 \(is bad\)"):
        convert_in_shards(iter(spoilt), counted, tmp_path / "s", shard_size=4)
    (tmp_path / "counted").unlink()
    shards = convert_in_shards(iter(given), counted, tmp_path / "s", shard_size=4)
    assert (tmp_path / "counted").read_text().split() == ["4", "5", "6", "7"]
    assert [shards.read(name) for name in shards] == [content for _, content in given]


def spoil_content(path):
    path.write_bytes(path.read_bytes().replace(b"content-1", b"content-X"))


def spoil_end(path):
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize("spoil", [spoil_content, spoil_end, Path.unlink])
def test_a_damaged_shard_is_made_again(tmp_path, monkeypatch, spoil):
    monkeypatch.setenv("COUNTED", str(tmp_path / "counted"))
    given = [(str(i), f"content-{i}".encode()) for i in range(4)]
    convert_in_shards(iter(given), counted, tmp_path / "s", shard_size=2)
    spoil(tmp_path / "s" / "000000.shard")
    (tmp_path / "s" / ".000001.shard.7.partial").write_bytes(b"left by a killed process")
    (tmp_path / "counted").unlink()
    shards = convert_in_shards(iter(given), counted, tmp_path / "s", shard_size=2)
    assert (tmp_path / "counted").read_text().split() == ["0", "1"]
    assert shards.read("1") == b"content-1"
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["000000.shard", "000001.shard"]


SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_scale import pictures, prepare
def slow():
    for i, one in enumerate(pictures(200)):
        if i == 140:
            print("half", flush=True)
            sys.stdin.read()  # until it is killed
        yield one
prepare(Path(sys.argv[1]), slow(), 200)
"""


def test_a_killed_preparation_resumes_and_ends_with_the_same_bytes(tmp_path):
    script = SCRIPT.format(tests=str(Path(__file__).parent))
    target = tmp_path / "x.zip"
    child = subprocess.Popen(
        [sys.executable, "-c", script, str(target)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=tmp_path
    )
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"half\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    child.stdin.close()
    kept = sorted(tmp_path.glob(".*.shards/*.shard"))
    assert not target.exists()
    assert len(kept) == 2
    prepare(target, pictures(200), 200)
    prepare(tmp_path / "whole.zip", pictures(200), 200)
    assert target.read_bytes() == (tmp_path / "whole.zip").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["whole.zip", "x.zip"]


def test_a_shard_that_changes_after_it_was_made_is_noticed(tmp_path, monkeypatch):
    monkeypatch.setenv("COUNTED", str(tmp_path / "counted"))
    shards = convert_in_shards([("a", b"content-1")], counted, tmp_path / "s")
    spoil_content(tmp_path / "s" / "000000.shard")
    with pytest.raises(DataError, match="has changed"):
        shards.read("a")


def test_missing_and_broken_pictures_are_named_and_nothing_is_written(tmp_path):
    given = pictures(6)
    with pytest.raises(DataError, match=r"1 of 6 images.*images/0003.png"):
        prepare(tmp_path / "x.zip", given[:3] + given[4:], 6)
    broken = [*given[:4], ("0004.png", given[4][1][:60]), ("0005.png", b"text")]
    with pytest.raises(DataError, match=r"2 files.*0004.png.*0005.png \(not an image of a known format\)"):
        prepare(tmp_path / "x.zip", broken, 6)
    with pytest.raises(DataError, match="more than the"):
        shrunk(encoded(np.zeros((8920, 10000), np.uint8)), size=8, channels=1)
    assert not (tmp_path / "x.zip").exists()
    prepare(tmp_path / "x.zip", given, 6)
    with pytest.raises(DataError, match="exists already"):
        prepare(tmp_path / "x.zip", given, 6)


def test_two_pictures_of_one_name_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"0000\.png"):
        prepare(tmp_path / "x.zip", [*pictures(2), pictures(1)[0]], 2)


def test_facts_come_back_with_each_picture(tmp_path):
    made = {"start": 0, "size": 1, "sha256": ""}
    index = [[{"name": "a", "facts": {"k": 1}, **made}], [{"name": "b", "facts": {}, **made}]]
    shards = Shards(tmp_path, index)
    assert (list(shards), len(shards), shards.facts["a"], "c" in shards) == (["a", "b"], 2, {"k": 1}, False)
    assert json.dumps(dict(shards.facts)) == '{"a": {"k": 1}, "b": {}}'
