"""MLflow: a model of its own kind, saved and served as its command does."""

import os
import sys
import tempfile
from pathlib import Path

import mlflow

MODEL = """
import numpy as np
from mlflow.models import set_model
from mlflow.pyfunc import PythonModel
from network import forward


class Digits(PythonModel):
    def predict(self, context, model_input, params=None):
        return forward(np.asarray(model_input, np.float32))


set_model(Digits())
"""

if __name__ == "__main__":
    folder = Path(tempfile.mkdtemp())
    (folder / "digits.py").write_text(MODEL)
    mlflow.pyfunc.save_model(folder / "model", python_model=str(folder / "digits.py"), pip_requirements=[])
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--model-uri", str(folder / "model")]
    command += ["--env-manager", "local", "--workers", "1", "--port", os.environ["PEER_PORT"]]
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # where it looks for uvicorn
    os.execv(sys.executable, command)  # noqa: S606
