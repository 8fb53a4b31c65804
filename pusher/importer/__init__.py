"""Turns the query of another platform into models, and says what means something else in them.

::

    imported = import_query(text, dialect="presto", options=ImportOptions(name="orders"), payloads=payloads)
    imported.files, imported.changes
"""

from __future__ import annotations

from pusher.importer.draft import DIALECTS, Change
from pusher.importer.run import Imported, ImportOptions, import_query

__all__ = ["DIALECTS", "Change", "ImportOptions", "Imported", "import_query"]
