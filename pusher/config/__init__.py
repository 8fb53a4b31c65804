"""Settings files as typed values: dbt_project.yml, profiles.yml, pusher.yml."""

from __future__ import annotations

from pusher.config.consent import Consent
from pusher.config.floors import Floor
from pusher.config.profile import DestinationSettings, Profile, Secret, load_profile
from pusher.config.project_file import POLICY_FILE, PolicyFile, ProjectFile, load_policy_file, load_project_file
from pusher.config.roles import EVERYBODY_ELSE, Role
from pusher.config.shared import SharedLimits
from pusher.config.shrink import LIST_GUARD, ShrinkGuard
from pusher.config.strict_yaml import Document, KeyPath, load_yaml, parse_yaml, suggest

__all__ = [
    "EVERYBODY_ELSE",
    "LIST_GUARD",
    "POLICY_FILE",
    "Consent",
    "DestinationSettings",
    "Document",
    "Floor",
    "KeyPath",
    "PolicyFile",
    "Profile",
    "ProjectFile",
    "Role",
    "Secret",
    "SharedLimits",
    "ShrinkGuard",
    "load_policy_file",
    "load_profile",
    "load_project_file",
    "load_yaml",
    "parse_yaml",
    "suggest",
]
