"""Walks: which files below folders are taken for audio, and what is said of the others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from service.ingest.folders import FolderWalk
from service.ingest.locations import file_uri, is_remote, local_path
from service.ingest.problems import Problem


def walked(*roots: Path) -> tuple[list[str], FolderWalk, list[Problem]]:
    problems: list[Problem] = []
    walk = FolderWalk(problems.append)
    return [found.path for found in walk.files(map(str, roots))], walk, problems


def make(root: Path, *names: str) -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")


def test_folders_are_walked_once_and_in_order(tmp_path: Path) -> None:
    root = tmp_path.resolve() / "music"
    make(
        root,
        "b/2.mp3",
        "b/1.MP3",
        "b/c/3.ogg",
        "z.flac",
        ".hidden.mp3",
        "cover.jpg",
        ".trash/x.mp3",
    )
    (root / "noname").write_bytes(b"fLaC....")
    (root / "b" / "loop").symlink_to(root)
    (root / "again.flac").symlink_to(root / "z.flac")
    paths, walk, problems = walked(root, root / "b", root / "cover.jpg", root / "z.flac")
    assert [str(Path(path).relative_to(root)) for path in paths] == [
        "noname",
        "z.flac",
        "b/1.MP3",
        "b/2.mp3",
        "b/c/3.ogg",
        "cover.jpg",
    ]
    assert (walk.hidden, walk.other) == (2, 1)
    assert problems == []
    assert walk.prefixes == [f"{root.as_uri()}/", f"{root.as_uri()}/b/"]


def test_links_that_lead_out_are_followed_once(tmp_path: Path) -> None:
    root, out = tmp_path.resolve() / "in", tmp_path.resolve() / "out"
    make(root, "a.mp3")
    make(out, "b.mp3", "folder/c.mp3")
    (root / "1.mp3").symlink_to(out / "b.mp3")
    (root / "2.mp3").symlink_to(out / "b.mp3")
    (root / "3").symlink_to(out / "folder")
    (root / "4.mp3").symlink_to(out / "folder" / "c.mp3")
    paths, _, problems = walked(root)
    assert sorted(paths) == [f"{root}/a.mp3", f"{out}/b.mp3", f"{out}/folder/c.mp3"]
    assert problems == []


def test_a_file_is_described_without_being_opened(tmp_path: Path) -> None:
    path = tmp_path.resolve() / "a b#é.mp3"
    make(tmp_path, path.name)
    os.utime(path, ns=(0, 1_234_567_890_123_456_789))
    path.chmod(0)
    [found] = FolderWalk(lambda _: None).files([str(tmp_path)])
    assert (found.uri, found.size) == (path.as_uri(), 1)
    assert found.modified_us == 1_234_567_890_123_456


def test_a_name_that_is_not_unicode_has_an_address(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path.resolve()) + b"/caf\xe9.mp3")
    try:
        Path(path).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    [found] = FolderWalk(lambda _: None).files([str(tmp_path)])
    assert found.uri.endswith("/caf%E9.mp3")
    assert found.shown.endswith("/caf�.mp3")
    assert local_path(found.uri) == found.path == path


def test_what_is_no_file_is_left_out_with_a_word(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "self.mp3").symlink_to(tmp_path / "self.mp3")
    (tmp_path / "broken.mp3").symlink_to(tmp_path / "nowhere")
    paths, _, problems = walked(tmp_path)
    assert paths == []
    told = {Path(problem.file).name: (problem.message, problem.note) for problem in problems}
    assert told == {
        "pipe.mp3": ("is left out: not a regular file", True),
        "broken.mp3": ("cannot be looked at: No such file or directory", False),
        "self.mp3": ("cannot be looked at: Too many levels of symbolic links", False),
    }


def test_folders_that_cannot_be_listed_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refuse)
    paths, _, problems = walked(tmp_path)
    assert paths == []
    assert str(problems[0]) == f"{tmp_path.resolve()}: cannot be listed: Permission denied"


def test_places_are_told_apart() -> None:
    assert is_remote("s3://bucket/a")
    assert not is_remote("file:///a")
    assert not is_remote("/s3://x")
    assert not is_remote("C:thing")
    assert local_path("file:///a%20b") == "/a b"
    assert local_path("a%20b") == "a%20b"
    assert file_uri("/a b") == "file:///a%20b"
