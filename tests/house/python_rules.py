"""Rules about Python source. Each takes a path and yields ``file:line: problem``."""

import ast
import re

MODEL_BASES = {"Model", "TransientModel", "AbstractModel"}
ODOO_TEST_CASES = {"TransactionCase", "SingleTransactionCase", "HttpCase"}
COMMENT_REACH = 3  # lines above a statement where its reason may stand


def problem(path, node, text):
    """Return the text of one finding."""
    return f"{path.name}:{node.lineno}: {text}"


def parse(path):
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def is_test(path):
    """Tell whether a file belongs to tests."""
    return "tests" in path.parts


class OdooNames:
    """Names of one file that stand for something of Odoo or of another add-on.

    :param tree: syntax tree of the file
    :param own_module: name of the add-on the file belongs to; its own objects are its
        own business
    """

    def __init__(self, tree, own_module=""):
        self.own = f"odoo.addons.{own_module}" if own_module else None
        self.names = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self._add_import(node)
            elif isinstance(node, ast.ImportFrom):
                self._add_import_from(node)
        self._add_aliases(tree)

    def _is_foreign(self, dotted):
        if self.own and (dotted + ".").startswith(self.own + "."):
            return False
        return dotted == "odoo" or dotted.startswith("odoo.")

    def _add_import(self, node):
        for alias in node.names:
            if self._is_foreign(alias.name):
                self.names.add(alias.asname or alias.name.split(".")[0])

    def _add_import_from(self, node):
        if node.level or not node.module:
            return
        for alias in node.names:
            if self._is_foreign(f"{node.module}.{alias.name}"):
                self.names.add(alias.asname or alias.name)

    def _add_aliases(self, tree):
        """Follow ``target = models.Model`` until nothing new appears."""
        assignments = [node for node in ast.walk(tree) if isinstance(node, ast.Assign)]
        before = -1
        while before != len(self.names):
            before = len(self.names)
            for node in assignments:
                if self.owns(node.value):
                    self.names.update(
                        target.id
                        for target in node.targets
                        if isinstance(target, ast.Name)
                    )

    def owns(self, node):
        """Tell whether an expression reaches into Odoo without calling anything.

        A call ends the chain (what ``registry(...)`` returns is an object of ours to
        use), except the calls that hand out modules and classes.
        """
        while isinstance(node, ast.Attribute | ast.Subscript):
            if isinstance(node, ast.Attribute) and node.attr == "__class__":
                return True
            if ast.unparse(node) == "sys.modules":
                return True
            node = node.value
        if isinstance(node, ast.Name):
            return node.id in self.names
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called == "type":
                return True
            if called in {"__import__", "import_module", "importlib.import_module"}:
                name = node.args[0] if node.args else None
                return isinstance(name, ast.Constant) and self._is_foreign(name.value)
        return False

    def owns_namespace(self, node):
        """Tell whether an expression is the dictionary behind a module or class."""
        if isinstance(node, ast.Attribute) and node.attr == "__dict__":
            return self.owns(node.value)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "vars":
            return any(self.owns(argument) for argument in node.args)
        return ast.unparse(node) == "sys.modules"


def written_attributes(tree, odoo):
    """Yield the nodes that set or delete an attribute of something of Odoo."""
    for node in ast.walk(tree):
        if isinstance(getattr(node, "ctx", ast.Load()), ast.Load):
            continue
        if isinstance(node, ast.Attribute) and odoo.owns(node.value):
            yield node
        if isinstance(node, ast.Subscript) and odoo.owns_namespace(node.value):
            yield node


def check_no_monkeypatching(path, own_module=""):
    """No attribute of Odoo or of another add-on is set, deleted or mocked."""
    tree = parse(path)
    odoo = OdooNames(tree, own_module)
    for node in written_attributes(tree, odoo):
        yield problem(path, node, f"patches Odoo: {ast.unparse(node)}")
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called.split(".")[-1] in {
            "setattr",
            "delattr",
            "__setattr__",
            "__delattr__",
        }:
            if node.args and odoo.owns(node.args[0]):
                yield problem(path, node, f"patches Odoo: {ast.unparse(node)}")
    if not is_test(path):
        yield from _check_no_mock(path, tree)


def _check_no_mock(path, tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in imported:
            if re.match(r"(unittest\.)?mock\b", name):
                yield problem(path, node, f"mocks outside tests: {name}")


def check_no_guessed_pauses(path):
    """Tests wait for a condition: a pause stands only in a loop with a deadline."""
    if not is_test(path):
        return
    tree = parse(path)
    allowed = set()
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        if "monotonic" not in ast.unparse(function):
            continue
        for loop in ast.walk(function):
            if isinstance(loop, ast.While):
                allowed.update(id(node) for node in ast.walk(loop))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and id(node) not in allowed:
            name = ast.unparse(node.func).split(".")[-1]
            if name == "sleep":
                yield problem(path, node, "sleeps instead of waiting for a condition")


def check_sudo_says_why(path):
    """Each ``sudo()`` has its reason in a comment on the line or just above it."""
    if is_test(path):
        return
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(parse(path)):
        if not (isinstance(node, ast.Attribute) and node.attr == "sudo"):
            continue
        first = max(0, node.lineno - 1 - COMMENT_REACH)
        if not any("#" in line for line in lines[first : node.end_lineno]):
            yield problem(path, node, "sudo() without a comment that says why")


def model_classes(tree):
    """Yield the Odoo model classes of a file."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and any(
            ast.unparse(base).split(".")[-1] in MODEL_BASES for base in node.bases
        ):
            yield node


def class_constant(node, name):
    """Return the constant (or list of constants) a class body gives to a name."""
    for statement in node.body:
        if isinstance(statement, ast.Assign) and any(
            isinstance(target, ast.Name) and target.id == name
            for target in statement.targets
        ):
            try:
                return ast.literal_eval(statement.value)
            except ValueError:
                return None
    return None


def model_name(node):
    """Return the model that a class defines or, without a name, extends first."""
    name = class_constant(node, "_name")
    if name:
        return name
    inherited = class_constant(node, "_inherit")
    return inherited[0] if isinstance(inherited, list | tuple) else inherited


def check_one_model_per_file(path):
    """A file holds one model and bears its name."""
    if path.parent.name not in {"models", "wizards", "report"}:
        return
    classes = list(model_classes(parse(path)))
    for node in classes[1:]:
        yield problem(path, node, f"a second model in this file: {node.name}")
    for node in classes[:1]:
        name = model_name(node)
        if name and path.stem != name.replace(".", "_"):
            yield problem(path, node, f"file of model {name} has another name")


def check_odoo_tests_are_tagged(path):
    """Outside add-ons Odoo gives no tags by itself: each class carries its own."""
    if "addons" in path.parts or not path.name.startswith("test_"):
        return
    for node in ast.walk(parse(path)):
        if not isinstance(node, ast.ClassDef):
            continue
        bases = {ast.unparse(base).split(".")[-1] for base in node.bases}
        tags = " ".join(ast.unparse(item) for item in node.decorator_list)
        if bases & ODOO_TEST_CASES and "standard" not in tags:
            yield problem(path, node, f"{node.name} lacks @tagged('standard', ...)")


# check_no_monkeypatching stands apart: it needs the name of the module.
CHECKS = [
    check_no_guessed_pauses,
    check_odoo_tests_are_tagged,
    check_one_model_per_file,
    check_sudo_says_why,
]
