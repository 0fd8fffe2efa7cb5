#!/usr/bin/env bash
# Makes .venv-peers at the project's root: the Python that the oracles of tests/golden and the peers here run in. The
# versions of LibTorch and PyTorch agree, so that a comparison compares programs. Safe to run again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[ -x .venv-peers/bin/python ] || python3 -m venv .venv-peers
.venv-peers/bin/python -m pip install --quiet torch==2.11.0 torchvision==0.26.0 numpy safetensors pillow h5py pandas \
  onnx onnxscript onnxruntime
.venv-peers/bin/python -c 'import torch; print("peers run PyTorch", torch.__version__)'
