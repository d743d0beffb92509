"""Rules about an add-on as a whole. Each takes its folder and yields problems."""

import ast
import csv
import re
import struct
import sys
from fnmatch import fnmatch
from xml.etree import ElementTree

from . import python_rules

NAME_LENGTH = 25  # limit of the Odoo Apps store
ICON_SIZE = (100, 100)
AUTHOR = "Odoo Manufacturing Group Suite contributors"
# Loaded through other doors than the manifest's data and demo lists.
NOT_DATA = {"i18n", "migrations", "readme", "static", "tests"}
# Odoo does not start without these, so no module needs to declare them.
ALWAYS_THERE = {
    "dateutil",
    "lxml",
    "markupsafe",
    "odoo",
    "psycopg2",
    "pytz",
    "werkzeug",
}
REQUIRED_FILES = [
    "readme/DESCRIPTION.md",
    "readme/CONFIGURE.md",
    "readme/USAGE.md",
    "static/description/icon.png",
    "static/description/icon.svg",
    "static/description/index.html",
]


def manifest(module):
    """Return the dictionary of a module's manifest."""
    return ast.literal_eval(
        (module / "__manifest__.py").read_text(encoding="utf-8"),
    )


def relative(module, path):
    """Return a path below the module as the manifest writes it."""
    return path.relative_to(module).as_posix()


def python_files(module, *folders):
    """Return the Python files of the module's folders, without ``__init__``."""
    return [
        path
        for folder in folders
        for path in sorted((module / folder).glob("*.py"))
        if path.name != "__init__.py"
    ]


def check_manifest_values(module):
    """Name, licence, version, author and summary are as the store wants them."""
    values = manifest(module)
    name = values.get("name", "")
    if not 0 < len(name) <= NAME_LENGTH:
        yield f"name {name!r} has {len(name)} characters, limit {NAME_LENGTH}"
    if values.get("license") != "LGPL-3":
        yield "licence is not LGPL-3"
    if not re.fullmatch(r"17\.0\.\d+\.\d+\.\d+", values.get("version", "")):
        yield f"version {values.get('version')!r} is not 17.0.x.y.z"
    if values.get("author") != AUTHOR:
        yield f"author is not {AUTHOR!r}"
    if not values.get("summary"):
        yield "no summary"


def check_manifest_files(module):
    """What the manifest lists exists, and every data file is listed."""
    values = manifest(module)
    listed = [*values.get("data", []), *values.get("demo", [])]
    for name in [*listed, *values.get("images", [])]:
        if not (module / name).is_file():
            yield f"manifest lists {name}, which does not exist"
    for path in sorted(module.rglob("*")):
        name = relative(module, path)
        if path.suffix not in {".xml", ".csv"} or name.split("/")[0] in NOT_DATA:
            continue
        if name not in listed:
            yield f"{name} is not listed in the manifest"


def check_assets(module):
    """Each asset pattern of ours matches a file, and each asset file is matched."""
    patterns = []
    for entries in manifest(module).get("assets", {}).values():
        for entry in entries:
            pattern = entry if isinstance(entry, str) else entry[-1]
            if pattern.startswith(f"{module.name}/"):
                patterns.append(pattern.partition("/")[2])
    files = [
        relative(module, path)
        for folder in ("static/src", "static/tests")
        for path in sorted((module / folder).rglob("*"))
        if path.suffix in {".js", ".scss", ".css", ".xml"}
    ]
    for pattern in patterns:
        if not any(matches(name, pattern) for name in files):
            yield f"asset pattern {pattern} matches no file"
    for name in files:
        if not any(matches(name, pattern) for pattern in patterns):
            yield f"{name} is in no asset bundle"


def matches(name, pattern):
    """Tell whether an asset pattern covers a file (``**`` may stand for no folder)."""
    return fnmatch(name, pattern) or fnmatch(name, pattern.replace("/**/", "/"))


def optional_imports(tree):
    """Return the imports whose absence the code provides for: inside a ``try`` that
    catches ``ImportError``."""
    return {
        node
        for attempt in ast.walk(tree)
        if isinstance(attempt, ast.Try)
        and any(
            handler.type and ast.unparse(handler.type) == "ImportError"
            for handler in attempt.handlers
        )
        for statement in attempt.body
        for node in ast.walk(statement)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }


