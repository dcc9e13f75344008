"""`export --pseudonymise users`: other names for persons, the same ones for the same key."""

from __future__ import annotations
