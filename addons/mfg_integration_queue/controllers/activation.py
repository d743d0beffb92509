from odoo.http import Controller, request, route


class ActivationController(Controller):
    """The notice above the messages of a database that was not activated."""

    @route("/mfg_integration/activation_notice", type="json", auth="user")
    def notice(self, context=None):
        """Return {"html": the notice}, or {} where there is nothing to say.

        :param dict context: of the web client, sent along by every list
        """
        if (
            not request.env.user.has_group("mfg_integration_queue.group_viewer")
            or request.env["mfg.integration.activation"]._is_active()
        ):
            return {}
        return {
            "html": request.env["ir.qweb"]._render(
                "mfg_integration_queue.activation_notice",
                {
                    "may_activate": request.env.user.has_group(
                        "mfg_integration_queue.group_administrator"
                    )
                },
            )
        }
