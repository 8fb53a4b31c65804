"""What a column can hold, followed through SQL: raw identifiers, constants, and what changes from run to run."""
