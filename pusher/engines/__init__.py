"""Databases that run the models; one folder each."""
