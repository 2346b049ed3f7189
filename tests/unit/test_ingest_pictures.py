"""Pictures in tags of every kind and in folders: which are taken, as what, and which are not."""

from __future__ import annotations

import base64
import hashlib
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mutagen
import pytest
from mutagen.apev2 import APEv2
from mutagen.asf import ASFTags
from mutagen.asf._attrs import ASFByteArrayAttribute
from mutagen.id3 import ID3
from mutagen.mp4 import MP4Cover, MP4Tags

from service.ingest.files import Reading, read_track
from service.ingest.pictures import FoundPicture, embedded, shown_by
from tests.support.audio import matroska, matroska_picture, tone
from tests.support.pictures import block, id3_picture, picture

RED, BLUE = picture(), picture(color="blue", kind="PNG")


@pytest.fixture
def box(tmp_path: Path) -> Path:
    """Where pictures are left."""
    folder = tmp_path / "box"
    folder.mkdir()
    return folder


def found(data: bytes, kind: str = "front", *, is_embedded: bool = True) -> FoundPicture:
    return FoundPicture(hashlib.sha256(data).hexdigest(), kind, is_embedded=is_embedded)


def embed(path: Path, *pictures: Any) -> Path:
    """Add pictures to a FLAC, Ogg or ID3 file."""
    audio: Any = mutagen.File(path)
    if path.suffix == ".flac":
        for each in pictures:
            audio.add_picture(each)
    elif path.suffix == ".ogg":
        blocks = [base64.b64encode(each.write()).decode() for each in pictures]
        audio["metadata_block_picture"] = blocks
    else:
        audio.add_tags()
        for each in pictures:
            audio.tags.add(each)
    audio.save()
    return path


def read(path: Path, box: Path) -> Reading:
    reading = read_track(str(path), box)
    assert not reading.error
    return reading


@pytest.mark.parametrize("suffix", [".flac", ".ogg", ".mp3"])
def test_embedded_pictures_are_left_once_for_each_content(
    tmp_path: Path, box: Path, suffix: str
) -> None:
    make: Callable[..., Any] = id3_picture if suffix == ".mp3" else block
    front, back = make(RED), make(BLUE, kind=4, mime="image/png")
    paths = [embed(tone(tmp_path / f"{n}{suffix}", 0.1 * n), front, back) for n in (1, 2)]
    for path in paths:
        reading = read(path, box)
        assert reading.pictures == (found(RED), found(BLUE, "back"))
        assert not reading.notes
    left = {path.name: path.read_bytes() for path in box.iterdir()}
    assert left == {hashlib.sha256(data).hexdigest(): data for data in (RED, BLUE)}


def test_a_picture_that_was_brought_is_not_left_again(tmp_path: Path, box: Path) -> None:
    path = embed(tone(tmp_path / "a.flac"), block(RED))
    [picture_hash] = [each.hash for each in read(path, box).pictures]
    os.truncate(box / picture_hash, 0)
    assert [each.hash for each in read(path, box).pictures] == [picture_hash]
    assert not (box / picture_hash).stat().st_size


def test_pictures_of_other_tags() -> None:
    mp4 = MP4Tags()
    mp4["covr"] = [MP4Cover(RED, MP4Cover.FORMAT_JPEG), MP4Cover(BLUE, MP4Cover.FORMAT_PNG)]
    assert [(each.type, each.mime, each.data) for each in embedded(mp4)] == [
        ("front", "image/jpeg", RED), ("front", "image/png", BLUE),
    ]  # fmt: skip
    ape = APEv2()
    ape["Cover Art (Front)"] = b"cover.jpg\0" + RED
    ape["Cover Art (Media)"] = b"\0" + BLUE
    assert {(each.type, each.data) for each in embedded(ape)} == {("front", RED), ("medium", BLUE)}
    asf = ASFTags()
    for kind, data in ((3, RED), (6, BLUE)):
        head = struct.pack("<bI", kind, len(data))
        words = "image/jpeg\0no name\0".encode("utf-16-le")
        asf.append(("WM/Picture", ASFByteArrayAttribute(head + words + data)))
    asf.append(("WM/Picture", ASFByteArrayAttribute(b"\3\0\0\0\0no end")))
    assert [(each.type, each.data) for each in embedded(asf)] == [("front", RED), ("medium", BLUE)]
    old = [("COVERART", base64.b64encode(RED).decode()), ("METADATA_BLOCK_PICTURE", "AAAA")]
    assert [(each.type, each.data) for each in embedded(old)] == [("front", RED)]
    assert list(embedded(ID3())) == []


