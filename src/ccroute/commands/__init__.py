"""What a host can ask of the engine. Every command is a frozen struct with an explicit tag, its ``type`` on the wire.

Building a struct checks nothing; :meth:`ccroute.Engine.handle` checks every field before anything moves, and
:func:`ccroute.codec.decode_command` checks types while it reads.

Ids are strings of 1 to 128 characters without control characters. Where a command names a contact or an agent that
exists, its integer handle (from ``ContactQueued.handle``, ``Engine.contact`` and ``Engine.agent``) may stand instead of
the string and saves a look-up. Times and durations are integers of microseconds.
"""

from __future__ import annotations

from ccroute.commands.command import Command
from ccroute.commands.configuration import Configure, PutAgent, PutChannel, PutQueue, RemoveAgent, RemoveQueue
from ccroute.commands.contacts import (
    AbandonContact,
    CancelContact,
    ChangeChannel,
    ChangeContact,
    ContactPatch,
    EnqueueContact,
    ExpediteContact,
    ParkContact,
    UnparkContact,
)
from ccroute.commands.floor import Heartbeat, OpenQueue, PauseQueue, SetExternalLoad, SetPresence
from ccroute.commands.work import (
    AcceptOffer,
    AssignContact,
    CompleteContact,
    ConnectFailed,
    ConsultAgent,
    DeclineOffer,
    EndWrapUp,
    ExtendWrapUp,
    HoldContact,
    JoinConference,
    LeaveConference,
    PickContact,
    RequeueContact,
    ResumeContact,
    TransferContact,
)
from ccroute.types import AttributeValue

__all__ = [
    "COMMANDS",
    "AbandonContact",
    "AcceptOffer",
    "AnyCommand",
    "AssignContact",
    "AttributeValue",
    "CancelContact",
    "ChangeChannel",
    "ChangeContact",
    "Command",
    "CompleteContact",
    "Configure",
    "ConnectFailed",
    "ConsultAgent",
    "ContactPatch",
    "DeclineOffer",
    "EndWrapUp",
    "EnqueueContact",
    "ExpediteContact",
    "ExtendWrapUp",
    "Heartbeat",
    "HoldContact",
    "JoinConference",
    "LeaveConference",
    "OpenQueue",
    "ParkContact",
    "PauseQueue",
    "PickContact",
    "PutAgent",
    "PutChannel",
    "PutQueue",
    "RemoveAgent",
    "RemoveQueue",
    "RequeueContact",
    "ResumeContact",
    "SetExternalLoad",
    "SetPresence",
    "TransferContact",
    "UnparkContact",
]

COMMANDS: tuple[type[Command], ...] = (
    EnqueueContact,
    AbandonContact,
    CancelContact,
    AcceptOffer,
    DeclineOffer,
    HoldContact,
    ResumeContact,
    CompleteContact,
    EndWrapUp,
    ExtendWrapUp,
    TransferContact,
    SetPresence,
    PauseQueue,
    OpenQueue,
    ChangeContact,
    ParkContact,
    UnparkContact,
    RequeueContact,
    ConnectFailed,
    ConsultAgent,
    JoinConference,
    LeaveConference,
    ChangeChannel,
    PickContact,
    AssignContact,
    SetExternalLoad,
    ExpediteContact,
    Heartbeat,
    Configure,
    PutQueue,
    PutAgent,
    PutChannel,
    RemoveQueue,
    RemoveAgent,
)
"""Every command, in the order in which the engine numbers them."""

AnyCommand = (
    EnqueueContact
    | AbandonContact
    | CancelContact
    | AcceptOffer
    | DeclineOffer
    | HoldContact
    | ResumeContact
    | CompleteContact
    | EndWrapUp
    | ExtendWrapUp
    | TransferContact
    | SetPresence
    | PauseQueue
    | OpenQueue
    | ChangeContact
    | ParkContact
    | UnparkContact
    | RequeueContact
    | ConnectFailed
    | ConsultAgent
    | JoinConference
    | LeaveConference
    | ChangeChannel
    | PickContact
    | AssignContact
    | SetExternalLoad
    | ExpediteContact
    | Heartbeat
    | Configure
    | PutQueue
    | PutAgent
    | PutChannel
    | RemoveQueue
    | RemoveAgent
)
"""The union the codec decodes into."""
