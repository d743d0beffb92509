"""What people are told when the audit trail cannot record what they do."""

import re
from contextlib import contextmanager

import psycopg2

from odoo import _
from odoo.exceptions import UserError
from odoo.service.model import PG_CONCURRENCY_ERRORS_TO_RETRY

#: how PostgreSQL names the place of an error inside our triggers; without the schema where
#: that is in the search path
PLACE = re.compile(
    r"function (mfg_audit\.)?(capture|capture_truncate|append|receipt)\("
)


@contextmanager
def explained(env):
    """Say in words when the block failed because nothing may change unrecorded.

    :raises UserError: the trail could not record a change
    """
    try:
        yield
    except psycopg2.Error as error:
        if error.pgcode in PG_CONCURRENCY_ERRORS_TO_RETRY or not PLACE.search(
            error.diag.context or ""
        ):
            raise
        raise UserError(
            _(
                "Nothing was saved, because the audit trail cannot record it at present:"
                " %(reason)s. Please tell your administrator. Changes of these records"
                " are only allowed as long as they are recorded.",
                reason=error.diag.message_primary,
            )
        ) from error
