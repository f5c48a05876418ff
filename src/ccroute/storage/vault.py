"""Keys per customer: what is sealed with a customer's key can be read until the key is destroyed, in backups, too.

Every customer has a key of its own, made when it is first needed. Keys lie in a database of their own, each sealed with
the master key, which lies elsewhere. To erase a customer is to destroy the key; whatever else is deleted afterwards,
copies of sealed bytes that nobody can reach stay unreadable. So the database of keys belongs into no long-lived backup.

The same database leads from what a customer is known by (a phone number, an address) to the customer, under a keyed
digest. That way back goes with the key: an erased customer's number, should it call again, is somebody new.

Sealing is AES-256-GCM with a random nonce; the customer and the kind of what is sealed are authenticated with it, so
that sealed bytes cannot be passed off as another customer's or as something else. A random nonce is safe for 2³² seals
of one key. Keys in Python's memory cannot be wiped; beyond a call, the master key and the key of digests are held.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Final, Protocol, final

from ccroute.errors import ExtraMissing, KeyDestroyed, MasterKeyWrong, SealBroken
from ccroute.personal import withheld
from ccroute.storage.ids import check_id

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

__all__ = ["KEY_BYTES", "Cipher", "KeyTable", "Vault"]

KEY_BYTES: Final = 32
"""Bytes of a key, the master key included."""

_FORMAT: Final = b"\x01"
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_DIGESTS: Final = ""
"""Stands for the key of digests among the customers, none of whom has an empty id."""


class KeyTable(Protocol):
    """Where a vault keeps sealed keys, and what leads to them. Safe to share between threads.

    A key that was destroyed leaves its customer's id behind, so that no other key takes its place unnoticed.
    """

    def read(self, customer_id: str) -> bytes | None:
        """Return the sealed key; empty: it was destroyed; None: there never was one."""

    def put_first(self, sealed: dict[str, bytes]) -> dict[str, bytes]:
        """Store sealed keys where there never was one, and return those that are there, empty: it was destroyed.

        One step, durable on return.
        """

    def put_all(self, sealed: dict[str, bytes]) -> None:
        """Replace sealed keys that are there, all or none. Destroyed ones stay so."""

    def read_all(self) -> dict[str, bytes]:
        """Return all sealed keys by customer, those that were destroyed left out."""

    def destroy(self, customer_id: str) -> bool:
        """Destroy a key and all that leads to it, durable on return, and return whether there was a key."""

    def destroyed(self) -> list[str]:
        """Return whose keys were destroyed, in order."""

    def scrub(self) -> bool:
        """Take destroyed keys out of the files, too, and return whether that could be done."""

    def find(self, digest: bytes) -> str | None:
        """Return the customer to whom a digest leads."""

    def lead_first(self, digest: bytes, customer_id: str, sealed: bytes) -> str:
        """Let a digest that led nowhere lead to a customer, and return to whom it leads; one step, durable on return.

        :param sealed: stored as the customer's key where the digest led nowhere and there never was a key.
        :raises KeyDestroyed: the digest led nowhere, and the customer's key was destroyed.
        """

    def close(self) -> None:
        """Give everything back. Calls after the first do nothing."""


@final
class Cipher:
    """Seals and opens what belongs to one customer. Holds the key, so drop it when the work at hand is done."""

    __slots__ = ("_key", "customer_id")

    def __init__(self, customer_id: str, key: AESGCM) -> None:
        self.customer_id = customer_id
        """Whose key it is."""
        self._key = key

    def __repr__(self) -> str:
        return f"Cipher({self.customer_id!r})"

    def encrypt(self, plain: bytes, *, kind: str) -> bytes:
        """Return ``plain`` sealed: 29 bytes longer, different each time.

        :param kind: what it is, as in ``message``; must be said again to open it.
        """
        nonce = os.urandom(_NONCE_BYTES)
        return _FORMAT + nonce + self._key.encrypt(nonce, plain, _context(self.customer_id, kind))

    def decrypt(self, sealed: bytes, *, kind: str) -> bytes:
        """Return what was sealed.

        :raises SealBroken: these are not whole bytes sealed for this customer as this kind.
        """
        return _open(self._key, sealed, self.customer_id, kind)


@final
class Vault:
    """Keys of customers. Safe to share between threads and, over a database, between processes.

    Nothing is cached: a key that one process destroys serves no other from the next call on. Work that seals or opens
    much of one customer takes its :meth:`cipher` once, and of several their :meth:`ciphers`.
    """

    def __init__(self, keys: KeyTable, master: Callable[[], bytes]) -> None:
        """Open a vault; the first time, its table is prepared.

        :param master: gives the master key, 32 bytes; asked once. Without it all that was ever sealed is lost.
        :raises MasterKeyWrong: the table was sealed with another master key, or this is none.
        :raises ExtraMissing: the extra ``customers`` is not installed.
        """
        self._keys = keys
        self._master = _master(master())
        sealed = keys.read(_DIGESTS) or keys.put_first({_DIGESTS: self._new_key(_DIGESTS)})[_DIGESTS]
        self._digest_key = self._unsealed(_DIGESTS, sealed)

    def __repr__(self) -> str:
        return f"Vault({self._keys!r})"

    def cipher(self, customer_id: str) -> Cipher:
        """Return what seals and opens a customer's data; the key is made where there never was one.

        :raises KeyDestroyed: the key was destroyed.
        :raises InvalidId: ``customer_id`` is none.
        """
        ciphers = self.ciphers([customer_id])
        if customer_id not in ciphers:
            raise KeyDestroyed(customer_id)
        return ciphers[customer_id]

    def ciphers(self, customer_ids: Iterable[str]) -> dict[str, Cipher]:
        """Return what seals and opens the data of some customers; those whose keys were destroyed are left out.

        Keys that never were are made in one step, which costs no more than making one.

        :raises InvalidId: one of them is no id.
        """
        found: dict[str, bytes] = {}
        new: dict[str, bytes] = {}
        for customer_id in dict.fromkeys(customer_ids):
            check_id("customer_id", customer_id)
            sealed = self._keys.read(customer_id)
            if sealed is None:
                new[customer_id] = self._new_key(customer_id)
            else:
                found[customer_id] = sealed
        if new:
            found |= self._keys.put_first(new)
        return {one: Cipher(one, _aes(self._unsealed(one, sealed))) for one, sealed in found.items() if sealed}

    def existing_cipher(self, customer_id: str) -> Cipher | None:
        """Return what opens a customer's data; None: there is no key, or none any more. Makes none."""
        check_id("customer_id", customer_id)
        sealed = self._keys.read(customer_id)
        return Cipher(customer_id, _aes(self._unsealed(customer_id, sealed))) if sealed else None

    def encrypt(self, customer_id: str, plain: bytes, *, kind: str) -> bytes:
        """Return ``plain`` sealed with the customer's key, as :meth:`Cipher.encrypt` does.

        :raises KeyDestroyed: the key was destroyed.
        """
        return self.cipher(customer_id).encrypt(plain, kind=kind)

    def decrypt(self, customer_id: str, sealed: bytes, *, kind: str) -> bytes:
        """Return what was sealed with the customer's key.

        :raises KeyDestroyed: there is no key, or none any more.
        :raises SealBroken: these are not whole bytes sealed for this customer as this kind.
        """
        cipher = self.existing_cipher(customer_id)
        if cipher is None:
            raise KeyDestroyed(customer_id)
        return cipher.decrypt(sealed, kind=kind)

    def destroy(self, customer_id: str) -> bool:
        """Destroy a customer's key and all that leads to it, for ever, and return whether there was one.

        Durable on return; sealed, it may stay in the files until :meth:`scrub`. The customer never gets another key.
        """
        check_id("customer_id", customer_id)
        return self._keys.destroy(customer_id)

    def destroyed(self) -> list[str]:
        """Return whose keys were destroyed, in order of their ids."""
        return self._keys.destroyed()

    def scrub(self) -> bool:
        """Take destroyed keys, which are sealed, out of the files, too, and return whether that could be done.

        It cannot while somebody reads what was there before; it may be tried again.
        """
        return self._keys.scrub()

    def find(self, kind: str, value: str) -> str | None:
        """Return the customer who is known by a value of a kind; None: nobody is, or not any more."""
        return self._keys.find(self._digest(kind, value))

    def lead(self, kind: str, value: str, customer_id: str) -> str:
        """Let a value of a kind lead to a customer, unless it leads to one already; return to whom it leads.

        The customer's key is made where there never was one.

        :raises KeyDestroyed: the value led nowhere, and the customer's key was destroyed.
        :raises InvalidId: ``customer_id`` is none.
        """
        check_id("customer_id", customer_id)
        return self._keys.lead_first(self._digest(kind, value), customer_id, self._new_key(customer_id))

    def change_master(self, master: Callable[[], bytes]) -> None:
        """Seal all keys with another master key, all or none; what they sealed stays as it is.

        Other processes that hold the vault open must open it anew. O(customers), in memory at once.

        :raises MasterKeyWrong: this is no master key.
        """
        renewed = _master(master())
        opened = {one: self._unsealed(one, sealed) for one, sealed in self._keys.read_all().items()}
        self._keys.put_all({one: _seal(renewed, one, key) for one, key in opened.items()})
        self._master = renewed

    def close(self) -> None:
        """Give everything back. Calls after the first do nothing."""
        self._keys.close()

    def _new_key(self, customer_id: str) -> bytes:
        return _seal(self._master, customer_id, os.urandom(KEY_BYTES))

    def _unsealed(self, customer_id: str, sealed: bytes) -> bytes:
        try:
            return _open(self._master, sealed, customer_id, "key")
        except SealBroken as error:
            # The table itself could be damaged, too: a seal does not tell which.
            raise MasterKeyWrong(
                "master", withheld("another key"), "the key that sealed the keys of customers"
            ) from error

    def _digest(self, kind: str, value: str) -> bytes:
        return hmac.digest(self._digest_key, _context(kind, value), hashlib.sha256)


