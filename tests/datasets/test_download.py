from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from qaugbench.datasets import download, sources
from qaugbench.datasets.download import check_connection, fetch, get
from qaugbench.datasets.progress import shown_progress
from qaugbench.datasets.sources import Source, SourceFile, downloads_folder
from qaugbench.errors import DataError
from tests.datasets.local_server import Site, serving


@pytest.fixture
def site():
    with serving() as site:
        yield site


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr(download, "PAUSE_S", 0.0)
    monkeypatch.setattr(download, "CHUNK_BYTES", 1000)
    monkeypatch.setattr(download, "TIMEOUT_S", (5, 5))


def archive(seed: int = 0, length: int = 20_000) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as file:
        file.writestr(zipfile.ZipInfo("a.bin"), np.random.default_rng(seed).bytes(length))
    return content.getvalue()


def md5(content: bytes) -> str:
    return f"md5:{hashlib.md5(content).hexdigest()}"


def with_file(**facts: object) -> tuple[Source, SourceFile]:
    """Return kermany with one file a.zip of these facts."""
    file = SourceFile("a.zip", **facts)  # type: ignore[arg-type]
    return replace(sources.source("kermany"), files=(file,)), file


def known(site: Site, content: bytes, *names: str) -> tuple[Source, SourceFile]:
    urls = tuple(site.url(name) for name in names or ("a.zip",))
    return with_file(urls=urls, checksum=md5(content), checksum_by="the test")


def left(home: Path) -> list[str]:
    folder = downloads_folder("kermany", home=home)
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")


def test_a_connection_cut_twice_is_resumed_from_where_it_broke(site, data_home):
    site.files["a.zip"] = content = archive()
    site.cut_after = [5000, 7000]
    entry, file = known(site, content)

    fact = fetch(entry, file, data_home)

    assert (downloads_folder("kermany", home=data_home) / "a.zip").read_bytes() == content
    assert fact.checksum_by == "stated by the test"
    starts = [int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0 for _, wanted in site.asked]
    assert starts[0] == 0
    assert 0 < starts[1] <= 5000 < starts[2] <= 12_000
    assert left(data_home) == ["a.zip"]


def test_an_interrupted_call_is_gone_on_with_by_the_next(site, data_home):
    site.files["a.zip"] = content = archive()
    entry, file = known(site, content)

    def interrupt(_name: str, done: int, _total: int) -> None:
        if done >= 8000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(entry, file, data_home, progress=interrupt)
    assert left(data_home) == ["a.zip.partial", "a.zip.partial.json"]
    seen = []
    fetch(entry, file, data_home, progress=lambda _name, done, total: seen.append((done, total)))

    assert site.asked[-1] == ("a.zip", "bytes=8000-")
    assert seen[0] == (9000, len(content))
    assert seen[-1] == (len(content), len(content))
    assert left(data_home) == ["a.zip"]


