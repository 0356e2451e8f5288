"""infra/ says what the code says. It is parsed here, not compiled: a deployment still needs Bicep's own checks."""

import importlib
import json
import re
import sys
from fnmatch import fnmatch
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from azure.functions import DataType, FunctionApp
from pydantic import BaseModel

from devstack.config import StackConfig
from devstack.doubles.servicebus.entities.namespace import read_namespace
from devstack.environment import functions_settings
from devstack.host.timespan import parse_timespan
from devstack.ports import Ports
from shared.core import naming
from shared.intake.sources import load_ticketing
from shared.policy.policy_file import load_policy
from shared.rotation.messages import KEY_VAULT_EVENTS
from shared.settings import Settings
from tests.checkout import ROOT, top_level
from tests.unit.project.bicep import FILES, INFRA

MAIN = FILES["main.bicep"]
APP = FILES["modules/app.bicep"]
STORAGE = FILES["modules/storage.bicep"]
VAULT = FILES["modules/vault.bicep"]
BUS = FILES["modules/bus.bicep"]
STORED_NAMES = json.loads((INFRA / "storage.json").read_text())
BUS_ENTITIES = json.loads((INFRA / "bus.json").read_text())
HOST = json.loads((ROOT / "host.json").read_text())

LOCAL_ONLY = {"AzureWebJobsStorage", "MessageBus"}
"""Settings that Azure does not get: a connection string would need keys, which are switched off."""
READ_BY_OTHERS = {
    "AZURE_CLIENT_ID": "azure-identity: which user-assigned identity to use",
    "AZURE_TOKEN_CREDENTIALS": "azure-identity: DefaultAzureCredential tries the managed identity and nothing else",
    "AzureWebJobsStorage__credential": "the Functions host: its connection is a managed identity",
    "AzureWebJobsStorage__clientId": "the Functions host: which managed identity",
    "MessageBus__credential": "the Functions host: its connection to Service Bus is a managed identity",
    "MessageBus__clientId": "the Functions host: which managed identity",
    "FUNCTIONS_REQUEST_BODY_SIZE_LIMIT": "the Functions host: how large a request's body may be",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "the Functions host: where telemetry goes",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "the Functions host: as whom it is sent, local keys being off",
}
NOT_ON_FLEX_CONSUMPTION = {
    "FUNCTIONS_WORKER_RUNTIME",
    "FUNCTIONS_EXTENSION_VERSION",
    "WEBSITE_RUN_FROM_PACKAGE",
    "WEBSITE_CONTENTAZUREFILECONNECTIONSTRING",
    "WEBSITE_CONTENTSHARE",
    "SCM_DO_BUILD_DURING_DEPLOYMENT",
}
"""Microsoft Learn, functions-app-settings, "Flex Consumption plan deprecations"."""

# Quota: Microsoft Learn, "Microsoft Graph service-specific throttling limits", identity and access, per app and tenant.
WRITES_ALLOWED, QUOTA_SECONDS = 3000, 150
WRITES_PER_MESSAGE = {
    naming.INTAKE_QUEUE: 4,
    naming.WEBHOOK_REQUESTS_QUEUE: 0,
    naming.WORK_QUEUE: 4,
    naming.ROTATIONS_QUEUE: 2,
    naming.DECISIONS_QUEUE: 0,
    naming.TICKET_UPDATES_QUEUE: 0,
}
"""Application, service principal, one consent, one secret; one secret added and one removed: docs/graph-permissions.md
lists the calls."""
CREATIONS_ALLOWED, CREATIONS_SECONDS = 300, 10
"""Microsoft Learn, "Azure Key Vault service limits": secrets created, per vault."""
CREATIONS_PER_MESSAGE = {naming.INTAKE_QUEUE: 1, naming.WORK_QUEUE: 2, naming.ROTATIONS_QUEUE: 2}
"""A registration's secret; a rotation's pending version and the promoted one, whichever queue carries it on."""
SHORTEST_MESSAGE_SECONDS = 2
"""Our assumption, on the low side: fifteen calls to Graph, the vault and the token endpoint and forty to storage, one
after the other."""
TIMERS_THAT_WRITE = 1
"""clean_up_credentials; a timer runs once at a time in the whole app."""


