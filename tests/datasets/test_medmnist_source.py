from __future__ import annotations

import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import numpy as np
import pytest

from qaugbench.datasets.manifest import source_manifest
from qaugbench.datasets.medmnist_source import get_chestmnist
from qaugbench.datasets.prepared import load_images, open_prepared
from qaugbench.datasets.splits import choose_split
from qaugbench.errors import DataError

COUNTS = {"train": 30, "val": 6, "test": 9}
FINDINGS = (
    "Atelectasis Cardiomegaly Effusion Infiltration Mass Nodule Pneumonia Pneumothorax Consolidation Edema Emphysema "
    "Fibrosis Pleural_Thickening Hernia"
)
CHEST = SimpleNamespace(kind="multilabel", names=tuple(FINDINGS.split()))


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture
def arrays():
    draw = np.random.default_rng(0)
    return {
        **{f"{part}_images": draw.integers(0, 256, (n, 64, 64), dtype=np.uint8) for part, n in COUNTS.items()},
        **{f"{part}_labels": draw.integers(0, 2, (n, 14), dtype=np.uint8) for part, n in COUNTS.items()},
    }


@pytest.fixture
def published(arrays, tmp_path, monkeypatch):
    """An archive of the published form behind a local server, with the package told its address and MD5."""
    import medmnist

    folder = tmp_path / "server"
    folder.mkdir()
    archive = folder / "chestmnist_64.npz"
    np.savez(archive, **arrays)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    info = medmnist.INFO["chestmnist"]
    monkeypatch.setitem(info, "url_64", f"http://127.0.0.1:{server.server_port}/chestmnist_64.npz")
    monkeypatch.setitem(info, "MD5_64", hashlib.md5(archive.read_bytes()).hexdigest())
    monkeypatch.setitem(info, "n_samples", COUNTS)
    yield archive
    server.shutdown()
    server.server_close()


def test_the_published_archive_becomes_a_prepared_zip(published, arrays, data_home, capfd):
    path = get_chestmnist(64, data_home)

    assert path == data_home / "chestxray" / "chestmnist.zip"
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert capfd.readouterr() == ("", "")
    prepared = open_prepared(path, CHEST)
    split = choose_split(prepared, seed=1)
    assert (len(split.train), len(split.val), len(split.test)) == (30, 6, 9)
    np.testing.assert_array_equal(load_images(prepared, 64, 1, index=split.val)[..., 0], arrays["val_images"])
    np.testing.assert_array_equal(prepared.labels[split.test], arrays["test_labels"])
    facts = source_manifest(prepared, "chestxray")
    assert not facts["patients_known"]
    assert "not published" in facts["notes"][0]
    assert facts["licence"] == "CC BY 4.0"


def test_a_second_call_uses_what_is_there_and_another_size_is_refused(published, data_home):
    path = get_chestmnist(64, data_home)
    published.unlink()
    assert get_chestmnist(64, data_home) == path
    with pytest.raises(DataError, match="64 pixels, not 128"):
        get_chestmnist(128, data_home)


def test_an_altered_download_is_refused_with_nothing_left_behind(published, data_home):
    content = published.read_bytes()
    published.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DataError, match="corrupted"):
        get_chestmnist(64, data_home)
    assert [path for path in data_home.rglob("*") if path.is_file()] == []


def test_a_download_that_fails_says_how_to_go_on(published, data_home):
    published.unlink()
    with pytest.raises(DataError, match=r"404.*put it at .*downloads/chestmnist_64.npz"):
        get_chestmnist(64, data_home)
    assert [path for path in data_home.rglob("*") if path.is_file()] == []


def test_an_archive_placed_by_hand_is_used_and_kept(published, data_home):
    by_hand = data_home / "downloads" / published.name
    by_hand.parent.mkdir()
    published.rename(by_hand)
    assert len(open_prepared(get_chestmnist(64, data_home), CHEST)) == 45
    assert by_hand.exists()


def test_an_altered_archive_placed_by_hand_is_refused_and_kept(published, data_home):
    by_hand = data_home / "downloads" / published.name
    by_hand.parent.mkdir()
    by_hand.write_bytes(published.read_bytes() + b"x")
    with pytest.raises(DataError, match="its MD5 is"):
        get_chestmnist(64, data_home)
    assert by_hand.exists()
    assert not (data_home / "chestxray" / "chestmnist.zip").exists()


def test_an_interrupt_is_no_network_failure(published, data_home, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("torchvision.datasets.utils.download_url", interrupted)
    with pytest.raises(KeyboardInterrupt):
        get_chestmnist(64, data_home)


def test_another_size_is_refused(data_home):
    with pytest.raises(DataError, match="28, 64, 128, 224"):
        get_chestmnist(32, data_home)
