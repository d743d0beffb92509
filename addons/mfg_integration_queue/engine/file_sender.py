"""File transport: one file per message, complete once its control file is there."""

import time

from . import envelope, file_control
from .file_folder import Folder, FolderError
from .outcome import Outcome, Verdict

EXCERPT = 2000


class FileSender:
    """Writes deliveries of one endpoint into its folder, one after the other."""

    def __init__(self, endpoint):
        """:param endpoint: :class:`.settings.EndpointSettings`"""
        self._endpoint = endpoint

    def close(self):
        """Nothing is kept open: the folder may be mounted anew between two messages."""

    def send(self, delivery):
        """Make one attempt and return its :class:`.outcome.Outcome`.

        A repeated attempt writes the same bytes under the same name. Names begin with the
        sequence, so that they sort in the order of the events.
        """
        endpoint = self._endpoint
        body = envelope.build(
            delivery, endpoint.sources[delivery.company_id], endpoint.plant
        )
        name = f"{delivery.event_id:020d}-{delivery.uuid}.json"
        secrets = [secret.raw for secret in endpoint.secrets]
        signature = envelope.sign(delivery.uuid, int(time.time()), body, secrets)
        control = file_control.build(name, body, **signature)
        try:
            with Folder.open(endpoint.plant, endpoint.folder) as folder:
                folder.write(name, body)
                folder.write(name + file_control.SUFFIX, control)
        except (FolderError, OSError) as error:
            return Outcome(
                Verdict.RETRY, error_code="FILE-001", excerpt=str(error)[:EXCERPT]
            )
        return Outcome(
            Verdict.DELIVERED,
            secret_id=endpoint.secrets[0].id if endpoint.secrets else None,
        )