def settings_of(model: type[BaseModel]) -> set[str]:
    names = set[str]()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            names |= settings_of(kind)
        else:
            names.add(field.alias or name)
    return names


def app_settings() -> dict[str, str]:
    return APP.all("resource")["settings"].entries("properties")


@cache
def bindings(broker: str = "storage") -> tuple[dict[str, Any], ...]:
    """The bindings of all functions under a broker, in an app of the test's own: triggers are chosen at its import."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MESSAGE_BROKER", broker)
        for name in [name for name in sys.modules if name.partition(".")[0] == "functions"]:
            patch.delitem(sys.modules, name)
        app = FunctionApp()
        for blueprint in importlib.import_module("functions").BLUEPRINTS:
            app.register_functions(blueprint)
    found: list[Any] = [binding for function in app.get_functions() for binding in function.get_bindings()]
    return tuple(binding.get_dict_repr() for binding in found)


def scope_of_role(role: str) -> list[tuple[str, str]]:
    """Where a role is given: (file, symbol of the scope) for every assignment that names it."""
    return [
        (name, one.property("scope"))
        for name, file in FILES.items()
        for one in file.all("resource").values()
        if "roleAssignments@" in one.quoted and role in one.property("roleDefinitionId")
    ]


# --- what the code needs is deployed, and nothing else


def test_every_setting_of_the_code_is_an_app_setting_and_the_other_way_round() -> None:
    ticketing = load_ticketing(ROOT / "ticketing.toml")
    secrets, plain = ticketing.settings(), ticketing.plain_settings()
    assert set(app_settings()) == settings_of(Settings) - LOCAL_ONLY | set(READ_BY_OTHERS) | secrets | plain
    assert all("@Microsoft.KeyVault(" in app_settings()[name] for name in secrets)
    assert not set(app_settings()) & NOT_ON_FLEX_CONSUMPTION


def test_the_app_settings_deployed_by_default_are_accepted_by_the_code() -> None:
    values = {
        "blobEndpoint": "https://stregx.blob.core.windows.net/",
        "queueEndpoint": "https://stregx.queue.core.windows.net/",
        "tableEndpoint": "https://stregx.table.core.windows.net/",
        "vaultUrl": "https://kv-reg-x.vault.azure.net/",
        "messageBroker": MAIN.all("param")["messageBroker"].value.strip("'"),
        "busHostName": "",
        "tenant().tenantId": "72f988bf-0000-4000-8000-2d7cd011db47",
        "string(lagWindowSeconds)": MAIN.all("param")["lagWindowSeconds"].value,
        "string(requestDeadlineHours)": MAIN.all("param")["requestDeadlineHours"].value,
        "string(approvalDeadlineDays)": MAIN.all("param")["approvalDeadlineDays"].value,
        "onPremisesHosts": MAIN.all("param")["onPremisesHosts"].value.strip("'"),
        "apiAudience": MAIN.all("param")["apiAudience"].value.strip("'"),
        "environment().authentication.loginEndpoint": "https://login.microsoftonline.com/",
        "rotationSchedule": MAIN.all("param")["rotationSchedule"].value.strip("'"),
    }
    deployed = {name: values.get(value, value.strip("'")) for name, value in app_settings().items()}
    settings = Settings.load(deployed)
    defaults = {name: field.default for name, field in Settings.model_fields.items()}
    assert settings.lag_window_seconds == defaults["lag_window_seconds"]
    assert settings.request_deadline_hours == defaults["request_deadline_hours"]
    assert load_policy(ROOT / settings.policy_file).version == "1"


def test_the_host_reads_no_larger_body_than_the_largest_that_the_app_takes_allows() -> None:
    deployed = int(app_settings()["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"].strip("'"))
    sample: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    local = functions_settings(StackConfig(ports=Ports(**dict.fromkeys(Ports.model_fields, 1))), Path("state"))
    assert deployed == 128 * 1024
    assert {int(each["FUNCTIONS_REQUEST_BODY_SIZE_LIMIT"]) for each in (sample, local)} == {deployed}


def test_the_local_settings_sample_holds_every_setting() -> None:
    sample: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    identity_based = {name for name in settings_of(Settings) if name.startswith("AzureWebJobsStorage__")}
    sdk = {name for name in READ_BY_OTHERS if name.startswith("AZURE_")}
    assert set(sample) >= settings_of(Settings) - identity_based | sdk | {"FUNCTIONS_WORKER_RUNTIME"}
    assert Settings.load(sample).storage.connection_string == "UseDevelopmentStorage=true"


@pytest.mark.parametrize(("kind", "suffix"), [("queues", "_QUEUE"), ("tables", "_TABLE"), ("containers", "_CONTAINER")])
def test_what_is_created_in_storage_is_what_the_code_names(kind: str, suffix: str) -> None:
    named = {value for name, value in vars(naming).items() if name.endswith(suffix)}
    assert sorted(STORED_NAMES[kind]) == sorted(named)


LISTENED = {
    naming.INTAKE_QUEUE,
    naming.WEBHOOK_REQUESTS_QUEUE,
    naming.WORK_QUEUE,
    naming.ROTATIONS_QUEUE,
    naming.DECISIONS_QUEUE,
    naming.TICKET_UPDATES_QUEUE,
}


def test_queue_triggers_listen_to_created_queues_over_the_deployed_connection() -> None:
    triggers = [binding for binding in bindings() if binding["type"] == "queueTrigger"]
    assert {trigger["queueName"] for trigger in triggers} == LISTENED
    assert {trigger["connection"] for trigger in triggers} == {"AzureWebJobsStorage"}


def test_service_bus_triggers_listen_to_the_same_queues_and_take_bytes() -> None:
    """As bytes: members of a JSON text would take the place of the message's own properties."""
    triggers = [binding for binding in bindings("servicebus") if binding["type"] == "serviceBusTrigger"]
    assert {trigger["queueName"] for trigger in triggers} == LISTENED
    assert {(trigger["connection"], trigger.get("dataType")) for trigger in triggers} == {
        ("MessageBus", DataType.BINARY)
    }
    assert not any(binding["type"] == "queueTrigger" for binding in bindings("servicebus"))


