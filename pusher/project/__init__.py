"""The facade of a loaded project, and what each of its methods does."""
