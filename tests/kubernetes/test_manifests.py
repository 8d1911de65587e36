"""What kustomize makes of deploy/kubernetes is valid, hardened, and agrees with the service.

KServe's own kinds have no schema in any package that these tests could install: of them only what stands
below is checked.
"""

import shutil
import subprocess
import tomllib
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from cloudcoil.models.prometheus_operator import v1 as operator

ROOT = Path(__file__).parents[2]
KUBERNETES = ROOT / "deploy" / "kubernetes"
OVERLAYS = ["overlays/development", "overlays/production", "kserve"]
WITHOUT_SCHEMA = {"InferenceService", "ServingRuntime"}
VERSIONS = ["1.34", "1.35", "1.36", "1.37"]  # of Kubernetes, those that get fixes
SLEEP_SECONDS, DRAIN_SECONDS, GRACEFUL_SECONDS = 5, 3, 30  # the last two are the service's own defaults
PORT = 8000


def build(folder):
    """Let kustomize put a folder together, with the one in kubectl where it has no command of its own."""
    command = ["kustomize", "build"] if shutil.which("kustomize") else ["kubectl", "kustomize"]
    done = subprocess.run(
        [*command, KUBERNETES / folder], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return list(yaml.safe_load_all(done.stdout))


BUILT = {folder: build(folder) for folder in OVERLAYS}
RESOURCES = [
    pytest.param(resource, id=f"{folder}-{resource['kind']}")
    for folder, resources in BUILT.items()
    for resource in resources
]
CUSTOM = ("monitoring.coreos.com", "serving.kserve.io")


def is_custom(resource):
    return resource["apiVersion"].startswith(CUSTOM)


def only(kind, folder="overlays/production"):
    (found,) = (resource for resource in BUILT[folder] if resource["kind"] == kind)
    return found


def pod(folder):
    """The pod of each way to run the service; KServe lays the predictor over the runtime."""
    if folder == "kserve":
        return only("ServingRuntime", folder)["spec"] | only("InferenceService", folder)["spec"]["predictor"]
    return only("Deployment", folder)["spec"]["template"]["spec"]


def container(folder):
    (container,) = pod(folder)["containers"]
    return container


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("resource", RESOURCES)
def test_kubernetes_knows_every_field(resource, version):
    if not is_custom(resource):
        kubernetes_validate.validate(resource, version, strict=True)


@pytest.mark.parametrize("resource", RESOURCES)
def test_the_prometheus_operator_knows_every_field(resource):
    if resource["apiVersion"].startswith("monitoring.coreos.com"):
        read = getattr(operator, resource["kind"]).model_validate(resource)
        assert read.model_dump(mode="json", by_alias=True, exclude_unset=True) == resource


def test_only_kinds_without_schema_are_left_unchecked():
    custom = {
        resource["kind"] for resources in BUILT.values() for resource in resources if is_custom(resource)
    }
    assert custom - {"ServiceMonitor", "PrometheusRule"} == WITHOUT_SCHEMA


@pytest.mark.parametrize("folder", ["overlays/development", "overlays/production"])
def test_the_pod_security_standard_restricted_is_met(folder):
    spec, inside = pod(folder)["securityContext"], container(folder)["securityContext"]
    assert spec["runAsNonRoot"]
    assert spec["runAsUser"] > 0
    assert spec["seccompProfile"] == {"type": "RuntimeDefault"}
    assert inside["allowPrivilegeEscalation"] is False
    assert inside["capabilities"] == {"drop": ["ALL"]}
    assert {kind for volume in pod(folder)["volumes"] for kind in volume} <= {"name", "emptyDir", "secret"}


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_root_is_read_only_and_what_is_written_stays_in_memory(folder):
    assert container(folder)["securityContext"]["readOnlyRootFilesystem"]
    volumes = [volume["emptyDir"] for volume in pod(folder)["volumes"] if "emptyDir" in volume]
    assert {volume["medium"] for volume in volumes} == {"Memory"}
    assert all("sizeLimit" in volume for volume in volumes)


@pytest.mark.parametrize("folder", OVERLAYS)
def test_every_volume_is_mounted_and_every_mount_has_its_volume(folder):
    volumes = {volume["name"] for volume in pod(folder)["volumes"]}
    assert {mount["name"] for mount in container(folder)["volumeMounts"]} == volumes


@pytest.mark.parametrize("folder", OVERLAYS)
def test_memory_is_limited_and_cores_are_not(folder):
    assert {*container(folder)["resources"]["limits"]} == {"memory"}


@pytest.mark.parametrize("folder", OVERLAYS)
def test_the_image_has_a_tag_that_does_not_wander(folder):
    name, _, tag = container(folder)["image"].partition(":")
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert name == "digit-service"
    assert tag == ("local" if folder == "overlays/development" else version)


@pytest.mark.parametrize(("folder", "asleep"), [("overlays/production", SLEEP_SECONDS), ("kserve", 0)])
def test_there_is_time_to_drain_before_the_end(folder, asleep):
    hook = container(folder).get("lifecycle", {}).get("preStop", {"sleep": {"seconds": 0}})
    assert hook["sleep"]["seconds"] == asleep
    assert pod(folder)["terminationGracePeriodSeconds"] > asleep + DRAIN_SECONDS + GRACEFUL_SECONDS


@pytest.mark.parametrize("folder", OVERLAYS)
def test_no_service_of_the_namespace_sets_a_variable_that_looks_like_a_setting(folder):
    assert pod(folder)["enableServiceLinks"] is False


@pytest.mark.parametrize(
    ("folder", "probe", "path"),
    [
        ("overlays/production", "startupProbe", "/readyz"),
        ("overlays/production", "readinessProbe", "/readyz"),
        ("overlays/production", "livenessProbe", "/livez"),
        ("kserve", "readinessProbe", "/v2/health/ready"),
        ("kserve", "livenessProbe", "/v2/health/live"),
    ],
)
def test_each_probe_asks_its_own_question(folder, probe, path):
    asked = container(folder)[probe]["httpGet"]
    ports = {port.get("name"): port["containerPort"] for port in container(folder)["ports"]}
    assert asked["path"] == path
    assert ports.get(asked["port"], asked["port"]) == PORT


@pytest.mark.parametrize("kind", ["Service", "PodDisruptionBudget", "NetworkPolicy", "ServiceMonitor"])
def test_what_selects_replicas_finds_them(kind):
    spec = only(kind)["spec"]
    selector = spec.get("podSelector") or spec["selector"]
    labels = only("Service")["metadata"] if kind == "ServiceMonitor" else template()["metadata"]
    wanted = selector.get("matchLabels", selector)
    assert wanted
    assert wanted.items() <= labels["labels"].items()


def template():
    return only("Deployment")["spec"]["template"]


def test_replicas_are_spread_over_zones_and_machines():
    spread = pod("overlays/production")["topologySpreadConstraints"]
    assert [rule["topologyKey"] for rule in spread] == [
        "topology.kubernetes.io/zone",
        "kubernetes.io/hostname",
    ]
    for rule in spread:
        assert rule["labelSelector"]["matchLabels"].items() <= template()["metadata"]["labels"].items()


def test_the_autoscaler_scales_the_deployment_which_does_not_say_how_many():
    target = only("HorizontalPodAutoscaler")["spec"]["scaleTargetRef"]
    deployment = only("Deployment")
    assert (target["kind"], target["name"]) == ("Deployment", deployment["metadata"]["name"])
    assert "replicas" not in deployment["spec"]


def test_an_upgrade_never_has_fewer_replicas_and_an_eviction_takes_one():
    assert only("Deployment")["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
    assert only("PodDisruptionBudget")["spec"]["maxUnavailable"] == 1
    assert only("HorizontalPodAutoscaler")["spec"]["minReplicas"] > 1


def test_the_service_calls_nobody_and_is_called_at_its_port_alone():
    spec = only("NetworkPolicy")["spec"]
    assert sorted(spec["policyTypes"]) == ["Egress", "Ingress"]
    assert not spec.get("egress")
    assert [port["port"] for rule in spec["ingress"] for port in rule["ports"]] == ["http"]


def test_in_production_everything_but_probes_needs_a_key():
    variables = {variable["name"]: variable["value"] for variable in container("overlays/production")["env"]}
    assert "DIGITS_ALLOW_OPEN" not in variables
    assert variables["DIGITS_LOCK_METRICS"] == "true"
    (mount,) = (m for m in container("overlays/production")["volumeMounts"] if m["name"] == "keys")
    assert variables["DIGITS_API_KEYS_FILE"].startswith(f"{mount['mountPath']}/")
    (endpoint,) = only("ServiceMonitor")["spec"]["endpoints"]
    (keys,) = (v["secret"] for v in pod("overlays/production")["volumes"] if v["name"] == "keys")
    assert endpoint["authorization"]["credentials"]["name"] == keys["secretName"]


def test_the_ingress_leads_to_the_service():
    (rule,) = only("Ingress")["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    service = only("Service")
    assert path["backend"]["service"]["name"] == service["metadata"]["name"]
    assert path["backend"]["service"]["port"]["name"] in {port["name"] for port in service["spec"]["ports"]}


def test_the_operator_gets_every_rule_of_the_composition():
    files = sorted((ROOT / "deploy" / "prometheus").glob("rules/*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    assert only("PrometheusRule")["spec"]["groups"] == groups


def test_kserve_is_promised_the_protocol_that_the_runtime_speaks():
    runtime, model = (
        only("ServingRuntime", "kserve"),
        only("InferenceService", "kserve")["spec"]["predictor"]["model"],
    )
    assert model["runtime"] == runtime["metadata"]["name"]
    assert model["protocolVersion"] in runtime["spec"]["protocolVersions"]
    formats = {known["name"]: known["version"] for known in runtime["spec"]["supportedModelFormats"]}
    assert formats[model["modelFormat"]["name"]] == model["modelFormat"]["version"]
    assert runtime["spec"]["containers"][0]["name"] == "kserve-container"  # the one that KServe looks for
    shipped = {folder.name for folder in (ROOT / "model_artifacts").iterdir() if folder.is_dir()}
    assert only("InferenceService", "kserve")["metadata"]["name"] in shipped
