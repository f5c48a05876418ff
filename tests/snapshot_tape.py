"""Taking a snapshot apart and sealing it again, for those who spoil one."""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any, Final

HEAD: Final = 12
LENGTH: Final = 8
DIGEST: Final = 16


def taken_apart(snapshot: bytes) -> tuple[dict[str, Any], list[int]]:
    """Return the names in front and the numbers of the tape behind."""
    length = int.from_bytes(snapshot[HEAD : HEAD + LENGTH], "little")
    begin = HEAD + LENGTH + length
    tape = snapshot[begin:-DIGEST]
    return json.loads(snapshot[HEAD + LENGTH : begin]), list(struct.unpack(f"<{len(tape) // 8}q", tape))


def sealed(head: bytes, front: dict[str, Any], tape: list[int]) -> bytes:
    """Return a snapshot whose digest is right, whatever it holds."""
    text = json.dumps(front, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
    body = head + len(text).to_bytes(LENGTH, "little") + text + struct.pack(f"<{len(tape)}q", *tape)
    return body + hashlib.blake2b(body, digest_size=DIGEST).digest()


def head_of(snapshot: bytes) -> bytes:
    """Return what every snapshot of these rules begins with."""
    return snapshot[:HEAD]
