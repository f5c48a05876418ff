"""Additions as they are stored: sealed with the key of their customer, or as they are where there is no vault.

What is nobody's is sealed, too, with a key for its contact or conversation.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Final, final

import msgspec

from ccroute.errors import KeyDestroyed
from ccroute.history.telling import entry_of_addition
from ccroute.storage.database import Row
from ccroute.storage.vault import Cipher, Vault
from ccroute.timeline import AnyAddition, TimelineEntry

__all__ = ["ADDITION_COLUMNS", "Sealing", "open_entry", "owner_of"]

ADDITION_COLUMNS: Final = (
    "number, at_us, kind, contact_number, contact_id, customer_id, conversation_id, sealed_for, sealed"
)

_KIND: Final = "history"
_IN_PLAIN: Final = b"\x00"
"""Begin of what is not sealed. A seal begins otherwise."""

_encode: Final = msgspec.json.Encoder().encode
_decode: Final[Callable[[bytes], AnyAddition]] = msgspec.json.Decoder(AnyAddition).decode


def owner_of(addition: AnyAddition) -> str:
    """Return with whose key an addition is sealed."""
    if addition.customer_id is not None:
        return addition.customer_id
    kind, value = (
        ("contact", addition.contact_id) if addition.contact_id else ("conversation", addition.conversation_id)
    )
    return f"nobody-{hashlib.blake2b(f'{kind} {value}'.encode(), digest_size=16).hexdigest()}"


@final
class Sealing:
    """Seals and opens the additions of one call. Keys are held as long as this is."""

    def __init__(self, vault: Vault | None) -> None:
        self._vault = vault
        self._ciphers: dict[str, Cipher | None] = {}

    def sealed(self, additions: Sequence[AnyAddition]) -> list[bytes]:
        """Return additions as they are stored.

        :raises KeyDestroyed: the customer of one was erased.
        """
        plain = [_encode(addition) for addition in additions]
        if self._vault is None:
            return [_IN_PLAIN + one for one in plain]
        owners = [owner_of(addition) for addition in additions]
        ciphers = self._vault.ciphers(owners)
        for owner in owners:
            if owner not in ciphers:
                raise KeyDestroyed(owner)
        return [ciphers[owner].encrypt(one, kind=_KIND) for owner, one in zip(owners, plain, strict=True)]

    def opened(self, owner: str, sealed: bytes) -> AnyAddition | None:
        """Return an addition from what is stored: for whom it was sealed, and the seal. None: the key is gone.

        :raises SealBroken: what is stored is damaged.
        """
        if sealed.startswith(_IN_PLAIN):
            return _decode(sealed[len(_IN_PLAIN) :])
        if self._vault is None:
            return None
        if owner not in self._ciphers:
            self._ciphers[owner] = self._vault.existing_cipher(owner)
        cipher = self._ciphers[owner]
        return None if cipher is None else _decode(cipher.decrypt(sealed, kind=_KIND))

    def can_open(self, sealed: bytes) -> bool:
        """Return whether there is anything to open a seal with: a vault, or no need of one."""
        return self._vault is not None or sealed.startswith(_IN_PLAIN)


def open_entry(sealing: Sealing, row: Row) -> TimelineEntry:
    """Return an addition as it is told, from its columns."""
    _, at_us, kind, _, contact_id, customer_id, _, owner, sealed = row
    addition = sealing.opened(owner, sealed)
    if addition is not None:
        return entry_of_addition(addition)
    return TimelineEntry(
        at_us=at_us,
        kind=kind,
        contact_id=contact_id,
        customer_id=customer_id,
        agent_id=None,
        queue_id=None,
        channel=None,
        details={},
        addition=None,
    )
