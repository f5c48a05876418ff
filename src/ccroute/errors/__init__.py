"""Everything ccroute raises.

Three kinds of wrong are kept apart. What can never be right under the present configuration raises an
:class:`InvalidArgument` before anything moves. What is not right just now (a lost race, a transition that is not)
is no exception but the event ``CommandRefused``. A fault of our own raises :class:`EngineBug`, after which the engine
refuses to go on.
"""

from __future__ import annotations

from ccroute.errors.argument import (
    CcrouteError,
    CodecError,
    ConfigError,
    ConfigFault,
    HoursError,
    InvalidArgument,
    InvalidId,
    OutOfRange,
    RecordError,
    RequirementError,
    SnapshotError,
    TimeJump,
    UnknownName,
    WrongType,
    shown,
)
from ccroute.errors.channel import ChatRefused
from ccroute.errors.customer import (
    IdentityTaken,
    InvalidHandle,
    KeyDestroyed,
    MasterKeyWrong,
    SealBroken,
    UnknownCustomer,
)
from ccroute.errors.engine import (
    ConcurrentUse,
    EngineBug,
    EngineClosed,
    EngineOutOfMemory,
    EngineStateError,
    ForkedEngine,
    ReentrantCall,
)
from ccroute.errors.installation import ExtraMissing, ServerMissing
from ccroute.errors.journal import (
    EventNotReached,
    HistoryGap,
    JournalCompacted,
    JournalConflict,
    JournalCorrupt,
    JournalError,
    JournalFailed,
    JournalInUse,
    NotOwner,
    OtherRules,
    OtherSource,
    ReplayDiverged,
)
from ccroute.errors.plugin import PluginBroken, PluginNotFound, Undeliverable
from ccroute.errors.runtime import EventsGone, RouterClosed, RouterDraining, SubscriptionLagged
from ccroute.errors.storage import (
    SchemaTooNew,
    StorageBusy,
    StorageClosed,
    StorageConflict,
    StorageCorrupt,
    StorageError,
    StorageFailed,
    StorageFull,
    StorageUnavailable,
)

__all__ = [
    "CcrouteError",
    "ChatRefused",
    "CodecError",
    "ConcurrentUse",
    "ConfigError",
    "ConfigFault",
    "EngineBug",
    "EngineClosed",
    "EngineOutOfMemory",
    "EngineStateError",
    "EventNotReached",
    "EventsGone",
    "ExtraMissing",
    "ForkedEngine",
    "HistoryGap",
    "HoursError",
    "IdentityTaken",
    "InvalidArgument",
    "InvalidHandle",
    "InvalidId",
    "JournalCompacted",
    "JournalConflict",
    "JournalCorrupt",
    "JournalError",
    "JournalFailed",
    "JournalInUse",
    "KeyDestroyed",
    "MasterKeyWrong",
    "NotOwner",
    "OtherRules",
    "OtherSource",
    "OutOfRange",
    "PluginBroken",
    "PluginNotFound",
    "RecordError",
    "ReentrantCall",
    "ReplayDiverged",
    "RequirementError",
    "RouterClosed",
    "RouterDraining",
    "SchemaTooNew",
    "SealBroken",
    "ServerMissing",
    "SnapshotError",
    "StorageBusy",
    "StorageClosed",
    "StorageConflict",
    "StorageCorrupt",
    "StorageError",
    "StorageFailed",
    "StorageFull",
    "StorageUnavailable",
    "SubscriptionLagged",
    "TimeJump",
    "Undeliverable",
    "UnknownCustomer",
    "UnknownName",
    "WrongType",
    "shown",
]
