"""The house rules hold for every file, and each rule is able to fail."""

import re
import struct
from pathlib import Path

import pytest

from tests.house import module_rules, python_rules
from tests.house.tree import repository_files

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted(path.parent for path in ROOT.glob("addons/*/__manifest__.py"))
EXAMPLES = sorted(path.parent for path in ROOT.glob("docs/examples/*/__manifest__.py"))
# They are read here, not offered in the store.
FOR_THE_STORE = {module_rules.check_required_files}

# Absolute paths of a developer's machine. ``/home/odoo`` is the usual example.
MACHINE_PATH = re.compile(
    r"(?<![\w.~$}-])/(?:root|work|workspace|Users/\w+|home/(?!odoo\b)\w+)/\w"
    r"|/var/tmp/(?!mfg)\w+/"
)


def rule_id(rule):
    """Return the name under which pytest shows a rule."""
    return rule.__name__.removeprefix("check_")


# -- the repository follows the rules --------------------------------------------------


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
@pytest.mark.parametrize("rule", module_rules.CHECKS, ids=rule_id)
def test_module_follows(rule, module):
    assert not list(rule(module))


@pytest.mark.parametrize("module", EXAMPLES, ids=lambda module: module.name)
@pytest.mark.parametrize(
    "rule",
    [rule for rule in module_rules.CHECKS if rule not in FOR_THE_STORE],
    ids=rule_id,
)
def test_example_follows(rule, module):
    assert not list(rule(module))


@pytest.mark.parametrize(
    "folder", [*MODULES, *EXAMPLES, ROOT / "tests"], ids=lambda folder: folder.name
)
def test_en_09_nothing_patches_odoo(folder):
    problems = [
        found
        for path in sorted(folder.rglob("*.py"))
        for found in python_rules.check_no_monkeypatching(path, folder.name)
    ]
    assert not problems


@pytest.mark.parametrize("rule", python_rules.CHECKS, ids=rule_id)
def test_python_follows(rule):
    problems = [
        f"{path.parent.relative_to(ROOT)}/{found}"
        for folder in ("addons", "docs/examples", "tests")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for found in rule(path)
    ]
    assert not problems


def texts():
    """Yield (name, text) of the repository's files that hold text."""
    for name in repository_files(ROOT):
        try:
            yield name, (ROOT / name).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture


def test_no_file_names_a_path_of_one_machine():
    found = [
        f"{name}: {match.group()}"
        for name, text in texts()
        for match in MACHINE_PATH.finditer(text)
        if ROOT / name != Path(__file__).resolve()
    ]
    assert not found


@pytest.mark.parametrize(
    "text", ["cd /root/odoo", f"/{'work'}/x", "'/home/jane/odoo'", "/Users/jane/x"]
)
def test_machine_path_is_recognised(text):
    assert MACHINE_PATH.search(text)


@pytest.mark.parametrize(
    "text",
    ["/home/odoo/src", "https://example.com/work", "~/work", "addons/x"],
)
def test_ordinary_path_is_left_alone(text):
    assert not MACHINE_PATH.search(text)


# -- each rule about Python is able to fail --------------------------------------------

PATCHES = [
    "import odoo\nodoo.tools.config.options = {}",
    "import odoo.http as http\nhttp.Root = None",
    "from odoo import http as web\nweb.root.dispatch = print",
    "from odoo.models import BaseModel\nBaseModel.write = print",
    "from odoo.addons.mrp.models.mrp_bom import MrpBom\nMrpBom.explode = print",
    "from odoo.models import BaseModel\ndel BaseModel.write",
    "from odoo.models import BaseModel\nBaseModel.depth += 1",
    "from odoo.models import BaseModel\nBaseModel.depth: int = 1",
    "from odoo.models import BaseModel\nfor BaseModel.x in range(3): pass",
    "from odoo.models import BaseModel\n(a, BaseModel.x) = 1, 2",
    "from odoo.models import BaseModel\nsetattr(BaseModel, 'write', print)",
    "from odoo.models import BaseModel\ndelattr(BaseModel, 'write')",
    "from odoo.models import BaseModel\ntype.__setattr__(BaseModel, 'x', 1)",
    "from odoo import models\nbase = models.Model\nalso = base\nalso.write = print",
    "from odoo import models\ndef f():\n    models.Model.write = print",
    "import odoo\nodoo.__dict__['x'] = 1",
    "import odoo\nvars(odoo)['x'] = 1",
    "import sys\nsys.modules['odoo.http'] = None",
    "import sys\nsys.modules['odoo.http'].root = None",
    "import importlib\nimportlib.import_module('odoo.http').root = None",
    "def f(record):\n    type(record).write = print",
    "def f(record):\n    record.__class__.write = print",
    "from unittest.mock import patch",
    "from unittest import mock",
]
NO_PATCHES = [
    "from odoo import fields, models\n"
    "class A(models.Model):\n"
    "    _inherit = 'res.partner'\n"
    "    name = fields.Char()\n"
    "    def f(self):\n"
    "        self.name = 'x'\n"
    "        setattr(self, 'name', 'y')",
    "from odoo.addons.mine.engine import state\nstate.loaded = True",
    "from odoo.tools import config\nconfig['db_name'] = 'x'",
    "from odoo import registry\nreg = registry('db')\nreg.mine = 1",
    "from . import engine\nengine.x = 1",
]