def test_what_is_created_in_the_namespace_is_what_the_code_names() -> None:
    assert set(BUS_ENTITIES["queues"]) == LISTENED | {naming.POISON_QUEUE}
    assert set(BUS_ENTITIES["topics"]) == {naming.RESULTS_QUEUE, naming.EVENTS_QUEUE}
    assert all(topic["subscriptions"] for topic in BUS_ENTITIES["topics"].values()), "a topic without one drops all"
    assert [name for name, queue in BUS_ENTITIES["queues"].items() if queue.get("requiresSession")] == [
        naming.POISON_QUEUE
    ]
    assert read_namespace((INFRA / "bus.json").read_text()).queues


def test_the_host_keeps_a_message_locked_for_as_long_as_a_function_may_run() -> None:
    options = HOST["extensions"]["serviceBus"]
    assert parse_timespan(options["maxAutoLockRenewalDuration"]) > parse_timespan(HOST["functionTimeout"])
    queues = HOST["extensions"]["queues"]
    assert options["maxConcurrentCalls"] == queues["batchSize"] + queues["newBatchThreshold"]


def test_the_app_runs_on_the_python_that_the_project_is_built_for() -> None:
    runtime = APP.all("resource")["app"].entries("runtime")
    assert runtime == {"name": "'python'", "version": f"'{(ROOT / '.python-version').read_text().strip()}'"}


def test_the_package_holds_all_that_runs_and_nothing_else() -> None:
    made = {line.rstrip("/") for line in (ROOT / ".gitignore").read_text().splitlines() if "*" not in line}
    lines = (ROOT / ".funcignore").read_text().splitlines()
    ignored = [line.rstrip("/") for line in lines if line[:1] not in "#!"]
    deployed = {name for name in top_level() | made if not any(fnmatch(name, pattern) for pattern in ignored)}
    assert deployed == {
        "function_app.py",
        "functions",
        "shared",
        "host.json",
        "policy.toml",
        "ticketing.toml",
        "schemas",
        "requirements.txt",
    }
    # Of a folder that is left out as a whole, nothing could be taken in again (git, "gitignore").
    assert lines[lines.index("schemas/*") + 1] == "!schemas/openapi.json"


