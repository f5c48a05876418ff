"""Files are what their bytes say, are called something harmless, and lie where they were put, whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccroute.channels import attachments
from ccroute.channels.attachments import (
    MEDIA_TYPES,
    BlobStore,
    DirectoryBlobs,
    MemoryBlobs,
    clean_name,
    media_type_of,
    pack,
    reference_of,
    referred,
    unpack,
)
from ccroute.channels.webchat_protocol import Attachment
from ccroute.errors import StorageCorrupt, StorageFull, StorageUnavailable
from ccroute.types import TEXT_LENGTH_MAX

pytestmark = pytest.mark.outer


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b"%PDF-1.7\n", "application/pdf"),
        (b"\x89PNG\r\n\x1a\n\x00", "image/png"),
        (b"\xff\xd8\xff\xe0\x00\x10JFIF", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"OggS\x00", "audio/ogg"),
        (b"ID3\x04", "audio/mpeg"),
        (b"\x1aE\xdf\xa3", "video/webm"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x18ftypheic", None),
        ("Grüße\n".encode(), "text/plain"),
        (b"", None),
        (b"a\x00b", None),
        (b"\xff\xfe", None),
        (b"<!DOCTYPE html><p>", None),
        (b"  <SCRIPT>alert(1)</SCRIPT>", None),
        (b'<svg xmlns="http://www.w3.org/2000/svg">', None),
        (b"MZ\x90\x00", None),
        (b"PK\x03\x04", None),
    ],
)
def test_a_file_is_what_its_bytes_say(content: bytes, media_type: str | None) -> None:
    assert media_type_of(content) == media_type
    assert media_type is None or media_type in MEDIA_TYPES


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\photo.png", "photo.png"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\x00b\n c.txt", "ab c.txt"),
        ('<b>"x".png', "_b__x_.png"),
        ("...", "file"),
        ("", "file"),
        ("\ud800.png", "?.png".replace("?", "_")),
        ("x" * 100 + ".pdf", "x" * 60 + ".pdf"),
        ("x" * 100, "x" * 64),
        ("Grüße.txt", "Grüße.txt"),
    ],
)
def test_a_name_is_harmless(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


@given(name=st.text(max_size=300), media_type=st.sampled_from(MEDIA_TYPES), content=st.binary(max_size=50))
def test_what_is_referred_to_is_found_again(name: str, media_type: str, content: bytes) -> None:
    shown = clean_name(name)
    assert 0 < len(shown) <= 64
    assert shown.isprintable()
    assert clean_name(shown) == shown
    stored = pack(shown, media_type, content)
    blobs = MemoryBlobs()
    attachment_id = blobs.put("c1", stored)
    attachment, got = unpack(attachment_id, stored)
    assert (attachment.name, attachment.media_type, got) == (shown, media_type, content)
    reference = reference_of(attachment)
    assert len(reference) <= TEXT_LENGTH_MAX
    assert referred(reference) == attachment


@pytest.mark.parametrize("reference", ["", "s3://bucket/key", "webchat:abc", f"other:{'0' * 64}"])
def test_references_of_others_are_not_ours(reference: str) -> None:
    assert referred(reference) is None


def test_a_reference_that_lost_its_fields_still_refers() -> None:
    found = referred(f"webchat:{'0' * 64}?bytes=many")
    assert found == Attachment(attachment_id="0" * 64, name="file", media_type="application/octet-stream", bytes=0)


def test_what_is_not_what_was_stored_is_told() -> None:
    with pytest.raises(StorageCorrupt):
        unpack("0" * 64, pack("a.txt", "text/plain", b"hello"))


@pytest.fixture(params=["memory", "directory"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], BlobStore]:
    kept = MemoryBlobs()
    return (lambda: kept) if request.param == "memory" else (lambda: DirectoryBlobs(tmp_path / "files"))


def test_a_blob_is_there_until_its_space_is_forgotten(make: Callable[[], BlobStore]) -> None:
    blobs = make()
    digest = blobs.put("c1", b"hello")
    assert blobs.put("c1", b"hello") == digest
    blobs.put("c1", b"world!")
    again = make()
    assert again.get("c1", digest) == b"hello"
    assert again.get("c2", digest) is None
    assert again.get("c1", "../secret") is None
    assert (again.usage("c1"), again.usage("c2")) == ((2, 11), (0, 0))
    again.forget(["c1", "c2"])
    assert make().get("c1", digest) is None


def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    blobs = DirectoryBlobs(tmp_path / "files")
    blobs.put("c1", b"hello")
    for path in (tmp_path / "files").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blobs = DirectoryBlobs(tmp_path / "files")
    for number, kind in ((28, StorageFull), (5, StorageUnavailable)):

        def fail(handle: int, number: int = number) -> None:
            raise OSError(number, "it failed")

        monkeypatch.setattr(attachments.os, "fsync", fail)
        (tmp_path / "files").mkdir(exist_ok=True)
        with pytest.raises(kind):
            blobs.put("c1", b"hello")
    assert [path for path in (tmp_path / "files").rglob("*") if path.is_file()] == []


def test_a_folder_that_cannot_be_made_or_read_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageUnavailable):
        DirectoryBlobs(tmp_path / "file")
    blobs = DirectoryBlobs(tmp_path / "files")
    digest = blobs.put("c1", b"hello")
    (path,) = (one for one in (tmp_path / "files").rglob(digest))
    os.unlink(path)
    path.mkdir()
    with pytest.raises(StorageUnavailable):
        blobs.get("c1", digest)
