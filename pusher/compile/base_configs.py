"""What is configured before a template says anything: dbt_project.yml of the project and of its packages, and YAML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pusher.compile import configs, data_test_configs, seeds
from pusher.compile.files import ProjectFiles, TextFile
from pusher.compile.packages import Projects
from pusher.compile.properties import ModelPatch
from pusher.compile.values import Values
from pusher.config import ProjectFile
from pusher.errors import Problem

Configs = dict[str, dict[str, Any]]


class Found(NamedTuple):
    """Configurations, and what is wrong with them.

    Attributes:
        configs: By the name of the model or seed, or by package for data tests.
        problems: What is wrong.
    """

    configs: Configs
    problems: list[Problem]


def of_files(projects: Projects, files: ProjectFiles, patches: Mapping[str, ModelPatch], values: Values) -> Found:
    """Return the configuration of each model and seed; what the project says for a package wins over its own."""
    found, problems = Configs(), list[Problem]()
    for package, project in projects.all.items():
        values.package = package
        kinds: list[tuple[str, configs.Keys, Mapping[str, TextFile | seeds.Seed]]] = [
            ("models", configs.MODEL_KEYS, files.models),
            ("seeds", seeds.KEYS, files.seeds),
        ]
        for top, keys, known in kinds:
            fqns = {name: (*file.folder, name) for name, file in known.items() if file.package == package}
            folders = [
                configs.FolderConfigs(
                    holder,
                    top,
                    holder.models if top == "models" else holder.seeds,
                    keys,
                    name=projects.name(package),
                    others=projects.others(package),
                    folders=fqns.values(),
                    render=values.setting,
                )
                for holder in _holders(projects, project)
            ]
            problems += [problem for one in folders for problem in one.problems]
            for name, fqn in fqns.items():
                own = patches[name].config if name in patches else {}
                found[name] = configs.merge(*(one.of(fqn) for one in folders), own)
    values.package = ""
    for name in files.seeds:
        found[name]["materialized"] = seeds.MATERIALIZED
    return Found(found, problems)


def of_data_tests(projects: Projects, values: Values) -> Found:
    """Return what is set for all data tests of the project, under an empty name, and of each package."""
    found, problems, known = Configs(), list[Problem](), len(values.problems)
    for package, project in projects.all.items():
        values.package, name = package, projects.name(package)
        layers = []
        for holder in _holders(projects, project):
            layer, wrong = data_test_configs.of_project(holder, name, projects.others(package), values.setting)
            layers.append(layer)
            problems += wrong
        found[package] = configs.merge(*layers)
    values.package = ""
    return Found(found, [*problems, *values.problems[known:]])


def _holders(projects: Projects, project: ProjectFile) -> list[ProjectFile]:
    return [project] if project is projects.own else [project, projects.own]
