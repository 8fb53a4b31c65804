"""Whether all that identifies a person in a view is of people who agreed."""
