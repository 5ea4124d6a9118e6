"""The codes that cases are sorted by, with the words that people read for them."""

from __future__ import annotations

from collections.abc import Mapping

from engine.errors import InvalidVariables

CHANNELS: Mapping[str, str] = {
    "online": "Online",
    "letter": "Letter",
    "phone": "Telephone",
    "visit": "Visit",
    "import": "Taken over from another register",
}
"""How a petition comes in (Regulations on Letters and Visits Work, Art. 17)."""

SUBJECTS: Mapping[str, str] = {
    "ageing": "Care for the aged",
    "consumer": "Consumer affairs",
    "culture": "Culture",
    "economy": "Economy and jobs",
    "education": "Education",
    "environment": "Environment",
    "finance": "Taxes and finance",
    "government": "Government offices",
    "health": "Health",
    "housing": "Housing and buildings",
    "immigration": "Residence and immigration",
    "labour": "Labour",
    "land": "Land use",
    "legal": "Legal services",
    "parks": "Parks",
    "rights": "Civil rights",
    "safety": "Public safety",
    "sanitation": "Sanitation",
    "transport": "Roads and transport",
    "utilities": "Water, power and gas",
    "veterans": "Veterans",
    "welfare": "Welfare",
    "youth": "Youth",
    "other": "Something else",
}

PLACES: Mapping[str, str] = {
    "north": "North township",
    "south": "South township",
    "east": "East township",
    "west": "West township",
    "central": "Central township",
    "county": "The whole county",
}

CATEGORIES: Mapping[str, str] = {
    "suggestion": "Suggestion",
    "accusation": "Accusation",
    "redress": "Request for redress",
}
"""Arts. 29, 30 and 31."""

RATINGS: Mapping[str, str] = {
    "satisfied": "Satisfied",
    "basically": "Basically satisfied",
    "dissatisfied": "Dissatisfied",
}

OUTCOMES: Mapping[str, str] = {
    "support": "Supported",
    "explain": "Explained",
    "not_support": "Not supported",
}
"""What a reply says of the claims (Art. 32)."""

CLOSE_REASONS: Mapping[str, str] = {
    "concluded": "Concluded",
    "not_accepted": "Not accepted",
    "withdrawn": "Withdrawn",
}

CLOCKS: Mapping[str, str] = {
    "notify": "Decide on acceptance and tell the petitioner",
    "objection": "Object to the assignment",
    "resolve": "Handle and reply",
    "opinion": "Co-units' opinions",
    "supplement": "Hand in what is missing",
    "survey": "Rate how the petition was handled",
}

READ_PURPOSES: Mapping[str, str] = {
    "handling": "To work on it",
    "supervision": "To supervise it",
    "inquiry": "To answer the petitioner",
    "own": "The petitioner follows the petition",
}
"""Why a case is read; goes into its journal."""

SCORES = range(1, 6)
"""Office and handling unit are scored from 1 (poor) to 5 (very good)."""


def check(field: str, code: object, codes: Mapping[str, str]) -> None:
    """Raises InvalidVariables naming the field where `code` is none of `codes`."""
    if code not in codes:
        raise InvalidVariables({field: f"expected one of {', '.join(codes)}, but it is '{code}'"})