def check_external_dependencies(module):
    """A Python package that the module imports is declared, and the other way round."""
    declared = set(manifest(module).get("external_dependencies", {}).get("python", []))
    imported = set()
    for path in sorted(module.rglob("*.py")):
        if python_rules.is_test(path.relative_to(module)):
            continue
        tree = python_rules.parse(path)
        optional = optional_imports(tree)
        for node in ast.walk(tree):
            if node in optional:
                continue
            if isinstance(node, ast.Import):
                imported.update(alias.name.split(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(node.module.split(".")[0])
    foreign = imported - ALWAYS_THERE - set(sys.stdlib_module_names)
    for name in sorted(foreign - declared):
        yield f"imports {name}, which external_dependencies does not declare"
    for name in sorted(declared - foreign):
        yield f"declares {name} in external_dependencies, but does not import it"


def defined_models(module):
    """Yield (class node, model name) of the concrete models a module defines."""
    for path in python_files(module, "models", "wizards", "report"):
        for node in python_rules.model_classes(python_rules.parse(path)):
            bases = {ast.unparse(base).split(".")[-1] for base in node.bases}
            name = python_rules.class_constant(node, "_name")
            inherited = python_rules.class_constant(node, "_inherit")
            inherited = [inherited] if isinstance(inherited, str) else inherited or []
            if name and name not in inherited and bases != {"AbstractModel"}:
                yield node, name


def external_id(model):
    """Return the external id that Odoo gives to a model, without its module."""
    return "model_" + model.replace(".", "_")


def check_access_rights(module):
    """Each model, wizards and read models included, has a line of access rights."""
    granted = set()
    for path in sorted((module / "security").glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            granted.update(
                row["model_id:id"].rpartition(".")[2] for row in csv.DictReader(stream)
            )
    for _node, name in defined_models(module):
        if external_id(name) not in granted:
            yield f"no access rights for model {name}"


def company_rules(module):
    """Return the external ids of the models whose record rules name the company."""
    ruled = set()
    for path in sorted((module / "security").glob("*.xml")):
        for record in ElementTree.parse(path).iter("record"):
            if record.get("model") != "ir.rule":
                continue
            fields = {field.get("name"): field for field in record.iter("field")}
            domain = fields.get("domain_force")
            model = fields.get("model_id")
            if domain is not None and "company" in (domain.text or ""):
                ruled.add((model.get("ref") or "").rpartition(".")[2])
    return ruled


def check_company_rules(module):
    """Each model with a company has a record rule that compares it."""
    ruled = company_rules(module)
    for node, name in defined_models(module):
        fields = {
            target.id
            for statement in node.body
            if isinstance(statement, ast.Assign)
            for target in statement.targets
            if isinstance(target, ast.Name)
        }
        if "company_id" in fields and external_id(name) not in ruled:
            yield f"no company record rule for model {name}"


def check_required_files(module):
    """Texts, icon, store page and translation template are there."""
    for name in [*REQUIRED_FILES, f"i18n/{module.name}.pot"]:
        if not (module / name).is_file():
            yield f"{name} is missing"


def check_icon(module):
    """The icon has the size that Odoo's own icons have."""
    icon = module / "static/description/icon.png"
    if icon.is_file():
        header = icon.read_bytes()[:24]
        size = struct.unpack(">II", header[16:24])
        if header[:8] != b"\x89PNG\r\n\x1a\n" or size != ICON_SIZE:
            yield f"icon.png is not a PNG of {ICON_SIZE}, but {size}"


def check_store_page(module):
    """The store refuses scripts, outside links and outside pictures."""
    page = module / "static/description/index.html"
    if not page.is_file():
        return
    text = page.read_text(encoding="utf-8")
    for pattern in (r"<script", r"<link", r"https?://", r"\son\w+\s*="):
        if re.search(pattern, text, re.IGNORECASE):
            yield f"index.html contains {pattern}"
    for source in re.findall(r"src=\"([^\"]+)\"", text):
        if not (page.parent / source).is_file():
            yield f"index.html shows {source}, which does not exist"


def check_imports(module):
    """Each file of a package is imported: what is not imported silently never runs."""
    for folder in ("models", "wizards", "report", "controllers", "tests"):
        init = module / folder / "__init__.py"
        imported = set()
        if init.is_file():
            for node in ast.walk(python_rules.parse(init)):
                if isinstance(node, ast.ImportFrom):
                    imported.update(alias.name for alias in node.names)
                    imported.add(node.module)
        for path in python_files(module, folder):
            if folder == "tests" and not path.name.startswith("test_"):
                continue
            if path.stem not in imported:
                yield f"{relative(module, path)} is imported nowhere"


def check_has_tests(module):
    """A module brings tests of its own."""
    if not any((module / "tests").glob("test_*.py")):
        yield "no tests"


CHECKS = [
    check_access_rights,
    check_assets,
    check_company_rules,
    check_external_dependencies,
    check_has_tests,
    check_icon,
    check_imports,
    check_manifest_files,
    check_manifest_values,
    check_required_files,
    check_store_page,
]