# --- who may do what


def test_there_are_no_keys_and_nothing_deleted_is_lost() -> None:
    account = STORAGE.all("resource")["account"]
    assert account.property("allowSharedKeyAccess") == "false"
    assert account.property("allowBlobPublicAccess") == "false"
    assert BUS.all("resource")["namespace"].property("disableLocalAuth") == "true"
    vault = VAULT.all("resource")["vault"]
    for protection in ("enableRbacAuthorization", "enableSoftDelete", "enablePurgeProtection"):
        assert vault.property(protection) == "true"
    assert FILES["modules/monitoring.bicep"].all("resource")["insights"].property("DisableLocalAuth") == "true"


def test_the_anchors_of_the_audit_record_stay_as_they_are() -> None:
    resources = STORAGE.all("resource")
    policy = resources["anchorsStay"]
    assert policy.property("parent") == "anchors"
    assert resources["anchors"].property("name") == f"'{naming.AUDIT_ANCHORS_CONTAINER}'"
    assert policy.property("immutabilityPeriodSinceCreationInDays") == "auditRetentionDays"
    assert policy.property("allowProtectedAppendWrites") == "false"
    assert int(MAIN.all("param")["auditRetentionDays"].value) >= 365


def test_senders_reach_one_queue_and_readers_another() -> None:
    queues = STORAGE.all("resource")
    assert scope_of_role("roles.queueDataMessageSender") == [("modules/storage.bicep", "intake")]
    assert scope_of_role("', queueDataMessageSender") == [("modules/events.bicep", "rotations")]
    assert queues["intake"].property("name") == f"'{naming.INTAKE_QUEUE}'"
    assert scope_of_role("roles.queueDataMessageProcessor") == [("modules/storage.bicep", "results")]
    assert queues["results"].property("name") == f"'{naming.RESULTS_QUEUE}'"


def test_on_service_bus_senders_reach_one_queue_and_readers_one_subscription() -> None:
    entities = BUS.all("resource")
    assert scope_of_role("roles.dataSender") == [("modules/bus.bicep", "intake")]
    assert scope_of_role("', busDataSender") == [("modules/events.bicep", "busRotations")]
    assert entities["intake"].property("name") == f"'{naming.INTAKE_QUEUE}'"
    assert scope_of_role("roles.dataReceiver") == [
        ("modules/bus.bicep", "resultsOfAll"),
        ("modules/bus.bicep", "ownSubscriptions[index]"),
    ]
    assert entities["results"].property("name") == f"'{naming.RESULTS_QUEUE}'"


def test_a_subscriber_gets_what_its_filter_lets_in_and_nothing_else() -> None:
    entities = BUS.all("resource")
    assert entities["filters"].property("parent") == "ownSubscriptions[index]"
    assert entities["filters"].property("name") == "'$Default'"  # beside the default rule it would filter nothing
    assert entities["filters"].property("sqlExpression") == "empty(one.filter) ? '1 = 1' : one.filter"
    topics = re.search(r"topic: (.*)", FILES["modules/types.bicep"].all("type")["subscriber"].body)
    assert topics is not None
    assert set(re.findall(r"'([^']+)'", topics[1])) == {naming.RESULTS_QUEUE, naming.EVENTS_QUEUE}
    assert all(
        "rules" not in subscription
        for topic in BUS_ENTITIES["topics"].values()
        for subscription in topic["subscriptions"].values()
    ), "the template passes a subscription's properties on as they are"


_EVENT_GRIDS_ROLES = {"topicAccess": "empty(busName)", "topicAccessToBus": "!empty(busName)"}