def write(folder, files):
    """Create files below a folder from ``{relative name: content}``."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        mode = "wb" if isinstance(content, bytes) else "w"
        with path.open(mode, **({} if "b" in mode else {"encoding": "utf-8"})) as file:
            file.write(content)
    return folder


@pytest.mark.parametrize("source", PATCHES)
def test_en_09_patch_of_odoo_is_found(tmp_path, source):
    write(tmp_path, {"models/thing.py": source})
    found = list(
        python_rules.check_no_monkeypatching(tmp_path / "models/thing.py", "mine")
    )
    assert len(found) == 1


@pytest.mark.parametrize("source", NO_PATCHES)
def test_en_09_ordinary_code_is_no_patch(tmp_path, source):
    write(tmp_path, {"models/thing.py": source})
    found = list(
        python_rules.check_no_monkeypatching(tmp_path / "models/thing.py", "mine")
    )
    assert not found


WAITING_LOOP = """
import time

def wait(condition, seconds):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
"""


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("import time\ntime.sleep(1)", 1),
        ("from time import sleep\nsleep(1)", 1),
        ("import time\ndef f():\n    while True:\n        time.sleep(1)", 1),
        (WAITING_LOOP + "    time.sleep(1)\n", 1),
        (WAITING_LOOP, 0),
    ],
)
def test_guessed_pause_is_found(tmp_path, source, problems):
    write(tmp_path, {"tests/test_x.py": source})
    found = python_rules.check_no_guessed_pauses(tmp_path / "tests/test_x.py")
    assert len(list(found)) == problems


@pytest.mark.parametrize(
    ("source", "problems"),
    [
        ("record.sudo().write({})", 1),
        ("map(Model.sudo, records)", 1),
        ("# The operator has no right to read secrets.\nrecord.sudo().write({})", 0),
        ("record.sudo()  # counters are public", 0),
    ],
)
def test_sudo_without_a_reason_is_found(tmp_path, source, problems):
    write(tmp_path, {"models/thing.py": source})
    found = python_rules.check_sudo_says_why(tmp_path / "models/thing.py")
    assert len(list(found)) == problems


MODEL = """
from odoo import models

class Thing(models.Model):
    _name = "mfg.thing"
