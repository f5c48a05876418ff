from ccroute.engine.names cimport Names

cdef enum:                            # CommandKind: the order of ccroute.commands.COMMANDS
    ENQUEUE = 0
    ABANDON = 1
    CANCEL = 2
    ACCEPT = 3
    DECLINE = 4
    HOLD = 5
    RESUME = 6
    COMPLETE = 7
    END_WRAP_UP = 8
    EXTEND_WRAP_UP = 9
    TRANSFER = 10
    PRESENCE = 11
    PAUSE = 12
    OPEN = 13
    CHANGE = 14
    PARK = 15
    UNPARK = 16
    REQUEUE = 17
    CONNECT_FAILED = 18
    CONSULT = 19
    JOIN = 20
    LEAVE = 21
    CHANGE_CHANNEL = 22
    PICK = 23
    ASSIGN = 24
    LOAD = 25
    EXPEDITE = 26
    HEARTBEAT = 27
    CONFIGURE = 28                # this and all behind change the configuration
    PUT_QUEUE = 29
    PUT_AGENT = 30
    PUT_CHANNEL = 31
    REMOVE_QUEUE = 32
    REMOVE_AGENT = 33

cdef int kind_of(object command) except -2
cdef int check_not_configuring(object command, Py_ssize_t at) except -1
cdef int check_command(Names names, object command) except -1
