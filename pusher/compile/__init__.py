"""Compile a project: find models, render Jinja, order the graph, infer columns."""

from __future__ import annotations

from pusher.compile import graph, hooks
from pusher.compile.columns import Inference, infer, inspect, inspect_additions
from pusher.compile.digest import digest
from pusher.compile.files import INLINE, INLINE_OPTION
from pusher.compile.kept import KeptRenders
from pusher.compile.known_columns import inspect_with
from pusher.compile.manifest import Manifest, load
from pusher.compile.mentions import Mentions, moment_of_run
from pusher.compile.model import ColumnDoc, DataTest, Model, Relation, Source, SourceKey
from pusher.compile.source_map import Place, SourceMap
from pusher.compile.unit_tests import Fixture, Input, Row, UnitTest

__all__ = [
    "INLINE",
    "INLINE_OPTION",
    "ColumnDoc",
    "DataTest",
    "Fixture",
    "Inference",
    "Input",
    "KeptRenders",
    "Manifest",
    "Mentions",
    "Model",
    "Place",
    "Relation",
    "Row",
    "Source",
    "SourceKey",
    "SourceMap",
    "UnitTest",
    "digest",
    "graph",
    "hooks",
    "infer",
    "inspect",
    "inspect_additions",
    "inspect_with",
    "load",
    "moment_of_run",
]
