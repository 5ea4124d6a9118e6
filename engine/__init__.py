"""Runs any BPMN process. Knows no petition and no web.

``engine.core`` is a pure state machine; the modules beside it are the shell that keeps it in a database.
"""
