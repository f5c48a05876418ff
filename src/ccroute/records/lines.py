"""Lines of text from a binary file that may be compressed and may hold anything."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from typing import IO, Final

from ccroute.errors import RecordError

LINE_BYTES_MAX: Final = 65_536
"""Longest line of a record."""

_GZIP_MAGIC: Final = b"\x1f\x8b"


def text_lines(file: IO[bytes]) -> Iterator[str]:
    """Yield the lines of ``file``, which stands at its begin, decompressed if its first bytes say gzip.

    :raises RecordError: a line is longer than ``LINE_BYTES_MAX`` or no UTF-8. A byte order mark is skipped.
    :raises EOFError: the compressed file is cut off; ``zlib.error`` or ``OSError``: it is damaged.
    """
    magic = file.read(len(_GZIP_MAGIC))
    file.seek(0)
    source: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=file) if magic == _GZIP_MAGIC else file
    number = 0
    while line := source.readline(LINE_BYTES_MAX + 1):
        number += 1
        if len(line) > LINE_BYTES_MAX:
            raise RecordError(f"line {number}", line, f"at most {LINE_BYTES_MAX} bytes")
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise RecordError(f"line {number}", line, "UTF-8") from error
