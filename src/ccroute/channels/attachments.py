"""Files that people send: what is taken, what they are called, and where they lie.

What a file is follows from its bytes, never from what the sender says. Kinds that a browser would run (HTML, SVG,
scripts, and what cannot be told) are not taken. Files lie apart for each conversation, so that a customer's can be
removed with the customer, under the SHA-256 of what is stored, name and kind included.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import threading
import unicodedata
import urllib.parse
from collections.abc import Collection
from pathlib import Path
from typing import Final, Protocol, final

import msgspec

from ccroute.channels.webchat_protocol import Attachment
from ccroute.errors import StorageCorrupt, StorageFull, StorageUnavailable

__all__ = [
    "MEDIA_TYPES",
    "BlobStore",
    "DirectoryBlobs",
    "MemoryBlobs",
    "clean_name",
    "media_type_of",
    "pack",
    "reference_of",
    "referred",
    "unpack",
]

MEDIA_TYPES: Final = (
    "application/pdf",
    "audio/mpeg",
    "audio/ogg",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/webp",
    "text/plain",
    "video/mp4",
    "video/webm",
)
"""What is taken, unless the host says otherwise; no other kind can be told from its bytes."""

_NAME_CHARACTERS: Final = 64
_DIGEST: Final = re.compile("[0-9a-f]{64}")
_MARKUP: Final = re.compile(rb"<(?:!doctype|html|head|body|script|svg|iframe|\?xml|!--)", re.IGNORECASE)

_SIGNATURES: Final = (
    (b"%PDF-", 0, "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"OggS", 0, "audio/ogg"),
    (b"ID3", 0, "audio/mpeg"),
    (b"\xff\xfb", 0, "audio/mpeg"),
    (b"\xff\xf3", 0, "audio/mpeg"),
    (b"\x1aE\xdf\xa3", 0, "video/webm"),
)
_MP4_BRANDS: Final = (b"isom", b"iso2", b"mp41", b"mp42", b"avc1", b"M4V ", b"qt  ")


def media_type_of(content: bytes) -> str | None:
    """Return what some bytes are, by their signature; None: it cannot be told, or is something to be run."""
    for signature, place, media_type in _SIGNATURES:
        if content.startswith(signature, place):
            return media_type
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    if content[4:8] == b"ftyp" and content[8:12] in _MP4_BRANDS:
        return "video/mp4"
    return "text/plain" if _is_text(content) else None


def _is_text(content: bytes) -> bool:
    """Return whether bytes are text without markup, which a browser that guesses would show as a page."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    if not content or _MARKUP.search(content) is not None:
        return False
    return not any(unicodedata.category(one) == "Cc" and one not in "\t\n\r\f" for one in text)


def clean_name(name: str) -> str:
    """Return what a file may be called: its last part, in NFC, without characters that hide or separate.

    At most 64 characters, the ending kept; ``file`` where nothing is left.
    """
    name = unicodedata.normalize("NFC", name[:4096].encode("utf-8", "replace").decode())
    name = re.split(r"[/\\]", name)[-1]
    # Control characters, those that turn the direction of writing (a name could look like another), and separators.
    shown = [" " if one.isspace() else one for one in name if unicodedata.category(one)[0] != "C" or one.isspace()]
    name = re.sub(r'[<>:"|?*;%]', "_", " ".join("".join(shown).split())).strip(" .")
    if len(name) > _NAME_CHARACTERS:
        stem, dot, ending = name.rpartition(".")
        ending = ending[:15] if dot and stem else ""
        room = _NAME_CHARACTERS - len(ending) - bool(ending)
        name = f"{(stem if ending else name)[:room]}{'.' if ending else ''}{ending}"
    return name or "file"


class _Label(msgspec.Struct, frozen=True, array_like=True):
    """What stands in front of a file's bytes where it is stored."""

    name: str
    media_type: str


def pack(name: str, media_type: str, content: bytes) -> bytes:
    """Return what is stored of a file: name and kind, then its bytes."""
    label = msgspec.msgpack.encode(_Label(name, media_type))
    return len(label).to_bytes(4, "big") + label + content


def unpack(attachment_id: str, stored: bytes) -> tuple[Attachment, bytes]:
    """Return a file and its bytes from what was stored.

    :raises StorageCorrupt: it is not what was stored under this id.
    """
    if hashlib.sha256(stored).hexdigest() != attachment_id:
        raise StorageCorrupt(f"attachment {attachment_id[:16]}", "not what was stored under its digest")
    begin = 4 + int.from_bytes(stored[:4], "big")
    label = msgspec.msgpack.decode(stored[4:begin], type=_Label)
    content = stored[begin:]
    return (
        Attachment(attachment_id=attachment_id, name=label.name, media_type=label.media_type, bytes=len(content)),
        content,
    )


