"""What the host calls things, and the slots the core knows them by."""

cimport cython
from libc.stdint cimport int32_t, int64_t

from ccroute.core.defs cimport NONE
from ccroute.core.contacts cimport ended_due
from ccroute.engine.checks cimport check_id, is_whole, whole
from ccroute.engine.fields cimport ATTRIBUTES, CHANNEL, CONTACT_ID, CUSTOMER_ID, PARENT_ID, read

from ccroute.errors import WrongType

cdef dict NOTHING = {}
cdef str CALLBACK = "callback"


def empty_classes(Acd acd) -> list:
    """Return the slots of the classes that no contact is in, neither at their first stage nor at a later one. O(classes)."""
    cdef int32_t at, stage
    cdef int32_t count = acd.floor.blocks.count * 64
    # Stages but the first, and companions, are no classes of their own.
    cdef bytearray depends = bytearray(count)
    cdef list empty = []
    for at in range(count):
        if acd.floor.classes[at].in_use:
            if acd.floor.classes[at].next_stage != NONE:
                depends[acd.floor.classes[at].next_stage] = 1
            if acd.floor.classes[at].companion != NONE:
                depends[acd.floor.classes[at].companion] = 1
    for at in range(count):
        if acd.floor.classes[at].in_use and not depends[at]:
            stage = at
            while stage != NONE and acd.floor.classes[stage].refs == 0:
                stage = acd.floor.classes[stage].next_stage
            if stage == NONE:
                empty.append(at)
    return empty


cdef int32_t slot_of_id(dict slots, str reference, str argument) except -2:
    """Return the slot of an id, NONE where it is not known; raise for what is no id. What is known needs no check."""
    cdef object slot = slots.get(reference)
    if slot is None:
        check_id(reference, argument)
        return NONE
    return slot


