"""Customers: what they are known by, who is who, what a directory knows of them; and what becomes of their data.

Personal data stays here and in the history: to the engine go ids and routing attributes. Needs the extra ``customers``.
"""

from ccroute.customers.handles import EMAIL, HANDLE_LENGTH_MAX, PHONE, handle
from ccroute.customers.store import IDENTITIES_MAX, Customer, Customers, Identified, Identity, Move

__all__ = [
    "EMAIL",
    "HANDLE_LENGTH_MAX",
    "IDENTITIES_MAX",
    "PHONE",
    "Customer",
    "Customers",
    "Identified",
    "Identity",
    "Move",
    "handle",
]