def reference_of(attachment: Attachment) -> str:
    """Return how a message in the history refers to a file."""
    query = urllib.parse.urlencode({"name": attachment.name, "type": attachment.media_type, "bytes": attachment.bytes})
    return f"webchat:{attachment.attachment_id}?{query}"


def referred(reference: str) -> Attachment | None:
    """Return the file that a message in the history refers to; None: the reference is somebody else's."""
    scheme, _, rest = reference.partition(":")
    attachment_id, _, query = rest.partition("?")
    if scheme != "webchat" or _DIGEST.fullmatch(attachment_id) is None:
        return None
    fields = dict(urllib.parse.parse_qsl(query))
    return Attachment(
        attachment_id=attachment_id,
        name=fields.get("name", "file"),
        media_type=fields.get("type", "application/octet-stream"),
        bytes=int(fields["bytes"]) if fields.get("bytes", "").isdecimal() else 0,
    )


class BlobStore(Protocol):
    """Keeps bytes under their digest, apart for each space. Its methods block, and may be called from any thread."""

    def put(self, space: str, stored: bytes) -> str:
        """Keep bytes, durable on return, and return their SHA-256 in hexadecimal. The same bytes are kept once.

        :raises StorageError: it could not be done.
        """

    def get(self, space: str, digest: str) -> bytes | None:
        """Return bytes; None: there are none under this digest.

        :raises StorageError: it could not be done.
        """

    def usage(self, space: str) -> tuple[int, int]:
        """Return how many there are in a space, and how many bytes together."""

    def forget(self, spaces: Collection[str]) -> None:
        """Remove spaces with all that is in them; those that are not there may be named, too."""


@final
class MemoryBlobs:
    """Files that end with the process."""

    def __init__(self) -> None:
        self._blobs: dict[str, dict[str, bytes]] = {}
        self._lock = threading.Lock()

    def put(self, space: str, stored: bytes) -> str:
        """Keep bytes; see ``BlobStore``."""
        digest = hashlib.sha256(stored).hexdigest()
        with self._lock:
            self._blobs.setdefault(space, {})[digest] = stored
        return digest

    def get(self, space: str, digest: str) -> bytes | None:
        """Return bytes; see ``BlobStore``."""
        with self._lock:
            return self._blobs.get(space, {}).get(digest)

    def usage(self, space: str) -> tuple[int, int]:
        """Return how many there are in a space; see ``BlobStore``."""
        with self._lock:
            kept = self._blobs.get(space, {})
            return len(kept), sum(map(len, kept.values()))

    def forget(self, spaces: Collection[str]) -> None:
        """Remove spaces; see ``BlobStore``."""
        with self._lock:
            for space in spaces:
                self._blobs.pop(space, None)


@final
class DirectoryBlobs:
    """Files in a folder: one folder for each space, one file for each blob, readable for their owner alone.

    A blob is written beside its place, synced, and moved there, so that it is whole or not there.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Take a folder, which is made where it is not.

        :raises StorageUnavailable: it cannot be made.
        """
        self._path: Final = Path(path)
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StorageUnavailable(str(path), os.strerror(error.errno or 0)) from error

    def _folder(self, space: str) -> Path:
        # A space is an id of anybody's; its digest is a safe name for a folder.
        return self._path / hashlib.sha256(space.encode("utf-8", "surrogatepass")).hexdigest()[:40]

    def put(self, space: str, stored: bytes) -> str:
        """Keep bytes; see ``BlobStore``."""
        digest = hashlib.sha256(stored).hexdigest()
        folder = self._folder(space)
        place = folder / digest
        beside = folder / f"{digest}.{os.urandom(8).hex()}.part"
        try:
            if place.exists():
                # It may be there without that being durable yet.
                _sync(folder)
                return digest
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
                _sync(self._path)
            try:
                _write(beside, stored)
                beside.replace(place)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise
            _sync(folder)
        except OSError as error:
            kind = StorageFull if error.errno in {28, 122} else StorageUnavailable  # ENOSPC, EDQUOT
            raise kind(str(self._path), os.strerror(error.errno or 0)) from error
        return digest

    def get(self, space: str, digest: str) -> bytes | None:
        """Return bytes; see ``BlobStore``."""
        if _DIGEST.fullmatch(digest) is None:
            return None
        try:
            return (self._folder(space) / digest).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StorageUnavailable(str(self._path), os.strerror(error.errno or 0)) from error

    def usage(self, space: str) -> tuple[int, int]:
        """Return how many there are in a space; see ``BlobStore``."""
        try:
            sizes = [one.stat().st_size for one in os.scandir(self._folder(space)) if "." not in one.name]
        except FileNotFoundError:
            return 0, 0
        return len(sizes), sum(sizes)

    def forget(self, spaces: Collection[str]) -> None:
        """Remove spaces; see ``BlobStore``."""
        for space in spaces:
            shutil.rmtree(self._folder(space), ignore_errors=True)


def _write(place: Path, content: bytes) -> None:
    handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(content)
        while view:
            view = view[os.write(handle, view) :]
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
