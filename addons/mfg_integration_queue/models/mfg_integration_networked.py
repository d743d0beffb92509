import ipaddress

from odoo import _, api, fields, models
from odoo.exceptions import ValidationError


class MfgIntegrationNetworked(models.AbstractModel):
    """What is bound to networks that a person lists, one a line."""

    _name = "mfg.integration.networked"
    _description = "Bound to Networks"

    allowed_networks = fields.Text(tracking=True)

    @api.constrains("allowed_networks")
    def _check_allowed_networks(self):
        for record in self:
            record._networks()

    def _networks(self):
        """Return the allowed networks as :mod:`ipaddress` objects.

        :raises ValidationError: a line is not a network
        """
        self.ensure_one()
        networks = []
        for line in (self.allowed_networks or "").split():
            try:
                networks.append(ipaddress.ip_network(line))
            except ValueError as error:
                raise ValidationError(
                    _(
                        "Allowed network “%(line)s” of %(name)s: enter an address with a "
                        "prefix length, e.g. 10.20.0.0/16.",
                        line=line,
                        name=self.display_name,
                    )
                ) from error
        return tuple(networks)
