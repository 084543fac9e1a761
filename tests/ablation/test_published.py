"""Studies of noise beside the entries of a board: what is written, what is refused, and how one is proposed and checked."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from qaugbench.ablation.published import StatedStudy, study_text
from qaugbench.ablation.stored import stored_noise, study_of
from qaugbench.ablation.study import Side
from qaugbench.ablation.study_checks import check_study, devices_of_this_release, study_faults
from qaugbench.ablation.submit_study import prepared
from qaugbench.board.noise_places import study_paths
from qaugbench.cli import cli
from qaugbench.errors import EntryError
from qaugbench.files import json_text
from tests.ablation.kept import Change, changed_study, committed_study, content_of_study, written_study
from tests.ablation.planted import planted
from tests.board.clone import git, make_clone
from tests.project.documents import ROOT


def first_level(content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = content["sweeps"][0]["levels"][1]
    return found


def test_the_kept_study_is_what_submitting_writes_and_its_devices_are_known() -> None:
    study = check_study(committed_study())
    assert study_text(study.found) == (committed_study() / "noise.json").read_text(encoding="utf-8")
    assert devices_of_this_release(study.found) == {"ibm_heron_r1": True, "ibm_heron_r3": True}
    assert study.found.study.replicates == 5


@pytest.mark.parametrize("folder", study_paths(ROOT / "results"), ids=lambda folder: folder.name)
def test_every_kept_study_is_what_submitting_writes(folder: Path) -> None:
    assert study_text(check_study(folder).found) == (folder / "noise.json").read_text(encoding="utf-8")


def test_the_classifier_may_have_learned_from_images_without_noise_in_some_sweeps_and_has_one_score_there() -> None:
    whole = planted("ibm_heron_r1", "ibm_heron_r3")
    clean = next(one.generator for one in whole.levels if one.level.is_clean and one.level.trains)
    plain = replace(
        clean, measures=tuple({name: row[name] for name in row if name != "recipe"} for row in clean.measures)
    )

    def told(*trained: Side) -> list[str]:
        sides = iter(trained)
        levels = [
            replace(one, generator=next(sides) if one.level.trains else plain) if one.level.is_clean else one
            for one in whole.levels
        ]
        return [fault for fault in study_faults(replace(whole, levels=tuple(levels))) if "in every sweep" in fault]

    other = replace(clean, measures=tuple({**row, "recipe": {"value": 0.5}} for row in clean.measures))
    assert told(clean, clean) == []
    assert told(clean, other) == ["the images without noise are the same in every sweep, and their measures are not"]


def test_what_follows_from_a_study_is_left_out() -> None:
    found, text = prepared(committed_study())
    kept = json.loads(text)
    assert not {"tolerance", "needed", "collapse", "measures"} & set(kept)
    assert "means" not in kept["twin"]
    assert found.to_dict()["twin"]["means"]["probe"]["n"] == 5


def _set(*path: Any) -> Change:
    *way, last, value = path

    def change(content: dict[str, Any]) -> None:
        place: Any = content
        for step in way:
            place = place[step]
        place[last] = value

    return change


def _drop_a_replicate(content: dict[str, Any]) -> None:
    first_level(content)["generator"]["replicates"].pop()


def _many_rows(content: dict[str, Any]) -> None:
    first_level(content)["generator"]["replicates"] = [{}] * 1_000_000


def _better(content: dict[str, Any]) -> None:
    content["sweeps"][1]["levels"][0]["generator"]["replicates"][0]["probe"]["value"] = 0.99


def _weaker(content: dict[str, Any]) -> None:
    first_level(content)["execution"]["two_qubit_error"] = 1e-9


def _same_name(content: dict[str, Any]) -> None:
    content["sweeps"].append(content["sweeps"][1])


LEVEL = ("sweeps", 0, "levels", 1)
HOSTILE: dict[str, tuple[Change, str]] = {
    "HTML in a name": (_set("generator", "<b>qldm</b>"), "is no name"),
    "HTML in a title": (_set("sweeps", 1, "title", "<img src=x onerror=alert(1)>"), "holds HTML"),
    "an address that runs code": (_set("circuits", ["javascript:alert(1)"]), "an address that runs code"),
    "characters that cannot be seen": (_set("twin_missing", "no\u202etwin"), "cannot be seen"),
    "LaTeX": (_set(*LEVEL, "label", "\\input{x}"), "holds LaTeX"),
    "a path as a source": (_set("source", "../../etc"), "is no name"),
    "a million rows": (_many_rows, "bytes; at most|at most 100"),
    "another schema": (_set("schema_version", 2), "does not have the form"),
    "an unknown key": (_set("rank", 1), "does not have the form"),
    "text for a number": (_set(*LEVEL, "deviation", "0.1"), "does not have the form"),
    "a phantom": (_set("phantom", True), "does not have the form"),
    "a number out of range": (_set(*LEVEL, "seconds", 1e300), "does not have the form"),
    "an unknown task": (_set("task", "brain@2"), "brain"),
    "another version of a task": (_set("task", "chestxray@7"), "this release has chestxray@2"),
    "an unknown track": (_set("track", "tiny"), "tiny"),
    "a generator without circuits": (_set("generator", "ddpm"), "has no circuits"),
    "an unknown generator": (_set("generator", "qnothing"), "qnothing"),
    "a source that nobody has": (_set("source", "nih14"), "no registered source"),
    "another task's source": (_set("source", "nickparvar"), "not of chestxray"),
    "another endpoint": (_set("classifier", "title", "accuracy"), "is not one of chestxray@2"),
    "a fraction that is none": (_set("fraction", "lots"), "lots"),
    "too few replicates": (_set("replicates", 2), "2 replicates"),
    "a dropped replicate": (_drop_a_replicate, "has 4 replicates of 5"),
    "a score above 1": (_set(*LEVEL, "generator", "replicates", 0, "probe", "value", 1.2), "a number from 0 to 1"),
    "a made-up measure": (_set(*LEVEL, "generator", "replicates", 0, "fid", {"value": 3.0}), "which no study has"),
    "an unknown axis": (_set("sweeps", 0, "name", "luck"), "no axis"),
    "weaker noise than its value": (_weaker, "not evaluated as their values say"),
    "another strength than its value": (_set(*LEVEL, "strength", 0.0005), "not the strength of its value"),
    "another label than its value": (_set(*LEVEL, "label", "gates 0.1"), "is called 'gates 0.001'"),
    "another title of a known device": (_set("sweeps", 1, "title", "IBM Condor"), "is 'IBM Heron r3"),
    "another unit of a device": (_set("sweeps", 1, "unit", "times perfect"), "another strength"),
    "errors of another device": (_set("sweeps", 1, "reference", None), "a device has its own"),
    "a device for an axis without any": (_set("sweeps", 0, "reference", "ibm_heron_r1"), "takes times from no device"),
    "an unknown cause of errors": (_set(*LEVEL, "errors_by_cause", {"luck": 1.0}), "errors by 'luck'"),
    "a replicate without measures": (_set(*LEVEL, "generator", "replicates", 0, {}), "without measures"),
    "no twin and no reason": (_set("twin", None), "no twin and no reason"),
    "an unknown mitigation": (_set("mitigations", ["prayer"]), "no mitigation"),
    "two results of the same images": (_better, "the same in every sweep"),
    "two sweeps of one name": (_same_name, "is not written as"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_a_study_that_cannot_be_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    change, words = HOSTILE[case]
    folder = changed_study(tmp_path, change)
    with pytest.raises(EntryError, match=words) as refused:
        check_study(folder)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 1_000


def test_not_a_number_is_refused(tmp_path: Path) -> None:
    content = content_of_study()
    text = json_text(content).replace(f'"replicates": {content["replicates"]}', '"replicates": NaN', 1)
    with pytest.raises(EntryError, match="NaN is not a number"):
        check_study(written_study(tmp_path, text, content))


def test_other_bytes_another_name_and_further_files_are_refused(tmp_path: Path) -> None:
    folder = changed_study(tmp_path / "one", lambda content: None)
    check_study(folder)
    with pytest.raises(EntryError, match="belongs in"):
        check_study(folder.rename(folder.with_name("qlatent-wgan-00000000")))
    spaced = written_study(tmp_path / "two", json_text(content_of_study()) + " ", content_of_study())
    with pytest.raises(EntryError, match="is not written as"):
        check_study(spaced)
    other = changed_study(tmp_path / "three", lambda content: None)
    (other / "noise.pkl").write_bytes(b"\x80")
    with pytest.raises(EntryError, match=r"holds noise\.pkl"):
        check_study(other)


def test_a_snapshot_is_read_without_qiskit(tmp_path: Path) -> None:
    def snapshot(content: dict[str, Any]) -> None:
        content["sweeps"] = content["sweeps"][:2]
        content["sweeps"][1] |= {"name": "fake:torino", "reference": "fake:torino"}
        content["sweeps"][1]["levels"][0]["label"] = "0 x fake:torino"
        content["sweeps"][1]["levels"][1] |= {
            "label": "fake:torino",
            "execution": {"noise": "backend", "backend": "fake:nowhere"},
        }

    found = check_study(changed_study(tmp_path, snapshot)).found
    assert devices_of_this_release(found) == {"fake:torino": False}


def test_a_study_that_is_not_finished_or_of_a_phantom_is_not_submitted(tmp_path: Path) -> None:
    content = content_of_study()
    levels = content["sweeps"][2]["levels"]
    content["sweeps"][2] |= {"planned": levels, "levels": levels[:1]}
    (tmp_path / "noise.json").write_text(json_text(content), encoding="utf-8")
    assert len(stored_noise(tmp_path).levels) == 7
    with pytest.raises(EntryError, match="has 7 of 8 levels"):
        prepared(tmp_path)
    (tmp_path / "noise.json").write_text(json_text({**content_of_study(), "phantom": True}), encoding="utf-8")
    with pytest.raises(EntryError, match="a phantom's images"):
        prepared(tmp_path)


def call(*words: str) -> Result:
    return CliRunner().invoke(cli, [*words], standalone_mode=False)


def test_it_is_one_commit_on_a_branch_and_the_check_takes_it_from_whom_it_is_called_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = make_clone(tmp_path, monkeypatch)
    for name in ("submit_study.findings", "submit_study.headlines"):
        monkeypatch.setattr(f"qaugbench.ablation.{name}", lambda *_: [])
    done = call("submit", str(committed_study()))
    assert done.exception is None
    name = committed_study().name
    place = committed_study().relative_to(committed_study().parents[3])
    assert git("diff", "--name-only", "main", f"noise/{name}") == f"results/{place}/noise.json"
    assert not (clone / "results").exists()
    head = ("leaderboard", "check", "--base", "main", "--head", f"noise/{name}")
    taken = call(*head, "--author", "qaugbench")
    assert (taken.exception, taken.return_value) == (None, 0)
    assert f"## Study of noise `{name}`" in taken.output
    for author, said in (((), "add --author"), (("--author", "somebody"), "is submitted by 'somebody'")):
        refused = call(*head, *author)
        assert refused.return_value == 1
        assert said in " ".join(refused.output.split())


def test_a_study_comes_alone_and_is_never_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clone = make_clone(tmp_path, monkeypatch)
    folder = clone / "results" / committed_study().relative_to(committed_study().parents[3])
    shutil.copytree(committed_study(), folder)
    (clone / "setup.py").write_text("", encoding="utf-8")
    git("checkout", "-q", "-b", "proposal")
    git("add", "-A")
    git("commit", "-q", "-m", "both")
    check = ("leaderboard", "check", "--base", "main")
    assert "setup.py is changed as well" in call(*check).output
    git("branch", "-f", "main")
    (folder / "noise.json").write_text("{}", encoding="utf-8")
    git("commit", "-q", "-a", "-m", "change")
    assert "studies are never changed" in call(*check).output
    git("rm", "-q", "-r", "results")
    git("commit", "-q", "-m", "removal")
    assert "a maintainer decides" in " ".join(call(*check).output.split())


def test_verifying_a_folder_of_boards_looks_at_its_studies(tmp_path: Path) -> None:
    good = changed_study(tmp_path / "results", lambda content: None)
    done = call("verify", str(good))
    assert (done.exception, done.return_value) == (None, 0)
    assert "holds. A study of noise" in done.output
    done = call("verify", str(tmp_path / "results"))  # where no entry is beside it
    assert (done.exception, done.return_value) == (None, 0)
    bad = changed_study(tmp_path / "results", _drop_a_replicate)
    done = call("verify", "--json", str(good), str(bad))
    assert done.return_value == 1
    assert "has 4 replicates of 5" in done.output


def test_mitigation_charges_and_the_classifier_are_kept_to_the_last_digit() -> None:
    whole = planted("ibm_heron_r1")
    whole = replace(whole, study=replace(whole.study, phantom=False, equal_noise="no circuit is drawn with"))
    text = study_text(whole)
    found = study_of(StatedStudy.model_validate_json(text, strict=True).model_dump(), Path("noise.json"))
    again = study_text(found)
    assert json.loads(again) == json.loads(text)
    assert study_text(study_of(StatedStudy.model_validate_json(again, strict=True).model_dump(), Path("x"))) == again
    assert found.levels[1].mitigated[0].charge == whole.levels[1].mitigated[0].charge
    assert found.real_only == whole.real_only
    assert found.study.equal_noise == whole.study.equal_noise
