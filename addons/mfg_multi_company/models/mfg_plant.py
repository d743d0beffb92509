from odoo import _, api, fields, models, tools
from odoo.exceptions import UserError, ValidationError
from odoo.osv import expression

from odoo.addons.base.models.res_partner import _tz_get

PLANT_TYPES = [
    ("plant", "Plant"),
    ("distribution", "Distribution Centre"),
    ("holding", "Holding"),
    ("contract", "Contract Manufacturer"),
]
STATES = [
    ("draft", "Draft"),
    ("active", "Active"),
    ("suspended", "Suspended"),
    ("closed", "Closed"),
]


class MfgPlant(models.Model):
    """A company, or some of its warehouses, with the people who answer for its data."""

    _name = "mfg.plant"
    _description = "Plant"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "sequence, code"
    _rec_names_search = ["code", "name"]
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    code = fields.Char(
        required=True,
        copy=False,
        tracking=True,
        help="Short name that reports, interfaces and role assignments use.",
    )
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    color = fields.Integer()
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
        tracking=True,
    )
    root_company_id = fields.Many2one(
        "res.company", related="company_id.root_id", string="Legal Entity"
    )
    plant_type = fields.Selection(
        PLANT_TYPES, "Type", required=True, default="plant", tracking=True
    )
    state = fields.Selection(
        STATES, required=True, default="draft", readonly=True, copy=False, tracking=True
    )
    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        "mfg_plant_warehouse_rel",
        "plant_id",
        "warehouse_id",
        "Warehouses",
        check_company=True,
        copy=False,
        help="Leave empty if the whole company is the plant.",
    )
    responsible_id = fields.Many2one(
        "res.users", "Plant Manager", domain="[('share', '=', False)]", tracking=True
    )
    tz = fields.Selection(
        _tz_get, "Time Zone", default=lambda self: self.env.user.tz or "UTC"
    )
    resource_calendar_id = fields.Many2one(
        "resource.calendar", "Working Hours", check_company=True
    )
    currency_id = fields.Many2one(
        "res.currency",
        "Reporting Currency",
        compute="_compute_currency_id",
        store=True,
        readonly=False,
        help="Currency in which the plant is compared with the others.",
    )
    domain_ids = fields.One2many("mfg.plant.domain", "plant_id", "Data Domains")
    assignment_ids = fields.One2many(
        "mfg.plant.role.assignment", "plant_id", "Role Assignments"
    )
    assignment_count = fields.Integer(compute="_compute_assignment_count")

    _sql_constraints = [
        ("code_uniq", "unique(code)", "The code of a plant must be unique."),
    ]

    def init(self):
        # Which plant a document belongs to must never be a question.
        self.env.cr.execute(
            """
            CREATE UNIQUE INDEX IF NOT EXISTS mfg_plant_warehouse_rel_warehouse_uniq
                ON mfg_plant_warehouse_rel (warehouse_id)
            """
        )

    @api.depends("company_id")
    def _compute_currency_id(self):
        for plant in self:
            plant.currency_id = plant.company_id.currency_id

    @api.depends("assignment_ids.state")
    def _compute_assignment_count(self):
        counts = dict(
            self.env["mfg.plant.role.assignment"]._read_group(
                [("plant_id", "in", self.ids), ("state", "=", "approved")],
                ["plant_id"],
                ["__count"],
            )
        )
        for plant in self:
            plant.assignment_count = counts.get(plant, 0)

    @api.depends("code", "name")
    def _compute_display_name(self):
        for plant in self:
            plant.display_name = (
                f"[{plant.code}] {plant.name}" if plant.code else plant.name
            )

    @api.constrains("warehouse_ids", "company_id", "active")
    def _check_one_plant_per_warehouse(self):
        # Plants of companies that the user does not see count, too.
        plants = self.sudo().search([("company_id", "in", self.company_id.ids)])
        for plant in self:
            others = plants.filtered(lambda other, plant=plant: other != plant)
            others = others.filtered(
                lambda other, plant=plant: other.company_id == plant.company_id
            )
            shared = plant.warehouse_ids & others.warehouse_ids
            if shared:
                raise ValidationError(
                    _(
                        "Warehouse %(warehouse)s already belongs to another plant of "
                        "%(company)s. Take it away there first.",
                        warehouse=shared[0].display_name,
                        company=plant.company_id.name,
                    )
                )
            whole = others.filtered(lambda other: not other.warehouse_ids)
            if plant.active and not plant.warehouse_ids and whole:
                raise ValidationError(
                    _(
                        "Plant %(other)s already stands for the whole of %(company)s. "
                        "Choose the Warehouses of one of them.",
                        other=whole[0].display_name,
                        company=plant.company_id.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        plants = super().create([{**vals, "state": "draft"} for vals in vals_list])
        self.env.registry.clear_cache()
        return plants

    def write(self, vals):
        res = super().write(vals)
        if {"company_id", "warehouse_ids", "active", "state"} & set(vals):
            self.env.registry.clear_cache()
        return res

    @api.ondelete(at_uninstall=False)
    def _unlink_drafts_only(self):
        for plant in self:
            if plant.state != "draft":
                raise UserError(
                    _("Plant %(plant)s was in use. Close it.", plant=plant.display_name)
                )

    def unlink(self):
        res = super().unlink()
        self.env.registry.clear_cache()
        return res

    def action_activate(self):
        """Take the plant into operation."""
        self._check_plant_state("draft", "suspended")
        self.state = "active"

    def action_suspend(self):
        """Stop the plant for a while; its roles do not count meanwhile."""
        self._check_plant_state("active")
        self.state = "suspended"

    def action_close(self):
        """End the plant; its record stays."""
        self._check_plant_state("active", "suspended")
        self.state = "closed"

    def _check_plant_state(self, *states):
        for plant in self:
            if plant.state not in states:
                raise UserError(
                    _(
                        "Plant %(plant)s is %(state)s.",
                        plant=plant.display_name,
                        state=dict(STATES)[plant.state],
                    )
                )

    def action_view_assignments(self):
        """Open who has which role here."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "mfg_multi_company.mfg_plant_role_assignment_action"
        )
        return {
            **action,
            "domain": [("plant_id", "in", (False, self.id))],
            "context": {"default_plant_id": self.id},
        }

    # -- which plant --------------------------------------------------------------------

    @api.model
    @tools.ormcache()
    def _plants_by_place(self):
        """{(company id, warehouse id or False): plant id} of all plants in operation."""
        # Who asks needs no right to see plants; the answer is an id.
        plants = self.sudo().search([("state", "in", ("active", "suspended"))])
        found = {}
        for plant in plants:
            for warehouse in plant.warehouse_ids.ids or [False]:
                found[plant.company_id.id, warehouse] = plant.id
        return found

    @api.model
    def _plant_of(self, company, warehouse=None):
        """The plant of a warehouse, else the one that is the whole company.

        :param company: one ``res.company``
        :param warehouse: ``stock.warehouse``, may be empty
        :return: ``mfg.plant``, empty if there is none
        """
        places = self._plants_by_place()
        if not places:
            return self.browse()
        found = warehouse and places.get((company.id, warehouse.id))
        return self.browse(found or places.get((company.id, False), ()))

    @api.model
    def _valid_on(self, date):
        """Domain of records whose period holds a date; open ends hold every date."""
        return expression.AND(
            [
                ["|", ("date_from", "=", False), ("date_from", "<=", date)],
                ["|", ("date_to", "=", False), ("date_to", ">=", date)],
            ]
        )