def test_pictures_that_are_attached_to_matroska_are_taken(tmp_path: Path, box: Path) -> None:
    attached = (
        matroska_picture("cover.jpg", "image/jpeg", RED),
        matroska_picture("nowhere.png", "image/png", BLUE),
        matroska_picture("font.ttf", "font/ttf", b"letters"),
    )
    path = tmp_path / "a.mka"
    path.write_bytes(matroska(title="Jóga", attached=attached))
    reading = read(path, box)
    assert reading.pictures == (found(RED), found(BLUE, "other"))
    assert not reading.notes


def test_what_is_no_picture_is_left_out_with_a_word(tmp_path: Path, box: Path) -> None:
    large = b"\xff\xd8\xff" + bytes(33 << 20)
    path = embed(
        tone(tmp_path / "a.mp3"),
        id3_picture(b"<html>", kind=4),
        id3_picture(large, kind=8),
        id3_picture(BLUE, mime="image/jpg"),
    )
    reading = read(path, box)
    assert reading.pictures == (found(BLUE),)
    assert sorted(reading.notes) == [
        "its picture (artist) is left out: it has more than 32 MiB",
        "its picture (back) is left out: it is no picture of a known kind",
        "its picture (front) is image/png, although its tag says image/jpeg",
    ]


def test_at_most_twenty_pictures_are_taken(tmp_path: Path, box: Path) -> None:
    blocks = [block(picture(10 + size, 10)) for size in range(22)]
    reading = read(embed(tone(tmp_path / "a.flac"), *blocks), box)
    assert len(reading.pictures) == 20
    assert reading.notes == ("2 of its pictures are left out: too many",)


def test_pictures_beside_a_file_come_after_those_in_it(tmp_path: Path, box: Path) -> None:
    album = tmp_path / "album"
    album.mkdir()
    path = embed(tone(album / "a.flac"), block(RED))
    (album / "Folder.PNG").write_bytes(BLUE)
    (album / "back.jpg").write_bytes(picture(40, 40))
    (album / "holiday.jpg").write_bytes(picture(50, 50))
    (album / "front.jpg").write_text("not a picture")
    (album / "cover.jpg").symlink_to(tmp_path / "elsewhere.jpg")
    os.mkfifo(album / "cover.png")
    reading = read(path, box)
    assert reading.pictures == (
        found(RED),
        found(BLUE, is_embedded=False),
        found(picture(40, 40), "back", is_embedded=False),
    )
    assert reading.notes == ("front.jpg is left out: it is no picture of a known kind",)


@pytest.mark.parametrize(
    ("disc", "of_disc", "expected"),
    [("CD1", False, "album"), ("Disc 2", True, "disc"), ("Live", False, "")],
)
def test_a_disc_without_a_front_has_that_of_its_album(
    tmp_path: Path, box: Path, disc: str, expected: str, *, of_disc: bool
) -> None:
    data = {"album": RED, "disc": BLUE}
    folder = tmp_path / "album" / disc
    folder.mkdir(parents=True)
    (folder.parent / "cover.jpg").write_bytes(data["album"])
    if of_disc:
        (folder / "cover.png").write_bytes(data["disc"])
    pictures = read(tone(folder / "a.flac"), box).pictures
    assert pictures == ((found(data[expected], is_embedded=False),) if expected else ())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("cover.jpg", "front"), ("Folder.JPEG", "front"), ("front.webp", "front"),
        ("AlbumArt_Small.jpg", "front"), ("cover-2.png", "front"), ("Cover Back.jpg", "back"),
        ("cd1.tif", "medium"), ("booklet 03.png", "booklet"), ("artist.jpg", "artist"),
        ("cover.txt", None), ("cover", None), ("discover.jpg", None), ("01.jpg", None),
        ("my cover story.jpg", None), (".jpg", None),
    ],
)  # fmt: skip
def test_names_say_what_pictures_show(name: str, kind: str | None) -> None:
    assert shown_by(name) == kind


def test_a_box_that_is_gone_costs_only_the_pictures(tmp_path: Path) -> None:
    reading = read(embed(tone(tmp_path / "a.flac"), block(RED)), tmp_path / "none")
    assert not reading.pictures
    assert reading.notes == ("its pictures are left out: No such file or directory",)
