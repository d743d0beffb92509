from odoo import _, api, models
from odoo.exceptions import UserError
from odoo.tools import SQL


class MfgSuiteSource(models.AbstractModel):
    """Documents that wait for a person, as My Exceptions shows them.

    A model that inherits this says which of its records wait and what each column of the
    list holds. Nobody sees more of them there than in the model itself: its access rights
    and record rules are part of the query.
    """

    _name = "mfg.suite.source"
    _description = "Source of My Exceptions"

    #: below ``mfg.suite.exception._sources_at_most``, another one for each model, for ever
    _exception_number = None

    @api.model
    def _exception_domain(self):
        """Return the domain of the records that wait."""
        raise NotImplementedError

    @api.model
    def _exception_columns(self, query):
        """Return ``{column of mfg.suite.exception: SQL}``; what is absent is empty.

        :param query: the ``Query`` of the records, to join further tables to; those must
            say no more than what readers of the record may know
        """
        raise NotImplementedError

    def _resolve_exception(self):
        """Return the action by which the exception is resolved: by default the form."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "views": [(False, "form")],
        }

    def _report_incident(self):
        """Return the action that opens the incident which the document belongs to.

        :raises UserError: there are no incidents of such documents
        """
        raise UserError(_("Incidents are about messages of an interface."))

    @api.model
    def _exception_column(self, query, name):
        """Return the SQL of a stored field, in the language of the user."""
        return self._field_to_sql(query.table, name, query)

    @api.model
    def _exception_name_of(self, query, name):
        """Return the SQL of the name of the record that a many2one field points at."""
        comodel = self.env[self._fields[name].comodel_name]
        alias = query.left_join(query.table, name, comodel._table, "id", name)
        return comodel._field_to_sql(alias, comodel._rec_name, query)

    @api.model
    def _exception_label(self, query, name):
        """Return the SQL of the wording of a selection, in the language of the user."""
        return self._exception_translated(
            query, name, self._fields[name]._description_selection(self.env)
        )

    @api.model
    def _exception_translated(self, query, name, pairs):
        """Return the SQL that exchanges the values of a field by others.

        :param pairs: iterable of (value, what stands for it)
        """
        column = self._exception_column(query, name)
        cases = [SQL("WHEN %s THEN %s", value, other) for value, other in pairs]
        return SQL("CASE %s %s END", column, SQL(" ").join(cases))
