"""Clocks of cases, and the calendars they are counted by."""
