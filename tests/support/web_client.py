"""The web client without its pixels: a session, and forms filled in as people do.

A form knows what its view shows to the person who is logged in; what is not there cannot be
typed. Defaults and onchanges are asked for and saved as the client does it, so a test that
fills in three fields proves that three fields are enough.
"""

import requests
from lxml import etree

PATIENCE = 60


class Refused(Exception):
    """The server answered with an error; its text is the message."""


class WebClient:
    """Somebody who is logged in.

    :param str url: of the server
    :param str login: its password is the same
    """

    def __init__(self, url, database, login):
        self._url = url
        self._session = requests.Session()
        self._post(
            "/web/session/authenticate",
            {"db": database, "login": login, "password": login},
        )

    def call(self, model, method, *arguments, **options):
        """Call a public method of a model.

        :raises Refused: the server refuses
        """
        return self._post(
            f"/web/dataset/call_kw/{model}/{method}",
            {"model": model, "method": method, "args": arguments, "kwargs": options},
        )

    def press(self, model, record, button):
        """Press a button of a form; return the action it answers with."""
        return self._post(
            "/web/dataset/call_button",
            {"model": model, "method": button, "args": [[record]], "kwargs": {}},
        )

    def pick(self, model, name, domain=()):
        """Return the id of what a person types and picks from the list; one must fit."""
        found = self.call(model, "name_search", name, list(domain), limit=100)
        (record,) = [each for each, shown in found if shown == name]
        return record

    def form(self, model, record=None):
        """Open a form: of a record, or of a new one."""
        return Form(self, model, record)

    def _post(self, path, parameters):
        answer = self._session.post(
            f"{self._url}{path}",
            json={"jsonrpc": "2.0", "method": "call", "params": parameters},
            timeout=PATIENCE,
        ).json()
        if "error" in answer:
            raise Refused(answer["error"]["data"]["message"])
        return answer["result"]


class Form:
    """A form that somebody fills in; :meth:`save` is its last step."""

    def __init__(self, client, model, record=None):
        self._client = client
        self._model = model
        self._record = record
        views = client.call(model, "get_views", [[False, "form"]])
        self._kinds = views["models"]
        self._root = etree.fromstring(views["views"]["form"]["arch"])
        self._spec, self._readonly = _specification(
            self._root.xpath(".//field[not(ancestor::field)]"), self._kinds[model]
        )
        self._changed = {}
        if not record:
            self._changed = self._asked({}, [])

    def type(self, **values):
        """Fill in fields, one after the other; ids for relations, commands for lists.

        :raises AssertionError: the form does not show the field
        """
        for name, value in values.items():
            assert name in self._spec, f"the form of {self._model} shows no {name}"
            assert name not in self._readonly, f"{name} of {self._model} is read only"
            answered = self._asked({**self._changed, name: value}, [name])
            # What comes back for a list are changes of its lines, not all of them.
            self._changed.update({**answered, name: value})
        return self

    def add(self, listed, /, **values):
        """Add a line to a list, column by column.

        :raises AssertionError: the list does not show the column
        """
        (nested,) = self._root.xpath(f"//field[@name='{listed}']/tree")
        relation = self._kinds[self._model][listed]["relation"]
        spec, readonly = _specification(nested.xpath("./field"), self._kinds[relation])
        line = _asked(self._client, relation, None, {}, [], spec)
        for column, value in values.items():
            assert column in spec, f"the list {listed} shows no {column}"
            assert column not in readonly, f"{column} of {listed} is read only"
            line[column] = value
            line.update(_asked(self._client, relation, None, line, [column], spec))
        line = {key: value for key, value in line.items() if key not in readonly}
        commands = self._changed.get(listed) or []
        return self.type(**{listed: [*commands, [0, f"virtual_{len(commands)}", line]]})

    def save(self):
        """Save; return the id of the record."""
        (saved,) = self._client.call(
            self._model,
            "web_save",
            [self._record] if self._record else [],
            {
                name: value
                for name, value in self._changed.items()
                if name not in self._readonly
            },
            specification={},
        )
        return saved["id"]

    def _asked(self, values, names):
        return _asked(
            self._client, self._model, self._record, values, names, self._spec
        )


def _specification(nodes, kinds):
    """What the client asks for of the fields of a view, and which it does not save."""
    spec, readonly = {}, set()
    for node in nodes:
        name = node.get("name")
        kind = kinds[name]
        spec[name] = (
            {"fields": {"display_name": {}}} if kind["type"] == "many2one" else {}
        )
        if kind.get("readonly") or node.get("readonly") in ("1", "True"):
            readonly.add(name)
    return spec, readonly


def _asked(client, model, record, values, names, spec):
    """What onchange makes of some values, as they are saved."""
    answer = client.call(
        model, "onchange", [record] if record else [], values, names, spec
    )
    return {
        name: value["id"] if isinstance(value, dict) else value
        for name, value in answer.get("value", {}).items()
    }
