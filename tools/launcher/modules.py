"""What the manifests say, and fingerprints of modules."""

import ast
import hashlib
from pathlib import Path

# What an installed database does not hold: changing it needs no update of the module.
NOT_IN_DATABASE = {"__pycache__", "tests", "static", "readme"}
# Apps of Odoo that ours do not need, but must withstand: they are in the test templates.
COMPANIONS = {
    "mrp_subcontracting",
    "repair",
    "stock_dropshipping",
    "stock_picking_batch",
    "website_sale_stock",
}


def manifest(folder):
    """Content of a module's manifest, None when the folder is no module."""
    path = folder / "__manifest__.py"
    try:
        return ast.literal_eval(path.read_text(encoding="utf-8"))
    except OSError:
        return None


def available(folders):
    """Names of the modules in some addons folders."""
    return {
        path.parent.name
        for folder in folders
        for path in Path(folder).glob("*/__manifest__.py")
    }


def ours(addons):
    """{name: manifest} of the suite's installable modules."""
    found = {name: manifest(addons / name) for name in sorted(available([addons]))}
    return {name: data for name, data in found.items() if data.get("installable", True)}


def core_dependencies(addons):
    """Names of Odoo's own modules that the suite's modules depend on."""
    own = ours(addons)
    wanted = {name for data in own.values() for name in data.get("depends", ["base"])}
    return (wanted - set(own)) | {"base", "web"}


def dependencies(name, addons):
    """(core, own): direct core dependencies of a module and of ours below it; those of ours."""
    own = ours(addons)
    core, below, todo = {"base"}, set(), [name]
    while todo:
        for wanted in own[todo.pop()].get("depends", ["base"]):
            if wanted not in own:
                core.add(wanted)
            elif wanted not in below:
                below.add(wanted)
                todo.append(wanted)
    return core, below


def installable_closure(names, folders):
    """Names of all modules that get installed with `names`, auto-install ones included."""
    manifests = {
        path.parent.name: manifest(path.parent)
        for folder in folders
        for path in Path(folder).glob("*/__manifest__.py")
    }
    closure, before = set(), None
    wanted = set(names)
    while wanted != before:
        before = set(wanted)
        todo = list(wanted - closure)
        while todo:
            name = todo.pop()
            if name in closure or name not in manifests:
                continue
            closure.add(name)
            todo.extend(
                manifests[name].get("depends", ["base"]) if name != "base" else []
            )
        for name, data in manifests.items():
            auto = data.get("auto_install", False)
            if auto and data.get("installable", True) and name not in closure:
                triggers = set(data.get("depends", [])) if auto is True else set(auto)
                if triggers <= closure:
                    wanted.add(name)
    return closure


def fingerprint(folder):
    """Hash of everything in a module that an installed database reflects."""
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        relative = path.relative_to(folder)
        if path.is_file() and not NOT_IN_DATABASE & set(relative.parts):
            digest.update(f"{relative}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def fingerprints(addons):
    """{name: hash} of the suite's modules."""
    return {name: fingerprint(addons / name) for name in ours(addons)}


def listing_fingerprint(names, folders):
    """Hash of the file names and sizes of some modules, quick enough for every start."""
    digest = hashlib.sha256()
    for folder in folders:
        for name in sorted(names):
            module = Path(folder) / name
            for path in sorted(module.rglob("*")) if module.is_dir() else ():
                if path.suffix != ".pyc" and path.is_file():
                    digest.update(
                        f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode()
                    )
    return digest.hexdigest()[:16]
