"""`make up`, use it, `make down`: what somebody has who follows the README with docker compose."""

import struct
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event, Semaphore

import pytest
import requests

pytestmark = pytest.mark.timeout(900)  # the first build downloads

ROOT = Path(__file__).parents[2]
THREE = (ROOT / "examples" / "three.png").read_bytes()
NOISE = (ROOT / "examples" / "noise.png").read_bytes()
PNG = {"Content-Type": "image/png"}
EACH = pytest.mark.parametrize("service", ["front", "service"])


def classify(url, png, session=requests):
    return session.post(f"{url}/v1/classify", data=png, headers=PNG, timeout=60)


def classify_until_answered(url, png):
    """Try again where a slow machine has turned it away."""
    while (answer := classify(url, png)).status_code == 503:
        time.sleep(int(answer.headers["Retry-After"]))
    return answer


def inspected(composition, template, service="service"):
    (container,) = composition.replicas(service)
    return composition.inspect(container, template)


def test_a_digit_is_read_through_the_published_port(composition):
    answer = classify(composition.url, THREE).json()
    assert (answer["digit"], answer["rejected"]) == (3, False)


def test_noise_is_rejected_through_the_published_port(composition):
    answer = classify(composition.url, NOISE).json()
    assert (answer["digit"], answer["rejected"]) == (None, True)


@EACH
def test_make_up_returns_when_it_is_healthy(composition, service):
    assert inspected(composition, ".State.Health.Status", service) == "healthy"


def test_digits_health_agrees_from_inside(composition):
    done = composition.inside("digits", "health")
    assert (done.returncode, done.stdout) == (0, "ready")


def test_only_this_machine_reaches_the_port_of_the_front(composition):
    ports = inspected(composition, ".NetworkSettings.Ports", "front")
    assert {port["HostIp"] for port in ports["8080/tcp"]} == {"127.0.0.1"}


def test_nobody_reaches_the_service_past_the_front(composition):
    assert not any(inspected(composition, ".NetworkSettings.Ports").values())


def test_the_service_reaches_nobody_outside(composition):
    code = "import socket; socket.create_connection(('1.1.1.1', 53), timeout=5)"
    done = composition.inside("/opt/digits/bin/python", "-c", code)
    assert "Network is unreachable" in done.stderr


def test_the_counters_of_all_workers_are_served(composition):
    url = composition.url
    counted = [classifications(url)]
    for _ in range(8):  # more than there are workers
        classify(url, THREE)
    counted.append(classifications(url))
    assert counted[1] - counted[0] == 8


def classifications(url):
    lines = requests.get(f"{url}/metrics", timeout=10).text.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith("digits_classifications_total"))


@pytest.mark.parametrize(("service", "user"), [("front", "101"), ("service", "10001")])
def test_the_process_is_nobody_in_particular(composition, service, user):
    assert composition.inside("id", "-u", service=service).stdout == user


@EACH
@pytest.mark.parametrize("folder", ["/", "/opt", "/etc", "/var/tmp"])  # noqa: S108  # to see it refused
def test_nothing_can_be_written(composition, service, folder):
    done = composition.inside("touch", f"{folder}/new", service=service)
    assert done.returncode != 0
    assert "Read-only file system" in done.stderr


@pytest.mark.parametrize("folder", ["/tmp", "/dev/shm"])  # noqa: S108  # where it may write
def test_what_is_written_to_memory_cannot_be_run(composition, folder):
    script = f"echo 'echo ran' > {folder}/script && chmod +x {folder}/script && {folder}/script"
    done = composition.inside("sh", "-c", script)
    assert done.returncode != 0
    assert "Permission denied" in done.stderr


@EACH
def test_every_capability_is_dropped_for_good(composition, service):
    status = composition.inside("cat", "/proc/1/status", service=service).stdout
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert {int(fields[name], 16) for name in ("CapPrm", "CapEff", "CapBnd")} == {0}
    assert fields["NoNewPrivs"] == "1"


@EACH
def test_memory_and_processes_are_limited(composition, service):
    limits = inspected(composition, ".HostConfig", service)
    assert 0 < limits["Memory"] <= 1 << 30
    assert 0 < limits["PidsLimit"] <= 1000


