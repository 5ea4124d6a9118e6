"""The work behind the service tasks: one plain function for each topic, a file for each stage."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from handlers import assignment, intake, investigation, response, satisfaction, supervision

HANDLERS: Mapping[str, Callable[..., dict[str, Any]]] = {
    function.__name__.replace("_", "-"): function
    for function in (
        intake.start_clocks,
        intake.request_supplement,
        intake.acknowledge,
        intake.notify_refusal,
        assignment.hand_over,
        assignment.send_acceptance_notice,
        investigation.remind_co_unit,
        investigation.extend_clock,
        investigation.notify_extension,
        investigation.notify_extension_refused,
        response.serve_reply,
        satisfaction.open_survey,
        satisfaction.record_rating,
        satisfaction.reopen_case,
        satisfaction.explain_review,
        satisfaction.close_case,
        satisfaction.record_withdrawal,
        supervision.warn_unit,
        supervision.record_breach,
        supervision.recompute_clocks,
    )
}
"""By topic: the function's name with hyphens."""
