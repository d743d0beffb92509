"""EN-09: the files around the add-ons agree with each other and with the tree.

No container engine is needed: the compose file is checked against the schema of the
compose specification (shipped by check-jsonschema) and against the repository.
"""

import ast
import configparser
import json
import os
import re
from importlib import resources
from pathlib import Path

import jsonschema
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.house.tree import repository_files

ROOT = Path(__file__).resolve().parent.parent
MANIFESTS = sorted(ROOT.glob("addons/*/__manifest__.py"))

# What the house plan names, and nothing else.
TOP_LEVEL = {
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "README.md",
    "addons",
    "docker-compose.yml",
    "docs",
    "mfg",
    "odoo.conf",
    "pytest.ini",
    "requirements.lock",
    "requirements.txt",
    "tests",
    "tools",
}
TOP_LEVEL_DOT_FILES = {
    ".ci",
    ".dockerignore",
    ".editorconfig",
    ".gitattributes",
    ".github",
    ".gitignore",
    ".pre-commit-config.yaml",
    ".pylintrc",
    ".ruff.toml",
}
# Python packages of the official image. Installing another version over them could
# break Odoo there (pyOpenSSL and cryptography must fit each other, for instance).
BROUGHT_BY_ODOO = {
    "babel",
    "cryptography",
    "jinja2",
    "lxml",
    "passlib",
    "pillow",
    "psutil",
    "psycopg2",
    "pyopenssl",
    "python-dateutil",
    "pytz",
    "requests",
    "urllib3",
    "werkzeug",
    "xlsxwriter",
    "zeep",
}
DATABASE_KEYS = {"db_host", "db_port", "db_user", "db_password", "db_name"}


def manifest(path):
    """Return the dictionary of a manifest file."""
    return ast.literal_eval(path.read_text(encoding="utf-8"))


def external_dependencies():
    """Return {distribution name: modules that declare it}."""
    found = {}
    for path in MANIFESTS:
        declared = manifest(path).get("external_dependencies", {}).get("python", [])
        for requirement in declared:
            name = canonicalize_name(Requirement(requirement).name)
            found.setdefault(name, []).append(path.parent.name)
    return found


def pins():
    """Return {distribution name: version} of requirements.lock."""
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    return {
        canonicalize_name(name): version
        for name, version in re.findall(r"(?m)^([\w.-]+)==([\w.!+]+)", text)
    }


def image_installs(compose):
    """Return the names that the image's Dockerfile hands to pip."""
    dockerfile = compose["services"]["odoo"]["build"]["dockerfile_inline"]
    one_line = dockerfile.replace("\\\n", " ")
    words = re.search(r"pip3 install ([^&\n]*)", one_line).group(1).split()
    return {canonicalize_name(word) for word in words if not word.startswith("-")}


def top_level_names():
    """Return the names at the top of the repository."""
    return {name.split("/")[0] for name in repository_files(ROOT)}


@pytest.fixture(scope="module")
def compose():
    """Return docker-compose.yml with anchors and merges resolved."""
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def modules():
    """Return the names of the folders in addons/ that hold a module."""
    names = {path.parent.name for path in MANIFESTS}
    assert names, "no module below addons/"
    return names


@pytest.fixture(scope="module")
def odoo_conf():
    """Return the [options] section of odoo.conf."""
    parser = configparser.RawConfigParser()
    parser.read(ROOT / "odoo.conf", encoding="utf-8")
    return parser["options"]


def test_en_09_compose_follows_the_compose_specification(compose):
    schema = json.loads(
        resources.files("check_jsonschema")
        .joinpath("builtin_schemas/vendor/compose-spec.json")
        .read_text(encoding="utf-8")
    )
    jsonschema.Draft202012Validator(schema).validate(compose)


def test_en_09_compose_schema_refuses_a_typing_error(compose):
    schema = json.loads(
        resources.files("check_jsonschema")
        .joinpath("builtin_schemas/vendor/compose-spec.json")
        .read_text(encoding="utf-8")
    )
    broken = {**compose, "services": {"odoo": {"image": "odoo", "comand": "odoo"}}}
    with pytest.raises(jsonschema.ValidationError, match="comand"):
        jsonschema.Draft202012Validator(schema).validate(broken)


def test_en_09_compose_has_the_services(compose):
    services = compose["services"]
    assert {"db", "init", "odoo", "worker", "test"} <= set(services)
    assert [name for name in services if services[name].get("profiles")] == ["test"]
    assert services["worker"]["command"][:2] == ["odoo", "mfg_integration_worker"]
    for name in ("odoo", "worker"):
        condition = services[name]["depends_on"]["init"]["condition"]
        assert condition == "service_completed_successfully"


def test_en_09_compose_installs_and_tests_every_module(compose, modules):
    services = compose["services"]
    for service in ("init", "test"):
        words = services[service]["command"]
        listed = words[words.index("--init") + 1].split(",")
        assert listed == sorted(modules), service
    words = services["test"]["command"]
    tags = words[words.index("--test-tags") + 1].split(",")
    assert tags == [f"/{name}" for name in sorted(modules)]


def test_en_09_compose_mounts_what_exists(compose):
    for name, service in compose["services"].items():
        for mount in service.get("volumes", []):
            source, target = mount.split(":")[:2]
            assert target.startswith("/"), f"{name}: {mount}"
            if source.startswith("."):
                assert (ROOT / source).exists(), f"{name}: {source} does not exist"
            else:
                assert source in compose["volumes"], f"{name}: no volume {source}"


def test_en_09_compose_opens_ports_on_this_machine_only(compose):
    for name, service in compose["services"].items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), f"{name}: {port}"


