"""Customers: what they are known by, who is who, what a directory knows of them; and what becomes of their data.

Personal data stays here and in the history: to the engine go ids and routing attributes. Needs the extra ``customers``.
"""

from ccroute.customers.arriving import (
    LANGUAGE,
    ArrivalPolicy,
    Card,
    Late,
    change_of,
    commands_of,
    erased_callbacks,
    parked_until,
    routing_attributes,
    superseded_callbacks,
)
from ccroute.customers.directory import MemoryDirectory, StoredDirectory
from ccroute.customers.handles import EMAIL, HANDLE_LENGTH_MAX, PHONE, handle
from ccroute.customers.opening import memory_vault, postgres_customers, postgres_vault, sqlite_customers, sqlite_vault
from ccroute.customers.privacy import Erasure, Privacy, Retention
from ccroute.customers.reception import Answer, Arrived, PastContacts, Reception, WhoIsWho
from ccroute.customers.records import ADDRESSES_MAX, RECORD_TEXT_LENGTH_MAX
from ccroute.customers.store import IDENTITIES_MAX, Customer, Customers, Identified, Identity, Move
from ccroute.storage.masters import make_master_file, master_file
from ccroute.storage.vault import Vault

__all__ = [
    "ADDRESSES_MAX",
    "EMAIL",
    "HANDLE_LENGTH_MAX",
    "IDENTITIES_MAX",
    "LANGUAGE",
    "PHONE",
    "RECORD_TEXT_LENGTH_MAX",
    "Answer",
    "ArrivalPolicy",
    "Arrived",
    "Card",
    "Customer",
    "Customers",
    "Erasure",
    "Identified",
    "Identity",
    "Late",
    "MemoryDirectory",
    "Move",
    "PastContacts",
    "Privacy",
    "Reception",
    "Retention",
    "StoredDirectory",
    "Vault",
    "WhoIsWho",
    "change_of",
    "commands_of",
    "erased_callbacks",
    "handle",
    "make_master_file",
    "master_file",
    "memory_vault",
    "parked_until",
    "postgres_customers",
    "postgres_vault",
    "routing_attributes",
    "sqlite_customers",
    "sqlite_vault",
    "superseded_callbacks",
]
