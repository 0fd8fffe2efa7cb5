# LibTorch out of the `torch` wheel, as imported targets
#   Torch::cpu   libtorch_cpu + libc10
#   Torch::openmp   the libgomp.so.1 of the wheel: one pool of threads in the process
#   Torch::cuda  libtorch_cuda + libc10_cuda + the wheel's own libnccl.so.2 (only with FER_CUDA)
# The wheel's TorchConfig.cmake is not used: it asks for a CUDA toolkit even where nothing of CUDA is linked.

if(FER_TORCH_ROOT)
  set(_torch_root ${FER_TORCH_ROOT})
else()
  file(GLOB _torch_roots ${CMAKE_SOURCE_DIR}/.venv/lib/python3*/site-packages/torch)
  list(POP_BACK _torch_roots _torch_root)
endif()

find_path(TorchWheel_INCLUDE_DIR torch/csrc/api/include/torch/torch.h PATHS ${_torch_root}/include NO_DEFAULT_PATH)
find_library(TorchWheel_CPU_LIBRARY torch_cpu PATHS ${_torch_root}/lib NO_DEFAULT_PATH)
find_library(TorchWheel_C10_LIBRARY c10 PATHS ${_torch_root}/lib NO_DEFAULT_PATH)
find_library(TorchWheel_OPENMP_LIBRARY NAMES libgomp.so.1 PATHS ${_torch_root}/lib NO_DEFAULT_PATH)
set(_torch_needs TorchWheel_INCLUDE_DIR TorchWheel_CPU_LIBRARY TorchWheel_C10_LIBRARY TorchWheel_OPENMP_LIBRARY)

if(FER_CUDA)
  get_filename_component(_torch_nvidia ${_torch_root}/../nvidia ABSOLUTE)
  find_library(TorchWheel_CUDA_LIBRARY torch_cuda PATHS ${_torch_root}/lib NO_DEFAULT_PATH)
  find_library(TorchWheel_C10_CUDA_LIBRARY c10_cuda PATHS ${_torch_root}/lib NO_DEFAULT_PATH)
  # One NCCL in the process: the file that libtorch_cuda loads.
  find_file(TorchWheel_NCCL_LIBRARY libnccl.so.2 PATHS ${_torch_nvidia}/nccl/lib)
  find_path(TorchWheel_NCCL_INCLUDE_DIR nccl.h PATHS ${_torch_nvidia}/nccl/include)
  list(APPEND _torch_needs TorchWheel_CUDA_LIBRARY TorchWheel_C10_CUDA_LIBRARY TorchWheel_NCCL_LIBRARY
       TorchWheel_NCCL_INCLUDE_DIR)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(TorchWheel REQUIRED_VARS ${_torch_needs}
  REASON_FAILURE_MESSAGE "./launch/quickstart.sh puts LibTorch into .venv, or set FER_TORCH_ROOT")

if(TorchWheel_FOUND AND NOT TARGET Torch::cpu)
  add_library(Torch::c10 SHARED IMPORTED)
  set_target_properties(Torch::c10 PROPERTIES IMPORTED_LOCATION ${TorchWheel_C10_LIBRARY})
  add_library(Torch::openmp SHARED IMPORTED)
  set_target_properties(Torch::openmp PROPERTIES IMPORTED_LOCATION ${TorchWheel_OPENMP_LIBRARY})
  add_library(Torch::cpu SHARED IMPORTED)
  set_target_properties(Torch::cpu PROPERTIES
    IMPORTED_LOCATION ${TorchWheel_CPU_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES "${TorchWheel_INCLUDE_DIR};${TorchWheel_INCLUDE_DIR}/torch/csrc/api/include"
    INTERFACE_LINK_LIBRARIES Torch::c10
    # The wheel is built with it, and without it ATen's RecordFunction would have one member more.
    INTERFACE_COMPILE_DEFINITIONS $<$<CONFIG:Debug>:NDEBUG>
    # libtorch_cpu names the CUDA runtime and CUPTI, which its own run path finds when the program starts.
    INTERFACE_LINK_OPTIONS "-Wl,--allow-shlib-undefined")
  if(FER_CUDA)
    add_library(Torch::c10_cuda SHARED IMPORTED)
    set_target_properties(Torch::c10_cuda PROPERTIES IMPORTED_LOCATION ${TorchWheel_C10_CUDA_LIBRARY})
    add_library(Torch::nccl SHARED IMPORTED)
    set_target_properties(Torch::nccl PROPERTIES
      IMPORTED_LOCATION ${TorchWheel_NCCL_LIBRARY}
      INTERFACE_INCLUDE_DIRECTORIES ${TorchWheel_NCCL_INCLUDE_DIR})
    # Nothing of ours calls libtorch_cuda by name, but loading it is what makes torch see GPUs: it must stay linked.
    add_library(Torch::cuda INTERFACE IMPORTED)
    set_target_properties(Torch::cuda PROPERTIES
      INTERFACE_LINK_LIBRARIES
      "-Wl,--no-as-needed,${TorchWheel_CUDA_LIBRARY},--as-needed;Torch::cpu;Torch::c10_cuda;Torch::nccl")
  endif()
endif()
