"""Setting up a floor to simulate: agents with sets of skills, and contacts that need one skill each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, final

from ccroute.core.acd import Acd

UNITS: Final = 100
"""Units an agent has, and what a contact takes of them: one contact at a time."""
_NOT_GIVEN: Final = -1
_AGEING: Final = 1_000
_NO_LIMIT: Final = 65_535


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    """The agents of a floor, as sets of skills and who has which."""

    profiles: Sequence[frozenset[int]]
    """The sets of skills there are."""
    agents: Sequence[int]
    """Index of each agent's profile; the order of the agents settles ties of idle time."""


@final
@dataclass(frozen=True, kw_only=True, slots=True)
class Floor:
    """A floor of agents who answer at once, take one contact at a time and have no wrap-up."""

    acd: Acd
    """The core. Agents' slots are their indices in :attr:`Staff.agents`; all are offline until a loop begins."""
    class_of: dict[int, int]
    """The class slot of the contacts that need a skill, by skill."""


def one_skill_floor(staff: Staff, skills: Sequence[int], *, contacts_max: int) -> Floor:
    """Return a floor where each contact needs one of ``skills`` and goes to the agent idle longest who has it.

    Everything runs in one queue: the higher tier first, then the earlier arrival. O(skills · profiles + agents).

    :param skills: every skill that a contact may need; agents' further skills do not matter.
    :param contacts_max: the most contacts that wait or are served at one time; fewer are not allocated.
    """
    acd = Acd(
        channels=[(UNITS, 0)],
        selects=[((0,), (False,), None)],
        contacts_max=max(1, contacts_max),
        agents_max=max(1, len(staff.agents)),
        classes_max=max(1, len(skills)),
        idle_grace_us=0,
        retain_us=0,
    )
    queue = acd.add_queue(
        select=0,
        mode=0,
        offer_timeout_us=1,
        wrap_up_us=0,
        cooldown_us=0,
        offers_max=_NO_LIMIT,
        away_after=0,
        ageing=_AGEING,
        tier=0,
        head_start_us=0,
        cost=_NOT_GIVEN,
        keeps_place=0,
        paused=False,
    )
    policy = acd.add_policy(1, [_NOT_GIVEN], [_NOT_GIVEN])
    holders: dict[int, list[int]] = {skill: [] for skill in skills}
    for profile, has in enumerate(staff.profiles):
        acd.add_profile()
        for skill in has:
            if skill in holders:
                holders[skill].append(profile)
    for profile in staff.agents:
        acd.add_agent(profile, policy, UNITS, 1)
    class_of: dict[int, int] = {}
    for skill in skills:
        if skill not in class_of:
            class_of[skill] = acd.open_class(queue, 0, _NOT_GIVEN)
            acd.serve(class_of[skill], 1, holders[skill])
    return Floor(acd=acd, class_of=class_of)
