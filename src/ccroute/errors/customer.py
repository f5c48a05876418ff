"""What keys and customers raise."""

from __future__ import annotations

from typing import final

from ccroute.errors.argument import CcrouteError, InvalidArgument, shown

__all__ = [
    "IdentityTaken",
    "InvalidHandle",
    "KeyDestroyed",
    "MasterKeyWrong",
    "SealBroken",
    "UnknownCustomer",
]


@final
class KeyDestroyed(CcrouteError, LookupError):
    """A customer's data cannot be opened or sealed: the customer was erased, or never had a key."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"customer {shown(customer_id)} was erased, or never had a key")
        self.customer_id = customer_id
        """Whose key it was."""

    def __reduce__(self) -> tuple[type[KeyDestroyed], tuple[str]]:
        return type(self), (self.customer_id,)


@final
class SealBroken(CcrouteError, ValueError):
    """Sealed bytes are not whole, or were sealed for another customer or as another kind."""

    def __init__(self, customer_id: str, kind: str) -> None:
        super().__init__(
            f"sealed bytes of customer {shown(customer_id)} and kind {shown(kind)} must be whole, "
            "and sealed for this customer as this kind"
        )
        self.customer_id = customer_id
        """For whom they were to be opened."""
        self.kind = kind
        """As what they were to be opened."""

    def __reduce__(self) -> tuple[type[SealBroken], tuple[str, str]]:
        return type(self), (self.customer_id, self.kind)


@final
class MasterKeyWrong(InvalidArgument):
    """The master key is none, or another than the one that sealed the keys of customers."""


@final
class InvalidHandle(InvalidArgument):
    """A phone number, an address or a name in a network is none. The message does not show it."""


@final
class UnknownCustomer(CcrouteError, LookupError):
    """Nobody is known by this id, or not any more."""

    def __init__(self, customer_id: str) -> None:
        super().__init__(f"customer {shown(customer_id)} is not known, or was erased")
        self.customer_id = customer_id
        """The id."""

    def __reduce__(self) -> tuple[type[UnknownCustomer], tuple[str]]:
        return type(self), (self.customer_id,)


@final
class IdentityTaken(CcrouteError, ValueError):
    """What somebody is known by belongs to another customer already; merge the two, if they are one."""

    def __init__(self, identity_id: str, customer_id: str) -> None:
        super().__init__(f"identity {shown(identity_id)} must be of no other customer, was of {shown(customer_id)}")
        self.identity_id = identity_id
        """The identity."""
        self.customer_id = customer_id
        """Whose it is."""

    def __reduce__(self) -> tuple[type[IdentityTaken], tuple[str, str]]:
        return type(self), (self.identity_id, self.customer_id)
