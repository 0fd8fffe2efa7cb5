# Builds that look for mistakes while they run. LibTorch, MPI and HDF5 stay as they are.
#   FER_SANITIZE=address,undefined   memory that is not ours, and what C++ leaves undefined
#   FER_SANITIZE=thread              races
set(FER_SANITIZE "" CACHE STRING "Sanitizers to compile with, as in address,undefined; empty: none")

if(FER_SANITIZE)
  string(APPEND CMAKE_CXX_FLAGS " -fsanitize=${FER_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer")
  string(APPEND CMAKE_CXX_FLAGS " -D_GLIBCXX_ASSERTIONS")
endif()