@cython.final
cdef class Names:
    """Ids, slots and the host's own words of one engine."""

    def __cinit__(self, Acd acd, standing, classes, plans):
        self.acd = acd
        self.standing = standing
        self.classes = classes
        self.plans = plans
        self.callbacks = {}
        self.members = {}
        self.requirements = classes.requirements
        self.quick_classes = classes.quick
        self.queue_ids = standing.queue_ids
        self.channel_ids = standing.channel_ids
        self.agent_ids = standing.agent_ids
        self.queue_slots = standing.queue_slots
        self.channel_slots = standing.channel_slots
        self.agent_slots = standing.agent_slots
        self.draining_queues = standing.draining_queues
        self.draining = standing.draining
        self.contact_slots = {}
        self.agent_labels = [None] * len(self.agent_ids)
        self.next_labels = [None] * len(self.agent_ids)
        self.lost_labels = [None] * len(self.agent_ids)
        self.contacts = []
        self.attributes = {}
        self.dispositions = {}
        self.gave_way = {}
        self.statistics = Statistics(acd, standing.config, self.queue_ids, self.channel_ids, self.contacts)

    cdef int32_t contact_slot(self, object reference, str argument) except -2:
        """Return the slot of a contact named by id or handle, NONE where it is not known; raise for what is neither."""
        if type(reference) is str:
            return slot_of_id(self.contact_slots, reference, argument)
        if is_whole(reference):
            return self.acd.contact_slot(whole(reference, argument, 0, 9223372036854775807))
        raise WrongType(argument, reference, "a str or an integer handle")

    cdef int32_t agent_slot(self, object reference, str argument) except -2:
        """Return the slot of an agent named by id or handle, NONE where it is not known; raise for what is neither."""
        cdef int64_t handle
        if type(reference) is str:
            return slot_of_id(self.agent_slots, reference, argument)
        if is_whole(reference):
            handle = whole(reference, argument, 0, 9223372036854775807)
            if handle >= len(self.agent_ids) or not self.agent_ids[<Py_ssize_t>handle]:
                return NONE
            return <int32_t>handle
        raise WrongType(argument, reference, "a str or an integer handle")

    cdef int remember(self, int32_t slot, object command) except -1:
        """Note the command that brought a contact."""
        cdef list contacts = self.contacts
        while len(contacts) <= slot:
            contacts.append(None)
        self.note(slot, command)
        self.contact_slots[read(command, CONTACT_ID)] = slot
        given = read(command, ATTRIBUTES)
        if given:
            self.keep_attributes(slot, given)
        return 0

    cdef int keep_attributes(self, int32_t slot, object given) except -1:
        """Copy the attributes of a contact: the lists and tables of a command are its giver's, who may change them."""
        self.attributes[slot] = {name: list(one) if type(one) is list else one for name, one in given.items()}
        return 0

    cdef int forget(self, int32_t slot) except -1:
        """Forget the contact that ended first."""
        cdef object contact_id = self.contacts[slot].contact_id
        if self.contact_slots.get(contact_id) == slot:
            del self.contact_slots[contact_id]
        if self.callbacks:
            self.settle_callback(slot)
        self.contacts[slot] = None
        if self.dispositions:
            self.dispositions.pop(slot, None)
        if self.attributes:
            self.attributes.pop(slot, None)
        if self.gave_way:
            self.gave_way.pop(slot, None)
        self.acd.forget_one(slot)
        return 0

    cdef int note(self, int32_t slot, object command) except -1:
        """Note a contact as it would have to be enqueued now; a callback for another contact's customer is owed to them."""
        self.contacts[slot] = command
        if (
            read(command, CHANNEL) == CALLBACK and read(command, CUSTOMER_ID) is not None
            and read(command, PARENT_ID) is not None
        ):
            self.callbacks.setdefault(read(command, CUSTOMER_ID), {})[slot] = None
        return 0

    cdef int settle_callback(self, int32_t slot) except -1:
        """A contact that may have been a callback is owed no more."""
        cdef object customer_id = self.contacts[slot].customer_id
        cdef dict owed = self.callbacks.get(customer_id)
        if owed is not None:
            owed.pop(slot, None)
            if not owed:
                del self.callbacks[customer_id]
        return 0

    cdef int count_anew(self) except -1:
        """Have figures be kept under the configuration as it is now."""
        self.statistics.configure(self.config, self.queue_ids, self.channel_ids)
        return 0

    cdef int forget_due(self, int64_t at) except -1:
        """Forget the ended contacts whose time is over by a moment."""
        cdef int32_t slot = ended_due(&self.acd.floor, at)
        while slot != NONE:
            self.forget(slot)
            slot = ended_due(&self.acd.floor, at)
        return 0

    def forget_beyond(self, contacts_max) -> None:
        """Forget ended contacts, the earliest first, until there are no more than so many."""
        while self.acd.floor.contacts.count > contacts_max:
            self.forget(self.acd.floor.first_ended)

    def make_room_for_labels(self) -> None:
        """Have a label, or none, for every agent there is."""
        while len(self.agent_labels) < len(self.agent_ids):
            self.agent_labels.append(None)
            self.next_labels.append(None)
            self.lost_labels.append(None)

    def forget_labels(self, slot) -> None:
        """Forget the labels of an agent that was removed."""
        self.agent_labels[slot] = None
        self.next_labels[slot] = None
        self.lost_labels[slot] = None

    @property
    def config(self):
        """The configuration in force."""
        return self.standing.config

    # ---- for queries and snapshots -----------------------------------------------------------------------------

    def check_id(self, value, argument: str) -> None:
        """Raise unless a value is an id."""
        check_id(value, argument)

    def find_contact(self, reference, str argument="contact_id"):
        """Return the slot of a contact named by id or handle, or None."""
        cdef int32_t slot = self.contact_slot(reference, argument)
        return None if slot == NONE else slot

    def find_agent(self, reference, str argument="agent_id"):
        """Return the slot of an agent named by id or handle, or None."""
        cdef int32_t slot = self.agent_slot(reference, argument)
        return None if slot == NONE else slot

    def attributes_of(self, slot):
        """Return the attributes of a contact; not to be changed."""
        return self.attributes.get(slot, NOTHING)

    def note_arrival(self, command) -> None:
        """Note the command that brings a contact which the core has, and nobody has noted yet, if there is one."""
        cdef int32_t slot = self.acd.next_contact(0)
        while slot != NONE:
            if slot >= len(self.contacts) or self.contacts[slot] is None:
                self.remember(slot, command)
                return
            slot = self.acd.next_contact(slot + 1)

    def put_back(self, contacts) -> None:
        """Note the (slot, command) pairs that brought the contacts of a snapshot; the latest contact of an id has it."""
        for slot, command in contacts:
            self.remember(slot, command)
            self.acd.set_asks(slot, self.classes.asks_number(command.requires))
        if len(self.contact_slots) < len(contacts):
            for slot in self.acd.contacts_behind(0):
                self.contact_slots[self.contacts[slot].contact_id] = slot

    def put_back_words(self, dispositions, gave_way, agent_labels, next_labels, lost_labels) -> None:
        """Note what was said of contacts and agents of a snapshot."""
        self.dispositions.update(dispositions)
        self.gave_way.update(gave_way)
        self.agent_labels[:] = agent_labels
        self.next_labels[:] = next_labels
        self.lost_labels[:] = lost_labels
