"""This service, but that it looks at its first picture alone: what requests cost beside classification."""

from service.classifier import Classifier
from service.cli import main
from service.web.loop import BriefWorker
from service.web.worker import DigitWorker

classify, first = Classifier.classify, []


def classify_once(self, png, **options):
    if not first:
        first.append(classify(self, png, **options))
    return first[0]


Classifier.classify = classify_once
DigitWorker.foresee = BriefWorker.foresee
main()
