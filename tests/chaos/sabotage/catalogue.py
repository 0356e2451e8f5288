"""All protections that are switched off one at a time, from the catalogues of their subjects."""

from tests.chaos.sabotage.adapter_catalogue import ADAPTER_SABOTAGES
from tests.chaos.sabotage.approver_catalogue import APPROVER_SABOTAGES
from tests.chaos.sabotage.audit_catalogue import AUDIT_SABOTAGES
from tests.chaos.sabotage.checks_catalogue import CHECKS_SABOTAGES
from tests.chaos.sabotage.control_catalogue import CONTROL_SABOTAGES
from tests.chaos.sabotage.fair_catalogue import FAIR_SABOTAGES
from tests.chaos.sabotage.form_catalogue import FORM_SABOTAGES
from tests.chaos.sabotage.graph_refusals_catalogue import GRAPH_REFUSAL_SABOTAGES
from tests.chaos.sabotage.ids_catalogue import IDS_SABOTAGES
from tests.chaos.sabotage.mapping_catalogue import MAPPING_SABOTAGES
from tests.chaos.sabotage.narrowing_catalogue import NARROWING_SABOTAGES
from tests.chaos.sabotage.people_catalogue import PEOPLE_SABOTAGES
from tests.chaos.sabotage.proven_catalogue import PROVEN_SABOTAGES
from tests.chaos.sabotage.record_catalogue import RECORD_SABOTAGES
from tests.chaos.sabotage.refusal_catalogue import REFUSAL_SABOTAGES
from tests.chaos.sabotage.rotation_catalogue import ROTATION_SABOTAGES
from tests.chaos.sabotage.service_bus_catalogue import SERVICE_BUS_SABOTAGES
from tests.chaos.sabotage.shipped_catalogue import SHIPPED_SABOTAGES
from tests.chaos.sabotage.tenant_catalogue import TENANT_SABOTAGES
from tests.chaos.sabotage.ticket_catalogue import TICKET_SABOTAGES
from tests.chaos.sabotage.vault_catalogue import VAULT_SABOTAGES

REAL_SABOTAGES = (
    *RECORD_SABOTAGES,
    *ADAPTER_SABOTAGES,
    *ROTATION_SABOTAGES,
    *FAIR_SABOTAGES,
    *FORM_SABOTAGES,
    *APPROVER_SABOTAGES,
    *PEOPLE_SABOTAGES,
    *AUDIT_SABOTAGES,
    *MAPPING_SABOTAGES,
    *NARROWING_SABOTAGES,
    *REFUSAL_SABOTAGES,
    *TICKET_SABOTAGES,
    *PROVEN_SABOTAGES,
    *CONTROL_SABOTAGES,
    *CHECKS_SABOTAGES,
    *GRAPH_REFUSAL_SABOTAGES,
    *SHIPPED_SABOTAGES,
    *TENANT_SABOTAGES,
    *VAULT_SABOTAGES,
    *IDS_SABOTAGES,
    *SERVICE_BUS_SABOTAGES,
)
