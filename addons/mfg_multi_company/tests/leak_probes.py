from odoo.exceptions import AccessError


class LeakProbes:
    """Every way of the server to look at records, tried by somebody who must not.

    A probe counts only if the same way shows the records to the administrator.
    """

    def probes(self, env, records):
        """Yield (way, what came out) for the ways to look at records."""
        model = env[records._name]
        ids = records.ids
        yield "search", model.search([("id", "in", ids)]).ids
        yield "search_read", model.search_read([("id", "in", ids)])
        yield (
            "web_search_read",
            model.web_search_read([("id", "in", ids)], {"display_name": {}})["records"],
        )
        yield (
            "read_group",
            [
                row
                for row in model.read_group(
                    [("id", "in", ids)], [], ["create_date:year"]
                )
                if row["create_date_count"]
            ]
            if model._auto
            else model.search_count([("id", "in", ids)]),
        )
        if model._rec_name and model._fields[model._rec_name]._description_searchable:
            yield (
                "name_search",
                [row for row in model.name_search("", limit=10**6) if row[0] in ids],
            )
        yield "count", model.search_count([("id", "in", ids)])

    def assertHidden(self, records, stranger):
        """Nothing of the records comes out for the user of an environment."""
        # What there is to leak is told by somebody whom no rule binds.
        name, admin = records._name, records.sudo().env
        self.assertTrue(records, f"{name}: the probe finds nothing to leak")
        if not stranger[name].check_access_rights("read", raise_exception=False):
            return
        seen = dict(self.probes(stranger, records))
        for way, there in self.probes(admin, records):
            with self.subTest(model=name, way=way):
                self.assertTrue(there, "as administrator")
                self.assertFalse(seen[way], "as a third company")
        for way in ("read", "web_read"):
            with self.subTest(model=name, way=way):
                self.assertRaises(
                    AccessError, self.read_by_id, stranger, records[:1], way
                )
        with self.subTest(model=name, way="export"):
            self.assertFalse(self.exported(stranger, records[:1]))

    def exported(self, env, record):
        """What an export of the name of a record gives."""
        try:
            [[value]] = self.read_by_id(env, record, "export")["datas"]
        except AccessError:
            return None
        return value

    def read_by_id(self, env, record, way):
        record = record.with_env(env)
        record.invalidate_recordset()
        if way == "read":
            return record.read([record._rec_name or "display_name"])
        if way == "export":
            return record.export_data(["display_name"])
        return record.web_read({"display_name": {}})
