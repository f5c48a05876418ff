"""Setting up a floor to simulate: agents with sets of skills, and contacts that need some of them."""

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
_NEVER: Final = -1
_PREEMPT_NEVER: Final = 0
_PREEMPT_WORK: Final = 2
_INTERRUPTS_NONE: Final = 0


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
    class_slots: Sequence[int]
    """The class slot of the contacts with each of the needs that the floor was made for."""


def open_floor(staff: Staff, needs: Sequence[frozenset[int]], *, contacts_max: int, breaks_off: bool = False) -> Floor:
    """Return a floor where each contact goes to the agent idle longest who has all the skills it needs.

    Everything runs in one queue: the higher tier first, then the earlier arrival. O(needs · profiles + agents).

    :param needs: what contacts may need, from one skill on, a class each; agents' further skills do not matter.
    :param contacts_max: the most contacts that wait or are served at one time; fewer are not allocated.
    :param breaks_off: contacts of tier 1 or higher that find nobody free take an agent from one of lower tier, of the
        lowest the one last begun, which goes back to its place.
    """
    acd = _empty(classes=len(needs), contacts_max=contacts_max)
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
        k=1,
        offers_min=1,
        overdue_after_us=_NEVER,
        preempt=_PREEMPT_WORK if breaks_off else _PREEMPT_NEVER,
        preempt_from=1,
        requeues_victim=breaks_off,
        preempt_guard_us=0,
        displaced_max=0,
        displaced_work_max=_NEVER,
    )
    policy = acd.add_policy(1, [_NOT_GIVEN], [_NOT_GIVEN], [0])
    holders: dict[int, set[int]] = {skill: set() for need in needs for skill in need}
    for profile, has in enumerate(staff.profiles):
        acd.add_profile()
        for skill in has:
            if skill in holders:
                holders[skill].add(profile)
    for profile in staff.agents:
        acd.add_agent(profile, policy, UNITS, 1)
    class_slots = []
    for need in needs:
        class_slots.append(acd.open_class(queue, 0, _NOT_GIVEN))
        acd.serve(class_slots[-1], 1, sorted(set.intersection(*(holders[skill] for skill in need))))
    return Floor(acd=acd, class_slots=class_slots)


def _empty(*, classes: int, contacts_max: int) -> Acd:
    return Acd(
        channels=[(UNITS, 0, True, _INTERRUPTS_NONE, False, False)],
        selects=[((0,), (False,), None)],
        contacts_max=max(1, contacts_max),
        classes_max=max(1, classes),
        idle_grace_us=0,
        retain_us=0,
        ranks_first=False,
    )
