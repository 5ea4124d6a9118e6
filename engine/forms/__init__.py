"""Forms of user tasks (form-js JSON): reading them, and validating what a person filled in."""

from engine.forms.fields import Field, Option
from engine.forms.form import Form
from engine.forms.reading import read

__all__ = ["Field", "Form", "Option", "read"]
