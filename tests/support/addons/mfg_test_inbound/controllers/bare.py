from odoo.http import Controller, Response, request, route


class BareController(Controller):
    """What a request costs in Odoo that does nothing but write one row."""

    @route(
        "/mfg_test/bare",
        type="http",
        auth="none",
        methods=["POST"],
        csrf=False,
        save_session=False,
    )
    def receive(self):
        """Keep key and body; no check of anything."""
        request.env.cr.execute(
            "INSERT INTO mfg_test_bare (key, body) VALUES (%s, %s) ON CONFLICT DO NOTHING",
            [
                request.httprequest.headers["idempotency-key"],
                request.httprequest.get_data(as_text=True),
            ],
        )
        return Response('{"status": "received"}', status=202)