def test_a_role_on_queues_and_the_destination_of_events_are_those_of_the_broker_that_is_used() -> None:
    modules = MAIN.all("module")
    for param in ("senders", "resultReaders"):
        assert modules["storage"].property(param) == f"messageBroker == 'storage' ? {param} : []"
        assert modules["bus"].property(param) == param
    events = FILES["modules/events.bicep"]
    given_if = {
        name: re.search(rf"resource {name} '[^']+' = if \((.+)\) \{{", events.text) for name in _EVENT_GRIDS_ROLES
    }
    assert {name: found and found[1] for name, found in given_if.items()} == _EVENT_GRIDS_ROLES
    destination = events.all("resource")["subscription"].body
    assert "destination: empty(busName) ? toStorage : {" in destination
    assert "endpointType: 'ServiceBusQueue'" in destination
    assert "resourceId: busRotations.id" in destination


def test_the_namespace_has_no_old_tls_and_logs_everything() -> None:
    entities = BUS.all("resource")
    assert entities["namespace"].property("minimumTlsVersion") == "'1.2'"
    assert entities["logs"].property("scope") == "namespace"
    assert entities["logs"].property("categoryGroup") == "'allLogs'"
    assert "@allowed(['Standard', 'Premium'])\nparam busSku" in MAIN.text


def test_key_vaults_events_come_to_the_queue_of_rotations() -> None:
    (events,) = (module for module in MAIN.all("module").values() if "events.bicep" in module.quoted)
    assert events.property("queueName") == f"'{naming.ROTATIONS_QUEUE}'"
    subscription = FILES["modules/events.bicep"].all("resource")["subscription"].body
    assert set(re.findall(r"'(Microsoft\.KeyVault\.\w+)'", subscription)) == set(KEY_VAULT_EVENTS)


def test_the_identity_holds_the_roles_it_needs_and_no_other() -> None:
    given = {
        (name, one.property("roleDefinitionId").rsplit(", ", 1)[1].rstrip(")"), one.property("scope"))
        for name, file in FILES.items()
        for one in file.all("resource").values()
        if "roleAssignments@" in one.quoted and re.search(r"principalId: (registrarId|publisherId)", one.body)
    }
    assert given == {
        ("modules/storage.bicep", "role", "account"),
        ("modules/vault.bicep", "roles.secretsOfficer", "vault"),
        ("modules/vault.bicep", "roles.certificatesOfficer", "vault"),
        ("modules/monitoring.bicep", "monitoringMetricsPublisher", "insights"),
        ("modules/bus.bicep", "roles.dataOwner", "namespace"),
    }
    registrar_roles = re.findall(r"roles\.(\w+)", STORAGE.all("var")["registrarRoles"].body)
    assert set(registrar_roles) == {"blobDataOwner", "queueDataContributor", "tableDataContributor"}


# --- as much as fits into Graph's quota


def test_all_instances_together_stay_below_the_write_quota_of_graph() -> None:
    limits = HOST["extensions"]["queues"]
    at_once_per_instance = limits["batchSize"] + limits["newBatchThreshold"]
    queues = [binding["queueName"] for binding in bindings() if binding["type"] == "queueTrigger"]
    writes = sum(WRITES_PER_MESSAGE[queue] for queue in queues)
    instances = int(MAIN.all("param")["maximumInstanceCount"].value)
    at_once = writes * instances * at_once_per_instance + TIMERS_THAT_WRITE * WRITES_PER_MESSAGE[naming.WORK_QUEUE]
    assert at_once * QUOTA_SECONDS / SHORTEST_MESSAGE_SECONDS < WRITES_ALLOWED


def test_all_instances_together_stay_below_what_a_vault_creates() -> None:
    limits = HOST["extensions"]["queues"]
    at_once_per_instance = limits["batchSize"] + limits["newBatchThreshold"]
    instances = int(MAIN.all("param")["maximumInstanceCount"].value)
    at_once = sum(CREATIONS_PER_MESSAGE.values()) * instances * at_once_per_instance
    assert at_once * CREATIONS_SECONDS / SHORTEST_MESSAGE_SECONDS < CREATIONS_ALLOWED


# --- what a compiler would say first


def test_azd_deploys_to_the_app_that_bicep_tags() -> None:
    (service,) = re.findall(r"^services:\n  (\w+):", (ROOT / "azure.yaml").read_text(), re.MULTILINE)
    assert f"'azd-service-name': '{service}'" in APP.all("resource")["app"].property("tags")
