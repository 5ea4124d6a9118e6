"""The units that the bundled jurisdiction table names: a county, its bureaus and its townships."""

from __future__ import annotations

from engine.store.database import Transaction
from workflows.organisation import units
from workflows.organisation.units import Unit

_DEPARTMENTS = {
    "water": "Water Bureau",
    "roads": "Roads and Transport Bureau",
    "housing": "Housing Bureau",
    "sanitation": "Sanitation Bureau",
    "environment": "Environment Bureau",
    "education": "Education Bureau",
    "health": "Health Bureau",
    "welfare": "Welfare Bureau",
    "police": "Public Safety Bureau",
    "finance": "Finance Bureau",
    "parks": "Parks Bureau",
    "labour": "Labour Bureau",
}
_TOWNSHIPS = {
    "town-north": ("North Township", "north"),
    "town-south": ("South Township", "south"),
    "town-east": ("East Township", "east"),
    "town-west": ("West Township", "west"),
    "town-central": ("Central Township", "central"),
}
COUNTY = "petition-office"

UNITS = (
    Unit(COUNTY, "County Petition Office", "county", None, "county"),
    *(Unit(code, name, "county", COUNTY, "county") for code, name in _DEPARTMENTS.items()),
    *(Unit(code, name, "township", COUNTY, place) for code, (name, place) in _TOWNSHIPS.items()),
)


def settle(tx: Transaction) -> None:
    """Enter them where there are no units yet, so that petitions find somebody from the first day on."""
    if not units.find(tx):
        units.add(tx, UNITS)
