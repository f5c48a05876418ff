"""The channel: letters in, answers out."""

from __future__ import annotations

import os
from collections.abc import Mapping

import anyio
from anyio import to_thread

from carrier_pigeon.loft import Letter, Loft
from ccroute import (
    ContactActive,
    ContactClosed,
    ContactQueued,
    Delivery,
    EnqueueContact,
    Inlet,
    InvalidArgument,
    Message,
    UnknownName,
)

OPTIONS = ("loft", "queue_id", "every_s")


class CarrierPigeon:
    """A ``ccroute.Channel``: nothing is inherited, it has the two methods."""

    def __init__(self, loft: Loft, *, queue_id: str = "letters", every_s: float = 1.0) -> None:
        self._loft = loft
        self._queue_id = queue_id
        self._every_s = every_s

    async def run(self, inlet: Inlet) -> None:
        """Bring letters in, until cancelled."""
        while True:
            for letter in await to_thread.run_sync(self._loft.letters):
                await self._bring_in(inlet, letter)
            await anyio.sleep(self._every_s)

    async def _bring_in(self, inlet: Inlet, letter: Letter) -> None:
        contact_id = f"pigeon-{letter.name}"
        # What was said goes into the history; the command has ids only.
        said = Message(
            entry_id=contact_id, at_us=inlet.now_us(), contact_id=contact_id, body=letter.text, from_customer=True
        )
        command = EnqueueContact(
            command_id=contact_id,  # a letter that is read twice, after a crash, is one contact all the same
            contact_id=contact_id,
            queue_id=self._queue_id,
            channel=inlet.name,
        )
        try:
            await inlet.add(said)
            await inlet.send(command)
        except InvalidArgument as error:
            # It can never be right, which is no business of the other letters.
            print(f"carrier-pigeon: {letter.name} was put away: {error}")
        # Only now: whatever happens before, the letter is still there.
        await to_thread.run_sync(self._loft.put_away, letter)

    async def deliver(self, delivery: Delivery) -> None:
        """Tell the customer, if there is something to tell. When this returns, it is on the disk under its key."""
        match delivery.event:
            case ContactQueued(contact_id=contact_id):
                words = "Your letter has arrived."
            case ContactActive(contact_id=contact_id, agent_id=agent_id):
                words = f"{agent_id} is reading it."
            case ContactClosed(contact_id=contact_id):
                words = "It is answered."
            case _:  # nothing that a customer should know, or of a kind that is not known here
                return
        await to_thread.run_sync(self._loft.send, contact_id, delivery.key, words)


def make(name: str, options: Mapping[str, object]) -> CarrierPigeon:
    """Make the channel: what the entry point names.

    :param options: ``loft``, a folder, else the variable ``CARRIER_PIGEON_LOFT``; ``queue_id``; ``every_s``.
    """
    for option in options:
        if option not in OPTIONS:
            raise UnknownName("options", option, f"one of {', '.join(OPTIONS)}")
    folder = options.get("loft") or os.environ.get("CARRIER_PIGEON_LOFT", "loft")
    return CarrierPigeon(
        Loft(str(folder)),
        queue_id=str(options.get("queue_id", "letters")),
        every_s=float(str(options.get("every_s", 1.0))),
    )
