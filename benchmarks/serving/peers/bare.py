"""The least that WSGI and Flask can do: answer the same words, whatever is sent."""

from flask import Flask

BODY = b'{"activations":[0,0,0,0,0,0,0,1,0,0],"digit":7}\n'

flask = Flask(__name__)


@flask.post("/")
def answer():
    return {"activations": [0, 0, 0, 0, 0, 0, 0, 1, 0, 0], "digit": 7}


def wsgi(environ, start_response):
    environ["wsgi.input"].read()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(BODY)))])
    return [BODY]