def test_the_largest_pictures_all_at_once_fit_into_memory(composition):
    """They cost the most to decode, 66 MiB each, and the fewest bytes to send."""
    url, page = composition.url, largest_page()
    with ThreadPoolExecutor(16) as pool:  # twice what is answered at once
        answers = list(pool.map(lambda png: classify_until_answered(url, png), [page] * 16))
    assert {answer.json()["reason"] for answer in answers} == {"blank"}
    assert not inspected(composition, ".State.OOMKilled")


def largest_page():
    """White, 4096×4096 pixels of four 16-bit channels: 128 MiB in 140 KiB of PNG."""
    header = struct.pack(">IIBBBBB", 4096, 4096, 16, 6, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\xff" * 4096 * 8) * 4096)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def chunk(kind, content):
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


@pytest.mark.parametrize("tool", ["gcc", "cc", "make", "pytest", "ruff", "mypy"])
def test_no_compiler_or_test_tool_is_inside(composition, tool):
    assert composition.inside("sh", "-c", f"command -v {tool}").returncode != 0


def test_the_environment_can_install_and_test_nothing(composition):
    code = "from importlib.util import find_spec; print(*filter(find_spec, names))"
    names = ["pip", "setuptools", "hatchling", "pytest", "hypothesis"]
    done = composition.inside("/opt/digits/bin/python", "-c", f"names = {names}; {code}")
    assert (done.returncode, done.stdout) == (0, "")


def test_bytecode_is_there_for_every_module(composition):
    code = """if True:
        from importlib.util import cache_from_source
        from pathlib import Path
        modules = Path("/opt/digits/lib").rglob("*.py")
        print(*(module for module in modules if not Path(cache_from_source(module)).exists()))
    """
    done = composition.inside("/opt/digits/bin/python", "-c", code)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_image_says_what_it_is(composition):
    labels = inspected(composition, ".Config.Labels")
    revision = composition.attempt("git", "rev-parse", "HEAD").stdout or "unknown"
    version = composition.inside("digits", "--version").stdout
    told = {name.rpartition(".")[2]: text for name, text in labels.items() if "opencontainers" in name}
    assert told.keys() == {"title", "description", "version", "revision", "source", "licenses"}
    assert (told["version"], told["revision"]) == (version, revision)


def test_the_image_is_little_larger_than_python(composition, capsys):
    added = int(composition.inside("du", "--summarize", "--block-size=1M", "/opt/digits").stdout.split()[0])
    with capsys.disabled():
        print(f" the image adds {added} MiB to Python's")  # noqa: T201  # a figure for whoever runs this
    assert added <= 120


def test_without_keys_or_leave_it_refuses_to_serve_other_machines(composition):
    done = composition.attempt(
        "deploy/compose", "run", "--rm", "-T", "--env", "DIGITS_ALLOW_OPEN=false", "service"
    )
    assert done.returncode == 1
    assert "can be reached from other machines" in done.stderr.splitlines()[-1]


def test_make_down_loses_no_request_of_clients_that_watch_readiness(short_lived):
    url, draining, answered = short_lived.url, Event(), Semaphore(0)
    with ThreadPoolExecutor() as pool, short_lived.start("deploy/compose", "wait", "service") as ended:
        clients = [
            pool.submit(send_until, draining, url, answered, keep_alive) for keep_alive in (True, False) * 2
        ]
        watcher = pool.submit(watch_readiness, draining, url)
        for _answer in range(40):  # they are at it before the end comes
            assert answered.acquire(timeout=30)
        short_lived.run("make", "down")
        *_, exit_code = ended.communicate()[0].split()
    statuses = [status for client in clients for status in client.result()]
    assert set(statuses) == {200}
    assert watcher.result() == 503
    assert exit_code == "0"


def send_until(draining, url, answered, keep_alive):
    """Classify a hundred times a second until told to stop, count aloud, and return each answer's status."""
    statuses = []
    while not draining.wait(0.01):
        with requests.Session() as session:
            while keep_alive and not draining.wait(0.01):
                statuses.append(classify(url, THREE, session).status_code)
                answered.release()
            if not keep_alive:
                session.headers["Connection"] = "close"
                statuses.append(classify(url, THREE, session).status_code)
                answered.release()
    return statuses


def watch_readiness(draining, url):
    """Ask until the service is no longer ready, tell the clients, and return what it said."""
    try:
        while (status := requests.get(f"{url}/readyz", timeout=10).status_code) == 200:
            draining.wait(0.05)
        return status
    finally:
        draining.set()
