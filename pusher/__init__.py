"""Send offline conversions and custom audiences to TikTok from SQL models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pusher.version import __version__

if TYPE_CHECKING:
    from pusher.project.facade import Project

__all__ = ["Project", "__version__"]


def __getattr__(name: str) -> Any:
    """Import the facade on first use, so that `import pusher` stays cheap."""
    if name == "Project":
        from pusher.project.facade import Project

        return Project
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
