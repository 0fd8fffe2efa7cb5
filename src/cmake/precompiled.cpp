// Carries the precompiled header of torch/torch.h; see src/CMakeLists.txt.
