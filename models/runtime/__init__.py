"""Run-times: ONNX Runtime and OpenVINO, and the choice between them."""