def test_en_09_signing_key_lives_on_a_volume_of_its_own(compose):
    """A copy of database and file store must not carry the key of its secrets."""
    for name in ("init", "odoo", "worker"):
        service = compose["services"][name]
        key_file = service["environment"]["MFG_INTEGRATION_KEY_FILE"]
        targets = dict(mount.split(":")[:2] for mount in service["volumes"])
        assert str(Path(key_file).parent) == targets["mfg-keys"]
        assert not key_file.startswith(targets["odoo-data"])


def test_en_09_images_are_tagged(compose):
    for name, service in compose["services"].items():
        tag = service["image"].partition(":")[2]
        assert tag and tag != "latest", f"{name}: {service['image']}"
    dockerfile = compose["services"]["odoo"]["build"]["dockerfile_inline"]
    assert dockerfile.startswith("FROM odoo:17.0\n")


def test_en_09_external_dependencies_are_pinned():
    locked = pins()
    missing = {
        name: users
        for name, users in external_dependencies().items()
        if name not in locked and f"{name}-binary" not in locked
    }
    assert not missing, f"not in requirements.lock: {missing}"


def test_en_09_image_installs_the_external_dependencies(compose):
    needed = set(external_dependencies()) - BROUGHT_BY_ODOO
    assert image_installs(compose) == needed
    assert needed <= set(pins()), "the image takes its versions from the lock file"
    dockerfile = compose["services"]["odoo"]["build"]["dockerfile_inline"]
    assert "--constraint=/tmp/requirements.lock" in dockerfile


def test_en_09_requirements_account_for_what_users_look_for():
    """Odoo is not on the package index: it stands there as a comment."""
    text = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    asked = {
        canonicalize_name(Requirement(line.partition("#")[0].strip()).name)
        for line in text.splitlines()
        if line.partition("#")[0].strip() and not line.startswith("-")
    }
    assert "psycopg2" in asked or "psycopg2-binary" in asked
    assert {"pytest-odoo", "requests", "python-dateutil"} <= asked
    assert "odoo" not in asked
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert any("odoo" in line.lower() for line in comments)
    assert asked <= set(pins()), "requirements.lock is older than requirements.txt"


def test_en_09_each_package_of_our_own_choice_has_its_reason():
    """What Odoo does not ask for stands with a paragraph in docs/decisions.md."""
    sections = re.split(
        r"(?m)^# ---", (ROOT / "requirements.txt").read_text(encoding="utf-8")
    )
    ours = {
        name
        for section in sections[1:]
        if not section.lstrip().startswith("Odoo")
        for name in re.findall(r"(?m)^([\w.-]+)[=<>]=?", section)
    }
    assert "pytest" in ours, "the sections of requirements.txt have other headings now"
    reasons = (ROOT / "docs/decisions.md").read_text(encoding="utf-8").lower()
    unexplained = {
        name
        for name in ours
        if not re.search(rf"\*\*[^*]*\b{re.escape(name.lower())}\b[^*]*\*\*", reasons)
    }
    assert not unexplained, f"no paragraph in docs/decisions.md: {sorted(unexplained)}"


def test_en_09_odoo_conf_leaves_the_database_to_the_environment(odoo_conf):
    """The image's entry point ignores its variables for keys that stand in the file."""
    assert not DATABASE_KEYS & set(odoo_conf)


def test_en_09_odoo_conf_is_safe_by_default(odoo_conf):
    assert not odoo_conf.getboolean("list_db")
    assert odoo_conf.getint("workers") == 0
    assert "admin_passwd" not in odoo_conf


def test_en_09_odoo_conf_fits_the_mounts(odoo_conf, compose):
    for service in ("init", "odoo", "worker", "test"):
        targets = [
            mount.split(":")[1] for mount in compose["services"][service]["volumes"]
        ]
        assert odoo_conf["addons_path"] in targets
        assert odoo_conf["data_dir"] in targets
        assert "/etc/odoo/odoo.conf" in targets


def test_en_09_odoo_conf_has_only_options_that_odoo_knows(odoo_conf):
    from odoo.tools import config

    known = {
        option.dest
        for group in config.parser.option_groups
        for option in group.option_list
    } | set(config.options)
    assert set(odoo_conf) <= known


def test_en_09_top_level_holds_what_the_house_plan_names():
    strangers = top_level_names() - TOP_LEVEL - TOP_LEVEL_DOT_FILES
    assert not strangers, f"not in the house plan: {sorted(strangers)}"
    missing = TOP_LEVEL - top_level_names()
    assert not missing, f"named by the house plan but absent: {sorted(missing)}"


@pytest.mark.parametrize("name", ["mfg", ".ci/run"])
def test_en_09_commands_are_executable(name):
    path = ROOT / name
    assert os.access(path, os.X_OK), f"{name} is not executable"
    assert path.read_text(encoding="utf-8").startswith("#!"), f"{name} has no shebang"


@pytest.mark.parametrize("command", ["./mfg run", "./mfg test"])
def test_en_09_readme_names_the_two_commands(command):
    assert command in (ROOT / "README.md").read_text(encoding="utf-8")


def test_en_09_readme_lists_the_modules_that_exist(modules):
    """No promise in the table of modules, and nothing that exists is left out."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("## Modules")[2].partition("\n## ")[0]
    assert set(re.findall(r"`(mfg_\w+)`", table)) == modules


def documents():
    """Return the Markdown files of the repository's top, docs/ and modules."""
    patterns = ("*.md", "docs/*.md", "addons/*/readme/*.md")
    return sorted(path for pattern in patterns for path in ROOT.glob(pattern))


@pytest.mark.parametrize("path", documents(), ids=lambda p: str(p.relative_to(ROOT)))
def test_en_09_links_between_documents_lead_somewhere(path):
    text = path.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
        if not re.match(r"[a-z]+:", target):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