def _master(key: bytes) -> AESGCM:
    if type(key) is not bytes or len(key) != KEY_BYTES:
        raise MasterKeyWrong("master", withheld(key), f"{KEY_BYTES} bytes")
    return _aes(key)


def _aes(key: bytes) -> AESGCM:
    try:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError as error:
        raise ExtraMissing("customers", "keys of customers") from error
    return AESGCM(key)


def _seal(master: AESGCM, customer_id: str, key: bytes) -> bytes:
    return Cipher(customer_id, master).encrypt(key, kind="key")


def _open(key: AESGCM, sealed: bytes, customer_id: str, kind: str) -> bytes:
    from cryptography.exceptions import InvalidTag

    if len(sealed) < len(_FORMAT) + _NONCE_BYTES + _TAG_BYTES or not sealed.startswith(_FORMAT):
        raise SealBroken(customer_id, kind)
    start = len(_FORMAT) + _NONCE_BYTES
    try:
        return key.decrypt(sealed[len(_FORMAT) : start], sealed[start:], _context(customer_id, kind))
    except InvalidTag as error:
        raise SealBroken(customer_id, kind) from error


def _context(first: str, second: str) -> bytes:
    # The length keeps ("ab", "c") and ("a", "bc") apart.
    # Lone surrogates pass: the error about them would quote what is being sealed for.
    head = first.encode(errors="surrogatepass")
    return len(head).to_bytes(4, "big") + head + second.encode(errors="surrogatepass")
