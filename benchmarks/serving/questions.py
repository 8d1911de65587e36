"""What is found out, and by whom."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

from benchmarks.serving import posts
from benchmarks.serving.load import Post
from benchmarks.serving.posts import BATCH, TENSOR
from benchmarks.serving.rounds import CONNECTIONS, Candidate, Question
from benchmarks.serving.servers import (
    ROOT,
    Server,
    flask,
    granian,
    gunicorn,
    ours,
    peers,
    unclassified,
    with_onnxruntime,
    write_network,
)

__all__ = ["questions"]

ARTIFACTS = ROOT / "model_artifacts"
V2 = "/v2/models/{model}/infer"
SENT = {
    "BentoML": "form",
    "LitServe": "JSON",
    "MLServer": "V2, BYTES",
    "MLflow": "instances",
}  # to those who read no raw body
FLASK = "bare Flask"
CLIENTS = {"": CONNECTIONS, ", one client": 1}  # who waits for an answer before asking again, and how many


def questions(folder: Path) -> tuple[Question, ...]:
    """Return all questions; what peers need is written to the folder."""
    sent = posts.every()
    environs = {name: write_network(ARTIFACTS / name / "1.npz", folder) for name in ("plain", "wide")}
    return (
        _beside_others(sent, environs["plain"]),
        _parts(sent),
        _wide(sent, environs["wide"]),
        _drawings(sent, environs["plain"]),
        *(_many(sent, model, f"{model}{of}", n) for model in ("plain", "wide") for of, n in CLIENTS.items()),
        _connections(sent),
        _workers(sent),
        _sizes(sent),
        _fronts(sent),
    )


def _beside_others(sent: Mapping[str, Post], environ: Mapping[str, str]) -> Question:
    raw = sent["raw"]
    mine = ours("plain")
    return Question(
        "one 28×28 PNG, plain",
        (
            Candidate("digit-service", mine, raw),
            Candidate("digit-service, form", mine, sent["form"]),
            Candidate("digit-service, JSON", mine, sent["JSON"]),
            Candidate("bare WSGI", gunicorn("bare:wsgi"), raw),
            Candidate(FLASK, flask(), raw),
            *(
                Candidate(name, server, sent[SENT.get(name, "raw")])
                for name, server in peers(environ).items()
            ),
        ),
        FLASK,
    )


def _parts(sent: Mapping[str, Post]) -> Question:
    raw = sent["raw"]
    return Question(
        "parts of a request",
        (
            Candidate("bare WSGI", gunicorn("bare:wsgi"), raw),
            Candidate(FLASK, flask(), raw),
            Candidate("digit-service, without classifying", unclassified(), raw),
            Candidate("digit-service", ours("plain"), raw),
        ),
        FLASK,
    )


def _wide(sent: Mapping[str, Post], environ: Mapping[str, str]) -> Question:
    raw = sent["raw"]
    return Question(
        "one 28×28 PNG, wide",
        (
            Candidate("digit-service", ours("wide"), raw),
            Candidate(FLASK, flask(), raw),
            Candidate("FastAPI, onnxruntime", with_onnxruntime(environ), raw),
            Candidate("textbook Flask", gunicorn("textbook:flask", environ), raw),
        ),
        FLASK,
    )


def _drawings(sent: Mapping[str, Post], environ: Mapping[str, str]) -> Question:
    raw = sent["280×280 RGB"]
    return Question(
        "one 280×280 RGB PNG, plain",
        (
            Candidate("digit-service", ours("plain"), raw),
            Candidate("FastAPI, onnxruntime", with_onnxruntime(environ), raw),
            Candidate("textbook Flask", gunicorn("textbook:flask", environ), raw),
        ),
        "FastAPI, onnxruntime",
    )


def _many(sent: Mapping[str, Post], model: str, name: str, connections: int) -> Question:
    batch, v2 = "/v1/classify/batch", V2.format(model=model)
    single = "one request an image"
    ask = partial(Candidate, server=ours(model), connections=connections)
    return Question(
        f"many images, {name}",
        (
            ask(single, post=sent["raw"]),
            ask(f"zip of {BATCH}", post=sent["batch, zip"], images=BATCH, path=batch),
            ask(f"form of {BATCH}", post=sent["batch, form"], images=BATCH, path=batch),
            ask(f"V2 tensor of {TENSOR}", post=sent["V2, binary tensor"], images=TENSOR, path=v2),
        ),
        single,
    )


def _connections(sent: Mapping[str, Post]) -> Question:
    mine = ours("plain")
    numbers = (1, 8, 64, 256)
    return Question(
        "connections",
        tuple(Candidate(f"{n}", mine, sent["raw"], connections=n) for n in numbers),
        "8",
    )


def _workers(sent: Mapping[str, Post]) -> Question:
    servers: Mapping[int, Server] = {n: ours("plain", workers=n) for n in (1, 2, 4)}
    return Question(
        "workers on one core",
        tuple(Candidate(f"{n}", server, sent["raw"], connections=16) for n, server in servers.items()),
        "1",
    )


def _sizes(sent: Mapping[str, Post]) -> Question:
    mine = ours("plain")
    sized = {name: post for name, post in sent.items() if "×" in name}
    return Question(
        "size of the upload",
        tuple(Candidate(name, mine, post) for name, post in {"28×28 grey": sent["raw"], **sized}.items()),
        "28×28 grey",
    )


def _fronts(sent: Mapping[str, Post]) -> Question:
    raw = sent["raw"]
    return Question(
        "granian as the front",
        (
            Candidate(FLASK, flask(), raw),
            Candidate("bare Flask, granian", granian("bare:flask"), raw),
        ),
        FLASK,
    )
