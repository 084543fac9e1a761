"""One commit on a branch of its own in a git repository, made without touching what is checked out or staged there."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from qaugbench.errors import EntryError, shown

UNBORN = "0" * 40
REMOTES = ("upstream", "origin")
MAIN = ("main", "master")


@dataclass(frozen=True)
class Repository:
    """The git repository whose files are in ``root``."""

    root: Path

    @classmethod
    def around(cls, path: Path) -> Repository | None:
        """Return the repository that a path is in, whether there is anything at the path or not; None outside of any."""
        here = next(one for one in (path.absolute(), *path.absolute().parents) if one.is_dir())
        if shutil.which("git") is None:
            return None
        found = subprocess.run(
            ["git", "rev-parse", "--show-toplevel"], cwd=here, capture_output=True, text=True, check=False
        )
        top = found.stdout.strip()
        return cls(Path(top)) if found.returncode == 0 and top else None

    def commit(self, name: str) -> str:
        """Return the commit that a name stands for; EntryError where it stands for none."""
        try:
            return self.git("rev-parse", "--verify", "--end-of-options", f"{name}^{{commit}}").strip()
        except EntryError as error:
            remedy = "Name a branch or a commit that is there, or fetch it first."
            raise EntryError(f"There is no commit {shown(name)} in {shown(self.root, None)}. {remedy}") from error

    def blob(self, name: str) -> bytes:
        """Return the content of a file by the name of its object."""
        done = subprocess.run(["git", "cat-file", "blob", name], cwd=self.root, capture_output=True, check=False)
        if done.returncode:
            raise EntryError(f"git has no file {shown(name)} in {shown(self.root, None)}.")
        return done.stdout

    def git(self, *words: str, stdin: bytes | None = None, index: Path | None = None) -> str:
        """Return what a git command prints; one that fails raises EntryError with what it said."""
        environment = {**os.environ, "LC_ALL": "C", **({"GIT_INDEX_FILE": str(index)} if index else {})}
        done = subprocess.run(
            ["git", *words], cwd=self.root, input=stdin, capture_output=True, env=environment, check=False
        )
        if done.returncode:
            said = _reason(done.stderr.decode(errors="replace"))
            raise EntryError(f"git {words[0]} failed in {shown(self.root, None)}: {shown(said, 300)}")
        return done.stdout.decode(errors="replace")

    def path_of(self, path: Path) -> str:
        """Return a path as git names it, below the root of the repository."""
        return path.absolute().resolve().relative_to(self.root.resolve()).as_posix()

    def base(self) -> str:
        """Return what proposals are made on top of: the main branch of ``upstream`` or ``origin`` as last fetched.

        Without either it is the main branch here, and in a repository that has none, what is checked out.
        """
        listed = self.git("for-each-ref", "--format=%(refname) %(symref)").splitlines()
        known = {name: target or name for name, _, target in (line.partition(" ") for line in listed)}
        remote = [f"refs/remotes/{name}/{branch}" for name in REMOTES for branch in ("HEAD", *MAIN)]
        found = next((known[one] for one in (*remote, *(f"refs/heads/{one}" for one in MAIN)) if one in known), "HEAD")
        return found.removeprefix("refs/remotes/").removeprefix("refs/heads/")

    def changed(self, base: str, branch: str) -> set[str]:
        """Return the paths of the files that a branch changes since it left ``base``."""
        ends = "...".join(self.commit(name) for name in (base, branch))
        return set(self.git("diff", "--name-only", "-z", "--no-renames", ends, "--").split("\0")[:-1])

    def has_branch(self, branch: str) -> bool:
        """Return whether there is a branch of this name."""
        return bool(self.git("branch", "--list", branch).strip())

    def files(self, commit: str, folder: str) -> dict[str, str]:
        """Return the objects of the files that a commit has in a folder, by their paths in the repository."""
        listed = self.git("ls-tree", "-r", "-z", self.commit(commit), "--", f"{folder}/").split("\0")[:-1]
        return {path: facts.split(" ")[2] for facts, _, path in (line.partition("\t") for line in listed)}

    def object_of(self, content: bytes) -> str:
        """Return the name of the object that a file with this content is; nothing is written."""
        return self.git("hash-object", "--stdin", stdin=content).strip()

    def commit_on_branch(
        self, branch: str, message: str, base: str, added: Mapping[str, bytes], removed: Sequence[str] = ()
    ) -> str:
        """Return the commit that a new branch has on top of ``base``: files ``added`` and ``removed`` by their paths.

        Raises EntryError where git does not know who commits.
        """
        parent = self.commit(base)
        with tempfile.TemporaryDirectory(prefix="qaugbench-index-") as folder:
            index = Path(folder) / "index"
            self.git("read-tree", parent, index=index)
            for path, content in added.items():
                blob = self.git("hash-object", "-w", "--stdin", stdin=content).strip()
                self.git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", index=index)
            for path in removed:
                self.git("update-index", "--force-remove", "--", path, index=index)
            tree = self.git("write-tree", index=index).strip()
        commit = self.git("commit-tree", tree, "-p", parent, "-m", message).strip()
        self.git("update-ref", f"refs/heads/{branch}", commit, UNBORN)
        return commit

    def remove_branch(self, branch: str) -> None:
        """Remove a branch; nothing is said where there is none."""
        self.git("update-ref", "-d", f"refs/heads/{branch}")


def _reason(said: str) -> str:
    """Return the lines in which git says why it failed, those of hooks on the other side first.

    >>> _reason("fatal: 'x' does not appear to be a git repository\\nPlease make sure ... and the repository exists.")
    "fatal: 'x' does not appear to be a git repository"
    """
    lines = [line.strip() for line in said.strip().splitlines()]
    told = [line for mark in ("remote:", "fatal:", "error:") for line in lines if line.startswith(mark)]
    return "; ".join(told[:3] or lines[-1:] or ["it said nothing"])
