"""
Confirmation, fitted and compared.

    python -m benchmarks.confirm fit   --clips FOLDER    writes vision/confirm/classifier.json and how it was fitted
    python -m benchmarks.confirm table --clips FOLDER    "5 consecutive", "k of n" and the fitted rule side by side
"""
