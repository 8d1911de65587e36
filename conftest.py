"""Runs every Python example of the README, of docs/ and of the package's docstrings as a test."""

from sybil import Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.markdown import PythonCodeBlockParser
from sybil.parsers.rest import DocTestParser

documents = Sybil([PythonCodeBlockParser()], patterns=["README.md", "docs/*.md"])
docstrings = Sybil(
    [DocTestParser()], patterns=["*.py"], path="service", document_types={".py": PythonDocStringDocument}
)

pytest_collect_file = (documents + docstrings).pytest()
