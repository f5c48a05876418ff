"""A contact centre's configuration: structs, reading, checking, and what its defaults amount to."""

from ccroute.config.attributes import attribute_allowed
from ccroute.config.channels import BUILT_IN_CHANNELS, ResolvedChannel, resolved_channels
from ccroute.config.checking import check, unresolved
from ccroute.config.durations import parse_duration
from ccroute.config.reader import id_allowed
from ccroute.config.reading import faults_of_file, to_dict, to_json
from ccroute.config.selection import resolve_select
from ccroute.config.structs import (
    Agent,
    AgentChannel,
    AgentQueue,
    CallbackPolicy,
    Channel,
    Config,
    EngineSettings,
    Hours,
    Limits,
    Offer,
    PlanStep,
    Prefer,
    Queue,
    RecordPriority,
    Records,
    ServiceLevel,
    Skill,
)

__all__ = [
    "BUILT_IN_CHANNELS",
    "Agent",
    "AgentChannel",
    "AgentQueue",
    "CallbackPolicy",
    "Channel",
    "Config",
    "EngineSettings",
    "Hours",
    "Limits",
    "Offer",
    "PlanStep",
    "Prefer",
    "Queue",
    "RecordPriority",
    "Records",
    "ResolvedChannel",
    "ServiceLevel",
    "Skill",
    "attribute_allowed",
    "check",
    "faults_of_file",
    "id_allowed",
    "parse_duration",
    "resolve_select",
    "resolved_channels",
    "to_dict",
    "to_json",
    "unresolved",
]
