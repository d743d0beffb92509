"""Odoo's external API over JSON-RPC, as another program calls it."""

import requests


class RemoteError(Exception):
    """What Odoo's server answered instead of a result."""


def ask(url, service, method, *arguments, timeout):
    """Call a method of a service (``common``, ``object``) and return its result.

    :param str url: of the server
    :param float timeout: seconds
    :raise RemoteError: the server answered with an error; its text is the message
    """
    question = {"service": service, "method": method, "args": arguments}
    answer = requests.post(
        f"{url}/jsonrpc",
        json={"jsonrpc": "2.0", "method": "call", "params": question},
        timeout=timeout,
    ).json()
    if "error" in answer:
        raise RemoteError(answer["error"]["data"]["message"])
    return answer.get("result")
