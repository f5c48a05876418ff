"""Keys and customers by where they are: files beside a journal, schemas on a PostgreSQL server, or memory."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from ccroute.customers.store import Customers
from ccroute.storage.disk import checked_path
from ccroute.storage.keys import MemoryKeys, SqlKeys
from ccroute.storage.postgres import PostgresDatabase
from ccroute.storage.sqlite import SqliteDatabase
from ccroute.storage.vault import KEY_BYTES, Vault

__all__ = ["memory_vault", "postgres_customers", "postgres_vault", "sqlite_customers", "sqlite_vault"]

KEYS_SUFFIX: Final = "-keys"
"""Behind the path of a contact centre: the file of its customers' keys."""
CUSTOMERS_SUFFIX: Final = "-customers"
"""Behind the path of a contact centre: the file of its customers."""


def memory_vault() -> Vault:
    """Return a vault that ends with the process, and with it all that it sealed: for tests and demonstrations."""
    return Vault(MemoryKeys(), lambda: os.urandom(KEY_BYTES))


def sqlite_vault(path: str | os.PathLike[str], master: Callable[[], bytes]) -> Vault:
    """Open the keys of a contact centre in ``<path>-keys``, which is made where it is not.

    :param path: the contact centre's, as in ``support.ccroute``.
    :param master: gives the master key, see :func:`master_file`.
    :raises MasterKeyWrong: the keys were sealed with another master key, or this is none.
    :raises ExtraMissing: an extra is not installed: ``sqlite`` or ``customers``.
    :raises StorageError: the file cannot be opened, or is of a newer release.
    """
    return _vault(SqlKeys(SqliteDatabase(f"{checked_path('path', path)}{KEYS_SUFFIX}")), master)


def postgres_vault(dsn: str, master: Callable[[], bytes], *, schema: str = "ccroute_keys") -> Vault:
    """Open the keys of a contact centre in a schema of their own, which is made where it is not.

    :param dsn: a connection string of libpq's; of a server whose backups and logs are kept for a short time only.
    :param master: gives the master key, see :func:`master_file`.
    :param schema: name of the schema.
    :raises MasterKeyWrong: the keys were sealed with another master key, or this is none.
    :raises ExtraMissing: an extra is not installed: ``postgres`` or ``customers``.
    :raises StorageError: the server cannot be reached, or the schema is of a newer release.
    """
    return _vault(SqlKeys(PostgresDatabase(dsn, schema=schema)), master)


def sqlite_customers(path: str | os.PathLike[str], vault: Vault) -> Customers:
    """Open the customers of a contact centre in ``<path>-customers``, which is made where it is not.

    :param path: the contact centre's, as in ``support.ccroute``.
    :param vault: not closed with the customers.
    :raises ExtraMissing: the extra ``sqlite`` is not installed.
    :raises StorageError: the file cannot be opened, or is of a newer release.
    """
    return Customers(SqliteDatabase(f"{checked_path('path', path)}{CUSTOMERS_SUFFIX}"), vault)


def postgres_customers(dsn: str, vault: Vault, *, schema: str = "ccroute_customers") -> Customers:
    """Open the customers of a contact centre in a schema of their own, which is made where it is not.

    :param dsn: a connection string of libpq's.
    :param vault: not closed with the customers.
    :param schema: name of the schema.
    :raises ExtraMissing: the extra ``postgres`` is not installed.
    :raises StorageError: the server cannot be reached, or the schema is of a newer release.
    """
    return Customers(PostgresDatabase(dsn, schema=schema), vault)


def _vault(keys: SqlKeys, master: Callable[[], bytes]) -> Vault:
    try:
        return Vault(keys, master)
    except BaseException:
        keys.close()
        raise
