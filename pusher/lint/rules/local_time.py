"""PU214."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pusher.lint.context import Context, View
from pusher.lint.finding import Finding, Fix
from pusher.lint.flow.identifiers import seed_columns, source_columns
from pusher.lint.flow.relations import Output
from pusher.lint.flow.times import UNKNOWN_ZONE, is_text, is_utc
from pusher.lint.flow.values import Moment
from pusher.lint.rules.base import ViewRule


class LocalTime(ViewRule):
    """A time reaches `event_time` and is not known to be UTC.

    ## What it does
    Follows the source columns behind `event_time`. A TIMESTAMP without a zone, a DATE, and text that is cast to
    TIMESTAMP need a declared `timezone` in their meta, or in that of their table or source. A column that is declared
    to be in another zone than UTC has to be converted on the way, from that zone:
    `{{ utc_from_local('ordered_at', 'Europe/Berlin') }}`. A TIMESTAMPTZ, and text that goes through
    `utc_timestamp()`, say themselves when they were. A TIMESTAMP that is cast to text
    on the way no longer does.

    Where a zone sets its clocks twice a year, a note says what becomes of the hours that do not exist or come twice.

    ## Why is this bad
    TikTok reads `event_time` as UTC. A local time is sent hours too early or too late, and events of the last hours
    are refused as events of the future.

    ## Example
    ```yaml
    columns:
      - {name: ordered_at, data_type: timestamp}
    ```

    ## Use instead
    ```yaml
    columns:
      - name: ordered_at
        data_type: timestamp
        config: {meta: {timezone: UTC}}
    ```
    """

    code = "PU214"
    name = "contract.local-time"
    severity = "error"

    def check_view(self, context: Context, view: View) -> Iterator[Finding]:
        """Yield source columns behind `event_time` that have no zone, or keep one that is not UTC."""
        for output in view.outputs_of("event_time"):
            for moment in sorted(output.value.moments, key=lambda one: (one.column, one.conversions)):
                yield from self._judge(context, view, output, moment)

    def _judge(self, context: Context, view: View, output: Output, moment: Moment) -> Iterator[Finding]:
        zone, path = moment.zone, moment.conversions
        if moment.is_written and _is_text(view, output):
            yield self._written(context, view, output, moment)
            return
        if zone is None:
            if moment.is_time and not path:
                yield self._undeclared(context, view, moment)
            return
        if (is_utc(zone) and not path) or path[:1] == (UNKNOWN_ZONE,):
            return
        if not path or path[0].lower() != zone.lower():
            yield self._unconverted(context, view, output, moment)
        elif len(path) > 1 and not is_utc(path[-1]) and path[-1] != UNKNOWN_ZONE:
            message = f"`{output.name}` is {moment.column} turned into {path[-1]}."
            fix = Fix("Leave the second conversion out, or convert to UTC.")
            yield context.finding(
                self, view.model.name, context.place_in(view, output), message, fix, column="event_time"
            )
        elif _sets_clocks(zone):
            yield self._ambiguous(context, view, output, moment)

    def _undeclared(self, context: Context, view: View, moment: Moment) -> Finding:
        file, line, type_ = _declared_at(context, moment.column)
        message = f"{moment.column} becomes `event_time` and does not say in which time zone it is."
        fix = Fix(
            "Add `config: {meta: {timezone: UTC}}` to the column or its source, or its zone such as Europe/Berlin."
        )
        column = moment.column.rpartition(".")[2]
        if is_text(type_):
            fix = Fix(
                f"{fix.description} Where its texts have an offset, such as +02:00, a cast drops it: write "
                f"{{{{ utc_timestamp('{column}') }}}}."
            )
        return Finding(
            self.code, self.name, self.severity, view.model.name, column, file, line, 1, line, 1, message, fix
        )

    def _written(self, context: Context, view: View, output: Output, moment: Moment) -> Finding:
        message = (
            f"`{output.name}` is {moment.column} as text, which does not say its zone; every row would be refused."
        )
        fix = Fix("Leave the cast to text out.")
        place = context.place_in(view, output)
        return context.finding(self, view.model.name, place, message, fix, column="event_time")

    def _unconverted(self, context: Context, view: View, output: Output, moment: Moment) -> Finding:
        how = f"is converted with {moment.conversions[0]}" if moment.conversions else "is not converted to UTC"
        message = f"{moment.column} is in {moment.zone}, becomes `{output.name}` and {how}."
        name = moment.column.rpartition(".")[2]
        fix = Fix(f"Convert it in staging: {{{{ utc_from_local('{name}', '{moment.zone}') }}}}.")
        if is_utc(moment.zone or ""):
            fix = Fix("Leave the conversion out: the column is in UTC already.")
        place = context.place_in(view, output)
        return context.finding(self, view.model.name, place, message, fix, column="event_time")

    def _ambiguous(self, context: Context, view: View, output: Output, moment: Moment) -> Finding:
        message = (
            f"{moment.column} is in {moment.zone}, which sets its clocks twice a year: a time in the hour that comes "
            "twice is taken for the later one, and one in the hour that is left out moves an hour forward."
        )
        fix = Fix("Export the column as TIMESTAMPTZ, or with its offset, where that hour matters.")
        place = context.place_in(view, output)
        return context.finding(self, view.model.name, place, message, fix, column="event_time", severity="note")


def _is_text(view: View, output: Output) -> bool:
    type_ = (view.types or {}).get(output.name or "")
    return type_ is not None and type_.family == "text"


def _sets_clocks(zone: str) -> bool:
    """Whether a zone has two offsets in a year, as far as this machine knows it."""
    try:
        offsets = {datetime(2026, month, 1, tzinfo=ZoneInfo(zone)).utcoffset() for month in range(1, 13)}
    except (ZoneInfoNotFoundError, ValueError):
        return False
    return len(offsets) > 1


def _declared_at(context: Context, label: str) -> tuple[str, int, str | None]:
    """Return the file and line where a column of a source or seed, or else the whole, is declared, and its type."""
    owner, _, name = label.rpartition(".")
    seed = context.manifest.models.get(owner)
    if seed is not None:
        file, first = seed.patch or (seed.path, 1)
        columns = seed_columns(seed, context.columns.get(seed.name, ()))
    else:
        source_name, _, table = owner.partition(".")
        source = context.manifest.sources[source_name, table]
        file, first = source.file, source.line
        columns = source_columns(source, context.source_columns.get(source.key, ()))
    found = next((column for column in columns if column.name == name), None)
    return file, (found.line if found is not None else None) or first, found.data_type if found is not None else None
