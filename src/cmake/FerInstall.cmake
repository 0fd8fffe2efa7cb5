# What `cmake --install build --prefix P` puts under P, which may be moved afterwards: programs, recipes, completions, job
# scripts.
#   FER_BUNDLE=OFF  the programs find LibTorch in the Python environment that they were built with
#   FER_BUNDLE=ON   P/lib has it, and what else a machine with Open MPI, HDF5 and Boost may lack
option(FER_BUNDLE "Install the libraries beside the programs" OFF)

set(_programs fer_dist_train fer_dataset fer_doctor fer_evaluate fer_predict)
if(FER_BUNDLE AND FER_CUDA)
  message(FATAL_ERROR "FER_BUNDLE is for CPUs: CUDA's libraries, some gigabytes, stay with the torch package. "
          "Leave FER_BUNDLE or FER_CUDA off.")
elseif(FER_BUNDLE)
  set_target_properties(${_programs} PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")
  foreach(program ${_programs})
    list(APPEND _built $<TARGET_FILE:${program}>)
  endforeach()
  install(CODE "
    include(\"${CMAKE_CURRENT_LIST_DIR}/FerBundle.cmake\")
    fer_bundled_libraries(libraries \"${_built}\")
    file(INSTALL DESTINATION \"\${CMAKE_INSTALL_PREFIX}/lib\" TYPE SHARED_LIBRARY FOLLOW_SYMLINK_CHAIN
         FILES \${libraries})")
else()
  # With USE_LINK_PATH come the folders of libraries outside of the project, as those of MPI. The programs are linked as they
  # are installed.
  foreach(library ${TorchWheel_CPU_LIBRARY} ${TorchWheel_NCCL_LIBRARY})
    get_filename_component(folder ${library} DIRECTORY)
    list(APPEND _torch_folders ${folder})
  endforeach()
  set_target_properties(${_programs} PROPERTIES
    INSTALL_RPATH "${_torch_folders}" INSTALL_RPATH_USE_LINK_PATH ON BUILD_WITH_INSTALL_RPATH ON)
endif()
install(TARGETS ${_programs} DESTINATION bin)

set(_share share/fer_dist_train)
install(DIRECTORY launch/recipes DESTINATION ${_share} FILES_MATCHING PATTERN *.ini)
install(FILES launch/env.sh DESTINATION ${_share}/launch)
install(FILES cluster/README.md cluster/job.sh cluster/train.sbatch cluster/train-srun.sbatch
        DESTINATION ${_share}/cluster)
install(PROGRAMS cluster/requeue.py DESTINATION ${_share}/cluster)
install(FILES README.md LICENSE DESTINATION share/doc/fer_dist_train)

# Shells look for a completion under the name of its program.
install(FILES launch/completions/options.awk DESTINATION ${_share}/completions)
install(FILES launch/completions/_fer_dist_train DESTINATION share/zsh/site-functions)
foreach(program ${_programs})
  install(FILES launch/completions/fer.bash DESTINATION share/bash-completion/completions RENAME ${program})
endforeach()
