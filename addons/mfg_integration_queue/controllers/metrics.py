from odoo import SUPERUSER_ID
from odoo.http import Controller, request, route

from ..engine import metrics
from ..engine.problem import Problem
from .dispatcher import problem_response


class MetricsController(Controller):
    """Where a Prometheus server reads how the interfaces do."""

    @route(
        "/mfg_integration/metrics",
        type="http",
        auth="none",
        methods=["GET"],
        csrf=False,
        save_session=False,
    )
    def metrics(self):
        """Return the metrics as text, for whoever has the token."""
        scheme, _blank, token = request.httprequest.headers.get(
            "authorization", ""
        ).partition(" ")
        # Nobody is logged in: the token is checked here, and figures are no documents.
        env = request.env(user=SUPERUSER_ID)
        if scheme.lower() != "bearer" or not env["mfg.integration.metrics"]._fits(
            token.strip()
        ):
            return problem_response(
                Problem("MET-401", headers={"WWW-Authenticate": "Bearer"})
            )
        try:
            body, content_type = metrics.render(env.cr)
        except metrics.NotInstalled:
            return problem_response(
                Problem(
                    "MET-501",
                    "Install the Python package prometheus_client beside Odoo.",
                )
            )
        return request.make_response(
            body, headers={"Content-Type": content_type, "Cache-Control": "no-store"}
        )
