"""Hooks from the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archiver.media.annotate import Annotator, HookRules
from archiver.media.run_hook import HookLimits
from archiver.model.hooks import HOOK_KINDS, Hook

if TYPE_CHECKING:
    from archiver.store.database import Database
    from config.hooks import HookSettings


def list_hooks(settings: HookSettings) -> tuple[Hook, ...]:
    """The hooks that are set."""
    return tuple(
        Hook(name=name, command=getattr(settings, name), version=getattr(settings, f"{name}_version"))
        for name in HOOK_KINDS
        if getattr(settings, name) is not None
    )


def make_annotator(settings: HookSettings, database: Database) -> Annotator | None:
    """What runs the hooks; None without any."""
    hooks = list_hooks(settings)
    return Annotator(database, hooks, hook_rules(settings)) if hooks else None


def hook_rules(settings: HookSettings) -> HookRules:
    """Their limits."""
    limits = HookLimits(seconds=settings.time_limit.total_seconds(), output=int(settings.output_limit))
    return HookRules(limits=limits, attempts=settings.attempts)
