"""A BPMN state machine without I/O: no clock, no database, no random numbers, no globals."""