def test_an_interrupt_while_the_checksum_is_computed_loses_nothing(site, data_home, monkeypatch):
    site.files["a.zip"] = content = archive()
    entry, file = known(site, content)

    def interrupted(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("pooch.core.hash_matches", interrupted)
        with pytest.raises(KeyboardInterrupt):
            fetch(entry, file, data_home)
    fetch(entry, file, data_home)
    assert site.asked[1:] == [("a.zip", f"bytes={len(content)}-")]  # 416: nothing is sent again


def test_a_server_that_ignores_range_makes_it_start_over(site, data_home):
    site.files["a.zip"] = content = archive()
    site.ranges, site.cut_after = False, [6000]
    entry, file = known(site, content)
    fetch(entry, file, data_home)
    assert [wanted is None for _, wanted in site.asked] == [True, False]
    assert (downloads_folder("kermany", home=data_home) / "a.zip").read_bytes() == content


def test_a_file_that_changed_on_the_server_is_not_mixed_with_the_old_one(site, data_home):
    site.files["a.zip"], site.cut_after = archive(1), [6000] + [0] * 10
    entry, file = with_file(urls=(site.url("a.zip"),))
    with pytest.raises(DataError, match=r"are kept"):
        fetch(entry, file, data_home)
    site.files["a.zip"], site.etag, site.cut_after = archive(2), '"2"', []
    fetch(entry, file, data_home)
    assert (downloads_folder("kermany", home=data_home) / "a.zip").read_bytes() == archive(2)


def test_without_validator_and_checksum_nothing_is_resumed(site, data_home):
    site.files["a.zip"], site.etag, site.cut_after = archive(), "", [6000]
    entry, file = with_file(urls=(site.url("a.zip"),))
    fetch(entry, file, data_home)
    assert [wanted for _, wanted in site.asked] == [None, None]


def test_a_resumed_file_of_the_wrong_checksum_is_fetched_afresh(site, data_home):
    site.files["a.zip"], site.etag, site.cut_after = archive(1), "", [6000] + [0] * 10
    entry, file = known(site, archive(2))
    with pytest.raises(DataError, match=r"are kept"):
        fetch(entry, file, data_home)
    site.files["a.zip"], site.cut_after = archive(2), []
    fetch(entry, file, data_home)
    assert [wanted for _, wanted in site.asked][-2:] == ["bytes=6000-", None]


def test_mirrors_are_tried_in_order(site, data_home):
    site.files["good.zip"], site.files["bad.zip"] = archive(), archive(9)
    entry, file = known(site, archive(), "absent.zip", "bad.zip", "good.zip")
    fetch(entry, file, data_home)
    assert [name for name, _ in site.asked] == ["absent.zip", "bad.zip", "good.zip"]
    assert (downloads_folder("kermany", home=data_home) / "a.zip").read_bytes() == archive()


def test_a_mirror_goes_on_with_what_the_first_server_began(site, data_home):
    site.files["first.zip"] = site.files["second.zip"] = archive()
    site.cut_after = [6000] + [0] * download.ATTEMPTS
    entry, file = known(site, archive(), "first.zip", "second.zip")
    fetch(entry, file, data_home)
    assert site.asked[-1] == ("second.zip", "bytes=6000-")


def test_without_a_checksum_a_mirror_starts_over(site, data_home):
    site.files["first.zip"], site.files["second.zip"] = archive(1), archive(2)
    site.cut_after = [6000] + [0] * download.ATTEMPTS
    entry, file = with_file(urls=(site.url("first.zip"), site.url("second.zip")))
    fetch(entry, file, data_home)
    assert site.asked[-1] == ("second.zip", None)
    assert (downloads_folder("kermany", home=data_home) / "a.zip").read_bytes() == archive(2)


def test_a_file_of_another_length_under_the_same_validator_is_not_gone_on_with(site, data_home):
    site.files["a.zip"], site.cut_after = archive(1), [6000] + [0] * download.ATTEMPTS
    entry, file = with_file(urls=(site.url("a.zip"),))
    with pytest.raises(DataError, match=r"are kept"):
        fetch(entry, file, data_home)
    site.files["a.zip"], site.cut_after = archive(2, 30_000), []
    fetch(entry, file, data_home)
    assert (downloads_folder("kermany", home=data_home) / "a.zip").read_bytes() == archive(2, 30_000)


@pytest.mark.parametrize("altered", [archive()[:-1] + b"?", archive() + b"?", archive()[:-500]])
def test_altered_longer_and_shorter_files_are_refused_with_nothing_left(site, data_home, altered):
    site.files["a.zip"] = altered
    entry, file = known(site, archive())
    with pytest.raises(DataError, match=r"not the expected one"):
        fetch(entry, file, data_home)
    assert left(data_home) == []


def test_a_file_of_another_length_than_published_is_refused_at_once(site, data_home):
    site.files["a.zip"] = archive()
    entry, file = with_file(urls=(site.url("a.zip"),), bytes=len(archive()) + 1)
    with pytest.raises(DataError, match=r"the published one"):
        fetch(entry, file, data_home)
    assert left(data_home) == []


def test_a_server_that_says_no_length_is_believed_only_with_a_checksum(site, data_home):
    site.files["a.zip"], site.length = archive(), False
    with pytest.raises(DataError, match=r"does not state the file"):
        fetch(*with_file(urls=(site.url("a.zip"),)), data_home)
    fetch(*known(site, archive()), data_home)


def test_a_web_page_in_place_of_the_file_is_refused(site, data_home):
    site.files["a.zip"] = b"<html>Please log in</html>"
    entry, file = with_file(urls=(site.url("a.zip"),))
    with pytest.raises(DataError, match=r"it begins with b'<h'"):
        fetch(entry, file, data_home)
    site.content_type = "text/html; charset=utf-8"
    with pytest.raises(DataError, match=r"sent a web page"):
        fetch(entry, file, data_home)
    assert left(data_home) == []
    assert not (data_home / "pins.json").exists()


def test_the_first_download_is_pinned_and_another_one_refused(site, data_home):
    site.files["a.zip"] = archive(1)
    entry, file = with_file(urls=(site.url("a.zip"),))
    path = downloads_folder("kermany", home=data_home) / "a.zip"

    fact = fetch(entry, file, data_home)
    assert fact.checksum_by.startswith("not published; pinned at its first use on 20")
    pin = json.loads((data_home / "pins.json").read_text())["kermany/a.zip"]
    assert pin["sha256"] == hashlib.sha256(archive(1)).hexdigest()
    assert (pin["bytes"], pin["url"]) == (len(archive(1)), site.url("a.zip"))

    path.unlink()
    site.files["a.zip"] = archive(2)
    with pytest.raises(DataError, match=r"not the expected one.*pinned at its first download"):
        fetch(entry, file, data_home)
    assert left(data_home) == []
    path.write_bytes(archive(2))
    with pytest.raises(DataError, match=r"remove the entry 'kermany/a.zip'"):
        fetch(entry, file, data_home)


def test_a_failure_says_how_to_go_on(site, data_home):
    entry, file = known(site, archive())
    with pytest.raises(DataError, match=r"(?s)404.*Nothing was kept.*put it at .*downloads/kermany/a.zip"):
        fetch(entry, file, data_home)
    assert len(site.asked) == 1


NOWHERE = {
    "name": ("http://nowhere.invalid/a.zip", "nowhere.invalid"),
    "port": ("http://127.0.0.1:9/a.zip", "connection refused"),
}


@pytest.mark.parametrize(("url", "words"), NOWHERE.values(), ids=NOWHERE)
def test_without_a_network_one_attempt_is_enough(url, words, data_home, monkeypatch):
    monkeypatch.setattr(download.time, "sleep", lambda seconds: pytest.fail("nobody waits for a network to appear"))
    entry, file = with_file(urls=(url,), checksum="md5:0", checksum_by="the test")
    told: list[str] = []
    with pytest.raises(DataError) as failed:
        fetch(entry, file, data_home, tell=told.append)
    first, remedy, by_hand = str(failed.value).splitlines()
    assert first.startswith("a.zip of kermany could not be downloaded: no connection to ")
    assert words in first
    assert "run" not in first
    assert remedy.startswith("Check the network")
    assert by_hand.startswith(f"Or fetch {url} elsewhere (md5:0 as stated by the test) and put it at {data_home}")
    assert told == [f"Asking {download.host_of(url)} for a.zip ..."]


def test_what_another_library_downloads_is_not_begun_without_a_connection(site, data_home):
    check_connection(site.url("any"), "Go on.")
    with pytest.raises(DataError, match=r"127\.0\.0\.1: connection refused\nCheck the network.*\nPut it there\."):
        check_connection("http://127.0.0.1:9/weights", "Put it there.")


def test_a_mirror_is_asked_where_the_first_address_cannot_be_reached(site, data_home):
    content = archive()
    site.files["a.zip"] = content
    entry, file = with_file(
        urls=("http://127.0.0.1:9/a.zip", site.url("a.zip")), checksum=md5(content), checksum_by="the test"
    )
    fetch(entry, file, data_home)
    assert left(data_home) == ["a.zip"]


def test_a_network_that_breaks_down_midway_is_waited_for(site, data_home, monkeypatch):
    entry, file = known(site, archive())
    site.files["a.zip"], site.cut_after = archive(), [6000]
    told: list[str] = []
    fetch(entry, file, data_home, tell=told.append)
    assert [line for line in told if "stopped sending; trying again" in line]
    assert left(data_home) == ["a.zip"]


def test_progress_is_shown_on_a_terminal_alone(monkeypatch, capsys):
    with shown_progress() as report:
        assert report is None
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with shown_progress() as report:
        report("a.zip", 500, 1000)
        report("a.zip", 1000, 1000)
    shown = capsys.readouterr()
    assert "a.zip" in shown.err
    assert shown.out == ""


def test_a_file_placed_by_hand_is_checked_and_used(site, data_home):
    entry, file = known(site, archive())
    path = downloads_folder("kermany", home=data_home) / "a.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(archive())
    fetch(entry, file, data_home)
    path.write_bytes(archive(3))
    with pytest.raises(DataError, match=r"the test states [0-9a-f]{32}"):
        fetch(entry, file, data_home)
    assert path.exists()
    assert site.asked == []


def test_what_no_program_may_fetch_is_explained(data_home):
    with pytest.raises(
        DataError, match=r"(?s)cannot be downloaded by a program.*Kaggle account.*data prepare nickparvar"
    ):
        get("nickparvar", home=data_home)


def test_tables_to_be_fetched_by_hand_are_asked_for_before_anything_is_downloaded(data_home):
    with pytest.raises(DataError, match=r"(?s)miccai2023_nih-cxr-lt_labels_val.csv from https.*Nothing was downloaded"):
        get("nih-cxr-lt", home=data_home)
    assert left_of(data_home, "nih-cxr-lt") == []


def left_of(home: Path, name: str) -> list[str]:
    return [path.name for path in downloads_folder(name, home=home).iterdir()]
