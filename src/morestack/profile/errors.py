"""The one error of this folder, and the test for packages of an extra."""

from __future__ import annotations

import importlib
from types import ModuleType

from morestack.errors import UserError


class ProfileError(UserError):
    """What is wrong with a profile, a dump, a budget or a request, in one clear line for the user."""


def extra(module: str, name: str) -> ModuleType:
    """Import a module that only the extra `name` installs."""
    try:
        return importlib.import_module(module)
    except ImportError:
        raise ProfileError(f"this needs the package {module}: pip install 'morestack[{name}]'") from None