"""


@pytest.mark.parametrize(
    ("name", "source", "problems"),
    [
        ("models/mfg_thing.py", MODEL, 0),
        ("models/other.py", MODEL, 1),
        ("models/mfg_thing.py", MODEL + MODEL, 1),
        ("models/stock_move.py", MODEL.replace("_name", "_inherit"), 1),
        ("models/helpers.py", "def helper():\n    pass", 0),
    ],
)
def test_second_model_in_a_file_is_found(tmp_path, name, source, problems):
    write(tmp_path, {name: source})
    found = list(python_rules.check_one_model_per_file(tmp_path / name))
    assert len(found) == problems


@pytest.mark.parametrize(
    ("decorator", "problems"),
    [("", 1), ('@tagged("post_install")\n', 1), ('@tagged("standard")\n', 0)],
)
def test_untagged_odoo_test_is_found(tmp_path, decorator, problems):
    write(tmp_path, {"tests/test_x.py": f"{decorator}class T(HttpCase):\n    pass"})
    found = python_rules.check_odoo_tests_are_tagged(tmp_path / "tests/test_x.py")
    assert len(list(found)) == problems


# -- each rule about modules is able to fail -------------------------------------------

PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 100, 100)
GOOD_MODULE = {
    "__manifest__.py": """{
    "name": "Things",
    "summary": "Keep things",
    "version": "17.0.1.0.0",
    "license": "LGPL-3",
    "author": "Odoo Manufacturing Group Suite contributors",
    "depends": ["base"],
    "data": ["security/ir.model.access.csv", "security/rules.xml"],
    "assets": {"web.assets_backend": ["mfg_thing/static/src/**/*.js"]},
}""",
    "i18n/mfg_thing.pot": "",
    "models/__init__.py": "from . import mfg_thing",
    "models/mfg_thing.py": MODEL + "    company_id = fields.Many2one('res.company')\n",
    "readme/CONFIGURE.md": "",
    "readme/DESCRIPTION.md": "",
    "readme/USAGE.md": "",
    "security/ir.model.access.csv": (
        "id,name,model_id:id,group_id:id\na,a,model_mfg_thing,base.group_user\n"
    ),
    "security/rules.xml": """<odoo><record id="r" model="ir.rule">
        <field name="model_id" ref="model_mfg_thing"/>
        <field name="domain_force">[("company_id", "in", company_ids)]</field>
    </record></odoo>""",
    "static/description/icon.png": PNG,
    "static/description/icon.svg": "<svg/>",
    "static/description/index.html": "<section><h2>Things</h2></section>",
    "static/src/thing.js": "",
    "tests/__init__.py": "from . import test_thing",
    "tests/test_thing.py": "",
}
MANIFEST = GOOD_MODULE["__manifest__.py"]
# (rule, files that replace or join the good ones, None removes; words of the finding)
BAD_MODULES = [
    (
        module_rules.check_manifest_values,
        {"__manifest__.py": MANIFEST.replace('"Things"', repr("T" * 26))},
        "26 characters",
    ),
    (
        module_rules.check_manifest_values,
        {"__manifest__.py": MANIFEST.replace("LGPL-3", "AGPL-3")},
        "licence",
    ),
    (
        module_rules.check_manifest_values,
        {"__manifest__.py": MANIFEST.replace("17.0.1.0.0", "1.0")},
        "version",
    ),
    (
        module_rules.check_manifest_values,
        {"__manifest__.py": MANIFEST.replace("contributors", "people")},
        "author",
    ),
    (
        module_rules.check_manifest_values,
        {"__manifest__.py": MANIFEST.replace("Keep things", "")},
        "summary",
    ),
    (
        module_rules.check_manifest_files,
        {"views/thing_views.xml": "<odoo/>"},
        "views/thing_views.xml is not listed",
    ),
    (
        module_rules.check_manifest_files,
        {"security/rules.xml": None},
        "does not exist",
    ),
    (
        module_rules.check_assets,
        {"static/tests/tours/thing_tour.js": ""},
        "thing_tour.js is in no asset bundle",
    ),
    (module_rules.check_assets, {"static/src/thing.js": None}, "matches no file"),
    (
        module_rules.check_access_rights,
        {"security/ir.model.access.csv": "id,name,model_id:id,group_id:id\n"},
        "no access rights for model mfg.thing",
    ),
    (
        module_rules.check_access_rights,
        {"wizards/mfg_ask.py": MODEL.replace("mfg.thing", "mfg.ask")},
        "no access rights for model mfg.ask",
    ),
    (
        module_rules.check_company_rules,
        {"security/rules.xml": "<odoo/>"},
        "no company record rule for model mfg.thing",
    ),
    (
        module_rules.check_external_dependencies,
        {"models/helper.py": "import urllib3"},
        "imports urllib3",
    ),
    (
        module_rules.check_external_dependencies,
        {
            "__manifest__.py": MANIFEST.replace(
                "{", '{"external_dependencies": {"python": ["urllib3"]},', 1
            )
        },
        "declares urllib3",
    ),
    (
        module_rules.check_required_files,
        {"i18n/mfg_thing.pot": None},
        "i18n/mfg_thing.pot is missing",
    ),
    (
        module_rules.check_required_files,
        {"readme/USAGE.md": None},
        "readme/USAGE.md is missing",
    ),
    (
        module_rules.check_icon,
        {"static/description/icon.png": PNG.replace(b"\0\0\0d", b"\0\0\0e")},
        "icon.png",
    ),
    (
        module_rules.check_store_page,
        {"static/description/index.html": '<script src="x.js"></script>'},
        "<script",
    ),
    (
        module_rules.check_store_page,
        {"static/description/index.html": '<img src="lost.png"/>'},
        "lost.png",
    ),
    (module_rules.check_imports, {"models/lost.py": ""}, "models/lost.py is imported"),
    (
        module_rules.check_imports,
        {"tests/test_lost.py": ""},
        "tests/test_lost.py is imported nowhere",
    ),
    (module_rules.check_has_tests, {"tests/test_thing.py": None}, "no tests"),
]


def make_module(tmp_path, changes):
    """Create the good module with some files changed, added or (None) left out."""
    files = {**GOOD_MODULE, **changes}
    kept = {name: text for name, text in files.items() if text is not None}
    return write(tmp_path / "mfg_thing", kept)


@pytest.mark.parametrize("rule", module_rules.CHECKS, ids=rule_id)
def test_good_module_passes(tmp_path, rule):
    assert not list(rule(make_module(tmp_path, {})))


@pytest.mark.parametrize(
    ("rule", "changes", "words"),
    BAD_MODULES,
    ids=[f"{rule_id(rule)}-{words}" for rule, _changes, words in BAD_MODULES],
)
def test_bad_module_is_found(tmp_path, rule, changes, words):
    found = "\n".join(rule(make_module(tmp_path, changes)))
    assert words in found


def test_import_that_may_be_absent_needs_no_declaration(tmp_path):
    optional = "try:\n    import urllib3\nexcept ImportError:\n    urllib3 = None\n"
    module = make_module(tmp_path, {"models/helper.py": optional})
    assert not list(module_rules.check_external_dependencies(module))


def test_each_module_rule_has_a_bad_example():
    assert {rule for rule, _changes, _words in BAD_MODULES} == set(module_rules.CHECKS)
