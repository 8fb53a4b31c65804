"""Writes `macros/identity/phone_plans.sql` from libphonenumber's metadata, or checks that it is up to date.

::

    python -m tests.phones.generate
    python -m tests.phones.generate --check
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import phonenumbers

from tests.phones import plans

MACROS = Path(__file__).resolve().parents[2] / "macros" / "identity" / "phone_plans.sql"
_WIDTH = 96
_NOQA = "{#- noqa: PU804 because all scripts are meant; other engines need a form of their own -#}"


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\") + "'"


def _lines(text: str) -> str:
    """Return a text as a Jinja expression over several lines."""
    pieces = [text[start : start + _WIDTH] for start in range(0, len(text), _WIDTH)] or [""]
    return " ~\n    ".join(map(_literal, pieces))


def macros() -> str:
    """Return the text of the file."""
    names = "".join(f"{name},," for name in plans.names())
    parts = [
        f"{{#- Made by `make phone-plans` from libphonenumber {phonenumbers.__version__}; not to be edited. -#}}",
        "{% macro phone_countries() -%}",
        f"{{{{ {_lines(names)} }}}}",
        "{%- endmacro %}",
        "",
        "{% macro phone_entries() -%}",
        f"{{{{ {_lines(plans.entries())} }}}}",
        "{%- endmacro %}",
        "",
        "{% macro phone_plans(dialled) -%}",
        "{%- set sql = dialled -%}",
    ]
    for why, pattern, replacement in plans.steps():
        parts.append(textwrap.fill(f"{{#- {why} -#}}", _WIDTH, subsequent_indent="    "))
        parts.append(f"{{%- set pattern = {_lines(pattern)} -%}}")
        if replacement is None:
            parts.append('{%- set sql = "regexp_extract(" ~ sql ~ ", \'" ~ pattern ~ "\')" -%}')
        else:
            rewritten = replacement.replace("\\", "\\\\")
            parts.append(
                f"{{%- set sql = \"regexp_replace(\" ~ sql ~ \", '\" ~ pattern ~ \"', '{rewritten}', 'g')\" -%}}"
            )
    return "\n".join([*parts, _NOQA, "nullif(trim({{ sql }}), '')", "{%- endmacro %}", ""])


def main(arguments: list[str]) -> int:
    """Write the file, or say whether it is what would be written; returns the exit code."""
    text = macros()
    if arguments == ["--check"]:
        return int(MACROS.read_text(encoding="utf-8") != text)
    MACROS.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
