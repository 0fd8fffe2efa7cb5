"""Writes metrics.json: figures of random answers, by the libraries that statisticians trust. Run by hand, in an
environment with

    pip install scikit-learn==1.9.1 statsmodels==0.15.0 numpy==2.4.6
    python tests/golden/make_metrics_golden.py

Probabilities are whole numbers of 2^-20ths that add up to one, so the file holds them exactly, and no two of a row are
alike. The calibration error is worked out here as Guo et al. (arXiv 1706.04599) define it.
"""

import json
from pathlib import Path

import numpy as np
import sklearn
import statsmodels
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

FILE = Path(__file__).resolve().parent / "metrics.json"
UNITS = 2**20
BINS = 15

# `absent` has no samples; `unsaid` is never the most probable class.
CASES = [
    {"seed": 1, "classes": 2, "samples": 400, "sharpness": 1.5},
    {"seed": 2, "classes": 3, "samples": 400, "sharpness": 6.0},
    {"seed": 3, "classes": 4, "samples": 250, "sharpness": 2.0, "absent": 2},
    {"seed": 4, "classes": 5, "samples": 250, "sharpness": 2.0, "unsaid": 0},
    {"seed": 5, "classes": 7, "samples": 250, "sharpness": 3.0, "absent": 1, "unsaid": 1},
    {"seed": 6, "classes": 8, "samples": 300, "sharpness": 0.5, "absent": 7, "unsaid": 3},
    {"seed": 7, "classes": 6, "samples": 1, "sharpness": 1.0},
]
# Samples that one of two nets alone got right, and the other alone.
DISCORDANT = [(0, 0), (0, 1), (1, 1), (0, 6), (2, 9), (9, 2), (10, 15), (12, 12), (24, 1), (13, 13), (40, 61), (150, 100),
              (1000, 1100), (2100, 2000), (1, 900), (40000, 40500), (300000, 301000), (500000, 499000), (495000, 505000)]
SHARES = [(0, 1), (1, 1), (0, 20), (20, 20), (3, 5), (81, 100), (2526, 3589), (999999, 1000000)]


def random_answers(random: np.random.Generator, labels: np.ndarray, skill: float, case: dict) -> np.ndarray:
    """[samples, classes] whole numbers, each row of which adds up to UNITS."""
    logits = random.normal(size=(len(labels), case["classes"]))
    logits[np.arange(len(labels)), labels] += skill
    logits *= case["sharpness"]
    if "unsaid" in case:
        logits[:, case["unsaid"]] = logits.min(axis=1) - 0.1
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    units = np.maximum(1, np.floor(shares / shares.sum(axis=1, keepdims=True) * (UNITS - 64))).astype(np.int64)
    units += np.argsort(np.argsort(units, axis=1, kind="stable"), axis=1)  # parts what rounding has made alike
    units[np.arange(len(units)), units.argmax(axis=1)] += UNITS - units.sum(axis=1)
    assert (units > 0).all() and (units.sum(axis=1) == UNITS).all()
    assert all(len(set(row)) == len(row) for row in units)
    return units


def calibration_error(probabilities: np.ndarray, labels: np.ndarray) -> float:
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.ceil(confidence * BINS)  # ((m - 1) / BINS, m / BINS]
    return sum(abs(right[bins == m].mean() - confidence[bins == m].mean()) * (bins == m).mean() for m in np.unique(bins))


def golden(case: dict) -> dict:
    random = np.random.default_rng(case["seed"])
    classes = list(range(case["classes"]))
    labels = random.choice([c for c in classes if c != case.get("absent")], size=case["samples"])
    units = random_answers(random, labels, 0.9, case)
    rival = random_answers(random, labels, 0.5, case).argmax(axis=1)
    probabilities = units / UNITS
    said = probabilities.argmax(axis=1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(labels, said, labels=classes,
                                                                             zero_division=0)
    right, rival_right = said == labels, rival == labels
    table = [[np.sum(right & rival_right), np.sum(right & ~rival_right)],
             [np.sum(~right & rival_right), np.sum(~right & ~rival_right)]]
    return {
        "classes": case["classes"],
        "labels": labels.tolist(),
        "answers": units.tolist(),
        "rival": rival.tolist(),
        "loss": float(metrics.log_loss(labels, probabilities, labels=classes)),
        "accuracy": float(metrics.accuracy_score(labels, said)),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": support.tolist(),
        "macro_f1": float(metrics.f1_score(labels, said, labels=classes, average="macro", zero_division=0)),
        "confusion": metrics.confusion_matrix(labels, said, labels=classes).tolist(),
        "mse": float(metrics.mean_squared_error(np.eye(case["classes"])[labels], probabilities)),
        "ece": float(calibration_error(probabilities, labels)),
        "discordant": [int(table[0][1]), int(table[1][0])],
        "p_value": float(mcnemar(table, exact=True).pvalue),
    }


def main() -> None:
    cases = ",\n".join(json.dumps(golden(case), separators=(",", ":")) for case in CASES)
    tests = [[*pair, float(mcnemar([[0, pair[0]], [pair[1], 0]], exact=True).pvalue)] for pair in DISCORDANT]
    intervals = [[*share, *map(float, proportion_confint(*share, method="wilson"))] for share in SHARES]
    FILE.write_text(f'{{"scikit-learn": "{sklearn.__version__}", "statsmodels": "{statsmodels.__version__}",\n'
                    f'"units": {UNITS},\n"cases": [\n{cases}\n],\n"mcnemar": {json.dumps(tests)},\n'
                    f'"wilson": {json.dumps(intervals)}}}\n')


main()
